//! Hands every event on to whoever listens. One task for all listeners: it hears of changes from the store and of progress
//! from the loops, and asks the database for the queue's numbers at most once a second.
//!
//! Everything is bounded: events kept for those who come back, listeners, events that wait for one listener. Who does not
//! read is dropped and the connection closed.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::events::{QueueEvent, RecordingEvent};
use super::listener::Hangup;
use super::queue::{ByStep, RunningItem};
use super::{Api, Loops};
use crate::call::RecordingId;
use crate::store::Change;

/// Events kept for those who come back: minutes of a busy daemon, at most a few megabytes.
const KEPT_MAX: usize = 2048;
/// Listeners at once, each holding a connection.
const LISTENERS_MAX: usize = 32;
/// Events that wait for one listener; a look at a source may bring a thousand at once.
const WAITING_MAX: usize = 1024;
/// How often a quiet connection shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Progress and numbers are looked at so often, and only when something changed.
const TICK: Duration = Duration::from_millis(200);
const QUEUE_EVERY: Duration = Duration::from_secs(1);
/// Milliseconds after which a browser comes back by itself.
const COME_BACK_MS: u32 = 2000;

/// One event, written once for all.
struct Event {
    number: u64,
    about: Option<RecordingId>,
    text: Bytes,
}

/// Tells listeners.
#[derive(Clone)]
pub(super) struct Hub(Arc<Inner>);

struct Inner {
    /// Tells our numbers from those of an earlier run.
    run: String,
    state: Mutex<State>,
    is_started: AtomicBool,
    stop: CancellationToken,
}

#[derive(Default)]
struct State {
    last_number: u64,
    kept: VecDeque<Arc<Event>>,
    listeners: HashMap<u64, Listener>,
    listeners_ever: u64,
    /// Somebody just came and knows no numbers.
    is_queue_wanted: bool,
}

struct Listener {
    only: Option<RecordingId>,
    events: mpsc::Sender<Arc<Event>>,
    hangup: Option<Hangup>,
}

/// What one listener gets.
pub(super) struct Listening {
    first: VecDeque<Bytes>,
    events: mpsc::Receiver<Arc<Event>>,
    stop: CancellationToken,
}

impl Hub {
    /// Starts nothing yet: the first listener does.
    pub(super) fn new(stop: CancellationToken) -> Self {
        let run = format!("{:08x}", fastrand::u32(..));
        Self(Arc::new(Inner { run, state: Mutex::default(), is_started: AtomicBool::new(false), stop }))
    }

    /// Adds a listener that goes on after the event `after`.
    pub(super) fn listen(
        &self,
        api: &Api,
        only: Option<RecordingId>,
        after: Option<&str>,
        hangup: Option<Hangup>,
    ) -> Result<Listening, ApiError> {
        if !self.0.is_started.swap(true, Ordering::Relaxed) {
            // Before anything is answered: what changes from now on is heard.
            let changes = api.0.store.changes();
            tokio::spawn(run(self.clone(), api.clone(), changes));
        }
        let mut state = self.state();
        state.listeners.retain(|_, listener| !listener.events.is_closed());
        if state.listeners.len() >= LISTENERS_MAX {
            let message = format!("{LISTENERS_MAX} listeners hear events already.");
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Close one, or try again."));
        }
        let mut first = VecDeque::from([Bytes::from(format!("retry: {COME_BACK_MS}\n\n"))]);
        if let Some(after) = after {
            match self.missed(&state, after) {
                Some(missed) => first.extend(missed.filter(|event| fits(only, event)).map(|event| event.text.clone())),
                None => first.push_back(self.written(state.last_number, "reset", "{}")),
            }
        }
        let (sender, events) = mpsc::channel(WAITING_MAX);
        let key = state.listeners_ever;
        state.listeners_ever += 1;
        state.is_queue_wanted |= only.is_none();
        state.listeners.insert(key, Listener { only, events: sender, hangup });
        Ok(Listening { first, events, stop: self.0.stop.clone() })
    }

