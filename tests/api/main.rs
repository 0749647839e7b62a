//! The HTTP API over real connections on loopback, in front of a real store.

#[path = "../common/mod.rs"]
mod common;

mod audio;
mod changes;
mod daemon;
mod errors;
mod guard;
mod lists;
mod seed;
mod shapes;
