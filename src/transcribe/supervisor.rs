//! The parent side: starts the child, feeds it, watches it, kills it, says what became of it.
//!
//! One call at a time; the weights stay loaded between calls. Whatever happens to the child, the parent lives on: the
//! next call gets a new one.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, MutexGuard, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::protocol::{FRAME_BYTES_MAX, Failure, FromWorker, ModelProfile, Setup, ToWorker, encode};
use super::{Event, Outcome, Request};
use crate::call::Disposition;
use crate::config::TranscribeConfig;
use crate::models::ModelFile;
use crate::observe::metrics;

/// Longest time to load weights: 3 GB from a slow disk.
const LOAD_TIMEOUT: Duration = Duration::from_secs(180);
/// How long a cancelled child may take to stop by itself before it is killed.
const CANCEL_GRACE: Duration = Duration::from_secs(2);
/// How often the memory of a working child is looked at.
const MEMORY_CHECK_EVERY: Duration = Duration::from_secs(1);
/// Calls after which the child is replaced: whisper-rs keeps a few C strings of every window for ever.
const CALLS_PER_CHILD: u32 = 200;
/// Frames read ahead of whoever takes them.
const FRAMES_QUEUED_MAX: usize = 64;
/// Most decoder states started without being asked for; beyond that memory bandwidth is the limit, not cores.
const STATES_DEFAULT_MAX: usize = 16;

/// Longest line of the child's that is logged in one piece, in bytes.
const LINE_BYTES_MAX: u64 = 4096;
/// What the child sees of the environment: where libraries of a graphics card are and which card to use. Tokens and paths
/// of the daemon are none of its business.
const PASSED_ON: [&str; 4] = ["LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "VK_ICD_FILENAMES", "GGML_VK_VISIBLE_DEVICES"];

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
    worker: Mutex<Option<Worker>>,
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
        Self { config: Ok(config), worker: Mutex::new(None), waiting: watch::Sender::new(0) }
    }

    /// Has no model: every call waits for one, for the reason given as a sentence. No child is ever started.
    pub fn without_model(problem: String) -> Self {
        Self { config: Err(problem), worker: Mutex::new(None), waiting: watch::Sender::new(0) }
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

    async fn slot(&self, cancel: &CancellationToken) -> Result<MutexGuard<'_, Option<Worker>>, TranscribeError> {
        tokio::select! {
            slot = self.worker.lock() => Ok(slot),
            () = cancel.cancelled() => Err(TranscribeError::Cancelled),
        }
    }

    async fn hear(
        &self,
        mut slot: MutexGuard<'_, Option<Worker>>,
        request: Request,
        events: mpsc::Sender<Event>,
        cancel: CancellationToken,
    ) -> Result<Outcome, TranscribeError> {
        let config = self.config.as_ref().map_err(|problem| TranscribeError::Model(problem.clone()))?;
        let is_fit = |worker: &mut Worker| worker.calls < CALLS_PER_CHILD && worker.is_running();
        let mut worker = match slot.take().and_then(|mut worker| is_fit(&mut worker).then_some(worker)) {
            Some(worker) => worker,
            None => tokio::select! {
                started = Worker::start(config) => started?,
                () = cancel.cancelled() => return Err(TranscribeError::Cancelled),
            },
        };
        let result = worker.hear(config, request, &events, &cancel).await;
        // A child that answered, even with a failure of the file, is sound and keeps its weights.
        if worker.is_sound {
            *slot = Some(worker);
        } else if !matches!(result, Err(TranscribeError::Cancelled)) {
            metrics::worker_failed();
        }
        result
    }

    /// Ends the child, if one runs.
    pub async fn shutdown(&self) {
        drop(self.worker.lock().await.take());
    }

    /// Process id of the child, if one runs and is idle.
    pub async fn child_id(&self) -> Option<u32> {
        self.worker.lock().await.as_ref().and_then(|worker| worker.process.id())
    }
}

