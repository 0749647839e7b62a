//! The HTTP API: one file a resource. Reads the store and enqueues work; never runs a step.
