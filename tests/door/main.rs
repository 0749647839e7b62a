//! Who may come in, by which way, and what each may do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;
mod hosts;
mod metrics;
mod roles;
#[path = "../daemon/sample.rs"]
mod sample;
#[path = "../api/seed.rs"]
mod seed;
mod sessions;
mod ways;