/// A child that is killed when it is dropped, with pipes for everything.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg("worker")
        .env_clear()
        .envs(PASSED_ON.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        // Ctrl-C in a terminal is for the parent, which tells the child when to stop.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[derive(Debug)]
struct Worker {
    /// Killed when dropped.
    process: Child,
    input: ChildStdin,
    frames: mpsc::Receiver<FromWorker>,
    calls: u32,
    is_sound: bool,
}

impl Worker {
    async fn start(config: &SupervisorConfig) -> Result<Self, TranscribeError> {
        let broken = |error| TranscribeError::Worker(format!("The worker process could not be started: {error}."));
        let mut process = command(&config.program).spawn().map_err(broken)?;
        metrics::worker_started();
        let (Some(input), Some(output), Some(errors)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            return Err(TranscribeError::Worker("The worker process has no pipes.".to_owned()));
        };
        let (sender, frames) = mpsc::channel(FRAMES_QUEUED_MAX);
        tokio::spawn(read_frames(output, sender));
        tokio::spawn(log_errors(errors));
        let mut worker = Self { process, input, frames, calls: 0, is_sound: true };
        worker.send(&ToWorker::Setup(setup(config))).await?;
        match tokio::time::timeout(LOAD_TIMEOUT, worker.frames.recv()).await {
            Ok(Some(FromWorker::Ready)) => Ok(worker),
            Ok(Some(FromWorker::Failed(failure))) => Err(failure.into()),
            Ok(Some(_)) => Err(TranscribeError::Worker("The worker process spoke out of turn.".to_owned())),
            Ok(None) => Err(worker.died("while it loaded the model").await),
            Err(_) => Err(TranscribeError::Model(format!(
                "The model {} was not loaded within {} s; the disk may be failing, or the model too large for this machine.",
                config.model.display(),
                LOAD_TIMEOUT.as_secs()
            ))),
        }
    }

    async fn send(&mut self, frame: &ToWorker) -> Result<(), TranscribeError> {
        let written = match encode(frame) {
            Ok(bytes) => self.input.write_all(&bytes).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => Ok(()),
            Err(_) => Err(self.died("before it took the call").await),
        }
    }

    async fn hear(
        &mut self,
        config: &SupervisorConfig,
        request: Request,
        events: &mpsc::Sender<Event>,
        cancel: &CancellationToken,
    ) -> Result<Outcome, TranscribeError> {
        self.calls += 1;
        self.is_sound = false;
        self.send(&ToWorker::Transcribe(Box::new(request))).await?;
        let mut deadline = Instant::now() + config.heartbeat_timeout;
        let mut memory_check = tokio::time::interval(MEMORY_CHECK_EVERY);
        let mut cancelled = false;
        loop {
            tokio::select! {
                frame = self.frames.recv() => {
                    if !cancelled {
                        deadline = Instant::now() + config.heartbeat_timeout;
                    }
                    match frame {
                        Some(FromWorker::News(event)) => drop(events.send(event).await),
                        Some(FromWorker::Alive | FromWorker::Ready | FromWorker::Drawn(_) | FromWorker::Silenced(_)) => {}
                        Some(FromWorker::Done(outcome)) => {
                            self.is_sound = true;
                            return Ok(*outcome);
                        }
                        Some(FromWorker::Failed(failure)) => {
                            self.is_sound = !matches!(failure, Failure::Engine(_) | Failure::Model(_));
                            return Err(failure.into());
                        }
                        None if cancelled => return Err(TranscribeError::Cancelled),
                        None => return Err(self.died("while it worked on the call").await),
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    if cancelled {
                        return Err(TranscribeError::Cancelled);
                    }
                    return Err(TranscribeError::Worker(format!(
                        "The worker process made no progress for {} s and was killed.", config.heartbeat_timeout.as_secs()
                    )));
                }
                _ = memory_check.tick() => {
                    if let Some(resident) = self.resident_bytes().filter(|bytes| *bytes > config.memory_bytes_max) {
                        return Err(too_large(resident, config.memory_bytes_max));
                    }
                }
                () = cancel.cancelled(), if !cancelled => {
                    cancelled = true;
                    deadline = Instant::now() + CANCEL_GRACE;
                    if self.send(&ToWorker::Cancel).await.is_err() {
                        return Err(TranscribeError::Cancelled);
                    }
                }
            }
        }
    }

    /// An idle child may have been ended by the kernel when memory ran out.
    fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    fn resident_bytes(&self) -> Option<u64> {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.process.id()?)).ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }

    /// Says how the child ended.
    async fn died(&mut self, when: &str) -> TranscribeError {
        self.is_sound = false;
        match tokio::time::timeout(CANCEL_GRACE, self.process.wait()).await {
            Ok(Ok(status)) => death(status, when),
            _ => TranscribeError::Worker(format!("The worker process closed its pipe {when}.")),
        }
    }
}

fn setup(config: &SupervisorConfig) -> Setup {
    Setup {
        model: config.model.clone(),
        profile: config.profile.clone(),
        vad_model: config.vad_model.clone(),
        states: config.states,
        threads_per_state: config.threads_per_state,
        duration_ms_max: config.call_duration_max.as_millis() as u64,
    }
}

fn too_large(resident_bytes: u64, limit_bytes: u64) -> TranscribeError {
    TranscribeError::Worker(format!(
        "The worker process grew to {} MiB, more than its limit of {} MiB, and was killed; raise \
         transcribe.worker_memory_mib_max or use fewer states or a smaller model.",
        resident_bytes >> 20,
        limit_bytes >> 20
    ))
}

/// What an exit status means for the call.
fn death(status: ExitStatus, when: &str) -> TranscribeError {
    use rustix::process::Signal;
    let Some(signal) = status.signal().and_then(Signal::from_named_raw) else {
        return TranscribeError::Worker(format!("The worker process ended {when} ({status})."));
    };
    match signal {
        Signal::ILL => TranscribeError::Model(
            "The program was built for another processor (illegal instruction); install the build for this machine."
                .to_owned(),
        ),
        Signal::KILL => TranscribeError::Worker(format!(
            "The worker process was killed {when}; memory may have run out (see the kernel log)."
        )),
        _ => TranscribeError::Worker(format!("The worker process crashed {when} ({status}).")),
    }
}

pub(super) async fn read_frames(mut output: ChildStdout, frames: mpsc::Sender<FromWorker>) {
    loop {
        let mut length = [0; 4];
        if output.read_exact(&mut length).await.is_err() {
            return;
        }
        let length = u32::from_le_bytes(length);
        if length > FRAME_BYTES_MAX {
            tracing::error!(length, "The worker process sent a frame over the limit.");
            return;
        }
        let mut body = vec![0; length as usize];
        if output.read_exact(&mut body).await.is_err() {
            return;
        }
        match serde_json::from_slice(&body) {
            Ok(frame) => {
                if frames.send(frame).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "The worker process sent something that is not a frame.");
                return;
            }
        }
    }
}

/// What libraries in the child print, for whoever looks into trouble with a model.
pub(super) async fn log_errors(errors: ChildStderr) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    // To the end whatever comes: a child that cannot print would die of it.
    while let Ok(1..) = (&mut errors).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
        tracing::debug!(target: "callscribe::worker", "{}", String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}
