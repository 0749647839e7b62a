//! Recordings that come with everything done, many in one transaction: from a backup, or made up to measure a large archive.

use jiff::Timestamp;
use redb::ReadableTable;

use super::index::source_key;
use super::record::Row;
use super::{Store, StoreError, Verdict};
use crate::call::{Recording, Transcript};

/// A recording whole, with where its source finds it and its words.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeRecording {
    /// Everything known of it; its id must be new.
    pub recording: Recording,
    /// Where its source finds it.
    pub locator: String,
    /// Its words; `recording.transcript` is taken from them.
    pub transcript: Option<Transcript>,
}

impl Store {
    /// Stores recordings whole. Those whose identity is known are left as they are. Answers how many were new.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    #[doc(hidden)]
    pub fn insert_whole(&self, recordings: &[WholeRecording], now: Timestamp) -> Result<usize, StoreError> {
        self.write(|tables| {
            let mut new = 0;
            for WholeRecording { recording, locator, transcript } in recordings {
                let source = source_key(recording.key.provider, &recording.key.account);
                let identity = (source.as_str(), recording.key.remote_id.as_str());
                if tables.by_key.get(identity)?.is_some() {
                    continue;
                }
                let mut recording = recording.clone();
                recording.updated_at = now;
                let id = recording.id;
                if let Some(transcript) = transcript {
                    recording.transcript = Some(tables.keep_words(id, transcript, true)?);
                }
                tables.by_key.insert(identity, id.as_bytes())?;
                tables.by_remote_id.insert((identity.1, id.as_bytes()), ())?;
                tables.by_locator.insert((source.as_str(), locator.as_str()), id.as_bytes())?;
                tables.put(None, &Row::found(recording, locator))?;
                new += 1;
            }
            Ok(Verdict::Keep(new))
        })
    }
}
