//! Looks for recordings and works them off until nothing is left that this run can do.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::report::Progress;
use crate::call::ProcessingStatus;
use crate::discover::{Discoverer, DiscoveryReport};
use crate::pipeline::{Parked, Pipeline, Snapshot};
use crate::store::{Lane, Store, StoreError};

/// How often progress is looked at: a few reads of counters.
const TICK: Duration = Duration::from_millis(500);
/// How long the run waits for work that is to be tried again. Later tries belong to the next run, or a daemon.
const PATIENCE: Duration = Duration::from_secs(120);
/// Ticks in a row that must find nothing to do: between the claim of a step and its start there is a moment in which it is
/// neither waiting nor running.
const QUIET_TICKS: u32 = 4;
/// Looks for files that were still being written at the first.
const SECOND_LOOKS: u32 = 3;

/// How the run came to its end.
#[derive(Debug)]
pub struct Ended {
    /// What discovery found, as far as it came.
    pub found: DiscoveryReport,
    /// What waits for a person.
    pub parked: Vec<Parked>,
    /// Ctrl-C was pressed.
    pub interrupted: bool,
    /// How long it took.
    pub took: Duration,
}

/// Totals over the whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Recordings with nothing more to be done.
    pub finished: u64,
    /// Of them given up.
    pub failed: u64,
    /// Recordings with something to be done.
    pub left: u64,
    /// When the next step may be taken up; absent when none waits.
    next_due: Option<Timestamp>,
}

impl Totals {
    fn of(store: &Store) -> Result<Self, StoreError> {
        let stats = store.stats()?;
        let count = |status| stats.by_status.get(&status).copied().unwrap_or(0);
        let failed = count(ProcessingStatus::Failed);
        let due: Result<Vec<_>, _> = Lane::ALL.iter().map(|lane| store.next_due(*lane)).collect();
        Ok(Self {
            finished: count(ProcessingStatus::Completed) + count(ProcessingStatus::Partial) + failed,
            failed,
            left: count(ProcessingStatus::Pending) + count(ProcessingStatus::Processing),
            next_due: due?.into_iter().flatten().min(),
        })
    }

    async fn read(store: &Store) -> anyhow::Result<Self> {
        let store = store.clone();
        Ok(spawn_blocking(move || Self::of(&store)).await??)
    }
}

/// Discovers and works, both at once: the first calls are being heard while a large archive is still being read.
///
/// # Errors
///
/// When the store fails, or the folder cannot be read.
pub async fn drain(
    store: &Store,
    discoverer: &Discoverer,
    pipeline: &Pipeline,
    limit: Option<u64>,
    settle: Duration,
    interrupted: &CancellationToken,
) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let stop = CancellationToken::new();
    let activity = pipeline.activity();
    let start = Totals::read(store).await?;
    let mut progress = Progress::begin(start);
    let (discovery, work) = (discover(discoverer, settle), pipeline.run(stop.clone()));
    tokio::pin!(discovery, work);
    let mut found = None;
    let mut quiet_ticks = 0;
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            report = &mut discovery, if found.is_none() => found = Some(report?),
            ended = &mut work => {
                ended?;
                break;
            }
            () = interrupted.cancelled(), if !stop.is_cancelled() => stop.cancel(),
            _ = tick.tick() => {
                let totals = Totals::read(store).await?;
                let snapshot = activity.snapshot();
                progress.show(totals, &snapshot, found.is_some());
                quiet_ticks = if found.is_some() && is_over(totals, &snapshot) { quiet_ticks + 1 } else { 0 };
                let is_enough = limit.is_some_and(|limit| totals.finished.saturating_sub(start.finished) >= limit);
                if is_enough || quiet_ticks >= QUIET_TICKS {
                    stop.cancel();
                }
            }
        }
    }
    progress.end();
    let parked = activity.snapshot().parked;
    let found = found.unwrap_or_default();
    Ok(Ended { found, parked, interrupted: interrupted.is_cancelled(), took: began.elapsed() })
}

/// Nothing runs, and nothing will within [`PATIENCE`].
fn is_over(totals: Totals, snapshot: &Snapshot) -> bool {
    if totals.left == 0 {
        return true;
    }
    let horizon = Timestamp::now().checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
    let is_due = totals.next_due.is_some_and(|due| due <= horizon);
    // What is parked needs a person; the report says what for.
    snapshot.running.is_empty() && (!is_due || !snapshot.parked.is_empty())
}

/// Looks at the folder; again, a few times, while files in it are still being written.
async fn discover(discoverer: &Discoverer, settle: Duration) -> anyhow::Result<DiscoveryReport> {
    let mut report = discoverer.discover_once(None).await?;
    for _ in 0..SECOND_LOOKS {
        if report.unsettled == 0 {
            break;
        }
        tokio::time::sleep(settle).await;
        report = report.then(discoverer.discover_once(None).await?);
    }
    match report.problems.pop() {
        Some(problem) => Err(anyhow::anyhow!(problem)),
        None => Ok(report),
    }
}
