//! The program as somebody at a terminal or a script meets it: what it prints, and with which code it ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod check;
#[path = "../common/mod.rs"]
mod common;
mod demo;
mod evaluate;
mod import;
mod interrupt;
mod models;
mod pipes;
#[path = "../daemon/sample.rs"]
mod sample;
mod support;
mod transcribe;
