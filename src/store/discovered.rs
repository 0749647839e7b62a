//! Takes in what a source showed: new rows, moved files, refusals and the cursor, in one transaction.

use std::collections::HashSet;

use jiff::Timestamp;
use redb::{ReadableTable, ReadableTableMetadata};
use sha2::{Digest, Sha256};

use super::error::Fault;
use super::index::source_key;
use super::record::{self, Quarantined, Row};
use super::schema::Tables;
use super::state::revive;
use super::{Store, StoreError, Verdict, outcome};
use crate::call::{AccountName, CallFacts, ProviderKind, Recording, RecordingId, RecordingKey, Step, StepState};

/// Entries kept of what cannot be taken in. A folder with more bad files than this needs a person, not a longer list.
pub const QUARANTINE_MAX: u64 = 10_000;

/// A recording as a source listed it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecording {
    /// Its identity.
    pub key: RecordingKey,
    /// What is known of the call so far.
    pub call: CallFacts,
    /// Where the source finds it again.
    pub locator: String,
}

/// What became of one [`NewRecording`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inserted {
    /// Our id, old or new.
    pub id: RecordingId,
    /// False when it was known already, finished and removed ones included.
    pub new: bool,
}

impl Store {
    /// Stores what one look at a source found, and where its next look starts. Answers in the order of `found`.
    ///
    /// A known recording found at another place takes the new locator; if its audio could not be had at the old one it
    /// is tried again. A locator that is taken in leaves the quarantine. `cursor: None` leaves the cursor as it is.
    ///
    /// # Errors
    ///
    /// Only [`StoreError::Damaged`] and [`StoreError::Storage`].
    pub fn insert_discovered(
        &self,
        (provider, account): (ProviderKind, &AccountName),
        found: &[NewRecording],
        refused: &[(String, String)],
        cursor: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Inserted>, StoreError> {
        let source = source_key(provider, account);
        let places: HashSet<(&str, &str)> =
            found.iter().map(|new| (new.key.remote_id.as_str(), new.locator.as_str())).collect();
        let (inserted, changed) = self.write(|tables| {
            let mut changed = false;
            let mut inserted = Vec::with_capacity(found.len());
            for new in found {
                let answer = match tables.id_of(&new.key)? {
                    Some(id) => {
                        changed |= tables.follow(&source, id, new, &places, now)?;
                        Inserted { id, new: false }
                    }
                    None => {
                        changed = true;
                        Inserted { id: tables.add(&source, new, now)?, new: true }
                    }
                };
                changed |= tables.release(&source, &new.locator)?;
                inserted.push(answer);
            }
            for (locator, reason) in refused {
                changed |= tables.refuse(&source, locator, reason, now)?;
            }
            changed |= tables.move_cursor(&source, cursor)?;
            Ok(if changed { Verdict::Keep((inserted, true)) } else { Verdict::Drop((inserted, false)) })
        })?;
        if changed {
            self.announce_work();
        }
        Ok(inserted)
    }

    /// Takes a locator out of the quarantine, so that its source is asked again. False when it was not in it.
    ///
    /// # Errors
    ///
    /// As [`Store::insert_discovered`].
    pub fn release_quarantine(
        &self,
        provider: ProviderKind,
        account: &AccountName,
        locator: &str,
    ) -> Result<bool, StoreError> {
        self.write(|tables| {
            let was_there = tables.release(&source_key(provider, account), locator)?;
            Ok(if was_there { Verdict::Keep(true) } else { Verdict::Drop(false) })
        })
    }
}

impl Tables<'_> {
    fn id_of(&self, key: &RecordingKey) -> Result<Option<RecordingId>, Fault> {
        let source = source_key(key.provider, &key.account);
        let id = self.by_key.get((source.as_str(), key.remote_id.as_str()))?;
        Ok(id.map(|id| RecordingId::from_bytes(*id.value())))
    }

