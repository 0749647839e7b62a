//! An account at Twilio one can trust: every recording found, every answer understood, every delivery weighed. Against the
//! fake of Twilio on the loopback; nothing else is reached.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/account.rs"]
mod account;
#[path = "../fakes/mod.rs"]
mod fakes;

mod access;
mod actions;
mod audio;
mod deliveries;
mod details;
mod hostile;
mod listing;
mod matrix;
mod opinion;
mod reach;
mod sign_in;
mod support;
mod world;
