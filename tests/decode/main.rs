//! Decoding, tested through its public face: golden files, generated files, odd files, hostile files, memory.

mod golden;
mod hostile;
mod memory;
mod odd;
mod signal;
mod wave;
mod wavs;
