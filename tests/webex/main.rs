//! The provider of Webex Calling against its fake: signing in, looking, fetching, deliveries, and everything that can go
//! wrong on the way.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/account.rs"]
mod account;
#[path = "../fakes/mod.rs"]
mod fakes;

mod access;
mod actions;
mod details;
mod download;
mod hostile;
mod listing;
mod matrix;
mod opinions;
mod sign_in;
mod support;
mod webhooks;
