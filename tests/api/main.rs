//! The HTTP API over real connections on loopback, in front of a real store.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;

mod audio;
mod changes;
mod daemon;
mod errors;
mod events;
mod guard;
mod lists;
mod memory;
mod seed;
mod shapes;
