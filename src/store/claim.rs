//! The queue: who may work on what, and what became of it.

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::Fault;
use super::outcome::{self, StepOutcome};
use super::record::{self, Lease, Row};
use super::schema::{READY, Tables, WAITING};
use super::{BootId, Store, StoreError, Verdict};
use crate::call::{Recording, RecordingId, Step, StepState, Transcript};

/// Waiting rows that one claim moves to the ready ones; the next claim takes the rest. Keeps the transaction short
/// after a long night.
const PROMOTIONS_MAX: usize = 256;
/// Exhausted rows that one claim gives up before it comes back without work, for the same reason.
const EXHAUSTED_MAX: usize = 256;
/// Characters in one checkpoint: thirty seconds of speech come to a few kilobytes.
const CHECKPOINT_BYTES_MAX: usize = 1024 * 1024;

/// What kind of work a worker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Lane {
    /// What comes in, and its language: short, mostly waiting for disk or network.
    Light = 0,
    /// Transcription: one call at a time takes the whole machine.
    Transcribe = 1,
    /// Summaries: quick by rule, minutes where a language model is asked, which nothing else may wait for.
    Summarise = 2,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Self; 3] = [Self::Light, Self::Transcribe, Self::Summarise];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Transcribe => "transcribe",
            Self::Summarise => "summarise",
        }
    }

    /// The lane a step runs in.
    pub const fn of(step: Step) -> Self {
        match step {
            Step::Transcribe => Self::Transcribe,
            Step::GenerateSummary => Self::Summarise,
            Step::FetchDetails | Step::FetchMetadata | Step::DownloadAudio | Step::DetectLanguage => Self::Light,
        }
    }
}

/// Which of the ready recordings comes first, by [`Recording::listed_at`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOrder {
    /// Today's calls.
    NewestFirst,
    /// The backlog.
    OldestFirst,
}

/// Who asks for what work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimRequest {
    /// This run of the daemon.
    pub boot: BootId,
    /// The kind of work.
    pub lane: Lane,
    /// Which end of the queue.
    pub order: ClaimOrder,
    /// Attempts after which a step is given up instead of handed out.
    pub attempts_max: u32,
}

/// The right to run one step of one recording, and what it takes to do so.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The recording as it was when claimed.
    pub recording: Recording,
    /// The step to run.
    pub step: Step,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Where the provider finds the recording.
    pub locator: String,
    serial: u64,
}

impl Claim {
    /// The recording's id.
    pub const fn id(&self) -> RecordingId {
        self.recording.id
    }
}

impl Store {
    /// Takes the next due step of a lane, if there is one, and counts the attempt in the same transaction. A step
    /// whose attempts are used up is failed instead of handed out, so that work that kills the daemon ends.
    ///
    /// # Errors
    ///
    /// Only [`StoreError::Damaged`] and [`StoreError::Storage`]; both mean: stop.
    pub fn claim(&self, now: Timestamp, request: &ClaimRequest) -> Result<Option<Claim>, StoreError> {
        // Most questions come when there is nothing to do; those cost no write.
        if self.next_due(request.lane)?.is_none_or(|due| due.as_millisecond() > now.as_millisecond()) {
            return Ok(None);
        }
        let (claim, given_up) = self.write(|tables| {
            let promoted = tables.promote(request.lane, now)?;
            let mut given_up = 0;
            while given_up < EXHAUSTED_MAX {
                let Some((id, step)) = tables.first_ready(request)? else { break };
                let row = tables.known_row(id)?;
                if row.recording.steps.get(step).attempts < request.attempts_max {
                    let claim = tables.take(&row, step, request.boot, now)?;
                    return Ok(Verdict::Keep((Some(claim), given_up)));
                }
                tables.give_up(&row, step, now)?;
                given_up += 1;
            }
            // Another worker was quicker: nothing was written.
            let is_idle = promoted == 0 && given_up == 0;
            Ok(if is_idle { Verdict::Drop((None, 0)) } else { Verdict::Keep((None, given_up)) })
        })?;
        if given_up > 0 {
            // The next step of what was given up may be another lane's.
            self.announce_work();
        }
        Ok(claim)
    }

