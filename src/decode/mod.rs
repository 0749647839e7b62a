//! Bytes of a file to one `f32` stream a channel at 16 kHz.
//!
//! Streamed: memory does not grow with the length of the call. Never touches the network or the store, and runs only in
//! the worker child: a decoder that panics or asks for absurd memory costs one job. Data comes from a file on disk and
//! goes to `transcribe`.
//!
//! ```text
//! sniff ──> open ──> feed ───────────────> resample ──> blocks of 1 s
//! bytes     demuxer  packets, silence for  16 kHz
//!           codec    losses, trim
//! ```
//!
//! Times are kept: encoder lead-in is cut, lost packets become silence, the resampler's delay is taken out.

mod error;
mod feed;
mod foreign;
mod mp4;
mod mpeg;
mod open;
mod resample;
mod silence;
mod sniff;
mod source;
mod trim;
mod wav;

use std::fs::File;
use std::path::Path;

pub use error::DecodeError;

use crate::call::{AudioFormatFacts, RawAudio};
use feed::Feed;
use resample::Resampler;
pub use silence::silenced;

pub mod channels;

/// Samples a second of everything `decode` hands out: what Whisper and voice activity take.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// Frames in every block but the last: one second.
pub const BLOCK_FRAMES_MAX: usize = SAMPLE_RATE_HZ as usize;

/// Whether the bytes at `path` look like audio that can be read, from the first of them. Decodes nothing: the name tells
/// nothing here, and headerless audio is refused.
///
/// # Errors
///
/// What it is instead, as a sentence.
pub fn recognise(path: &Path) -> Result<(), DecodeError> {
    let failed = |source| DecodeError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    sniff::sniff(&file, len, Path::new(""), None, failed).map(drop)
}

/// A stretch of audio: one vector a channel, all of one length, at [`SAMPLE_RATE_HZ`].
pub type Block = Vec<Vec<f32>>;

/// What a recording may ask for at most. The defaults take every telephone recording and refuse absurd headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Channels; multi-party recorders write up to 8.
    pub channels_max: u16,
    /// Lowest sample rate.
    pub sample_rate_hz_min: u32,
    /// Highest sample rate.
    pub sample_rate_hz_max: u32,
    /// Length of the audio; a day, because a line left off the hook is recorded until somebody notices.
    pub duration_ms_max: u64,
    /// Bytes of one MP4 index, which is held in memory; ten hours of AAC need about 7 MiB.
    pub index_bytes_max: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            channels_max: 8,
            sample_rate_hz_min: 4_000,
            sample_rate_hz_max: 192_000,
            duration_ms_max: 24 * 60 * 60 * 1000,
            index_bytes_max: 64 * 1024 * 1024,
        }
    }
}

/// What had to be repaired on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecodeHealth {
    /// Packets that did not decode; silence of their length stands in for them.
    pub corrupt_packets: u64,
    /// Samples that were not a number (now 0) or, in float PCM, outside -1..=1 (now clamped).
    pub bad_samples: u64,
}

/// One file being decoded.
pub struct Decoder {
    feed: Feed,
    resampler: Resampler,
    planes: Vec<Vec<f32>>,
    ready: Vec<Vec<f32>>,
    frames_out: u64,
    frames_out_max: u64,
    duration_ms_max: u64,
    declared_duration_ms: Option<u64>,
    is_drained: bool,
}

impl Decoder {
    /// Opens a recording and reads its header. `raw` says how to read a file that has none; a file with a header is
    /// read by its header all the same.
    ///
    /// # Errors
    /// When the file cannot be read, is nothing that is decoded here, is damaged at its head, or is outside `limits`.
    pub fn open(path: &Path, raw: Option<RawAudio>, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        let io = |source| DecodeError::Io { path: path.to_owned(), source };
        // Before opening: opening a pipe would wait for its other end.
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(DecodeError::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(io)?;
        let opened = open::open(file, metadata.len(), path, raw, limits)?;
        let sample_rate_hz = opened.facts.sample_rate_hz;
        let channels = usize::from(opened.facts.channel_count);
        let declared_duration_ms =
            opened.declared_frames.map(|frames| frames.saturating_mul(1000) / u64::from(sample_rate_hz));
        let resampler = Resampler::new(sample_rate_hz, channels).map_err(|reason| unexpected_rate(&reason))?;
        Ok(Self {
            feed: Feed::new(path.to_owned(), opened)?,
            resampler,
            planes: Vec::new(),
            ready: vec![Vec::new(); channels],
            frames_out: 0,
            frames_out_max: limits.duration_ms_max.saturating_mul(u64::from(SAMPLE_RATE_HZ) / 1000),
            duration_ms_max: limits.duration_ms_max,
            declared_duration_ms,
            is_drained: false,
        })
    }

    /// What the bytes turned out to be.
    pub fn format(&self) -> &AudioFormatFacts {
        self.feed.facts()
    }

    /// Length as the header has it, where it has one; what is decoded may be shorter or longer.
    pub fn declared_duration_ms(&self) -> Option<u64> {
        self.declared_duration_ms
    }

    /// What had to be repaired so far.
    pub fn health(&self) -> DecodeHealth {
        self.feed.health()
    }

    /// Next stretch: one vector a channel, all of one length, [`BLOCK_FRAMES_MAX`] except at the end, never empty; None
    /// at the end. `n` frames in the file give `ceil(n * 16000 / rate)` in all.
    ///
    /// # Errors
    /// When the disk fails, too much is corrupt, the format changes midway, or the audio is longer than the limit.
    pub fn next_block(&mut self) -> Result<Option<Block>, DecodeError> {
        while !self.is_drained && self.frames_ready() < BLOCK_FRAMES_MAX {
            if self.feed.next(&mut self.planes)? {
                self.resampler.push(&self.planes, &mut self.ready).map_err(|reason| unexpected_rate(&reason))?;
            } else {
                self.resampler.finish(&mut self.ready).map_err(|reason| unexpected_rate(&reason))?;
                self.is_drained = true;
            }
        }
        let frames = self.frames_ready().min(BLOCK_FRAMES_MAX);
        if frames == 0 {
            return Ok(None);
        }
        self.frames_out += frames as u64;
        if self.frames_out > self.frames_out_max {
            return Err(DecodeError::OverLimit {
                value: self.frames_out * 1000 / u64::from(SAMPLE_RATE_HZ),
                unit: "ms of audio or more",
                limit: format!("at most {}", self.duration_ms_max),
            });
        }
        Ok(Some(self.ready.iter_mut().map(|plane| plane.drain(..frames).collect()).collect()))
    }

    fn frames_ready(&self) -> usize {
        self.ready.first().map_or(0, Vec::len)
    }
}

/// The resampler takes every rate within the limits; this names the file's fault should a limit ever be widened past
/// it.
fn unexpected_rate(reason: &str) -> DecodeError {
    DecodeError::Damaged { container: "audio", detail: format!("its sample rate cannot be converted ({reason})") }
}
