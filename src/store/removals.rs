//! Wishes to delete a recording at its provider and then here. Asking the provider takes a while, and once it has deleted its
//! copy nobody can ask again: the wish is written before it is asked and is there until the recording is forgotten, so that
//! a crash between the two is made good.

use jiff::Timestamp;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::record;
use super::schema::{PROGRESS, Tables};
use super::{AuditEntry, Store, StoreError, Verdict};
use crate::call::RecordingId;

/// Their rows among what is done in pieces. There are no more than people ask for at once and crashes leave.
const PREFIX: &str = "removal/";

/// A recording that is to be deleted at its provider and here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalWish {
    /// Which one.
    pub id: RecordingId,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why the last try did not do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

fn key(id: RecordingId) -> String {
    format!("{PREFIX}{id}")
}

impl Store {
    /// Writes that a recording is to be deleted at its provider and here. Answers whether that was wished before: then that
    /// wish stays, with whoever had it.
    ///
    /// # Errors
    ///
    /// As [`Store::soft_delete`].
    pub fn wish_removal(&self, id: RecordingId, by: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|tables| {
            let recording = tables.known_row(id)?.recording;
            if recording.deletion.is_some() {
                return Err(StoreError::WrongState(format!("Recording {id} was removed before.")).into());
            }
            if recording.legal_hold {
                return Err(StoreError::LegalHold(id).into());
            }
            let is_wished = tables.removal(id)?.is_some();
            if !is_wished {
                tables.keep_removal(&RemovalWish { id, by: by.to_owned(), at: now, last_error: None })?;
            }
            let (by, what) = (by.to_owned(), "removal_asked".to_owned());
            let detail = "It is to be deleted at its provider, then here.".to_owned();
            tables.note(&AuditEntry { at: now, by, what, recording: Some(id), detail })?;
            Ok(Verdict::Keep(is_wished))
        })
    }

    /// Notes why a try did not do it; the wish stays.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn note_removal(&self, id: RecordingId, error: &str) -> Result<(), StoreError> {
        self.write(|tables| {
            let Some(wish) = tables.removal(id)? else { return Ok(Verdict::Drop(())) };
            tables.keep_removal(&RemovalWish { last_error: Some(error.to_owned()), ..wish })?;
            Ok(Verdict::Keep(()))
        })
    }

    /// It is not to be deleted any more; `why` as a sentence.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn withdraw_removal(&self, id: RecordingId, why: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| {
            Ok(if tables.give_up_removal(id, why, now)? { Verdict::Keep(()) } else { Verdict::Drop(()) })
        })
    }

    /// The wish to delete a recording, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn removal(&self, id: RecordingId) -> Result<Option<RemovalWish>, StoreError> {
        self.read(|tx| {
            let stored = tx.open_table(PROGRESS)?.get(key(id).as_str())?;
            Ok(stored.map(|bytes| record::decode(bytes.value())).transpose()?)
        })
    }

    /// All such wishes.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn removals(&self) -> Result<Vec<RemovalWish>, StoreError> {
        self.read(|tx| {
            let mut wishes = Vec::new();
            for entry in tx.open_table(PROGRESS)?.range(PREFIX..)? {
                let (name, bytes) = entry?;
                if !name.value().starts_with(PREFIX) {
                    break;
                }
                wishes.push(record::decode(bytes.value())?);
            }
            Ok(wishes)
        })
    }
}

impl Tables<'_> {
    fn removal(&self, id: RecordingId) -> Result<Option<RemovalWish>, Fault> {
        let stored = self.progress.get(key(id).as_str())?;
        Ok(stored.map(|bytes| record::decode(bytes.value())).transpose()?)
    }

    fn keep_removal(&mut self, wish: &RemovalWish) -> Result<(), Fault> {
        self.progress.insert(key(wish.id).as_str(), record::encode(wish)?.as_slice())?;
        Ok(())
    }

    /// Forgets the wish and notes `why`, a sentence. False when there is none.
    pub(super) fn give_up_removal(&mut self, id: RecordingId, why: &str, now: Timestamp) -> Result<bool, Fault> {
        let Some(wish) = self.removal(id)? else { return Ok(false) };
        self.forget_removal(id)?;
        let (by, what, detail) = (wish.by, "removal_given_up".to_owned(), why.to_owned());
        self.note(&AuditEntry { at: now, by, what, recording: Some(id), detail })?;
        Ok(true)
    }

    /// Done with.
    pub(super) fn forget_removal(&mut self, id: RecordingId) -> Result<(), Fault> {
        self.progress.remove(key(id).as_str())?;
        Ok(())
    }
}
