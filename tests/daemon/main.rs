//! The real daemon with real inference: what comes in comes out, whatever is killed, whenever.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;
mod drive;
mod import;
mod kill;
mod life;
mod sample;
mod worker;