    /// What came after the event with this id; absent when that is not known any more.
    fn missed<'s>(&self, state: &'s State, after: &str) -> Option<impl Iterator<Item = &'s Arc<Event>>> {
        let (run, number) = after.rsplit_once('-')?;
        let number: u64 = number.parse().ok().filter(|_| run == self.0.run)?;
        let oldest = state.kept.front().map_or(state.last_number + 1, |event| event.number);
        let is_known = (oldest.saturating_sub(1)..=state.last_number).contains(&number);
        is_known.then(|| state.kept.iter().filter(move |event| event.number > number))
    }

    fn publish(&self, name: &str, about: Option<RecordingId>, data: &impl Serialize) {
        let Ok(data) = serde_json::to_string(data) else { return };
        let mut state = self.state();
        state.last_number += 1;
        let number = state.last_number;
        let event = Arc::new(Event { number, about, text: self.written(number, name, &data) });
        if state.kept.len() >= KEPT_MAX {
            state.kept.pop_front();
        }
        state.kept.push_back(Arc::clone(&event));
        state.listeners.retain(|_, listener| {
            if !fits(listener.only, &event) {
                return true;
            }
            match listener.events.try_send(Arc::clone(&event)) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    tracing::info!("A listener to events does not read and was dropped.");
                    if let Some(hangup) = &listener.hangup {
                        hangup.0.cancel();
                    }
                    false
                }
            }
        });
    }

    fn written(&self, number: u64, name: &str, data: &str) -> Bytes {
        Bytes::from(format!("id: {}-{number}\nevent: {name}\ndata: {data}\n\n", self.0.run))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an event is for a listener who asked for one recording, or for all.
fn fits(only: Option<RecordingId>, event: &Event) -> bool {
    only.is_none() || event.about == only
}

impl Listening {
    /// The bytes as they come, until the daemon stops or the listener is dropped.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut this| async move {
            if let Some(text) = this.first.pop_front() {
                return Some((Ok(text), this));
            }
            let text = tokio::select! {
                () = this.stop.cancelled() => return None,
                event = this.events.recv() => event?.text.clone(),
                () = tokio::time::sleep(HEARTBEAT) => Bytes::from_static(b": alive\n\n"),
            };
            Some((Ok(text), this))
        })
    }
}

/// Hears and tells until the daemon stops.
async fn run(hub: Hub, api: Api, mut changes: broadcast::Receiver<Change>) {
    let loops: &Arc<dyn Loops> = &api.0.loops;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut is_moved, mut is_queue_changed) = (true, true);
    let mut queue_told: Option<Instant> = None;
    let mut shown: Vec<RunningItem> = Vec::new();
    let mut progressed = loops.progressed();
    loop {
        tokio::select! {
            () = hub.0.stop.cancelled() => break,
            change = changes.recv() => {
                is_queue_changed = true;
                match change {
                    Ok(Change::Recording(changed)) => {
                        hub.publish("recording", Some(changed.id), &RecordingEvent::of(&changed));
                    }
                    Ok(Change::Queue) => queue_told = None,
                    Err(broadcast::error::RecvError::Lagged(_)) => hub.publish("reset", None, &serde_json::json!({})),
                    Err(broadcast::error::RecvError::Closed) => break,
                }
            }
            () = &mut progressed => {
                is_moved = true;
                progressed = loops.progressed();
            }
            _ = ticks.tick() => {
                if std::mem::take(&mut is_moved) {
                    is_queue_changed |= tell_progress(&hub, &**loops, &mut shown);
                }
                is_queue_changed |= std::mem::take(&mut hub.state().is_queue_wanted);
                let is_due = queue_told.is_none_or(|told| told.elapsed() >= QUEUE_EVERY);
                let is_heard = !hub.state().listeners.is_empty();
                if is_queue_changed && is_due && is_heard {
                    (is_queue_changed, queue_told) = (false, Some(Instant::now()));
                    tell_queue(&hub, &api).await;
                }
            }
        }
    }
    hub.state().listeners.clear();
}

/// Tells of running steps that got on. Answers whether one came or went.
fn tell_progress(hub: &Hub, loops: &dyn Loops, shown: &mut Vec<RunningItem>) -> bool {
    let running: Vec<RunningItem> = loops.running().iter().map(RunningItem::of).collect();
    for work in running.iter().filter(|work| !shown.contains(work)) {
        hub.publish("progress", Some(work.id), work);
    }
    let has_changed = running.len() != shown.len();
    *shown = running;
    has_changed
}

async fn tell_queue(hub: &Hub, api: &Api) {
    // The log has the cause.
    let Ok((outlook, _)) = api.outlook().await else { return };
    let eta = outlook.of_all();
    let numbers = QueueEvent {
        paused: outlook.is_paused,
        running: outlook.running.len(),
        unfinished: outlook.backlog.total(),
        by_step: ByStep::of(&outlook.backlog),
        eta_seconds: eta.eta_seconds,
        eta_note: eta.eta_note,
    };
    hub.publish("queue", None, &numbers);
}
