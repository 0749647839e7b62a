//! What follows from a row: its place in the listing, its place in the queue, its share of the counters. All of it is
//! taken out for the old row and put in for the new one, in the transaction that changes the row.

use redb::ReadableTable;

use super::error::Fault;
use super::record::{self, Row};
use super::schema::Tables;
use super::{Lane, StoreError};
use crate::call::{ProcessingStatus, ProviderKind, Recording, RecordingId, Step, StepState};

/// What a list may ask of a recording without opening its row:
/// (status, provider, completed steps, has a transcript with words, language or empty).
pub(super) type ListingFacts<'a> = (u8, u8, u8, bool, &'a str);

/// The kept sums, in the order of [`contribution`].
pub(super) const COUNTER_NAMES: [&str; 12] = [
    "recordings",
    "deleted",
    "pending",
    "processing",
    "completed",
    "partial",
    "failed",
    "with_transcript",
    "with_summary",
    "completed_steps",
    "audio_bytes",
    "audio_ms",
];

/// What one row adds to each of [`COUNTER_NAMES`].
pub(super) fn contribution(row: &Row) -> [i64; COUNTER_NAMES.len()] {
    let recording = &row.recording;
    if recording.deletion.is_some() {
        let mut sums = [0; COUNTER_NAMES.len()];
        sums[1] = 1;
        return sums;
    }
    let status = recording.steps.processing_status();
    let is = |wanted| i64::from(status == wanted);
    let clamp = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    [
        1,
        0,
        is(ProcessingStatus::Pending),
        is(ProcessingStatus::Processing),
        is(ProcessingStatus::Completed),
        is(ProcessingStatus::Partial),
        is(ProcessingStatus::Failed),
        i64::from(has_words(row)),
        i64::from(recording.insight.is_some()),
        i64::from(completed_steps(recording)),
        recording.audio.as_ref().map_or(0, |audio| clamp(audio.size_bytes)),
        recording.audio.as_ref().and_then(|audio| audio.duration_ms).map_or(0, clamp),
    ]
}

pub(super) fn listing_facts(row: &Row) -> ListingFacts<'_> {
    let recording = &row.recording;
    let language = recording.transcript.as_ref().and_then(|transcript| transcript.language.as_ref());
    (
        recording.steps.processing_status() as u8,
        provider_code(recording.key.provider),
        completed_steps(recording),
        has_words(row),
        language.map_or("", |language| language.as_str()),
    )
}

/// Stored in the listing; a provider keeps its number for ever.
pub(super) const fn provider_code(provider: ProviderKind) -> u8 {
    match provider {
        ProviderKind::Folder => 0,
        ProviderKind::Twilio => 1,
        ProviderKind::RingCentral => 2,
        ProviderKind::Webex => 3,
        ProviderKind::Upload => 4,
    }
}

pub(super) fn has_words(row: &Row) -> bool {
    row.recording.transcript.as_ref().is_some_and(|transcript| transcript.word_count > 0)
}

pub(super) fn completed_steps(recording: &Recording) -> u8 {
    let completed = |state: &StepState| u8::from(matches!(state, StepState::Completed { .. }));
    recording.steps.iter().map(|(_, record)| completed(&record.state)).sum()
}

/// The key a source has in all tables.
pub(super) fn source_key(provider: ProviderKind, account: &crate::call::AccountName) -> String {
    format!("{provider}/{account}")
}

impl Tables<'_> {
    /// The row of a recording.
    pub(super) fn row(&self, id: RecordingId) -> Result<Option<Row>, Fault> {
        let bytes = self.recordings.get(id.as_bytes())?;
        Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
    }

    /// The row of a recording that must be there.
    pub(super) fn known_row(&self, id: RecordingId) -> Result<Row, Fault> {
        self.row(id)?.ok_or_else(|| StoreError::NotFound(id).into())
    }

    /// Stores a row with everything that follows from it.
    pub(super) fn put(&mut self, old: Option<&Row>, new: &Row) -> Result<(), Fault> {
        self.news.of_row(old, new);
        self.listed.see(old, new);
        if let Some(old) = old {
            self.settle_jobs(old, new)?;
        }
        if let Some(old) = old {
            self.unlist(old)?;
        }
        self.list(new)?;
        let before = old.map_or([0; COUNTER_NAMES.len()], contribution);
        for ((name, before), after) in COUNTER_NAMES.iter().zip(before).zip(contribution(new)) {
            self.count(name, after - before)?;
        }
        self.recordings.insert(new.recording.id.as_bytes(), record::encode(new)?.as_slice())?;
        self.tell(old, new)?;
        self.follow_row(old, new)?;
        self.follow_text(old, new)
    }

    /// Adds to a kept sum.
    pub(super) fn count(&mut self, name: &str, delta: i64) -> Result<(), Fault> {
        if delta != 0 {
            let sum = self.counters.get(name)?.map_or(0, |sum| sum.value());
            self.counters.insert(name, sum + delta)?;
        }
        Ok(())
    }

    fn unlist(&mut self, row: &Row) -> Result<(), Fault> {
        let id = row.recording.id.as_bytes();
        let listed_at = row.recording.listed_at().as_millisecond();
        self.listing.remove((listed_at, id))?;
        self.running.remove(id)?;
        if let Some(due) = row.late {
            self.late.remove((due.as_millisecond(), id))?;
        }
        if let Some((lane, state)) = place(row) {
            self.ready.remove((lane, listed_at, id))?;
            if let StepState::Waiting { until, .. } = state {
                self.waiting.remove((lane, until.as_millisecond(), id))?;
            }
        }
        Ok(())
    }

    fn list(&mut self, row: &Row) -> Result<(), Fault> {
        let id = row.recording.id.as_bytes();
        let listed_at = row.recording.listed_at().as_millisecond();
        if row.recording.deletion.is_some() {
            return Ok(());
        }
        self.listing.insert((listed_at, id), listing_facts(row))?;
        if let Some(due) = row.late {
            self.late.insert((due.as_millisecond(), id), ())?;
        }
        let Some(step) = row.recording.steps.next() else { return Ok(()) };
        let lane = Lane::of(step) as u8;
        match &row.recording.steps.get(step).state {
            StepState::Running { .. } => {
                self.running.insert(id, row.lease.as_ref().map_or(0, |lease| lease.serial))?;
            }
            StepState::Waiting { until, .. } => {
                self.waiting.insert((lane, until.as_millisecond(), id), step as u8)?;
            }
            _ => {
                self.ready.insert((lane, listed_at, id), step as u8)?;
            }
        }
        Ok(())
    }
}

/// The lane a row stands in and the state it stands there with; a waiting row may already have been moved to the
/// ready ones.
fn place(row: &Row) -> Option<(u8, &StepState)> {
    let step: Step = row.recording.steps.next()?;
    Some((Lane::of(step) as u8, &row.recording.steps.get(step).state))
}
