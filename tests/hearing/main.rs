//! What is heard, by the real worker with real inference: right words, right channel, right times, and nothing where
//! nobody spoke.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;
mod degenerate;
mod ear;
mod health;
mod layouts;
mod memory;
mod phases;
mod sound;
mod transcripts;
mod words;
mod worker;
