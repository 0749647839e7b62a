//! Decoding, tested through its public face: golden files, generated files, odd files, hostile files, memory.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod golden;
mod hostile;
mod memory;
mod odd;
mod signal;
mod wave;
mod wavs;
