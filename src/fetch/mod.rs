//! Bytes to a durable file: limits, digest, write-sync-rename-syncdir, orphan sweep.
