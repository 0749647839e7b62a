//! Raw file -> validated [`Config`]: all limits and defaults, every problem reported at once.
//!
//! Never opens a socket or the store. The raw form exists only inside this module; everything after start-up sees
//! [`Config`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::call::{AccountName, Language};

/// Everything callscribe was told, validated, with every default filled in.
#[derive(Debug, Clone)]
pub struct Config {
    /// The one folder that holds everything callscribe keeps.
    pub state_dir: PathBuf,
    /// What is logged and how.
    pub log: LogConfig,
    /// The HTTP API.
    pub api: ApiConfig,
    /// Whisper and what surrounds it.
    pub transcribe: TranscribeConfig,
    /// The loop that finishes work.
    pub pipeline: PipelineConfig,
    /// Watched folders.
    pub folders: Vec<FolderConfig>,
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A `tracing` filter: `info`, `callscribe=debug`.
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

/// The HTTP API.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Loopback address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The bearer token; absent means one is made at first start in `<state>/api-token` (0600).
    pub token: Option<SecretString>,
    /// Largest request body in bytes.
    pub body_bytes_max: usize,
    /// Longest time a request may take (audio downloads excepted).
    pub request_timeout: Duration,
}

/// Whisper and what surrounds it.
#[derive(Debug, Clone)]
pub struct TranscribeConfig {
    /// A name from the catalogue (`base`, `mini-q8_0`) or a path to a ggml file.
    pub model: String,
    /// Folders searched for models, in order; `<state>/models` first, then the ones shipped with the program.
    pub model_dirs: Vec<PathBuf>,
    /// Languages calls may be in; empty means any the model knows, one means no detection.
    pub languages: Vec<Language>,
    /// Text that primes the decoder: names, products, spelling.
    pub prompt: Option<String>,
    /// Translate to English while transcribing.
    pub translate: bool,
    /// Give each window the text before it. Off: carry-over is what feeds loops.
    pub carry_context: bool,
    /// Decoder states that share the weights; `None` takes one a core.
    pub states: Option<usize>,
    /// Threads a state; `None` takes what the machine has left.
    pub threads_per_state: Option<usize>,
    /// Silero weights for voice activity; absent uses the detector that is built in.
    pub vad_model: Option<PathBuf>,
    /// Longest time without a sign of life from the worker before it is killed.
    pub heartbeat_timeout: Duration,
    /// Worker memory beyond which it is killed and started again, in bytes.
    pub worker_memory_bytes_max: u64,
    /// Longest call that is accepted.
    pub call_duration_max: Duration,
    /// Largest audio file that is accepted, in bytes.
    pub file_bytes_max: u64,
}

/// The loop that finishes work.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// Recordings worked on at once outside the worker (copying, digests).
    pub fetch_concurrency: usize,
    /// Attempts before a step is given up.
    pub attempts_max: u32,
    /// Of five claims how many take the newest recording; the rest take the oldest, so that a backlog drains too.
    pub newest_first_of_five: u8,
    /// How long a graceful stop waits for running work.
    pub drain_timeout: Duration,
    /// Disk space below which nothing new is taken in, in bytes.
    pub free_disk_bytes_min: u64,
}

/// One watched folder.
#[derive(Debug, Clone)]
pub struct FolderConfig {
    /// The account name its recordings carry.
    pub name: AccountName,
    /// The folder.
    pub path: PathBuf,
    /// Look into sub-folders.
    pub recursive: bool,
    /// How long size and modification time must stand still before a file counts as written.
    pub settle: Duration,
    /// How often the folder is walked, whatever inotify says.
    pub rescan: Duration,
    /// File name patterns (named groups) tried in order before the built-in ones: the first that matches wins.
    pub patterns: Vec<String>,
    /// Who speaks on each channel, by index.
    pub channels: Vec<String>,
    /// Languages these calls may be in; empty takes `transcribe.languages`.
    pub languages: Vec<Language>,
    /// How headerless files (`.ulaw`, `.alaw`, `.raw`) are to be read.
    pub raw: Option<crate::call::RawAudio>,
}
