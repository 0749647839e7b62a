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
    /// It was away at its source and is back: what was given up without it is worth another try.
    pub returned: bool,
    /// When its provider is first asked for a second opinion; absent when it has none.
    pub opinion_due: Option<Timestamp>,
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
    /// A known recording found at another place takes the new locator; if its audio could not be had at the old one, or
    /// it is back at the old one, it is tried again. A locator that is taken in leaves the quarantine. `cursor: None` leaves the cursor as it is.
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
            let mut unlisted = 0;
            for (locator, reason) in refused {
                match tables.refuse(&source, locator, reason, now)? {
                    Some(is_new) => changed |= is_new,
                    None => unlisted += 1,
                }
            }
            if unlisted > 0 {
                tracing::warn!(source, unlisted, limit = QUARANTINE_MAX, "The list of refused entries is full.");
            }
            changed |= tables.move_cursor(&source, cursor)?;
            Ok(if changed { Verdict::Keep((inserted, true)) } else { Verdict::Drop((inserted, false)) })
        })?;
        if changed {
            self.announce_work();
        }
        Ok(inserted)
    }

    /// Takes locators out of the quarantine, so that their source is asked again. Answers how many were in it.
    ///
    /// # Errors
    ///
    /// As [`Store::insert_discovered`].
    pub fn release_quarantine(
        &self,
        provider: ProviderKind,
        account: &AccountName,
        locators: &[String],
    ) -> Result<usize, StoreError> {
        if locators.is_empty() {
            return Ok(0);
        }
        self.write(|tables| {
            let source = source_key(provider, account);
            let mut released = 0;
            for locator in locators {
                released += usize::from(tables.release(&source, locator)?);
            }
            Ok(if released > 0 { Verdict::Keep(released) } else { Verdict::Drop(0) })
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
        self.put(None, &Row { late: new.opinion_due, ..Row::found(recording, &new.locator) })?;
        self.name(source, &new.key.remote_id, &new.locator, id)?;
        Ok(id)
    }

    /// Makes a new recording known by its identity and its place.
    pub(super) fn name(&mut self, source: &str, remote_id: &str, locator: &str, id: RecordingId) -> Result<(), Fault> {
        self.by_key.insert((source, remote_id), id.as_bytes())?;
        self.by_remote_id.insert((remote_id, id.as_bytes()), ())?;
        self.by_locator.insert((source, locator), id.as_bytes())?;
        Ok(())
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
        let has_moved = old.locator != new.locator;
        let is_a_copy = has_moved && places.contains(&(new.key.remote_id.as_str(), old.locator.as_str()));
        if is_a_copy || !(has_moved || new.returned) {
            return Ok(!is_known_place);
        }
        let mut row = old.clone();
        row.locator.clone_from(&new.locator);
        let mut is_revived = false;
        if row.recording.deletion.is_none() {
            row.recording.metadata = outcome::with_source(row.recording.metadata.take(), &new.locator);
            is_revived = row.revive_fetching(has_moved);
        }
        if !(has_moved || is_revived) {
            return Ok(!is_known_place);
        }
        row.recording.updated_at = now;
        self.put(Some(&old), &row)?;
        Ok(true)
    }

    /// Answers whether that is news; `None` when the list is full.
    fn refuse(&mut self, source: &str, locator: &str, reason: &str, now: Timestamp) -> Result<Option<bool>, Fault> {
        let known: Option<Quarantined> =
            self.quarantine.get((source, locator))?.map(|bytes| record::decode(bytes.value())).transpose()?;
        if known.as_ref().is_some_and(|known| known.reason == reason) {
            return Ok(Some(false));
        }
        if known.is_none() && self.quarantine.len()? >= QUARANTINE_MAX {
            return Ok(None);
        }
        let since = known.map_or(now, |known| known.since);
        let entry = Quarantined { source: source.into(), locator: locator.into(), reason: reason.into(), since };
        self.quarantine.insert((source, locator), record::encode(&entry)?.as_slice())?;
        Ok(Some(true))
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

impl Row {
    /// Sends the steps that need the source back to the start where they ended without it; at a new place also those
    /// that wait for the old one. A later step that runs meanwhile loses its claim: it comes again behind them, and what
    /// it has finished is kept. Answers whether there was anything to send back.
    fn revive_fetching(&mut self, has_moved: bool) -> bool {
        let mut is_revived = false;
        for step in [Step::FetchDetails, Step::FetchMetadata, Step::DownloadAudio] {
            let is_worth_it = match &self.recording.steps.get(step).state {
                StepState::Failed { .. } | StepState::Skipped { .. } => true,
                StepState::Waiting { .. } => has_moved,
                StepState::Pending | StepState::Running { .. } | StepState::Completed { .. } => false,
            };
            if is_worth_it {
                revive(&mut self.recording, step);
                is_revived = true;
            }
        }
        if is_revived && self.lease.take().is_some() {
            for step in Step::ALL {
                let record = self.recording.steps.get_mut(step);
                if matches!(record.state, StepState::Running { .. }) {
                    record.state = StepState::Pending;
                    record.attempts = record.attempts.saturating_sub(1);
                }
            }
        }
        is_revived
    }
}

/// A UUID of version 7 from the time and the digest of the identity: sorts by time, needs no randomness, and two
/// recordings of one millisecond never share it.
pub(super) fn id_for(key: &RecordingKey, now: Timestamp) -> RecordingId {
    let digest = Sha256::digest(key.to_string());
    let mut tail = [0; 10];
    tail.copy_from_slice(&digest[..10]);
    let ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
    RecordingId::from_uuid(uuid::Builder::from_unix_timestamp_millis(ms, &tail).into_uuid())
}
