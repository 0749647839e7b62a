//! The console in a real browser, headless, against the real daemon with real transcripts: what a person does, and what no
//! page may do (complain, shut out a keyboard or a screen reader, scroll sideways on a phone).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod every_page;
mod figures;
mod keyboard;
mod listening;
mod office;
mod pages;
mod person;
mod reading;
mod replaying;
mod retrying;
mod signing_in;
mod sink;
mod working;
