//! What people may change about a recording: send steps back to the start, forbid its deletion.

use jiff::Timestamp;

use super::error::Fault;
use super::record::Row;
use super::schema::Tables;
use super::{Store, StoreError, Verdict};
use crate::call::{Recording, RecordingId, RecordingKey, Step, StepState, TranscriptSource};

impl Store {
    /// Sends `steps` back to the start, with every later step that ended without result, since its reason may be gone.
    /// A new transcript brings language and summary along. Results stay until new ones replace them.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] for a removed recording and for one a step of which runs
    /// right now: its result would be thrown away and the work done twice.
    pub fn reset(&self, id: RecordingId, steps: &[Step], now: Timestamp) -> Result<Recording, StoreError> {
        let recording = self.write(|tables| {
            let (old, row) = reset_row(tables, id, steps, now)?;
            tables.put(Some(&old), &row)?;
            Ok(Verdict::Keep(row.recording))
        })?;
        self.announce_work();
        Ok(recording)
    }

    /// What waits for a time is due now, of these recordings, and whoever works looks again. No attempt is counted.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn hurry(&self, ids: &[RecordingId], now: Timestamp) -> Result<(), StoreError> {
        if !ids.is_empty() {
            self.write(|tables| {
                let mut hurried = 0;
                for id in ids {
                    hurried += usize::from(tables.hurry(*id, now)?);
                }
                Ok(if hurried > 0 { Verdict::Keep(()) } else { Verdict::Drop(()) })
            })?;
        }
        self.announce_work();
        Ok(())
    }

    /// The provider said that something about a recording changed: its details are asked for again, its second opinion at
    /// once, and audio that could not be had is looked for again. What was heard in audio that is here stays. Unknown
    /// recordings are left to discovery.
    ///
    /// # Errors
    ///
    /// As [`Store::reset`].
    pub fn refresh(&self, key: &RecordingKey, now: Timestamp) -> Result<(), StoreError> {
        self.ask_again(key, now)?;
        let Some(recording) = self.find_by_key(key)? else { return Ok(()) };
        self.write(|tables| {
            let old = tables.known_row(recording.id)?;
            let is_running = old.recording.steps.iter().any(|(_, r)| matches!(r.state, StepState::Running { .. }));
            if old.recording.deletion.is_some() || is_running {
                return Ok(Verdict::Drop(()));
            }
            let mut row = old.clone();
            row.recording.updated_at = now;
            row.recording.steps.reset(Step::FetchDetails);
            row.recording.steps.reset(Step::FetchMetadata);
            if !matches!(row.recording.steps.get(Step::DownloadAudio).state, StepState::Completed { .. }) {
                revive(&mut row.recording, Step::DownloadAudio);
            }
            tables.put(Some(&old), &row)?;
            Ok(Verdict::Keep(()))
        })?;
        self.announce_work();
        Ok(())
    }

    /// The provider has something to say of a recording: it is asked at once, also where an answer came before.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn ask_again(&self, key: &RecordingKey, now: Timestamp) -> Result<(), StoreError> {
        match self.find_by_key(key)? {
            Some(recording) => self.hasten_late(recording.id, now),
            None => Ok(()),
        }
    }

    /// Forbids or allows the removal of a recording.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when it was removed before.
    pub fn set_legal_hold(&self, id: RecordingId, hold: bool, now: Timestamp) -> Result<Recording, StoreError> {
        self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.recording.deletion.is_some() {
                return Err(StoreError::WrongState(format!("Recording {id} was removed.")).into());
            }
            let mut row = old.clone();
            row.recording.legal_hold = hold;
            row.recording.updated_at = now;
            tables.put(Some(&old), &row)?;
            if hold {
                tables.give_up_removal(id, "It came under legal hold; nothing was removed.", now)?;
            }
            Ok(Verdict::Keep(row.recording))
        })
    }
}

/// The row of a recording before and after [`Store::reset`].
pub(super) fn reset_row(
    tables: &mut Tables<'_>,
    id: RecordingId,
    steps: &[Step],
    now: Timestamp,
) -> Result<(Row, Row), Fault> {
    let old = tables.known_row(id)?;
    if old.recording.deletion.is_some() {
        return Err(StoreError::WrongState(format!("Recording {id} was removed.")).into());
    }
    let running = old.recording.steps.iter().find(|(_, r)| matches!(r.state, StepState::Running { .. }));
    if let Some((step, _)) = running {
        let message = format!("Recording {id} is being worked on: {step} is running. Try again when that is done.");
        return Err(StoreError::WrongState(message).into());
    }
    let mut row = old.clone();
    row.recording.updated_at = now;
    for step in steps {
        revive(&mut row.recording, *step);
    }
    if row.recording.steps.get(Step::Transcribe).state == StepState::Pending {
        tables.forget_checkpoints(id)?;
    }
    Ok((old, row))
}

/// Sends one step back to the start, and the later ones that its new result concerns.
pub(super) fn revive(recording: &mut Recording, step: Step) {
    recording.steps.reset(step);
    for later in Step::ALL.into_iter().filter(|later| *later > step) {
        let state = &recording.steps.get(later).state;
        let is_completed = matches!(state, StepState::Completed { .. });
        let is_theirs = || recording.transcript.as_ref().is_some_and(|t| t.source == TranscriptSource::Provider);
        // With audio at last, the provider's words in place of ours are no reason to have none of our own.
        let is_stand_in = later == Step::Transcribe && is_completed && recording.audio.is_none() && is_theirs();
        let is_stale = is_stand_in || (step == Step::Transcribe && is_completed);
        if is_stale || matches!(state, StepState::Skipped { .. } | StepState::Failed { .. }) {
            recording.steps.reset(later);
        }
    }
}

impl Tables<'_> {
    /// Answers whether the recording waited.
    fn hurry(&mut self, id: RecordingId, now: Timestamp) -> Result<bool, Fault> {
        let Some(old) = self.row(id)?.filter(|row| row.recording.deletion.is_none()) else { return Ok(false) };
        let Some(step) = old.recording.steps.next() else { return Ok(false) };
        let mut row = old.clone();
        let StepState::Waiting { until, .. } = &mut row.recording.steps.get_mut(step).state else { return Ok(false) };
        *until = (*until).min(now);
        row.recording.updated_at = now;
        self.put(Some(&old), &row)?;
        Ok(true)
    }
}
