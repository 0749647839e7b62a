//! What the search index has yet to take up: written with every change of something that can be searched, taken out once
//! the index has it. The index itself is not here; it can be made from this store at any time.

use std::collections::HashSet;
use std::ops::Bound;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::Fault;
use super::record::{self, Row};
use super::schema::{PROGRESS, RECORDINGS, Tables, UNINDEXED};
use super::{Store, StoreError, Verdict};
use crate::call::{Recording, RecordingId};

const NAME: &str = "index";
/// Changes up to which each is looked at: a few seconds of a busy daemon. More wait only while the index is made.
const CHANGED_MAX: u64 = 2000;

/// A change the index has not taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unindexed {
    /// Of which recording.
    pub id: RecordingId,
    /// Which change; a later one has a greater number.
    pub serial: u64,
}

/// Names a state of an index, so that one from another time or another archive is known for what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexMark {
    /// Which index.
    pub index: Uuid,
    /// Which of its commits.
    pub commit: u64,
}

impl Store {
    /// The next changes for the index, at most `limit`, in no order of time.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn unindexed(&self, limit: usize) -> Result<Vec<Unindexed>, StoreError> {
        self.read(|tx| {
            let mut changes = Vec::new();
            for entry in tx.open_table(UNINDEXED)?.iter()?.take(limit) {
                let (id, serial) = entry?;
                changes.push(Unindexed { id: RecordingId::from_bytes(*id.value()), serial: serial.value() });
            }
            Ok(changes)
        })
    }

    /// How many changes wait for the index.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn unindexed_count(&self) -> Result<u64, StoreError> {
        self.read(|tx| Ok(tx.open_table(UNINDEXED)?.len()?))
    }

    /// The recordings that changed since the index took them up; `None` when they are too many to be looked at one by one.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn changed_since_index(&self) -> Result<Option<HashSet<RecordingId>>, StoreError> {
        self.read(|tx| {
            let changed = changed(tx)?;
            Ok(changed.map(|changed| changed.into_iter().map(RecordingId::from_bytes).collect()))
        })
    }

    /// Ids behind `after`, in their order, removed recordings included.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn ids_after(&self, after: Option<RecordingId>, limit: usize) -> Result<Vec<RecordingId>, StoreError> {
        self.read(|tx| {
            let start = after.as_ref().map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_bytes()));
            let mut ids = Vec::new();
            for entry in tx.open_table(RECORDINGS)?.range::<&[u8; 16]>((start, Bound::Unbounded))?.take(limit) {
                ids.push(RecordingId::from_bytes(*entry?.0.value()));
            }
            Ok(ids)
        })
    }

    /// The state of the index that this store last heard of.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn index_mark(&self) -> Result<Option<IndexMark>, StoreError> {
        self.read(|tx| {
            let stored = tx.open_table(PROGRESS)?.get(NAME)?;
            Ok(stored.map(|bytes| record::decode(bytes.value())).transpose()?)
        })
    }

    /// The index has `done` on disk, under `mark`. A change that came meanwhile stays.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn mark_indexed(&self, mark: IndexMark, done: &[Unindexed]) -> Result<(), StoreError> {
        self.write(|tables| {
            for change in done {
                let is_latest = tables.unindexed.get(change.id.as_bytes())?.is_some_and(|s| s.value() == change.serial);
                if is_latest {
                    tables.unindexed.remove(change.id.as_bytes())?;
                }
            }
            tables.progress.insert(NAME, record::encode(&mark)?.as_slice())?;
            Ok(Verdict::Keep(()))
        })
    }
}

/// As [`Store::changed_since_index`].
pub(super) fn changed(tx: &ReadTransaction) -> Result<Option<HashSet<[u8; 16]>>, Fault> {
    let table = tx.open_table(UNINDEXED)?;
    if table.len()? > CHANGED_MAX {
        return Ok(None);
    }
    let ids = table.iter()?.map(|entry| Ok(*entry?.0.value()));
    ids.collect::<Result<_, Fault>>().map(Some)
}

impl Tables<'_> {
    /// Notes for the index that a recording's words changed.
    pub(super) fn note_text(&mut self, id: RecordingId) -> Result<(), Fault> {
        let serial = self.meta.get("unindexed")?.map_or(0, |serial| serial.value()) + 1;
        self.meta.insert("unindexed", serial)?;
        self.unindexed.insert(id.as_bytes(), serial)?;
        Ok(())
    }

    /// Notes for the index that a row changed, if anything did that can be searched.
    pub(super) fn follow_text(&mut self, old: Option<&Row>, new: &Row) -> Result<(), Fault> {
        if old.is_none_or(|old| texts(&old.recording) != texts(&new.recording)) {
            self.note_text(new.recording.id)?;
        }
        Ok(())
    }
}

/// What the index takes from a row.
fn texts(recording: &Recording) -> impl PartialEq + '_ {
    let call = &recording.call;
    (
        (recording.listed_at(), recording.deletion.is_some()),
        (&call.caller, &call.callee, &call.owner, &call.participants, &call.location, &call.queue),
        recording.audio.as_ref().and_then(|audio| audio.original_name.as_ref()),
        (&recording.transcript, &recording.opinion, &recording.insight),
    )
}
