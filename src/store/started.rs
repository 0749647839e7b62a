//! Calls we began to record: each once, whoever asks how often.

use jiff::{SignedDuration, Timestamp};
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::index::source_key;
use super::record;
use super::schema::Tables;
use super::{Store, StoreError, Verdict};
use crate::call::{AccountName, ProviderKind};

/// Longest time a provider takes to answer, tries and waits for a turn included.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// Calls remembered. No call lasts so long that this many others begin meanwhile: at a call a second that is a day.
const STARTED_MAX: u64 = 100_000;
/// How long one is remembered when there are more: nothing is delivered late by so much, nor does a call last so long.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The oldest of those that are let go of at once when even that leaves too many.
const LET_GO_AT_ONCE: usize = 10_000;

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
            if tables.started.len()? >= STARTED_MAX {
                tables.forget_started(now)?;
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

impl Tables<'_> {
    /// Makes room among the calls we began.
    fn forget_started(&mut self, now: Timestamp) -> Result<(), Fault> {
        let mut known = Vec::new();
        for entry in self.started.iter()? {
            let (key, bytes) = entry?;
            let (source, call_id) = key.value();
            let started: StartedCall = record::decode(bytes.value())?;
            known.push((started.at, source.to_owned(), call_id.to_owned()));
        }
        known.sort_unstable();
        let old = known.iter().take_while(|(at, ..)| now.duration_since(*at) > KEPT_FOR).count();
        for (_, source, call_id) in known.iter().take(if old > 0 { old } else { LET_GO_AT_ONCE }) {
            self.started.remove((source.as_str(), call_id.as_str()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_we_began_are_not_remembered_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("callscribe.redb")).unwrap();
        let (account, day) = ("main".parse::<AccountName>().unwrap(), SignedDuration::from_hours(24));
        let source = source_key(ProviderKind::Twilio, &account);
        let written = store.write(|tables| {
            for n in 0..STARTED_MAX {
                // Half of them nine days ago, half yesterday.
                let at = Timestamp::UNIX_EPOCH + if n % 2 == 0 { SignedDuration::ZERO } else { day * 8 };
                let started = StartedCall { at, remote_id: Some(String::new()), unclear: false };
                tables
                    .started
                    .insert((source.as_str(), n.to_string().as_str()), record::encode(&started)?.as_slice())?;
            }
            Ok(Verdict::Keep(()))
        });
        written.unwrap();
        let now = Timestamp::UNIX_EPOCH + day * 9;
        let begin = |call: &str| store.begin_recording((ProviderKind::Twilio, &account), call, now).unwrap();
        assert_eq!(begin("new"), Ok(()));
        assert!(begin("new").is_err() && begin("1").is_err(), "recorded once");
        let kept = store.read(|tx| Ok(tx.open_table(crate::store::schema::STARTED)?.len()?)).unwrap();
        assert_eq!(kept, STARTED_MAX / 2 + 1);
    }
}
