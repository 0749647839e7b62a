//! What changed, told after it is durable; and what is left to do, added up as it changes.
//!
//! Listeners are bounded: who does not keep up is told that something was missed, never waited for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use redb::{ReadableDatabase as _, ReadableTable};
use tokio::sync::broadcast;

use super::error::Fault;
use super::record::{self, Row};
use super::schema::{META, READY, RECORDINGS, RUNNING, Tables, WAITING};
use super::{AuditEntry, Store, StoreError, Verdict};
use crate::call::{JobId, ProviderKind, RecordingId, STEP_COUNT, Step, StepState, Steps};

/// Changes kept for listeners that are busy: one look at a source adds up to a thousand rows at once.
const CHANGES_MAX: usize = 4096;
/// Of the kept sums behind the pace so much is let go of with every new call: about the last eight count.
const PACE_SHARE: u64 = 8;
/// Calls are counted in thousandths, so that a share of one can be let go of.
const PACE_CALL: u64 = 1000;

/// Something is otherwise than before, durably.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A recording: it is new, a step of it began or ended, or it was removed.
    Recording(Arc<Changed>),
    /// A job: it is new, a recording of it came or ended, or it ended itself.
    Job(JobId),
    /// The queue was paused or goes on.
    Queue,
}

/// How a recording stands after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Which one.
    pub id: RecordingId,
    /// Its six steps.
    pub steps: Steps,
    /// The job its work is, or was last, done for.
    pub job: Option<JobId>,
    /// It was removed.
    pub removed: bool,
    /// When.
    pub updated_at: Timestamp,
}

/// Work to come and in hand, over all recordings that were not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Recordings by the step that comes next, or runs.
    pub by_step: [i64; STEP_COUNT],
    /// Of them, recordings that are still to be transcribed.
    pub to_transcribe: i64,
    /// Of those, recordings whose length is known.
    pub of_known_length: i64,
    /// What these are long together.
    pub known_ms: i64,
    /// Uploads with work to come.
    pub uploads: i64,
}

impl Backlog {
    /// What one row adds.
    fn of(row: &Row) -> Self {
        let recording = &row.recording;
        let mut share = Self::default();
        let Some(step) = recording.steps.next().filter(|_| recording.deletion.is_none()) else { return share };
        share.by_step[step as usize] = 1;
        share.uploads = i64::from(recording.key.provider == ProviderKind::Upload);
        if !recording.steps.get(Step::Transcribe).state.is_final() {
            share.to_transcribe = 1;
            let measured = recording.audio.as_ref().and_then(|audio| audio.duration_ms);
            if let Some(length) = measured.or(recording.call.duration_ms) {
                share.of_known_length = 1;
                share.known_ms = i64::try_from(length).unwrap_or(i64::MAX);
            }
        }
        share
    }

    fn add(&mut self, other: &Self, sign: i64) {
        for (sum, part) in self.by_step.iter_mut().zip(other.by_step) {
            *sum += sign * part;
        }
        self.to_transcribe += sign * other.to_transcribe;
        self.of_known_length += sign * other.of_known_length;
        self.known_ms = self.known_ms.saturating_add(sign * other.known_ms);
        self.uploads += sign * other.uploads;
    }

    /// Recordings with work to come or in hand.
    pub fn total(&self) -> u64 {
        self.by_step.iter().sum::<i64>().try_into().unwrap_or(0)
    }
}

/// How fast calls were transcribed of late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Seconds of work for a second of call: 0.1 is ten times faster than the call.
    pub work_per_call: f64,
    /// Mean length of these calls.
    pub mean_length_ms: f64,
}

impl Pace {
    /// The pace; absent before the first call was transcribed.
    fn of(call_ms: u64, work_ms: u64, calls: u64) -> Option<Self> {
        (call_ms > 0 && calls > 0).then(|| Self {
            work_per_call: work_ms as f64 / call_ms as f64,
            mean_length_ms: call_ms as f64 / calls as f64 * PACE_CALL as f64,
        })
    }
}

/// What a transaction will have changed, gathered as it goes.
#[derive(Debug, Default)]
pub(super) struct News {
    changes: Vec<Change>,
    added: Backlog,
}

impl News {
    /// A row takes the place of another.
    pub(super) fn of_row(&mut self, old: Option<&Row>, new: &Row) {
        if let Some(old) = old {
            self.added.add(&Backlog::of(old), -1);
        }
        self.added.add(&Backlog::of(new), 1);
        let is_same = old.is_some_and(|old| {
            old.recording.steps == new.recording.steps && old.recording.updated_at == new.recording.updated_at
        });
        if !is_same {
            let recording = &new.recording;
            let changed = Changed {
                id: recording.id,
                steps: recording.steps.clone(),
                job: new.job.or_else(|| old.and_then(|old| old.job)),
                removed: recording.deletion.is_some(),
                updated_at: recording.updated_at,
            };
            self.changes.push(Change::Recording(Arc::new(changed)));
        }
    }

