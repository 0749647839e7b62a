//! What the pipeline is doing, for people to look at. Nothing here is needed to do the work.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::call::{RecordingId, Step};

/// One running step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Running {
    /// Whose step it is.
    pub recording: RecordingId,
    /// Which step.
    pub step: Step,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Since when.
    pub since: Timestamp,
    /// Windows transcribed; 0 for other steps.
    pub windows_done: u32,
    /// Windows to transcribe, once the audio was read through; 0 before and for other steps.
    pub windows_total: u32,
    /// Length of the call, once known.
    pub duration_ms: Option<u64>,
    /// Speech on all channels, once known.
    pub speech_ms: Option<u64>,
}

/// Work that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parked {
    /// What waits: `transcribe`, `disk` (everything that takes in or looks at files), or an account as `provider/name`.
    pub what: String,
    /// Why and what to do.
    pub reason: String,
    /// When it is tried again by itself.
    pub until: Timestamp,
}

/// The pipeline at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Snapshot {
    /// Running steps, oldest first.
    pub running: Vec<Running>,
    /// What waits for a person.
    pub parked: Vec<Parked>,
    /// Steps ended since the start, however they ended.
    pub steps_ended: u64,
    /// Why the pipeline stopped, if it did: the daemon is unhealthy.
    pub fault: Option<String>,
}

/// The live view; share it as `Arc<Activity>`.
#[derive(Debug, Default)]
pub struct Activity {
    state: Mutex<State>,
    /// Counts changes, for whoever shows them as they come.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    running: BTreeMap<RecordingId, (Running, CancellationToken)>,
    parked: BTreeMap<String, (Parked, Vec<RecordingId>)>,
    steps_ended: u64,
    fault: Option<String>,
}

impl Activity {
    /// The pipeline as it is now.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.state();
        let mut running: Vec<Running> = state.running.values().map(|(running, _)| running.clone()).collect();
        running.sort_by_key(|running| (running.since, running.recording));
        let parked = state.parked.values().map(|(parked, _)| parked.clone()).collect();
        Snapshot { running, parked, steps_ended: state.steps_ended, fault: state.fault.clone() }
    }

    /// Wakes whenever the view changes.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Ends what runs on a recording, as after its removal. False when nothing does.
    pub fn cancel(&self, recording: RecordingId) -> bool {
        let state = self.state();
        let Some((_, cancel)) = state.running.get(&recording) else { return false };
        cancel.cancel();
        true
    }

    /// Shows a step as running until the guard is dropped.
    pub(super) fn begin(&self, running: Running, cancel: CancellationToken) -> Shown<'_> {
        let recording = running.recording;
        self.state().running.insert(recording, (running, cancel));
        self.announce();
        Shown { activity: self, recording }
    }

    /// Changes what is shown of a running step.
    pub(super) fn update(&self, recording: RecordingId, change: impl FnOnce(&mut Running)) {
        if let Some((running, _)) = self.state().running.get_mut(&recording) {
            change(running);
        }
        self.announce();
    }

    /// `whose` is the recording that waits until then by itself; others of its kind are not taken up at all.
    pub(super) fn park(&self, parked: Parked, whose: Option<RecordingId>, now: Timestamp) {
        let mut state = self.state();
        let before = state.parked.remove(&parked.what).filter(|(before, _)| before.until > now);
        let mut waiting = before.map(|(_, waiting)| waiting).unwrap_or_default();
        waiting.extend(whose);
        state.parked.insert(parked.what.clone(), (parked, waiting));
        drop(state);
        self.announce();
    }

    /// What `what` waits for, while it does.
    pub(super) fn parked(&self, what: &str, now: Timestamp) -> Option<Parked> {
        self.state().parked.get(what).map(|(parked, _)| parked).filter(|parked| parked.until > now).cloned()
    }

    pub(super) fn unpark(&self, what: &str) {
        let was_parked = self.state().parked.remove(what).is_some();
        if was_parked {
            self.announce();
        }
    }

    /// Lets everything that waits for a person be tried again at once. Answers the recordings that would wait on by
    /// themselves; the caller hurries them.
    pub fn unpark_all(&self) -> Vec<RecordingId> {
        let parked = std::mem::take(&mut self.state().parked);
        self.announce();
        parked.into_values().flat_map(|(_, waiting)| waiting).collect()
    }

    pub(super) fn fail(&self, fault: &str) {
        self.state().fault.get_or_insert_with(|| fault.to_owned());
    }

    fn announce(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A step that is shown as running.
pub(super) struct Shown<'a> {
    activity: &'a Activity,
    recording: RecordingId,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.running.remove(&self.recording);
        state.steps_ended += 1;
        drop(state);
        self.activity.announce();
    }
}