    /// When the next step of a lane may be claimed: a time in the past when one is ready, `None` when only new work
    /// can bring one. An idle worker sleeps until then or until [`Store::subscribe`] wakes it.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn next_due(&self, lane: Lane) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let lane = lane as u8;
            if tx.open_table(READY)?.range(lane_range(lane))?.next().transpose()?.is_some() {
                return Ok(Some(Timestamp::UNIX_EPOCH));
            }
            let first = tx.open_table(WAITING)?.range(lane_range(lane))?.next().transpose()?;
            Ok(first.map(|(key, _)| Timestamp::from_millisecond(key.value().1).unwrap_or(Timestamp::MAX)))
        })
    }

    /// Recordings that may be transcribed now, up to `most` from either end.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn line(&self, most: usize) -> Result<Line, StoreError> {
        self.read(|tx| {
            let ready = tx.open_table(READY)?;
            let lane = || ready.range(lane_range(Lane::Transcribe as u8));
            let at = |entry: Result<_, redb::StorageError>| entry.map(|(key, _)| listed_at_ms(&key));
            Ok(Line {
                newest_ms: lane()?.rev().take(most).map(at).collect::<Result<_, _>>()?,
                oldest_ms: lane()?.take(most).map(at).collect::<Result<_, _>>()?,
            })
        })
    }

    /// Stores what a claimed step ended with: result, next state, keys and counters in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::ClaimLost`] when the recording was rescued, reset or removed meanwhile: nothing is stored.
    pub fn finish(&self, claim: &Claim, outcome: StepOutcome, now: Timestamp) -> Result<Recording, StoreError> {
        let recording = self.write(|tables| {
            let old = tables.held_row(claim)?;
            let mut row = old.clone();
            let effects = outcome::apply(&mut row, claim.step, outcome, now);
            tables.adopt(&mut row, now)?;
            if let Some(transcript) = &effects.transcript {
                row.compare_soon(now);
                row.transcripts = row.transcripts.wrapping_add(1);
                row.recording.transcript = Some(tables.keep_words(row.recording.id, transcript, true)?);
                tables.note_text(row.recording.id)?;
                tables.veil_translations(&mut row, now)?;
            }
            if let Some(insight) = row.recording.insight.as_mut().filter(|_| effects.has_insight) {
                insight.veil = tables.mark();
            }
            tables.put(Some(&old), &row)?;
            let id = row.recording.id.as_bytes();
            if let Some((language, confidence)) = effects.language {
                let stored = tables.transcripts.get(id)?.map(|bytes| record::decode::<Transcript>(bytes.value()));
                if let Some(transcript) = stored.transpose()? {
                    let transcript = transcript.weighed(language, confidence);
                    tables.transcripts.insert(id, record::encode(&transcript)?.as_slice())?;
                }
            }
            if claim.step == Step::DetectLanguage && row.recording.steps.get(claim.step).state.is_final() {
                tables.wish_for_what_is_missing(&row, now)?;
            }
            if claim.step == Step::Transcribe {
                tables.measure(&row, claim.attempt == 1)?;
            }
            if claim.step == Step::Transcribe && row.recording.steps.get(claim.step).state.is_final() {
                tables.forget_checkpoints(row.recording.id)?;
            }
            Ok(Verdict::Keep(row.recording))
        })?;
        // With its language a call may be one to translate.
        if recording.steps.next().is_some() || claim.step == Step::DetectLanguage {
            self.announce_work();
        }
        Ok(recording)
    }

    /// Keeps one finished window of a running transcription, so that a crash loses at most one window of work.
    ///
    /// # Errors
    ///
    /// [`StoreError::ClaimLost`] as [`Store::finish`]; [`StoreError::WrongState`] for a body no window can have.
    pub fn checkpoint(&self, claim: &Claim, window: u32, body: &str) -> Result<(), StoreError> {
        if body.len() > CHECKPOINT_BYTES_MAX {
            let message =
                format!("A checkpoint of {} bytes is too large; the limit is {CHECKPOINT_BYTES_MAX}.", body.len());
            return Err(StoreError::WrongState(message));
        }
        self.write(|tables| {
            let row = tables.held_row(claim)?;
            let body = tables.sealed_window(row.recording.id, body)?;
            tables.checkpoints.insert((row.recording.id.as_bytes(), window), body.as_ref())?;
            Ok(Verdict::Keep(()))
        })
    }
}

/// The two ends of what waits to be transcribed, each from its end on.
#[derive(Debug, Default)]
pub struct Line {
    newest_ms: Vec<i64>,
    oldest_ms: Vec<i64>,
}

