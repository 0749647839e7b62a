//! What people may change about a recording: send steps back to the start, forbid its deletion.

use jiff::Timestamp;

use super::error::Fault;
use super::record::Row;
use super::schema::Tables;
use super::{Store, StoreError, Verdict};
use crate::call::{AccountName, ProviderKind, Recording, RecordingId, RecordingKey, Step, StepState};

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

    /// The provider said that something about a recording changed: its details are asked for again, and its second opinion
    /// at once. Unknown recordings are left to discovery.
    ///
    /// # Errors
    ///
    /// As [`Store::reset`].
    pub fn refresh(
        &self,
        (provider, account): (ProviderKind, &AccountName),
        remote_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = RecordingKey { provider, account: account.clone(), remote_id: remote_id.to_owned() };
        let Some(recording) = self.find_by_key(&key)? else { return Ok(()) };
        self.hasten_late(recording.id, now)?;
        self.reset(recording.id, &[Step::FetchDetails, Step::FetchMetadata], now).map(drop)
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
        let message = format!("Recording {id} is being worked on ({step}); try again when that is done.");
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
        let is_stale = step == Step::Transcribe && matches!(state, StepState::Completed { .. });
        if is_stale || matches!(state, StepState::Skipped { .. } | StepState::Failed { .. }) {
            recording.steps.reset(later);
        }
    }
}
