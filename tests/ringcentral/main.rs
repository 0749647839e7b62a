//! RingCentral against its fake: sign-in, the call log, audio at the allowed rate, insights, deliveries, and what happens
//! when any of it goes wrong. Loopback only.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/account.rs"]
mod account;
#[path = "../fakes/mod.rs"]
mod fakes;

mod access;
mod actions;
mod audio;
mod deliveries;
mod finding;
mod hostile;
mod insights;
mod matrix;
mod sign_in;
mod subscriptions;
mod support;
