//! Configuration, logging, systemd: what is read at start-up and what is said about it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod check;
mod example;
mod observe;
mod patterns;
mod samples;
mod secrets;
mod support;
mod systemd;
