//! Forgets a recording's content. Its identity stays, so that it is never taken in again.

use jiff::Timestamp;

use super::{AuditEntry, Store, StoreError, Verdict};
use crate::call::{CallFacts, Deletion, Recording, RecordingId, StepState};

/// What a removal leaves to do for the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Removed {
    /// The recording as it is now known.
    pub recording: Recording,
    /// The audio below `recordings/`, which the caller removes now that the database no longer speaks of it.
    pub audio_path: Option<String>,
}

impl Store {
    /// Forgets transcript, audio, summary, parties and metadata of a recording; identity, time and step history stay.
    /// Running work on it loses its claim.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::LegalHold`]; [`StoreError::WrongState`] when it was removed before.
    pub fn soft_delete(&self, id: RecordingId, by: &str, now: Timestamp) -> Result<Removed, StoreError> {
        self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.recording.deletion.is_some() {
                return Err(StoreError::WrongState(format!("Recording {id} was removed before.")).into());
            }
            if old.recording.legal_hold {
                return Err(StoreError::LegalHold(id).into());
            }
            let mut row = old.clone();
            (row.lease, row.late) = (None, None);
            let recording = &mut row.recording;
            recording.call = CallFacts { started_at: recording.call.started_at, ..CallFacts::default() };
            recording.metadata = serde_json::Value::Null;
            recording.transcript = None;
            recording.opinion = None;
            recording.translations.clear();
            recording.insight = None;
            let audio_path = recording.audio.take().map(|audio| audio.path);
            while let Some(step) = recording.steps.next() {
                let reason = "The recording was removed.".to_owned();
                recording.steps.get_mut(step).state = StepState::Skipped { at: now, reason };
            }
            recording.deletion = Some(Deletion { at: now, by: by.to_owned() });
            recording.updated_at = now;
            tables.put(Some(&old), &row)?;
            tables.transcripts.remove(id.as_bytes())?;
            tables.opinions.remove(id.as_bytes())?;
            tables.forget_sealed(id)?;
            tables.forget_translations(id)?;
            tables.note(&AuditEntry {
                at: now,
                by: by.to_owned(),
                what: "removed".to_owned(),
                recording: Some(id),
                detail: "Audio, transcript, summary and parties were removed; the identity stays.".to_owned(),
            })?;
            tables.forget_checkpoints(id)?;
            tables.forget_removal(id)?;
            Ok(Verdict::Keep(Removed { recording: row.recording, audio_path }))
        })
    }
}
