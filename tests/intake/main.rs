//! Work that comes in by the API, and watching it: the real daemon with its worker and the miniature model.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;

mod events;
#[path = "../bench/archive/generator.rs"]
mod generator;
mod job_events;
mod jobs;
mod queue;
mod reruns;
mod support;
mod uploads;
