//! Model files: what they are, whether they are whole, how they get here.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod catalogue;
mod files;
mod import;
mod listing;
mod pull;
mod support;
