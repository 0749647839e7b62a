//! One child: started, given its model, fed with calls, watched, and killed when it hangs, grows or is dropped.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::record::{Record, WorkerPhase};
use super::{SupervisorConfig, TranscribeError};
use crate::transcribe::protocol::{FRAME_BYTES_MAX, Failure, FromWorker, Setup, ToWorker, encode};
use crate::transcribe::{Event, Outcome, Request};

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
/// Longest line of the child's that is logged in one piece, in bytes.
const LINE_BYTES_MAX: u64 = 4096;
/// What the child sees of the environment: where libraries of a graphics card are and which card to use. Tokens and paths
/// of the daemon are none of its business.
const PASSED_ON: [&str; 4] = ["LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "VK_ICD_FILENAMES", "GGML_VK_VISIBLE_DEVICES"];

/// A child that is killed when it is dropped, with pipes for everything.
pub(in crate::transcribe) fn command(program: &Path) -> Command {
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
pub(super) struct Process {
    /// Killed when dropped.
    child: Child,
    input: ChildStdin,
    frames: mpsc::Receiver<FromWorker>,
    record: Arc<Record>,
    calls: u32,
    /// A child that answered, even with a failure of the file, keeps its weights.
    pub(super) is_sound: bool,
    /// How it came to its end, and whether that is a failure.
    end: Option<(String, bool)>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let (reason, is_failure) =
            self.end.take().unwrap_or_else(|| ("The work that it was at was ended.".to_owned(), false));
        self.record.ended(reason, is_failure);
    }
}

impl Process {
    /// With its model loaded.
    pub(super) async fn start(config: &SupervisorConfig, record: &Arc<Record>) -> Result<Self, TranscribeError> {
        let broken = |error| {
            let error = TranscribeError::Worker(format!("The worker process could not be started: {error}."));
            record.ended(error.to_string(), true);
            error
        };
        let mut child = command(&config.program).spawn().map_err(broken)?;
        record.started(child.id().unwrap_or_default());
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            let error = TranscribeError::Worker("The worker process has no pipes.".to_owned());
            record.ended(error.to_string(), true);
            return Err(error);
        };
        let (sender, frames) = mpsc::channel(FRAMES_QUEUED_MAX);
        tokio::spawn(read_frames(output, sender));
        tokio::spawn(log_errors(errors));
        let mut process =
            Self { child, input, frames, record: Arc::clone(record), calls: 0, is_sound: true, end: None };
        match process.load(config).await {
            Ok(()) => {
                record.entered(WorkerPhase::Idle);
                Ok(process)
            }
            Err(error) => {
                process.end = Some((error.to_string(), true));
                Err(error)
            }
        }
    }

    async fn load(&mut self, config: &SupervisorConfig) -> Result<(), TranscribeError> {
        self.send(&ToWorker::Setup(setup(config))).await?;
        match tokio::time::timeout(LOAD_TIMEOUT, self.frames.recv()).await {
            Ok(Some(FromWorker::Ready)) => Ok(()),
            Ok(Some(FromWorker::Failed(failure))) => Err(failure.into()),
            Ok(Some(_)) => Err(TranscribeError::Worker("The worker process spoke out of turn.".to_owned())),
            Ok(None) => Err(self.died("while it loaded the model").await),
            Err(_) => Err(TranscribeError::Model(format!(
                "The model {} was not loaded within {} s; the disk may be failing, or the model too large for this machine.",
                config.model.display(),
                LOAD_TIMEOUT.as_secs()
            ))),
        }
    }

    /// Process id, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it may take another call. An idle child may have been ended by the kernel when memory ran out.
    pub(super) fn is_fit(&mut self) -> bool {
        if self.calls >= CALLS_PER_CHILD {
            self.end = Some((format!("It had taken {CALLS_PER_CHILD} calls and made room for a fresh one."), false));
            return false;
        }
        self.is_running()
    }

    /// Whether it has not ended while nobody looked.
    pub(super) fn is_running(&mut self) -> bool {
        match self.child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                self.end = Some((death(status, "while it had nothing to do").to_string(), true));
                false
            }
            Err(_) => false,
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

    /// Has it transcribe one call. Afterwards it is sound, or to be dropped.
    pub(super) async fn hear(
        &mut self,
        config: &SupervisorConfig,
        request: Request,
        events: &mpsc::Sender<Event>,
        cancel: &CancellationToken,
    ) -> Result<Outcome, TranscribeError> {
        self.record.entered(WorkerPhase::Working);
        let result = self.exchange(config, request, events, cancel).await;
        self.record.entered(WorkerPhase::Idle);
        match &result {
            Ok(_) => self.record.call_done(),
            Err(TranscribeError::Cancelled) => {
                self.end = Some(("Its call was cancelled and it did not stop in time.".to_owned(), false));
            }
            Err(error) => self.end = Some((error.to_string(), true)),
        }
        if self.is_sound {
            self.end = None;
        }
        result
    }

    async fn exchange(
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
                    if let Some(resident) = self.id().and_then(resident_bytes).filter(|bytes| *bytes > config.memory_bytes_max) {
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

    /// Says how the child ended.
    async fn died(&mut self, when: &str) -> TranscribeError {
        self.is_sound = false;
        match tokio::time::timeout(CANCEL_GRACE, self.child.wait()).await {
            Ok(Ok(status)) => death(status, when),
            _ => TranscribeError::Worker(format!("The worker process closed its pipe {when}.")),
        }
    }
}

/// What a process has in memory; absent once it is gone.
pub(super) fn resident_bytes(id: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{id}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    // One that has ended and was not waited for yet has none.
    (pages > 0).then(|| pages * rustix::param::page_size() as u64)
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

pub(in crate::transcribe) async fn read_frames(mut output: ChildStdout, frames: mpsc::Sender<FromWorker>) {
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
pub(in crate::transcribe) async fn log_errors(errors: ChildStderr) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    // To the end whatever comes: a child that cannot print would die of it.
    while let Ok(1..) = (&mut errors).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
        tracing::debug!(target: "callscribe::worker", "{}", String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}
