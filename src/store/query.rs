//! Questions: one recording, its transcript, totals. Readers see a snapshot and never wait for the writer.

use std::collections::BTreeMap;

use redb::{ReadTransaction, ReadableTable};

use super::error::Fault;
use super::index::source_key;
use super::record::{self, Quarantined, Row};
use super::schema::{BY_KEY, BY_REMOTE_ID, CHECKPOINTS, CURSORS, QUARANTINE, RECORDINGS};
use super::{Store, StoreError, check};
use crate::call::{AccountName, ProcessingStatus, ProviderKind, Recording, RecordingId, RecordingKey, STEP_COUNT};

/// Totals over all recordings that were not removed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// Recordings.
    pub total: u64,
    /// Of them by standing; every status is named.
    pub by_status: BTreeMap<ProcessingStatus, u64>,
    /// With a transcript that has words.
    pub with_transcript: u64,
    /// With a summary.
    pub with_summary: u64,
    /// Mean quality score, 0 to 1; 0 without recordings.
    pub average_quality: f64,
    /// Audio on disk.
    pub audio_bytes: u64,
    /// Length of all transcribed calls together.
    pub audio_ms: u64,
    /// Entries in the quarantine.
    pub quarantined: u64,
    /// Removed recordings whose identity is still known.
    pub deleted: u64,
}

impl Store {
    /// One recording, removed ones included.
    ///
    /// # Errors
    ///
    /// Only [`StoreError::Damaged`] and [`StoreError::Storage`], as for all questions.
    pub fn get(&self, id: RecordingId) -> Result<Option<Recording>, StoreError> {
        let found = self.read(|tx| Ok(row(tx, id)?.map(|row| row.recording)))?;
        Ok(found.map(|recording| self.shown(recording)))
    }

    /// One recording by our id or by the provider's. Of several with one provider's id (one file in two folders) one
    /// that was not removed, the oldest.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn find(&self, text: &str) -> Result<Option<Recording>, StoreError> {
        if let Ok(id) = text.parse::<RecordingId>()
            && let Some(recording) = self.get(id)?
        {
            return Ok(Some(recording));
        }
        let found = self.read(|tx| {
            let mut removed = None;
            let all = (text, &[0; 16])..=(text, &[0xff; 16]);
            for entry in tx.open_table(BY_REMOTE_ID)?.range::<(&str, &[u8; 16])>(all)? {
                let id = RecordingId::from_bytes(*entry?.0.value().1);
                let Some(row) = row(tx, id)? else { continue };
                if row.recording.deletion.is_none() {
                    return Ok(Some(row.recording));
                }
                removed = removed.or(Some(row.recording));
            }
            Ok(removed)
        })?;
        Ok(found.map(|recording| self.shown(recording)))
    }

    /// The recording of an identity.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn find_by_key(&self, key: &RecordingKey) -> Result<Option<Recording>, StoreError> {
        self.read(|tx| {
            let source = source_key(key.provider, &key.account);
            let id = tx.open_table(BY_KEY)?.get((source.as_str(), key.remote_id.as_str()))?;
            let Some(id) = id else { return Ok(None) };
            Ok(row(tx, RecordingId::from_bytes(*id.value()))?.map(|row| row.recording))
        })
    }

    /// Where the next look at a source starts.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn cursor(&self, provider: ProviderKind, account: &AccountName) -> Result<Option<String>, StoreError> {
        self.read(|tx| {
            let cursor = tx.open_table(CURSORS)?.get(source_key(provider, account).as_str())?;
            Ok(cursor.map(|cursor| cursor.value().to_owned()))
        })
    }

    /// The windows an unfinished transcription has behind it, as (window, body).
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn checkpoints(&self, id: RecordingId) -> Result<Vec<(u32, String)>, StoreError> {
        self.read(|tx| {
            let all = (id.as_bytes(), 0)..=(id.as_bytes(), u32::MAX);
            let mut windows = Vec::new();
            for entry in tx.open_table(CHECKPOINTS)?.range::<(&[u8; 16], u32)>(all)? {
                let (key, body) = entry?;
                // One that was sealed with another key is heard again.
                if let Some(body) = self.opened_window(id, body.value()) {
                    windows.push((key.value().1, body));
                }
            }
            Ok(windows)
        })
    }

    /// What cannot be taken in, by source and locator.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, StoreError> {
        self.read(|tx| {
            let mut entries = Vec::new();
            for entry in tx.open_table(QUARANTINE)?.iter()? {
                entries.push(record::decode(entry?.1.value())?);
            }
            Ok(entries)
        })
    }

    /// Totals, from kept counters: the cost does not grow with the archive.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn stats(&self) -> Result<Stats, StoreError> {
        self.read(|tx| {
            let sums = check::kept_sums(tx)?;
            let sum = |name: &str| sums.get(name).and_then(|sum| u64::try_from(*sum).ok()).unwrap_or(0);
            let total = sum("recordings");
            let steps = total * STEP_COUNT as u64;
            Ok(Stats {
                total,
                by_status: ProcessingStatus::ALL.into_iter().map(|status| (status, sum(status.as_str()))).collect(),
                with_transcript: sum("with_transcript"),
                with_summary: sum("with_summary"),
                average_quality: if steps > 0 { sum("completed_steps") as f64 / steps as f64 } else { 0.0 },
                audio_bytes: sum("audio_bytes"),
                audio_ms: sum("audio_ms"),
                quarantined: Self::quarantined_count(tx)?,
                deleted: sum("deleted"),
            })
        })
    }
}

/// The row of a recording.
pub(super) fn row(tx: &ReadTransaction, id: RecordingId) -> Result<Option<Row>, Fault> {
    let bytes = tx.open_table(RECORDINGS)?.get(id.as_bytes())?;
    Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
}
