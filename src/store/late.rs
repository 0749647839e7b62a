//! What comes late: the providers' own transcripts and insights. Asked for beside the six steps, minutes to days after the
//! call, without holding anything up.

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::Fault;
use super::outcome::revive_after;
use super::record::{self, Row};
use super::schema::{LATE, Tables};
use super::{Store, StoreError, Verdict};
use crate::call::{Recording, RecordingId, SecondOpinion, Step, StepState, Transcript, TranscriptSource};

/// A second opinion, and what follows from it.
#[derive(Debug, Clone, Copy)]
pub struct KeptOpinion<'a> {
    /// What the provider said, compared with ours where there is one.
    pub opinion: &'a SecondOpinion,
    /// Our transcript, as it was compared.
    pub compared: Option<&'a Transcript>,
    /// Our transcript with the provider's speakers, which replaces it.
    pub named: Option<&'a Transcript>,
    /// That is made of the words as they were spoken, and not of what is kept of them.
    pub is_named_as_spoken: bool,
    /// When to ask again: more may come.
    pub again: Option<Timestamp>,
}

impl Row {
    /// After a transcript of our own: what the provider said before is compared with it, as soon as somebody has time.
    pub(super) fn compare_soon(&mut self, now: Timestamp) {
        if let Some(opinion) = self.recording.opinion.as_mut().filter(|opinion| opinion.has_transcript) {
            (opinion.agreement, opinion.dispute_count) = (None, 0);
            self.late = Some(now);
        }
    }
}

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

    /// Asks at once for a second opinion, also where one came before.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn hasten_late(&self, id: RecordingId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.recording.deletion.is_some() || old.late.is_some_and(|due| due <= now) {
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

    /// Keeps a second opinion. Where there is no transcript and none of our own will come, the provider's becomes it.
    /// `None` when our transcript is not the one that was compared any more: compare again.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`]; [`StoreError::WrongState`] when the recording was removed.
    pub fn keep_opinion(
        &self,
        id: RecordingId,
        kept: &KeptOpinion<'_>,
        now: Timestamp,
    ) -> Result<Option<Recording>, StoreError> {
        let recording = self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.recording.deletion.is_some() {
                return Err(StoreError::WrongState(format!("Recording {id} was removed.")).into());
            }
            let stored = tables.transcripts.get(id.as_bytes())?;
            let stored = stored.map(|bytes| record::decode::<Transcript>(bytes.value())).transpose()?;
            if kept.compared.is_some() && stored.as_ref() != kept.compared {
                return Ok(Verdict::Drop(None));
            }
            let mut row = old.clone();
            row.late = kept.again;
            row.recording.updated_at = now;
            row.recording.opinion = Some(tables.keep_second(id, stored.as_ref(), kept.opinion)?);
            if let Some(named) = kept.named {
                // Made of what is stored, it is as much under the veil as that.
                row.recording.transcript = Some(tables.keep_words(id, named, kept.is_named_as_spoken)?);
                // What points into the transcript points into the new one.
                let summary = row.recording.steps.get(Step::GenerateSummary);
                if matches!(summary.state, StepState::Completed { .. }) {
                    row.recording.steps.reset(Step::GenerateSummary);
                }
            }
            tables.adopt(&mut row, now)?;
            tables.put(Some(&old), &row)?;
            tables.note_text(id)?;
            Ok(Verdict::Keep(Some(row.recording)))
        })?;
        self.announce_work();
        Ok(recording)
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
        let has_own = row.recording.transcript.as_ref().is_some_and(|facts| facts.source == TranscriptSource::Local);
        if !has_ended || has_own || row.recording.opinion.is_none() {
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
        row.transcripts = row.transcripts.wrapping_add(1);
        row.recording.transcript = Some(self.keep_words(id, &transcript, false)?);
        revive_after(&mut row.recording, Step::Transcribe);
        Ok(())
    }
}
