//! The HTTP API over real connections on loopback, in front of a real store.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;

mod audio;
mod bad_input;
mod changes;
mod daemon;
mod earlier;
mod errors;
mod events;
mod finding;
mod guard;
mod index;
mod lists;
mod memory;
mod seed;
mod shapes;
