//! What comes late: the providers' own transcripts and insights. Asked for beside the six steps, minutes to days after the
//! call, without holding anything up.

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::Fault;
use super::outcome::{facts_of, revive_after};
use super::record::{self, Row};
use super::schema::{LATE, OPINIONS, Tables};
use super::{Store, StoreError, Verdict};
use crate::call::{Recording, RecordingId, SecondOpinion, Step, StepState, Transcript};

impl Store {
    /// When the next recording's provider is to be asked; `None` when none is.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn next_late(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let first = tx.open_table(LATE)?.range::<(i64, &[u8; 16])>(..)?.next().transpose()?;
            Ok(first.map(|(key, _)| Timestamp::from_millisecond(key.value().0).unwrap_or(Timestamp::MAX)))
        })
    }

    /// The recording whose provider is to be asked first, if it is time. It is put back to `again` of its row in the same
    /// transaction, so that a crash while the provider answers means only that it is asked once more.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn take_late(
        &self,
        now: Timestamp,
        again: impl FnOnce(&Recording) -> Timestamp,
    ) -> Result<Option<(Recording, String)>, StoreError> {
        self.write(|tables| {
            let Some(id) = tables.first_late(now)? else { return Ok(Verdict::Drop(None)) };
            let old = tables.known_row(id)?;
            let mut row = old.clone();
            row.late = Some(again(&row.recording));
            tables.put(Some(&old), &row)?;
            Ok(Verdict::Keep(Some((row.recording, row.locator))))
        })
    }

    /// Asks at once for a second opinion that is still to come.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn hasten_late(&self, id: RecordingId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.late.is_none_or(|due| due <= now) {
                return Ok(Verdict::Drop(()));
            }
            let row = Row { late: Some(now), ..old.clone() };
            tables.put(Some(&old), &row)?;
            Ok(Verdict::Keep(()))
        })?;
        self.announce_work();
        Ok(())
    }

    /// Asks no more for a recording's second opinion.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn end_late(&self, id: RecordingId) -> Result<(), StoreError> {
        self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.late.is_none() {
                return Ok(Verdict::Drop(()));
            }
            let row = Row { late: None, ..old.clone() };
            tables.put(Some(&old), &row)?;
            Ok(Verdict::Keep(()))
        })
    }

    /// Keeps a second opinion, and asks for no other. With `ours` the transcript at hand is replaced: its speakers were
    /// taken from the provider. Where there is no transcript and none of our own will come, the provider's becomes it.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`]; [`StoreError::WrongState`] when the recording was removed.
    pub fn keep_opinion(
        &self,
        id: RecordingId,
        opinion: &SecondOpinion,
        ours: Option<&Transcript>,
        now: Timestamp,
    ) -> Result<Recording, StoreError> {
        let recording = self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.recording.deletion.is_some() {
                return Err(StoreError::WrongState(format!("Recording {id} was removed.")).into());
            }
            let mut row = old.clone();
            row.late = None;
            row.recording.updated_at = now;
            row.recording.opinion = Some(opinion.facts());
            tables.opinions.insert(id.as_bytes(), record::encode(opinion)?.as_slice())?;
            if let (Some(ours), true) = (ours, row.recording.transcript.is_some()) {
                row.recording.transcript = Some(facts_of(ours));
                tables.transcripts.insert(id.as_bytes(), record::encode(ours)?.as_slice())?;
            }
            tables.adopt(&mut row, now)?;
            tables.put(Some(&old), &row)?;
            Ok(Verdict::Keep(row.recording))
        })?;
        self.announce_work();
        Ok(recording)
    }

    /// What the provider made of a call.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn opinion(&self, id: RecordingId) -> Result<Option<SecondOpinion>, StoreError> {
        self.read(|tx| {
            let stored = tx.open_table(OPINIONS)?.get(id.as_bytes())?;
            Ok(stored.map(|bytes| record::decode(bytes.value())).transpose()?)
        })
    }
}

impl Tables<'_> {
    fn first_late(&self, now: Timestamp) -> Result<Option<RecordingId>, Fault> {
        let first = self.late.range::<(i64, &[u8; 16])>(..)?.next().transpose()?;
        let due = first.map(|(key, _)| (key.value().0, *key.value().1));
        Ok(due.filter(|(due, _)| *due <= now.as_millisecond()).map(|(_, id)| RecordingId::from_bytes(id)))
    }

    /// Takes the provider's transcript where transcription has ended without one of our own. "No speech" is a transcript
    /// of our own: it says that nobody spoke.
    pub(super) fn adopt(&mut self, row: &mut Row, now: Timestamp) -> Result<(), Fault> {
        let state = &row.recording.steps.get(Step::Transcribe).state;
        let has_ended = matches!(state, StepState::Skipped { .. } | StepState::Failed { .. });
        if !has_ended || row.recording.transcript.is_some() || row.recording.opinion.is_none() {
            return Ok(());
        }
        let id = row.recording.id;
        let stored = self
            .opinions
            .get(id.as_bytes())?
            .map(|bytes| record::decode::<SecondOpinion>(bytes.value()))
            .transpose()?;
        let Some(transcript) = stored.and_then(|opinion| opinion.transcript) else { return Ok(()) };
        if transcript.segments.is_empty() {
            return Ok(());
        }
        let record = row.recording.steps.get_mut(Step::Transcribe);
        record.state = StepState::Completed { at: now };
        record.version = Some(transcript.model.clone());
        row.recording.transcript = Some(facts_of(&transcript));
        revive_after(&mut row.recording, Step::Transcribe);
        self.transcripts.insert(id.as_bytes(), record::encode(&transcript)?.as_slice())?;
        Ok(())
    }
}
