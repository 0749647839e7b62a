//! Pages of recordings, newest first. Removed ones are not shown.
//!
//! Every filter is a row of keys, newest first: of the listing, of a tag, of a telephone number, or given by the search
//! index. A page is what all of them have in common; no row is opened that is not shown. Totals of what the listing's
//! facts tell apart are kept by day, those of one tag and of one number beside it; others are counted over keys by whoever
//! asks first, and kept in memory.

mod counted;
mod days;
mod failed;
mod numbered;
mod rows;
mod streams;
mod tagged;

use std::sync::Arc;

use jiff::Timestamp;
use redb::ReadTransaction;
use serde::{Deserialize, Serialize};

use super::check::kept_sums;
use super::derived::is_filled;
use super::error::Fault;
use super::facets::{ALL_DAYS, DAY_MS, Field, IS_WORTH, tag, words_text};
use super::index::{ListingFacts, provider_code};
use super::query::row;
use super::schema::LISTING;
use super::unindexed::changed;
use super::{Store, StoreError};
use crate::call::{Language, ProcessingStatus, ProviderKind, Recording, RecordingId, STEP_COUNT, SentimentLabel};
pub(super) use counted::{Changes, Counted};
pub use failed::FailedStep;
use rows::RowFilter;
use streams::{Key, Stream, Streams, common};

/// Which recordings a list shows. Filters combine: all that are set must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// Matches to leave out at the start.
    pub skip: u64,
    /// Most items in the page.
    pub limit: usize,
    /// Only what stands behind this place.
    pub after: Option<Place>,
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
    /// Some party has exactly this number.
    pub whole_number: Option<String>,
    /// The transcript is in this language.
    pub language: Option<Language>,
    /// There is, or is not, a transcript with words.
    pub has_transcript: Option<bool>,
    /// Some name, number, e-mail, file name or the transcript's beginning contains this, in any case. Opens every row that
    /// the other filters let through; for as long as the search index is not there.
    pub search_text: Option<String>,
    /// One of these, as the search index found them; not kept.
    #[serde(skip)]
    pub among: Option<Among>,
    /// Quality score at least this, 0 to 1.
    pub min_quality: Option<f64>,
    /// Whose recording it is: name, e-mail, id or number, whole, in any case.
    pub owner: Option<String>,
    /// Site or office, whole, in any case.
    pub location: Option<String>,
    /// One of its categories, whole, in any case.
    pub category: Option<String>,
    /// How it sounded.
    pub sentiment: Option<SentimentLabel>,
    /// The account, as `name` or `provider/name`.
    pub account: Option<String>,
    /// Queue or hunt group, whole, in any case.
    pub queue: Option<String>,
    /// Somebody should listen to it: [`Recording::listen_reasons`].
    pub is_worth_a_listen: bool,
    /// Work on it has ended, and this step, or any, failed: what was given up, and what has everything but that.
    pub failed_step: Option<FailedStep>,
    /// Fields of the source's description: (path, value). Of an array any element will do; case does not count.
    pub metadata: Vec<(String, String)>,
}

/// Where a recording stands in every list; what a page ends with and the next one goes on behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// [`Recording::listed_at`] in milliseconds since 1970.
    pub listed_at_ms: i64,
    /// The recording.
    pub id: RecordingId,
}

/// Recordings found elsewhere, newest first. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Among(Arc<[Key]>);

impl FromIterator<Place> for Among {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut keys: Vec<Key> = places.into_iter().map(|place| (place.listed_at_ms, *place.id.as_bytes())).collect();
        keys.sort_unstable_by(|one, other| other.cmp(one));
        keys.dedup();
        Self(keys.into())
    }
}