    /// However often one transaction writes a job, it is told of once.
    pub(super) fn of_job(&mut self, id: JobId) {
        let change = Change::Job(id);
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(super) fn of_queue(&mut self) {
        self.changes.push(Change::Queue);
    }
}

/// Whom changes are told, and the sums they change.
#[derive(Debug)]
pub(super) struct Teller {
    changes: broadcast::Sender<Change>,
    /// Absent until somebody asks.
    backlog: Mutex<Option<Backlog>>,
}

/// Held over a commit, so that a count of the rows sees exactly the commits that were added up.
pub(super) struct Telling<'t> {
    teller: &'t Teller,
    backlog: MutexGuard<'t, Option<Backlog>>,
}

impl Teller {
    pub(super) fn new() -> Self {
        Self { changes: broadcast::Sender::new(CHANGES_MAX), backlog: Mutex::default() }
    }

    pub(super) fn begin(&self) -> Telling<'_> {
        Telling { teller: self, backlog: self.backlog.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Telling<'_> {
    /// The transaction is durable.
    pub(super) fn tell(mut self, news: News) {
        if let Some(backlog) = self.backlog.as_mut() {
            backlog.add(&news.added, 1);
        }
        for change in news.changes {
            let _nobody_listens = self.teller.changes.send(change);
        }
    }
}

impl Store {
    /// Hears of every change after its commit, in order. A listener that falls behind is told how many it missed.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.teller.changes.subscribe()
    }

    /// What is left to do. Added up over all unfinished rows at the first question, kept from then on.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn backlog(&self) -> Result<Backlog, StoreError> {
        // The database first, as every writer does.
        self.with(|db| {
            let mut kept = self.0.teller.begin();
            if let Some(backlog) = *kept.backlog {
                return Ok(backlog);
            }
            let tx = db.begin_read()?;
            let mut ids = Vec::new();
            for table in [tx.open_table(READY)?, tx.open_table(WAITING)?] {
                for entry in table.iter()? {
                    ids.push(*entry?.0.value().2);
                }
            }
            for entry in tx.open_table(RUNNING)?.iter()? {
                ids.push(*entry?.0.value());
            }
            let (rows, mut sum) = (tx.open_table(RECORDINGS)?, Backlog::default());
            for id in ids {
                let Some(bytes) = rows.get(&id)? else { continue };
                sum.add(&Backlog::of(&record::decode(bytes.value())?), 1);
            }
            *kept.backlog = Some(sum);
            Ok(sum)
        })
    }

    /// How fast calls were transcribed of late; absent before the first.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn pace(&self) -> Result<Option<Pace>, StoreError> {
        self.read(|tx| {
            let meta = tx.open_table(META)?;
            let sum = |name: &str| Ok::<_, Fault>(meta.get(name)?.map_or(0, |sum| sum.value()));
            Ok(Pace::of(sum("pace_call_ms")?, sum("pace_work_ms")?, sum("pace_calls")?))
        })
    }

    /// Since when nothing is claimed any more; absent while the queue is worked on.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn paused_since(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let since = tx.open_table(META)?.get("paused_since_ms")?.and_then(|ms| i64::try_from(ms.value()).ok());
            Ok(since.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
        })
    }

    /// Has the pipeline claim nothing more, or go on. Kept over restarts. Answers whether that is news.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn set_paused(&self, paused: bool, by: &str, now: Timestamp) -> Result<bool, StoreError> {
        let is_news = self.write(|tables| {
            let is_paused = tables.meta.get("paused_since_ms")?.is_some();
            if is_paused == paused {
                return Ok(Verdict::Drop(false));
            }
            if paused {
                tables.meta.insert("paused_since_ms", u64::try_from(now.as_millisecond()).unwrap_or(0))?;
            } else {
                tables.meta.remove("paused_since_ms")?;
            }
            let (what, detail) = if paused {
                ("queue_paused", "Nothing more is taken up until somebody resumes the queue.")
            } else {
                ("queue_resumed", "The queue is worked on again.")
            };
            let (by, what, detail) = (by.to_owned(), what.to_owned(), detail.to_owned());
            tables.note(&AuditEntry { at: now, by, what, recording: None, detail })?;
            tables.news.of_queue();
            Ok(Verdict::Keep(true))
        })?;
        if is_news {
            self.announce_work();
        }
        Ok(is_news)
    }
}

impl Tables<'_> {
    /// Takes a transcription that ended into the pace. Only a whole one tells: of one that went on where another was cut
    /// off, nobody knows how long it took.
    pub(super) fn measure(&mut self, row: &Row, is_whole: bool) -> Result<(), Fault> {
        let recording = &row.recording;
        let record = recording.steps.get(Step::Transcribe);
        let length = recording.audio.as_ref().and_then(|audio| audio.duration_ms);
        let (Some(length), Some(took), true) = (length, record.took_ms, is_whole) else { return Ok(()) };
        if !matches!(record.state, StepState::Completed { .. } | StepState::Skipped { .. }) || length == 0 {
            return Ok(());
        }
        for (name, part) in [("pace_call_ms", length), ("pace_work_ms", took), ("pace_calls", PACE_CALL)] {
            let sum = self.meta.get(name)?.map_or(0, |sum| sum.value());
            self.meta.insert(name, sum - sum / PACE_SHARE + part)?;
        }
        Ok(())
    }
}
