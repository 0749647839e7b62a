//! The parent side: starts the child, feeds it, watches it, kills it, says what became of it.
//!
//! One call at a time; the weights stay loaded between calls. Whatever happens to the child, the parent lives on: the
//! next call gets a new one.

mod process;
mod record;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::protocol::{Failure, ModelProfile};
use super::{Event, Outcome, Request};
use crate::call::Disposition;
use crate::config::TranscribeConfig;
use crate::models::ModelFile;
use process::Process;
pub(super) use process::{command, log_errors, read_frames};
use record::Record;
pub use record::{ProcessStanding, WorkerEnd, WorkerPhase, WorkerStanding};

/// Most decoder states started without being asked for; beyond that memory bandwidth is the limit, not cores.
const STATES_DEFAULT_MAX: usize = 16;

/// This program. Survives a package upgrade under the running daemon, which its path would not.
pub(super) const OWN_PROGRAM: &str = "/proc/self/exe";

/// How the child is run.
#[derive(Debug, Clone)]
pub struct SupervisorConfig {
    /// The program; the running one unless a test says otherwise.
    pub program: PathBuf,
    /// The model's file.
    pub model: PathBuf,
    /// What else the child must know about it.
    pub profile: ModelProfile,
    /// Silero weights, if any.
    pub vad_model: Option<PathBuf>,
    /// Decoder states to use at once.
    pub states: usize,
    /// Threads for each.
    pub threads_per_state: usize,
    /// Silence after which the child counts as hung.
    pub heartbeat_timeout: Duration,
    /// Resident memory beyond which the child is killed.
    pub memory_bytes_max: u64,
    /// Longest call that is accepted.
    pub call_duration_max: Duration,
}

impl SupervisorConfig {
    /// One decoder state a core and one thread a state, unless the configuration says otherwise: states work on windows
    /// of their own and never wait for each other, threads of one state do after every matrix.
    pub fn new(config: &TranscribeConfig, model: &ModelFile) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let states = config.states.unwrap_or_else(|| {
            let per_state = config.threads_per_state.unwrap_or(1).max(1);
            (cores / per_state).min(STATES_DEFAULT_MAX).min(states_that_fit(config, model)).max(1)
        });
        let threads_per_state = config.threads_per_state.unwrap_or_else(|| (cores / states).max(1));
        Self {
            program: PathBuf::from(OWN_PROGRAM),
            model: model.path.clone(),
            profile: ModelProfile::of(model),
            vad_model: config.vad_model.clone(),
            states,
            threads_per_state,
            heartbeat_timeout: config.heartbeat_timeout,
            memory_bytes_max: config.worker_memory_bytes_max,
            call_duration_max: config.call_duration_max,
        }
    }
}

/// Decoder states that fit beside the weights into the memory a worker may take.
fn states_that_fit(config: &TranscribeConfig, model: &ModelFile) -> usize {
    let weights = model.header.size_bytes;
    let each = model.entry.memory_bytes_estimate.saturating_sub(weights).max(1);
    let room = config.worker_memory_bytes_max.saturating_sub(weights);
    usize::try_from(room / each).unwrap_or(usize::MAX)
}

/// Why a call has no transcript.
#[derive(Debug, thiserror::Error)]
pub enum TranscribeError {
    /// The file is not audio we can read.
    #[error("{0}")]
    Unreadable(String),
    /// The model is missing, truncated or of the wrong kind, or the program does not fit this processor.
    #[error("{0}")]
    Model(String),
    /// The child died, hung, grew too large, or could not get at the file.
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

impl From<Failure> for TranscribeError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreadable(message) => Self::Unreadable(message),
            Failure::Unavailable(message) | Failure::Engine(message) => Self::Worker(message),
            Failure::Model(message) => Self::Model(message),
            Failure::Cancelled => Self::Cancelled,
        }
    }
}

/// Owns the child process: one call at a time, weights loaded once, a new child after a death.
#[derive(Debug)]
pub struct Supervisor {
    /// Or why there is no model to run.
    config: Result<SupervisorConfig, String>,
    process: Mutex<Option<Process>>,
    record: Arc<Record>,
    /// How many wait for the child.
    waiting: watch::Sender<usize>,
}