impl Among {
    /// Those that stand where the index says; `None` when too much changed since to tell one by one.
    fn still_there(&self, tx: &ReadTransaction) -> Result<Option<Arc<[Key]>>, Fault> {
        let Some(changed) = changed(tx)? else { return Ok(None) };
        if changed.is_empty() {
            return Ok(Some(Arc::clone(&self.0)));
        }
        let listing = tx.open_table(LISTING)?;
        let mut there = Vec::with_capacity(self.0.len());
        for key in self.0.iter() {
            if !changed.contains(&key.1) || listing.get((key.0, &key.1))?.is_some() {
                there.push(*key);
            }
        }
        Ok(Some(there.into()))
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Matches in all, whatever the page shows.
    pub total: u64,
    /// Newest first.
    pub items: Vec<Recording>,
    /// Where the next page begins; absent when nothing is behind this one.
    pub next: Option<Place>,
}

impl Store {
    /// A page of recordings.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.read(|tx| {
            let Some(span) = Span::of(query) else { return Ok(Page { total: 0, items: Vec::new(), next: None }) };
            let mut gathered = Gathered::new(self, query);
            if !is_filled(tx)? || query.search_text.is_some() {
                let filter = RowFilter::of(query, span);
                common(filter.streams(tx, query, span)?, |key| {
                    let Some(row) = row(tx, RecordingId::from_bytes(key.1))? else { return Ok(true) };
                    let recording = self.shown(row.recording);
                    if filter.matches(&recording) {
                        gathered.see(key, || Ok(Some(recording)))?;
                    }
                    Ok(true)
                })?;
                return Ok(gathered.end());
            }
            if let Some(total) = days::known_total(tx, query, span)? {
                days::gather(tx, query, span, &mut gathered)?;
                gathered.total = total;
                return Ok(gathered.end());
            }
            let number = counted::number_of(tx)?;
            let known_total = match tagged::known_total(tx, query, span)? {
                None => numbered::known_total(tx, query, span)?,
                known => known,
            };
            let known_total = known_total.or_else(|| self.0.counted.total(query, number));
            // What need not be counted need not be passed either.
            let after = query.after.map(Place::key).filter(|_| known_total.is_some());
            let high = after.map_or(span.high(), |after| after.min(span.high()));
            common(streams_of(tx, query, span.low, high)?, |key| {
                gathered.see(key, || opened(tx, key))?;
                Ok(known_total.is_none() || !gathered.has_more)
            })?;
            match known_total {
                Some(total) => gathered.total = total,
                None => self.0.counted.keep(query, number, gathered.total),
            }
            Ok(gathered.end())
        })
    }

    /// The places that the query lets through, newest first; paging is not looked at.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn all_places(&self, query: &ListQuery) -> Result<Vec<Place>, StoreError> {
        self.read(|tx| {
            let mut places = Vec::new();
            let Some(span) = Span::of(query) else { return Ok(places) };
            let filter = (!is_filled(tx)?).then(|| RowFilter::of(query, span));
            let streams = match &filter {
                Some(filter) => filter.streams(tx, query, span)?,
                None => streams_of(tx, query, span.low, span.high())?,
            };
            common(streams, |key| {
                let id = RecordingId::from_bytes(key.1);
                if let Some(filter) = &filter
                    && !row(tx, id)?.is_some_and(|row| filter.matches(&self.shown(row.recording)))
                {
                    return Ok(true);
                }
                places.push(Place { listed_at_ms: key.0, id });
                Ok(true)
            })?;
            Ok(places)
        })
    }
}

impl Place {
    /// Where a recording stands.
    pub fn of(recording: &Recording) -> Self {
        Self { listed_at_ms: recording.listed_at().as_millisecond(), id: recording.id }
    }

    const fn key(self) -> Key {
        (self.listed_at_ms, *self.id.as_bytes())
    }
}

/// The time a query spans, in milliseconds, the end excluded.
#[derive(Debug, Clone, Copy)]
struct Span {
    low: i64,
    high: i64,
}

impl Span {
    fn of(query: &ListQuery) -> Option<Self> {
        let low = query.from.map_or(i64::MIN, Timestamp::as_millisecond);
        let high = query.to.map_or(i64::MAX, Timestamp::as_millisecond);
        (low < high).then_some(Self { low, high })
    }

    const fn high(self) -> Key {
        (self.high, [0; 16])
    }

    /// The first whole day in it, and the first behind them.
    fn whole_days(self) -> (i32, i32) {
        let day = |ms: i64| i32::try_from(ms).unwrap_or(if ms < 0 { ALL_DAYS + 1 } else { i32::MAX });
        let first = if self.low == i64::MIN { ALL_DAYS + 1 } else { day((self.low - 1).div_euclid(DAY_MS) + 1) };
        let end = if self.high == i64::MAX { i32::MAX } else { day(self.high.div_euclid(DAY_MS)) };
        (first, end)
    }
}

/// What a page is gathered in.
struct Gathered<'q> {
    store: &'q Store,
    query: &'q ListQuery,
    total: u64,
    passed: u64,
    items: Vec<Recording>,
    last: Option<Key>,
    has_more: bool,
}

impl<'q> Gathered<'q> {
    const fn new(store: &'q Store, query: &'q ListQuery) -> Self {
        Self { store, query, total: 0, passed: 0, items: Vec::new(), last: None, has_more: false }
    }

    /// Passes over `count` matches that the query leaves out at the start; answers whether it leaves out so many.
    fn leave_out(&mut self, count: u64) -> bool {
        let fits = self.passed.saturating_add(count) <= self.query.skip;
        if fits {
            self.passed += count;
        }
        fits
    }

