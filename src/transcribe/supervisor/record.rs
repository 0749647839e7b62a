//! What became of the child so far, for whoever looks while calls are heard. Read without waiting for a call; nothing here
//! decides anything.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::process::resident_bytes;
use crate::clock::{Clock as _, SystemClock};
use crate::observe::metrics;

/// The child at one moment, and what became of those before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkerStanding {
    /// The model it holds, by its name in the catalogue; absent where there is none to hold.
    pub model: Option<String>,
    /// Decoder states it works with at once.
    pub states: usize,
    /// Threads of each.
    pub threads_per_state: usize,
    /// Resident memory beyond which it is killed.
    pub memory_bytes_max: u64,
    /// The one that runs; the next call starts one where none does.
    pub process: Option<ProcessStanding>,
    /// Calls transcribed, by all there were.
    pub calls_done: u64,
    /// Children started.
    pub starts: u64,
    /// Children that died, hung, grew too large or could not be started.
    pub failures: u64,
    /// How the last one ended.
    pub last_end: Option<WorkerEnd>,
}

/// One child that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessStanding {
    /// Its process id.
    pub id: u32,
    /// Since when it runs.
    pub since: Timestamp,
    /// What it does.
    pub phase: WorkerPhase,
    /// Calls it has transcribed.
    pub calls_done: u64,
    /// Resident memory; absent when it has just gone.
    pub memory_bytes: Option<u64>,
}

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerPhase {
    /// It reads the model.
    Loading,
    /// It waits for a call.
    Idle,
    /// It is at a call.
    Working,
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerEnd {
    /// When.
    pub at: Timestamp,
    /// Why, as a sentence.
    pub reason: String,
    /// Nobody meant it to.
    pub is_failure: bool,
}

/// Keeps count. What is measured is measured here too.
#[derive(Debug, Default)]
pub(super) struct Record(Mutex<WorkerStanding>);

impl Record {
    /// All but what the children were started with.
    pub(super) fn read(&self) -> WorkerStanding {
        let mut standing = self.standing().clone();
        if let Some(process) = &mut standing.process {
            process.memory_bytes = resident_bytes(process.id);
        }
        standing
    }

    pub(super) fn started(&self, id: u32) {
        metrics::worker_started();
        let process = ProcessStanding {
            id,
            since: SystemClock.now(),
            phase: WorkerPhase::Loading,
            calls_done: 0,
            memory_bytes: None,
        };
        let mut standing = self.standing();
        standing.starts += 1;
        standing.process = Some(process);
    }

    pub(super) fn entered(&self, phase: WorkerPhase) {
        if let Some(process) = &mut self.standing().process {
            process.phase = phase;
        }
    }

    pub(super) fn call_done(&self) {
        let mut standing = self.standing();
        standing.calls_done += 1;
        if let Some(process) = &mut standing.process {
            process.calls_done += 1;
        }
    }

    pub(super) fn ended(&self, reason: String, is_failure: bool) {
        if is_failure {
            metrics::worker_failed();
        }
        let mut standing = self.standing();
        standing.process = None;
        standing.failures += u64::from(is_failure);
        standing.last_end = Some(WorkerEnd { at: SystemClock.now(), reason, is_failure });
    }

    fn standing(&self) -> MutexGuard<'_, WorkerStanding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