/// Somebody waits for the child, until this is dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn among(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|count| *count += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Supervisor {
    /// Starts nothing yet; the child comes with the first call.
    pub fn new(config: SupervisorConfig) -> Self {
        Self { config: Ok(config), process: Mutex::default(), record: Arc::default(), waiting: watch::Sender::new(0) }
    }

    /// Has no model: every call waits for one, for the reason given as a sentence. No child is ever started.
    pub fn without_model(problem: String) -> Self {
        Self { config: Err(problem), process: Mutex::default(), record: Arc::default(), waiting: watch::Sender::new(0) }
    }

    /// The model's catalogue entry in short; absent where there is none to run.
    pub fn profile(&self) -> Option<&ModelProfile> {
        self.config.as_ref().ok().map(|config| &config.profile)
    }

    /// Transcribes one call; waits while another is running. News goes to `events`; when nobody takes it any more it is
    /// dropped.
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
        let slot = {
            let _waiting = Waiting::among(&self.waiting);
            self.slot(&cancel).await?
        };
        self.hear(slot, request, events, cancel).await
    }

    /// The same for work that has time: as soon as anybody else waits for the child it ends as cancelled. The windows that
    /// were done went to `events`.
    ///
    /// # Errors
    ///
    /// See [`TranscribeError`].
    pub async fn transcribe_behind(
        &self,
        request: Request,
        events: mpsc::Sender<Event>,
        cancel: CancellationToken,
    ) -> Result<Outcome, TranscribeError> {
        let slot = self.slot(&cancel).await?;
        let mut waiting = self.waiting.subscribe();
        let given_up = cancel.child_token();
        let work = self.hear(slot, request, events, given_up.clone());
        tokio::pin!(work);
        tokio::select! {
            outcome = &mut work => return outcome,
            _ = waiting.wait_for(|count| *count > 0) => given_up.cancel(),
        }
        work.await
    }

    async fn slot(&self, cancel: &CancellationToken) -> Result<MutexGuard<'_, Option<Process>>, TranscribeError> {
        tokio::select! {
            slot = self.process.lock() => Ok(slot),
            () = cancel.cancelled() => Err(TranscribeError::Cancelled),
        }
    }

    async fn hear(
        &self,
        mut slot: MutexGuard<'_, Option<Process>>,
        request: Request,
        events: mpsc::Sender<Event>,
        cancel: CancellationToken,
    ) -> Result<Outcome, TranscribeError> {
        let config = self.config.as_ref().map_err(|problem| TranscribeError::Model(problem.clone()))?;
        let mut process = match slot.take().and_then(|mut process| process.is_fit().then_some(process)) {
            Some(process) => process,
            None => tokio::select! {
                started = Process::start(config, &self.record) => started?,
                () = cancel.cancelled() => return Err(TranscribeError::Cancelled),
            },
        };
        let result = process.hear(config, request, &events, &cancel).await;
        if process.is_sound {
            *slot = Some(process);
        }
        result
    }

    /// The child as it is now, and what became of those before it. Waits for no call.
    pub fn standing(&self) -> WorkerStanding {
        // One that has nothing to do may have been ended by the kernel, and nobody noticed.
        if let Ok(mut slot) = self.process.try_lock() {
            drop(slot.take_if(|process| !process.is_running()));
        }
        let known = self.record.read();
        let Ok(config) = &self.config else { return known };
        WorkerStanding {
            model: Some(config.profile.name.clone()),
            states: config.states,
            threads_per_state: config.threads_per_state,
            memory_bytes_max: config.memory_bytes_max,
            ..known
        }
    }

    /// Ends the child, if one runs.
    pub async fn shutdown(&self) {
        drop(self.process.lock().await.take());
    }

    /// Process id of the child, if one runs and is idle.
    pub async fn child_id(&self) -> Option<u32> {
        self.process.lock().await.as_ref().and_then(Process::id)
    }
}
