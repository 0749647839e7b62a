//! What parent and child say to each other: frames of JSON over the child's standard input and output.
//!
//! A frame is its length as four bytes, little endian, and that many bytes of JSON. Nothing is ever sent that the store
//! would have to know about; checkpoints are opaque to everybody but the worker.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::call::{AudioFormatFacts, Language, RawAudio, Silence, Transcript};
use crate::models::ModelFile;
use crate::transcribe::peaks::Peaks;

/// Largest frame. A transcript of ten hours of unbroken speech is about 20 MB of JSON.
pub const FRAME_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// Length of one encoder position.
const CONTEXT_POSITION_MS: u32 = 20;

/// What the worker must know about a model besides its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelProfile {
    /// The catalogue's name.
    pub name: String,
    /// Knows only the sample calls.
    pub miniature: bool,
    /// Knows other languages than English, and so can translate.
    pub multilingual: bool,
    /// Longest window it is accurate on.
    pub window_ms_max: u64,
    /// Longest pause cut out inside a window.
    pub pause_ms_max: u64,
    /// Encoder positions behind the window when the context is fitted to it.
    pub context_margin: u16,
    /// Decoder layers, for the alignment of words.
    pub text_layers: u32,
}

impl ModelProfile {
    /// What the catalogue and the file's header say.
    pub fn of(model: &ModelFile) -> Self {
        let positions = |ms: u32| u16::try_from(ms / CONTEXT_POSITION_MS).unwrap_or(u16::MAX);
        Self {
            name: model.entry.name.clone().into_owned(),
            miniature: model.entry.miniature,
            multilingual: model.entry.multilingual,
            window_ms_max: u64::from(model.entry.window_ms_max),
            pause_ms_max: u64::from(model.entry.pause_ms_max),
            context_margin: positions(model.entry.audio_ctx_margin_ms),
            text_layers: model.header.text_layers,
        }
    }
}

/// The first frame to a child: what it needs before any call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The model's file.
    pub model: PathBuf,
    /// What else there is to know about it.
    pub profile: ModelProfile,
    /// Silero weights, if any.
    pub vad_model: Option<PathBuf>,
    /// Decoder states to use at once.
    pub states: usize,
    /// Threads for each.
    pub threads_per_state: usize,
    /// Longest call that is accepted.
    pub duration_ms_max: u64,
}

/// From the parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum ToWorker {
    /// Comes first, once.
    Setup(Setup),
    /// Transcribe this.
    Transcribe(Box<Request>),
    /// Stop the running call.
    Cancel,
    /// Comes first and alone, instead of a setup: draw the sound of this file. Needs no model.
    Draw {
        /// The audio file.
        audio: PathBuf,
        /// How to read it when it has no header.
        raw: Option<RawAudio>,
    },
    /// As `Draw`: write a copy of this file with silence in it. Needs no model.
    Silence {
        /// The audio file.
        audio: PathBuf,
        /// How to read it when it has no header.
        raw: Option<RawAudio>,
        /// Where it is to be silent.
        silences: Vec<Silence>,
        /// The file to write, which is there already.
        out: PathBuf,
    },
}

/// From the child.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum FromWorker {
    /// The weights are loaded.
    Ready,
    /// News from the running call.
    News(Event),
    /// Work is going on; sent only while it really is.
    Alive,
    /// The call is done.
    Done(Box<Outcome>),
    /// The sound is drawn.
    Drawn(Peaks),
    /// The copy is written; what it holds.
    Silenced(AudioFormatFacts),
    /// The call has no transcript.
    Failed(Failure),
}

/// Why the child gave up on a call, or on itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "message", rename_all = "snake_case")]
pub enum Failure {
    /// The file is not audio we can read.
    Unreadable(String),
    /// The file could not be opened now.
    Unavailable(String),
    /// The model cannot be used.
    Model(String),
    /// The engine failed.
    Engine(String),
    /// As asked.
    Cancelled,
}

/// Writes one frame.
///
/// # Errors
///
/// When the pipe is closed, or the frame would be larger than [`FRAME_BYTES_MAX`].
pub fn write_frame<T: Serialize>(into: &mut impl Write, frame: &T) -> io::Result<()> {
    let bytes = encode(frame)?;
    into.write_all(&bytes)?;
    into.flush()
}

/// A frame as bytes, length first.
///
/// # Errors
///
/// When it would be larger than [`FRAME_BYTES_MAX`].
pub fn encode<T: Serialize>(frame: &T) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(frame)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= FRAME_BYTES_MAX);
    let Some(length) = length else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is larger than 64 MiB"));
    };
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Reads one frame; `None` when the other side closed the pipe between frames.
///
/// # Errors
///
/// When the pipe breaks inside a frame or what comes is not a frame.
pub fn read_frame<T: for<'de> Deserialize<'de>>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame says it is larger than 64 MiB"));
    }
    let mut body = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

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
    /// Tell what was said while the rest is still being heard. The language is then settled by the first probes alone.
    pub tells: bool,
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
    /// The next segments of the transcript, as they will stand in it; only where that was asked for.
    Said {
        /// Their texts.
        texts: Vec<String>,
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