    fn add(&mut self, source: &str, new: &NewRecording, now: Timestamp) -> Result<RecordingId, Fault> {
        let id = id_for(&new.key, now);
        let mut recording = Recording::discovered(id, new.key.clone(), new.call.clone(), now);
        recording.metadata = outcome::with_source(serde_json::Value::Null, &new.locator);
        self.put(None, &Row { recording, locator: new.locator.clone(), lease: None })?;
        self.by_key.insert((source, new.key.remote_id.as_str()), id.as_bytes())?;
        self.by_remote_id.insert((new.key.remote_id.as_str(), id.as_bytes()), ())?;
        self.by_locator.insert((source, new.locator.as_str()), id.as_bytes())?;
        Ok(id)
    }

    /// Follows a known recording to another place. Of two copies in one look neither is a move.
    fn follow(
        &mut self,
        source: &str,
        id: RecordingId,
        new: &NewRecording,
        places: &HashSet<(&str, &str)>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let place = (source, new.locator.as_str());
        let is_known_place = self.by_locator.get(place)?.is_some_and(|owner| owner.value() == id.as_bytes());
        if !is_known_place {
            self.by_locator.insert(place, id.as_bytes())?;
        }
        let old = self.known_row(id)?;
        if old.locator == new.locator || places.contains(&(new.key.remote_id.as_str(), old.locator.as_str())) {
            return Ok(!is_known_place);
        }
        let mut row = old.clone();
        row.locator.clone_from(&new.locator);
        row.recording.updated_at = now;
        if row.recording.deletion.is_none() {
            row.recording.metadata = outcome::with_source(row.recording.metadata.take(), &new.locator);
            for step in [Step::FetchDetails, Step::FetchMetadata, Step::DownloadAudio] {
                let state = &row.recording.steps.get(step).state;
                let is_without_result = !matches!(state, StepState::Completed { .. } | StepState::Running { .. });
                if is_without_result && *state != StepState::Pending {
                    revive(&mut row.recording, step);
                }
            }
        }
        self.put(Some(&old), &row)?;
        Ok(true)
    }

    fn refuse(&mut self, source: &str, locator: &str, reason: &str, now: Timestamp) -> Result<bool, Fault> {
        let known: Option<Quarantined> =
            self.quarantine.get((source, locator))?.map(|bytes| record::decode(bytes.value())).transpose()?;
        if known.as_ref().is_some_and(|known| known.reason == reason) {
            return Ok(false);
        }
        if known.is_none() && self.quarantine.len()? >= QUARANTINE_MAX {
            tracing::warn!(source, limit = QUARANTINE_MAX, "The quarantine is full; a refused entry was not recorded.");
            return Ok(false);
        }
        let since = known.map_or(now, |known| known.since);
        let entry = Quarantined { source: source.into(), locator: locator.into(), reason: reason.into(), since };
        self.quarantine.insert((source, locator), record::encode(&entry)?.as_slice())?;
        Ok(true)
    }

    fn release(&mut self, source: &str, locator: &str) -> Result<bool, Fault> {
        Ok(self.quarantine.remove((source, locator))?.is_some())
    }

    fn move_cursor(&mut self, source: &str, cursor: Option<&str>) -> Result<bool, Fault> {
        let Some(cursor) = cursor else { return Ok(false) };
        let is_there = self.cursors.get(source)?.is_some_and(|known| known.value() == cursor);
        if !is_there {
            self.cursors.insert(source, cursor)?;
        }
        Ok(!is_there)
    }
}

/// A UUID of version 7 from the time and the digest of the identity: sorts by time, needs no randomness, and two
/// recordings of one millisecond never share it.
fn id_for(key: &RecordingKey, now: Timestamp) -> RecordingId {
    let digest = Sha256::digest(key.to_string());
    let mut tail = [0; 10];
    tail.copy_from_slice(&digest[..10]);
    let ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
    RecordingId::from_uuid(uuid::Builder::from_unix_timestamp_millis(ms, &tail).into_uuid())
}
