//! Calls we began to record: each once, whoever asks how often.

use jiff::{SignedDuration, Timestamp};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::index::source_key;
use super::record;
use super::{Store, StoreError, Verdict};
use crate::call::{AccountName, ProviderKind};

/// Longest time a provider takes to answer, tries and waits for a turn included.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// A call we began, or are about to begin, to record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedCall {
    /// When we asked the provider.
    pub at: Timestamp,
    /// The provider's id of the recording, once it answered; empty when it named none.
    pub remote_id: Option<String>,
    /// The answer was lost: it may have begun.
    #[serde(default)]
    pub unclear: bool,
}

/// What came of the wish to record a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is being recorded under this id; empty when the provider named none.
    Yes(String),
    /// Nobody knows: asking again might record it twice.
    Unclear,
    /// It is not, and another may try.
    No,
}

impl Store {
    /// Takes the right to begin recording a call. `Err` of the inner result holds what an earlier taker noted; one that was
    /// taken long ago and never noted was cut off by a crash, and is unclear.
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
            let earlier =
                tables.started.get(key)?.map(|bytes| record::decode::<StartedCall>(bytes.value())).transpose()?;
            if let Some(mut earlier) = earlier {
                let age = now.duration_since(earlier.at);
                earlier.unclear |= earlier.remote_id.is_none() && age > ANSWERED_WITHIN;
                return Ok(Verdict::Drop(Err(earlier)));
            }
            let begun = StartedCall { at: now, remote_id: None, unclear: false };
            tables.started.insert(key, record::encode(&begun)?.as_slice())?;
            Ok(Verdict::Keep(Ok(())))
        })
    }

    /// Notes what came of it.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn note_recording(
        &self,
        (provider, account): (ProviderKind, &AccountName),
        call_id: &str,
        begun: &Begun,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let source = source_key(provider, account);
        self.write(|tables| {
            let key = (source.as_str(), call_id);
            let started = match begun {
                Begun::Yes(remote_id) => StartedCall { at: now, remote_id: Some(remote_id.clone()), unclear: false },
                Begun::Unclear => StartedCall { at: now, remote_id: None, unclear: true },
                Begun::No => {
                    tables.started.remove(key)?;
                    return Ok(Verdict::Keep(()));
                }
            };
            tables.started.insert(key, record::encode(&started)?.as_slice())?;
            Ok(Verdict::Keep(()))
        })
    }
}
