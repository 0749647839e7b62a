//! The real daemon against fakes of all three providers: every recording ends where it should, also when it is killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../fakes/mod.rs"]
mod fakes;

mod accounts;
mod deliveries;
mod front;
mod telephony;
mod whole_run;
