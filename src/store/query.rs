//! Questions: one recording, a page of them, totals. Readers see a snapshot and never wait for the writer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use redb::{ReadTransaction, ReadableTable};

use super::error::Fault;
use super::index::{ListingFacts, provider_code, source_key};
use super::record::{self, Quarantined, Row};
use super::schema::{
    BY_KEY, BY_REMOTE_ID, CHECKPOINTS, COUNTERS, CURSORS, LISTING, QUARANTINE, RECORDINGS, TRANSCRIPTS,
};
use super::{Store, StoreError, check};
use crate::call::{
    AccountName, Language, Party, ProcessingStatus, ProviderKind, Recording, RecordingId, RecordingKey, STEP_COUNT,
    Transcript,
};

/// Which recordings a list shows. Filters combine: all that are set must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListQuery {
    /// Matches to leave out at the start.
    pub skip: u64,
    /// Most items in the page.
    pub limit: usize,
    /// Standing as a whole.
    pub status: Option<ProcessingStatus>,
    /// Recorded at this time or later ([`Recording::listed_at`], to the millisecond).
    pub from: Option<Timestamp>,
    /// Recorded before this time.
    pub to: Option<Timestamp>,
    /// From this provider.
    pub provider: Option<ProviderKind>,
    /// Some party has this number. Only digits count, and the end is enough: `0301234567` finds `+49 30 1234567`.
    pub phone_number: Option<String>,
    /// The transcript is in this language.
    pub language: Option<Language>,
    /// There is, or is not, a transcript with words.
    pub has_transcript: Option<bool>,
    /// Some name, number, e-mail, file name or the transcript's beginning contains this, in any case.
    pub search_text: Option<String>,
    /// Quality score at least this, 0 to 1.
    pub min_quality: Option<f64>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Matches in all, whatever the page shows.
    pub total: u64,
    /// Newest first.
    pub items: Vec<Recording>,
}

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
        self.read(|tx| Ok(row(tx, id)?.map(|row| row.recording)))
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
        self.read(|tx| {
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
        })
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

    /// The transcript of a recording, words and all.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn transcript(&self, id: RecordingId) -> Result<Option<Transcript>, StoreError> {
        self.read(|tx| {
            let bytes = tx.open_table(TRANSCRIPTS)?.get(id.as_bytes())?;
            Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
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
                windows.push((key.value().1, body.value().to_owned()));
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

    /// A page of recordings, newest first. Removed ones are not shown.
    ///
    /// Most filters are answered by the listing's keys; `phone_number` and `search_text` open every row that the others
    /// let through.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.read(|tx| {
            let listing = tx.open_table(LISTING)?;
            let from = query.from.map_or(i64::MIN, Timestamp::as_millisecond);
            let to = query.to.map_or(i64::MAX, Timestamp::as_millisecond);
            let mut page = Page { total: 0, items: Vec::new() };
            if from >= to {
                return Ok(page);
            }
            let text = TextFilter::of(query);
            let known_total = known_total(tx, query)?;
            for entry in listing.range((from, &[0; 16])..(to, &[0; 16]))?.rev() {
                let (key, facts) = entry?;
                if !facts_match(query, facts.value()) {
                    continue;
                }
                let id = RecordingId::from_bytes(*key.value().1);
                let in_page = |total| total >= query.skip && page.items.len() < query.limit;
                if text.is_some() || in_page(page.total) {
                    let Some(row) = row(tx, id)? else { continue };
                    if text.as_ref().is_some_and(|text| !text.matches(&row.recording)) {
                        continue;
                    }
                    if in_page(page.total) {
                        page.items.push(row.recording);
                    }
                }
                page.total += 1;
                if known_total.is_some() && page.items.len() == query.limit {
                    break;
                }
            }
            page.total = known_total.unwrap_or(page.total);
            Ok(page)
        })
    }
}

fn row(tx: &ReadTransaction, id: RecordingId) -> Result<Option<Row>, Fault> {
    let bytes = tx.open_table(RECORDINGS)?.get(id.as_bytes())?;
    Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
}

/// The matches in all where a kept counter knows them: without filters, and by status alone. Then a page can be had
/// without a look at everything behind it.
fn known_total(tx: &ReadTransaction, query: &ListQuery) -> Result<Option<u64>, Fault> {
    let plain = ListQuery { skip: query.skip, limit: query.limit, status: query.status, ..ListQuery::default() };
    if *query != plain {
        return Ok(None);
    }
    let counter = query.status.map_or("recordings", ProcessingStatus::as_str);
    let sum = tx.open_table(COUNTERS)?.get(counter)?.map_or(0, |sum| sum.value());
    Ok(u64::try_from(sum).ok())
}

fn facts_match(query: &ListQuery, (status, provider, completed, has_words, language): ListingFacts<'_>) -> bool {
    query.status.is_none_or(|wanted| wanted as u8 == status)
        && query.provider.is_none_or(|wanted| provider_code(wanted) == provider)
        && query.has_transcript.is_none_or(|wanted| wanted == has_words)
        && query.language.as_ref().is_none_or(|wanted| wanted.as_str() == language)
        && query.min_quality.is_none_or(|wanted| f64::from(completed) / STEP_COUNT as f64 + QUALITY_SLACK >= wanted)
}

/// A score is shown with two digits (0.33); asking for what was shown finds it.
const QUALITY_SLACK: f64 = 0.005;

/// The filters that need the row.
struct TextFilter {
    digits: Option<String>,
    needle: Option<String>,
}

impl TextFilter {
    fn of(query: &ListQuery) -> Option<Self> {
        let digits = query.phone_number.as_deref().map(|number| digits_of(number).trim_start_matches('0').to_owned());
        let needle = query.search_text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let filter = Self { digits, needle: needle.map(str::to_lowercase) };
        (filter.digits.is_some() || filter.needle.is_some()).then_some(filter)
    }

    fn matches(&self, recording: &Recording) -> bool {
        let call = &recording.call;
        let parties = || [&call.caller, &call.callee, &call.owner].into_iter().chain(&call.participants);
        let has_number = |wanted: &String| {
            !wanted.is_empty()
                && parties().filter_map(|party| party.number.as_deref()).any(|n| digits_of(n).ends_with(wanted))
        };
        let says = |wanted: &String| {
            let preview = recording.transcript.as_ref().map(|transcript| transcript.preview.as_str());
            let file = recording.audio.as_ref().and_then(|audio| audio.original_name.as_deref());
            let texts = parties().flat_map(texts_of).chain(preview).chain(file);
            texts.into_iter().any(|text| text.to_lowercase().contains(wanted))
        };
        self.digits.as_ref().is_none_or(has_number) && self.needle.as_ref().is_none_or(says)
    }
}

fn texts_of(party: &Party) -> impl Iterator<Item = &str> {
    [&party.number, &party.name, &party.email].into_iter().filter_map(|text| text.as_deref())
}

fn digits_of(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}
