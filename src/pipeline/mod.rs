//! Finishes work: claim -> run step -> commit result and next step in one transaction.
