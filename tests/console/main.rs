//! The console in a real browser, headless, against the real daemon with real transcripts: what a person does, and what no
//! page may do (complain, shut out a keyboard or a screen reader, scroll sideways on a phone).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod every_page;
mod listening;
mod pages;
mod person;
mod retrying;
mod signing_in;
