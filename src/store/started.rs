//! Calls we began to record: each once, whoever asks how often.

use jiff::Timestamp;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::index::source_key;
use super::record;
use super::{Store, StoreError, Verdict};
use crate::call::{AccountName, ProviderKind};

/// A call we began, or are about to begin, to record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedCall {
    /// When we asked the provider.
    pub at: Timestamp,
    /// The provider's id of the recording, once it answered.
    pub remote_id: Option<String>,
}

impl Store {
    /// Takes the right to begin recording a call. `Err` of the inner result holds what an earlier taker noted.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn begin_recording(
        &self,
        (provider, account): (ProviderKind, &AccountName),
        call_id: &str,
        now: Timestamp,
    ) -> Result<Result<(), StartedCall>, StoreError> {
        let source = source_key(provider, account);
        self.write(|tables| {
            let key = (source.as_str(), call_id);
            let earlier = tables.started.get(key)?.map(|bytes| record::decode(bytes.value())).transpose()?;
            if let Some(earlier) = earlier {
                return Ok(Verdict::Drop(Err(earlier)));
            }
            let begun = StartedCall { at: now, remote_id: None };
            tables.started.insert(key, record::encode(&begun)?.as_slice())?;
            Ok(Verdict::Keep(Ok(())))
        })
    }

    /// Notes what came of it: the provider's id of the recording, or that nothing was begun and another may try.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn note_recording(
        &self,
        (provider, account): (ProviderKind, &AccountName),
        call_id: &str,
        remote_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let source = source_key(provider, account);
        self.write(|tables| {
            let key = (source.as_str(), call_id);
            match remote_id {
                Some(remote_id) => {
                    let started = StartedCall { at: now, remote_id: Some(remote_id.to_owned()) };
                    tables.started.insert(key, record::encode(&started)?.as_slice())?;
                }
                None => drop(tables.started.remove(key)?),
            }
            Ok(Verdict::Keep(()))
        })
    }
}
