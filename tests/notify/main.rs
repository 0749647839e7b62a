//! Sinks are told of recordings that came to an end: signed, in order, again until they answer, and at nobody's cost.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bounds;
mod categories;
#[path = "../common/mod.rs"]
mod common;
#[path = "../bench/archive/generator.rs"]
mod generator;
mod order;
mod outage;
#[path = "../daemon/sample.rs"]
mod sample;
#[path = "../api/seed.rs"]
mod seed;
mod sink;
mod through_kills;
mod told;
