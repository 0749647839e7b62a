//! Hands every event on to whoever listens. One task for all listeners: it hears of changes from the store and of progress
//! from the loops, and asks the database for the queue's numbers at most once a second.
//!
//! Everything is bounded: events kept for those who come back, listeners, events that wait for one listener. Who does not
//! read is dropped and the connection closed.

use std::collections::{BTreeSet, HashMap, VecDeque};
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
use super::jobs::{self, JobView};
use super::listener::Hangup;
use super::queue::{ByStep, RunningItem};
use super::{Api, Loops};
use crate::call::{JobId, RecordingId};
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
/// The same of jobs that got on; a job over an archive does with every recording that ends.
const JOBS_EVERY: Duration = Duration::from_secs(1);
/// Jobs looked up at once; further ones have their turn a second later.
const JOBS_AT_ONCE: usize = 50;
/// Ends the id of a job's end that was shown and not published: who names it comes back for nothing.
const END: &str = ".end";
/// Milliseconds after which a browser comes back by itself.
const COME_BACK_MS: u32 = 2000;

/// One event, written once for all.
struct Event {
    number: u64,
    about: About,
    text: Bytes,
}

/// Whom an event concerns, besides those who hear everything.
#[derive(Debug, Clone, Copy, Default)]
struct About {
    recording: Option<RecordingId>,
    job: Option<JobId>,
    /// The job has ended with it.
    is_end: bool,
    /// Something was missed, by everybody.
    is_for_all: bool,
}

/// What a listener wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    Everything,
    Recording(RecordingId),
    Job(JobId),
}

impl Only {
    fn takes(self, about: &About) -> bool {
        match self {
            Self::Everything => true,
            Self::Recording(id) => about.is_for_all || about.recording == Some(id),
            Self::Job(id) => about.is_for_all || about.job == Some(id),
        }
    }

    /// Nothing follows on such an event.
    fn ends_with(self, about: &About) -> bool {
        about.is_end && about.job.is_some_and(|job| self == Self::Job(job))
    }
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
    only: Only,
    events: mpsc::Sender<Arc<Event>>,
    hangup: Option<Hangup>,
}

/// What one listener gets.
pub(super) struct Listening {
    hub: Hub,
    only: Only,
    /// The newest event when it began.
    number: u64,
    first: VecDeque<Bytes>,
    /// How it goes on from where the listener was.
    since: Since,
    /// It names an end that it was shown.
    is_end_shown: bool,
    /// Nothing follows on what is in `first`.
    is_over: bool,
    events: mpsc::Receiver<Arc<Event>>,
    stop: CancellationToken,
}

