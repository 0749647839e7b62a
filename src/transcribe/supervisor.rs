//! The parent side: starts the child, feeds it, watches it, kills it, says what became of it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Event, Outcome, Request};
use crate::call::Disposition;

/// How the child is run.
#[derive(Debug, Clone)]
pub struct SupervisorConfig {
    /// The program; the running one unless a test says otherwise.
    pub program: PathBuf,
    /// The model's file.
    pub model: PathBuf,
    /// Silero weights, if any.
    pub vad_model: Option<PathBuf>,
    /// Decoder states; `None` takes one a core.
    pub states: Option<usize>,
    /// Threads a state.
    pub threads_per_state: Option<usize>,
    /// Silence after which the child counts as hung.
    pub heartbeat_timeout: Duration,
    /// Resident memory beyond which the child is killed.
    pub memory_bytes_max: u64,
    /// Longest call that is accepted.
    pub call_duration_max: Duration,
}

/// Why a call has no transcript.
#[derive(Debug, thiserror::Error)]
pub enum TranscribeError {
    /// The file is not audio we can read.
    #[error("{0}")]
    Unreadable(String),
    /// The model is missing, truncated or of the wrong kind.
    #[error("{0}")]
    Model(String),
    /// The child died, hung or grew too large.
    #[error("{0}")]
    Worker(String),
    /// Somebody cancelled.
    #[error("The transcription was cancelled.")]
    Cancelled,
}

impl TranscribeError {
    /// What the caller should do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Unreadable(_) => Disposition::Reject,
            Self::Model(_) => Disposition::Park,
            Self::Worker(_) | Self::Cancelled => Disposition::Retry { after: None },
        }
    }
}

/// Owns the child process: one call at a time, weights loaded once, a new child after a death.
#[derive(Debug)]
pub struct Supervisor {
    config: SupervisorConfig,
}

impl Supervisor {
    /// Starts nothing yet; the child comes with the first call.
    pub const fn new(config: SupervisorConfig) -> Self {
        Self { config }
    }

    /// Transcribes one call; waits while another is running. News goes to `events` (dropped when nobody reads).
    ///
    /// # Errors
    ///
    /// See [`TranscribeError`].
    pub async fn transcribe(
        &self,
        request: Request,
        events: mpsc::Sender<Event>,
        cancel: CancellationToken,
    ) -> Result<Outcome, TranscribeError> {
        let _ = (&self.config, request, events, cancel);
        Err(TranscribeError::Worker("The worker is not built yet.".to_owned()))
    }

    /// Ends the child, if one runs.
    pub async fn shutdown(&self) {}
}
