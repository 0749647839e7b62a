//! The audit trail: who did what to which recording, when. Only ever added to, at most [`ENTRIES_MAX`] entries.

use jiff::Timestamp;
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::record;
use super::schema::{AUDIT, Tables};
use super::{Store, StoreError, Verdict};
use crate::call::RecordingId;

/// Entries kept: some hundred megabytes. The oldest go first, and that is said in the log.
pub const ENTRIES_MAX: u64 = 1_000_000;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: `api:` and the name of the token (`api:wallboard`), `cli`, `daemon`.
    pub by: String,
    /// What, as a short name: `removed`, `removed_at_provider`, `recording_started`.
    pub what: String,
    /// Which recording.
    pub recording: Option<RecordingId>,
    /// More, as a sentence; never words of a call, numbers or names.
    pub detail: String,
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write(|tables| {
            tables.note(entry)?;
            Ok(Verdict::Keep(()))
        })
    }

    /// The newest entries, newest first.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn audit_trail(&self, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(|tx| {
            let mut entries = Vec::new();
            for entry in tx.open_table(AUDIT)?.iter()?.rev().take(limit) {
                entries.push(record::decode(entry?.1.value())?);
            }
            Ok(entries)
        })
    }
}

impl Tables<'_> {
    /// Adds an entry in the transaction that does what it tells of.
    pub(super) fn note(&mut self, entry: &AuditEntry) -> Result<(), Fault> {
        let next = self.audit.last()?.map_or(0, |(key, _)| key.value() + 1);
        self.audit.insert(next, record::encode(entry)?.as_slice())?;
        if self.audit.len()? > ENTRIES_MAX {
            tracing::warn!(limit = ENTRIES_MAX, "The audit trail is full; its oldest entry was dropped.");
            self.audit.pop_first()?;
        }
        Ok(())
    }
}