/// What a listener knows already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Nothing, or nothing that is still known here.
    Nothing,
    /// Some of it; the rest was missed.
    Some,
    /// All there is: the end.
    End,
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
        only: Only,
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
        let (mut since, mut is_over) = (Since::Nothing, false);
        match after.map(|after| self.known(&state, after)) {
            Some(Some(number)) => {
                since = Since::Some;
                for event in state.kept.iter().filter(|event| only.takes(&event.about)) {
                    let is_end = only.ends_with(&event.about);
                    if event.number > number {
                        first.push_back(event.text.clone());
                        is_over |= is_end;
                    } else if is_end {
                        since = Since::End;
                    }
                }
            }
            Some(None) => first.push_back(self.written(&state.last_number.to_string(), "reset", "{}")),
            None => {}
        }
        let (sender, events) = mpsc::channel(WAITING_MAX);
        let key = state.listeners_ever;
        state.listeners_ever += 1;
        state.is_queue_wanted |= only == Only::Everything;
        state.listeners.insert(key, Listener { only, events: sender, hangup });
        let (hub, number, stop) = (self.clone(), state.last_number, self.0.stop.clone());
        let is_end_shown = after.is_some_and(|after| after.ends_with(END));
        Ok(Listening { hub, only, number, first, since, is_end_shown, is_over, events, stop })
    }

    /// The number of the event with this id; absent when what came after it is not known any more.
    fn known(&self, state: &State, after: &str) -> Option<u64> {
        let (run, number) = after.strip_suffix(END).unwrap_or(after).rsplit_once('-')?;
        let number: u64 = number.parse().ok().filter(|_| run == self.0.run)?;
        let oldest = state.kept.front().map_or(state.last_number + 1, |event| event.number);
        (oldest.saturating_sub(1)..=state.last_number).contains(&number).then_some(number)
    }

    fn publish(&self, name: &str, about: About, data: &impl Serialize) {
        let Ok(data) = serde_json::to_string(data) else { return };
        let mut state = self.state();
        state.last_number += 1;
        let number = state.last_number;
        let event = Arc::new(Event { number, about, text: self.written(&number.to_string(), name, &data) });
        if state.kept.len() >= KEPT_MAX {
            state.kept.pop_front();
        }
        state.kept.push_back(Arc::clone(&event));
        state.listeners.retain(|_, listener| {
            if !listener.only.takes(&event.about) {
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

    fn written(&self, number: &str, name: &str, data: &str) -> Bytes {
        Bytes::from(format!("id: {}-{number}\nevent: {name}\ndata: {data}\n\n", self.0.run))
    }

    /// Jobs that somebody hears of alone.
    fn watched_jobs(&self) -> Vec<JobId> {
        let job = |listener: &Listener| match listener.only {
            Only::Job(id) => Some(id),
            Only::Everything | Only::Recording(_) => None,
        };
        self.state().listeners.values().filter_map(job).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listening {
    /// Whether the listener knew the job's end when it came.
    pub(super) fn knows_end_of(&self, job: &JobView) -> bool {
        self.since == Since::End || self.is_end_shown && job.has_ended()
    }

    /// Shows where a job stands: to who knows nothing of it yet, and to everybody as the last thing once it has ended.
    pub(super) fn show(&mut self, job: &JobView) {
        let has_ended = job.has_ended();
        if !self.is_over && (has_ended || self.since == Since::Nothing) {
            let data = serde_json::to_string(job).unwrap_or_default();
            let end = if has_ended { END } else { "" };
            self.first.push_back(self.hub.written(&format!("{}{end}", self.number), "job", &data));
        }
        self.is_over |= has_ended;
    }

    /// The bytes as they come, until the daemon stops or the listener is dropped.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut this| async move {
            if let Some(text) = this.first.pop_front() {
                return Some((Ok(text), this));
            }
            if this.is_over {
                return None;
            }
            let text = tokio::select! {
                () = this.stop.cancelled() => return None,
                event = this.events.recv() => {
                    let event = event?;
                    this.is_over = this.only.ends_with(&event.about);
                    event.text.clone()
                }
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
    let (mut shown, mut jobs) = (Shown::default(), ChangedJobs::default());
    let mut progressed = loops.progressed();
    loop {
        tokio::select! {
            () = hub.0.stop.cancelled() => break,
            change = changes.recv() => {
                is_queue_changed = true;
                match change {
                    Ok(Change::Recording(changed)) => {
                        let about = About { recording: Some(changed.id), job: changed.job, ..About::default() };
                        hub.publish("recording", about, &RecordingEvent::of(&changed));
                        jobs.ids.extend(changed.job);
                    }
                    Ok(Change::Job(id)) => drop(jobs.ids.insert(id)),
                    Ok(Change::Queue) => queue_told = None,
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        hub.publish("reset", About { is_for_all: true, ..About::default() }, &serde_json::json!({}));
                        jobs.ids.extend(hub.watched_jobs());
                    }
                    Err(broadcast::error::RecvError::Closed) => break,
                }
            }
            () = &mut progressed => {
                is_moved = true;
                progressed = loops.progressed();
            }
            _ = ticks.tick() => {
                if std::mem::take(&mut is_moved) {
                    is_queue_changed |= shown.tell(&hub, &api, &mut jobs).await;
                }
                jobs.tell(&hub, &api).await;
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

/// What was told of running steps.
#[derive(Default)]
struct Shown {
    running: Vec<RunningItem>,
    /// The jobs of these.
    jobs: HashMap<RecordingId, Option<JobId>>,
}

impl Shown {
    /// Tells of running steps that got on. Answers whether one came or went.
    async fn tell(&mut self, hub: &Hub, api: &Api, changed: &mut ChangedJobs) -> bool {
        let running: Vec<RunningItem> = api.0.loops.running().iter().map(RunningItem::of).collect();
        self.jobs.retain(|id, _| running.iter().any(|work| work.id == *id));
        for work in &running {
            if !self.jobs.contains_key(&work.id) {
                let id = work.id;
                // The log has the cause.
                let job = api.ask(move |store| store.job_of(id)).await.ok().flatten();
                self.jobs.insert(id, job);
            }
        }
        for work in running.iter().filter(|work| !self.running.contains(work)) {
            let about = About { recording: Some(work.id), job: self.jobs[&work.id], ..About::default() };
            hub.publish("progress", about, work);
            changed.ids.extend(about.job);
        }
        let has_changed = running.len() != self.running.len();
        self.running = running;
        has_changed
    }
}

/// Jobs that are not as they were last told.
#[derive(Default)]
struct ChangedJobs {
    ids: BTreeSet<JobId>,
    told: Option<Instant>,
}

impl ChangedJobs {
    /// Tells of them as they stand now.
    async fn tell(&mut self, hub: &Hub, api: &Api) {
        if self.ids.is_empty() || self.told.is_some_and(|told| told.elapsed() < JOBS_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let ids: Vec<JobId> = std::iter::from_fn(|| self.ids.pop_first()).take(JOBS_AT_ONCE).collect();
        // The log has the cause, and the next change brings them again.
        for job in jobs::as_they_stand(api, ids).await.unwrap_or_default() {
            let about = About { job: Some(job.job_id), is_end: job.has_ended(), ..About::default() };
            hub.publish("job", about, &job);
        }
    }
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
    hub.publish("queue", About::default(), &numbers);
}