    fn see(&mut self, key: Key, open: impl FnOnce() -> Result<Option<Recording>, Fault>) -> Result<(), Fault> {
        self.total += 1;
        if self.has_more || self.query.after.is_some_and(|after| key >= after.key()) {
            return Ok(());
        }
        self.passed += 1;
        if self.passed <= self.query.skip {
            return Ok(());
        }
        if self.items.len() == self.query.limit {
            self.has_more = true;
            return Ok(());
        }
        if let Some(recording) = open()? {
            self.items.push(self.store.shown(recording));
            self.last = Some(key);
        }
        Ok(())
    }

    fn end(self) -> Page {
        let place = |(listed_at_ms, id)| Place { listed_at_ms, id: RecordingId::from_bytes(id) };
        Page { total: self.total, items: self.items, next: self.last.filter(|_| self.has_more).map(place) }
    }
}

fn opened(tx: &ReadTransaction, key: Key) -> Result<Option<Recording>, Fault> {
    let recording = row(tx, RecordingId::from_bytes(key.1))?.map(|row| row.recording);
    // Removed while the index was asked.
    Ok(recording.filter(|recording| recording.deletion.is_none()))
}

/// The rows of keys, from `low` (included) to `high` (excluded), whose common ones are what a query asks for.
fn streams_of<'q>(tx: &ReadTransaction, query: &'q ListQuery, low: i64, high: Key) -> Result<Streams<'q>, Fault> {
    let mut streams = Streams::default();
    for tag in wanted_tags(query).into_iter().chain(fact_tags(query)) {
        streams.all.push(Stream::tagged(tx, tag, low, high)?);
    }
    for (number, is_whole) in [(&query.phone_number, false), (&query.whole_number, true)] {
        if let Some(number) = number {
            streams.all.push(numbered::stream(tx, number, is_whole, low, high)?);
        }
    }
    let by_status = |status: ProcessingStatus| Stream::tagged(tx, tag(Field::Status, "", status.as_str()), low, high);
    match query.status {
        // Most have this standing: those that have not are fewer.
        Some(wanted) if !streams.all.is_empty() && is_usual(tx, wanted)? => {
            for other in ProcessingStatus::ALL.into_iter().filter(|other| *other != wanted) {
                streams.without.push(by_status(other)?);
            }
        }
        Some(wanted) => streams.all.push(by_status(wanted)?),
        None => {}
    }
    let mut is_live = !streams.all.is_empty();
    if let Some(among) = &query.among {
        // What was removed or moved since the index saw it is in no other row of keys.
        let keys = if is_live { Some(Arc::clone(&among.0)) } else { among.still_there(tx)? };
        is_live |= keys.is_some();
        streams.all.push(Stream::given(keys.unwrap_or_else(|| Arc::clone(&among.0)), low, high));
    }
    if !is_live || query.min_quality.is_some() {
        streams.all.push(Stream::listing(tx, low, high, Box::new(|facts| facts_match(query, facts)))?);
    }
    Ok(streams)
}

/// Whether more than half of all recordings stand so.
fn is_usual(tx: &ReadTransaction, status: ProcessingStatus) -> Result<bool, Fault> {
    let sums = kept_sums(tx)?;
    let sum = |name: &str| sums.get(name).copied().unwrap_or(0);
    Ok(sum(status.as_str()) * 2 > sum("recordings"))
}

/// The filters that tags alone answer.
fn wanted_tags(query: &ListQuery) -> Vec<u128> {
    let texts = [
        (Field::Owner, query.owner.as_deref()),
        (Field::Location, query.location.as_deref()),
        (Field::Category, query.category.as_deref()),
        (Field::Sentiment, query.sentiment.map(SentimentLabel::as_str)),
        (Field::Account, query.account.as_deref()),
        (Field::Queue, query.queue.as_deref()),
        (Field::WorthAListen, query.is_worth_a_listen.then_some(IS_WORTH)),
        (Field::FailedStep, query.failed_step.map(FailedStep::as_str)),
    ];
    let fields = texts.into_iter().filter_map(|(field, value)| Some(tag(field, "", value?)));
    fields.chain(query.metadata.iter().map(|(path, value)| tag(Field::Metadata, path, value))).collect()
}

/// The filters that the listing and the sums by day answer as well; the standing is apart.
fn fact_tags(query: &ListQuery) -> impl Iterator<Item = u128> {
    let texts = [
        (Field::Provider, query.provider.map(ProviderKind::as_str)),
        (Field::Language, query.language.as_ref().map(Language::as_str)),
        (Field::Words, query.has_transcript.map(words_text)),
    ];
    texts.into_iter().filter_map(|(field, value)| Some(tag(field, "", value?)))
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