impl Line {
    /// How many were recorded after `listed_at` and before it, as far as they are known.
    pub fn around(&self, listed_at: Timestamp) -> (usize, usize) {
        let at = listed_at.as_millisecond();
        (self.newest_ms.partition_point(|other| *other > at), self.oldest_ms.partition_point(|other| *other < at))
    }
}

fn listed_at_ms(key: &redb::AccessGuard<'_, (u8, i64, &'static [u8; 16])>) -> i64 {
    key.value().1
}

/// All keys of a lane in `ready` or `waiting`.
fn lane_range(lane: u8) -> std::ops::RangeInclusive<(u8, i64, &'static [u8; 16])> {
    (lane, i64::MIN, &[0; 16])..=(lane, i64::MAX, &[0xff; 16])
}

impl Tables<'_> {
    /// Moves what has come due from `waiting` to `ready`. Answers how much.
    fn promote(&mut self, lane: Lane, now: Timestamp) -> Result<usize, Fault> {
        let due = (lane as u8, i64::MIN, &[0; 16])..=(lane as u8, now.as_millisecond(), &[0xff; 16]);
        let mut moved = Vec::new();
        for entry in self.waiting.range(due)?.take(PROMOTIONS_MAX) {
            let (key, step) = entry?;
            let (lane, until, id) = key.value();
            moved.push((lane, until, *id, step.value()));
        }
        let count = moved.len();
        for (lane, until, id, step) in moved {
            self.waiting.remove((lane, until, &id))?;
            let row = self.known_row(RecordingId::from_bytes(id))?;
            self.ready.insert((lane, row.recording.listed_at().as_millisecond(), &id), step)?;
        }
        Ok(count)
    }

    fn first_ready(&self, request: &ClaimRequest) -> Result<Option<(RecordingId, Step)>, Fault> {
        let mut ready = self.ready.range(lane_range(request.lane as u8))?;
        let entry = match request.order {
            ClaimOrder::OldestFirst => ready.next(),
            ClaimOrder::NewestFirst => ready.next_back(),
        };
        let Some((key, step)) = entry.transpose()? else { return Ok(None) };
        let id = RecordingId::from_bytes(*key.value().2);
        let unknown = || record::RecordError::Unreadable(format!("step number {} is not known", step.value()));
        let step = Step::ALL.get(usize::from(step.value())).copied().ok_or_else(unknown)?;
        Ok(Some((id, step)))
    }

    fn take(&mut self, old: &Row, step: Step, boot: BootId, now: Timestamp) -> Result<Claim, Fault> {
        let serial = self.meta.get("claims")?.map_or(0, |serial| serial.value()) + 1;
        self.meta.insert("claims", serial)?;
        let mut row = old.clone();
        row.lease = Some(Lease { boot, serial });
        row.recording.updated_at = now;
        let record = row.recording.steps.get_mut(step);
        record.attempts += 1;
        record.state = StepState::Running { since: now };
        let attempt = record.attempts;
        self.put(Some(old), &row)?;
        Ok(Claim { recording: row.recording, step, attempt, locator: row.locator, serial })
    }

    fn give_up(&mut self, old: &Row, step: Step, now: Timestamp) -> Result<(), Fault> {
        let mut row = old.clone();
        let record = row.recording.steps.get_mut(step);
        let last = record.last_error.clone().unwrap_or_else(|| "The daemon ended each time before it was done.".into());
        let error = format!("Given up after {} attempts. {last}", record.attempts);
        outcome::fail(record, &error, now);
        outcome::skip_what_cannot_come(&mut row.recording, now);
        row.recording.updated_at = now;
        self.adopt(&mut row, now)?;
        self.put(Some(old), &row)
    }

    /// The row of a claim, if the claim still holds it.
    fn held_row(&self, claim: &Claim) -> Result<Row, Fault> {
        let id = claim.recording.id;
        let row = self.row(id)?.filter(|row| row.lease.as_ref().is_some_and(|lease| lease.serial == claim.serial));
        row.ok_or_else(|| StoreError::ClaimLost(id).into())
    }

    /// Drops all finished windows of a recording.
    pub(super) fn forget_checkpoints(&mut self, id: RecordingId) -> Result<(), Fault> {
        let all = (id.as_bytes(), 0)..=(id.as_bytes(), u32::MAX);
        self.checkpoints.retain_in::<(&[u8; 16], u32), _>(all, |_, _| false)?;
        Ok(())
    }
}
