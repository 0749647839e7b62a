//! A watched folder one can trust: what is taken in, when, once, and what is not and why. On real folders with a real
//! store; time is a clock that the tests move.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod account;
mod links;
mod names;
mod places;
mod quarantine;
mod rescan;
mod rest;
mod side_files;
mod support;
mod tree;
