//! Bytes of a file to one `f32` stream a channel at 16 kHz.
//!
//! Streamed: memory does not grow with the length of the call. Never touches the network or the store, and runs only in
//! the worker child: a decoder that panics or asks for absurd memory costs one job. Data comes from a file on disk and
//! goes to `transcribe`.

pub mod channels;

/// Samples a second of everything `decode` hands out: what Whisper and voice activity take.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// A stretch of audio: one vector a channel, all of one length, at [`SAMPLE_RATE_HZ`].
pub type Block = Vec<Vec<f32>>;
