//! A language model that writes summaries: asked only where one is configured, believed only where the call backs it, and
//! never at the cost of anything that was there before.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod backed;
#[path = "../common/mod.rs"]
mod common;
mod endpoint;
mod fake;
mod long_calls;
#[path = "../daemon/sample.rs"]
mod sample;
mod summaries;
mod translations;
