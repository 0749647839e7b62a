//! What parent and child say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::call::{AudioFormatFacts, Language, RawAudio, Transcript};

/// One call to transcribe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The audio file.
    pub audio: PathBuf,
    /// How to read it when it has no header.
    pub raw: Option<RawAudio>,
    /// The languages it may be in; one means no detection, none means any.
    pub languages: Vec<Language>,
    /// Text that primes the decoder.
    pub prompt: Option<String>,
    /// Translate to English.
    pub translate: bool,
    /// Give each window the text before it.
    pub carry_context: bool,
    /// Who speaks on each channel, by index; unknown ones become `Speaker 1`, ….
    pub speakers: Vec<String>,
    /// Windows an earlier attempt finished; they are not decoded again when they still fit.
    pub checkpoints: Vec<Checkpoint>,
}

/// One finished window, to be kept until the whole call is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Number of the window in the plan, from 0.
    pub window: u32,
    /// Opaque; only the worker reads it.
    pub body: String,
}

/// News from a running call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The file was read through once.
    Surveyed {
        /// What the bytes turned out to be.
        format: AudioFormatFacts,
        /// Length of the call.
        duration_ms: u64,
        /// Speech on all channels together.
        speech_ms: u64,
        /// Windows to decode.
        windows: u32,
    },
    /// One window is done.
    Window {
        /// To be kept.
        checkpoint: Checkpoint,
        /// Windows done so far.
        done: u32,
        /// Windows in all.
        windows: u32,
    },
}

/// What a call became.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The transcript; without segments when nobody spoke.
    pub transcript: Transcript,
    /// What the bytes turned out to be.
    pub format: AudioFormatFacts,
}
