//! Holds the fakes to the providers' documentation: what other suites rest on has to be right itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "mod.rs"]
mod fakes;
mod proof;
