//! Pages of recordings, newest first. Removed ones are not shown.
//!
//! Every filter is a row of keys, newest first: of the listing, of a tag, of a telephone number, or given by the search
//! index. A page is what all of them have in common; no row is opened that is not shown. Totals of what the listing's
//! facts tell apart are kept by day; others are counted over keys.

mod streams;

use std::sync::Arc;

use jiff::Timestamp;
use redb::ReadTransaction;

use super::derived::is_filled;
use super::error::Fault;
use super::facets::{
    ALL_DAYS, DAY_MS, DayKind, Field, IS_WORTH, digits_of, facts_of_text, parties, reversed, tag, tags,
};
use super::index::{ListingFacts, provider_code};
use super::query::row;
use super::schema::{DAYS, LISTING, PHONES};
use super::{Store, StoreError};
use crate::call::{
    Language, Party, ProcessingStatus, ProviderKind, Recording, RecordingId, STEP_COUNT, SentimentLabel,
};
use streams::{Key, Stream, common};

/// Which recordings a list shows. Filters combine: all that are set must hold.
#[derive(Debug, Clone, PartialEq, Default)]
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
    /// One of these, as the search index found them.
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
    /// Fields of the source's description: (path, value). Of an array any element will do; case does not count.
    pub metadata: Vec<(String, String)>,
}

/// Where a recording stands in every list; what a page ends with and the next one goes on behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
            let mut gathered = Gathered::new(query);
            if !is_filled(tx)? || query.search_text.is_some() {
                let filter = RowFilter::of(query);
                let mut all = filter.streams(tx, query, span)?;
                common(&mut all, |key| {
                    let Some(row) = row(tx, RecordingId::from_bytes(key.1))? else { return Ok(true) };
                    if filter.matches(&row.recording) {
                        gathered.see(key, || Ok(Some(row.recording)))?;
                    }
                    Ok(true)
                })?;
                return Ok(gathered.end());
            }
            let known_total = known_total(tx, query, span)?;
            let high = match (known_total, query.after) {
                (Some(_), Some(after)) => after.key().min(span.high()),
                _ => span.high(),
            };
            let mut streams = streams_of(tx, query, span, high)?;
            common(&mut streams, |key| {
                gathered.see(key, || Ok(row(tx, RecordingId::from_bytes(key.1))?.map(|row| row.recording)))?;
                Ok(known_total.is_none() || !gathered.has_more)
            })?;
            gathered.total = known_total.unwrap_or(gathered.total);
            Ok(gathered.end())
        })
    }

    /// Of these, the places that the query lets through, in no order; paging is not looked at.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn all_places(&self, query: &ListQuery) -> Result<Vec<Place>, StoreError> {
        self.read(|tx| {
            let mut places = Vec::new();
            let Some(span) = Span::of(query) else { return Ok(places) };
            let filter = (!is_filled(tx)?).then(|| RowFilter::of(query));
            let mut streams = match &filter {
                Some(filter) => filter.streams(tx, query, span)?,
                None => streams_of(tx, query, span, span.high())?,
            };
            common(&mut streams, |key| {
                let id = RecordingId::from_bytes(key.1);
                if let Some(filter) = &filter
                    && !row(tx, id)?.is_some_and(|row| filter.matches(&row.recording))
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
}

/// What a page is gathered in.
struct Gathered<'q> {
    query: &'q ListQuery,
    total: u64,
    passed: u64,
    items: Vec<Recording>,
    last: Option<Key>,
    has_more: bool,
}

impl<'q> Gathered<'q> {
    const fn new(query: &'q ListQuery) -> Self {
        Self { query, total: 0, passed: 0, items: Vec::new(), last: None, has_more: false }
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
            self.items.push(recording);
            self.last = Some(key);
        }
        Ok(())
    }

    fn end(self) -> Page {
        let place = |(listed_at_ms, id)| Place { listed_at_ms, id: RecordingId::from_bytes(id) };
        Page { total: self.total, items: self.items, next: self.last.filter(|_| self.has_more).map(place) }
    }
}

/// The rows of keys whose common ones are what a query asks for.
fn streams_of<'q>(tx: &ReadTransaction, query: &'q ListQuery, span: Span, high: Key) -> Result<Vec<Stream<'q>>, Fault> {
    let mut streams = Vec::new();
    for tag in wanted_tags(query) {
        streams.push(Stream::tagged(tx, tag, span.low, high)?);
    }
    if let Some(status) = query.status {
        streams.push(Stream::tagged(tx, tag(Field::Status, "", status.as_str()), span.low, high)?);
    }
    for keys in number_keys(tx, query, span)? {
        streams.push(Stream::given(keys, high));
    }
    if let Some(among) = &query.among {
        // What was removed or moved since the index saw it is not in the listing.
        streams.push(Stream::given(Arc::clone(&among.0), high));
    }
    if streams.is_empty() || query.among.is_some() || asks_facts(query) {
        streams.push(Stream::listing(tx, span.low, high, Box::new(|facts| facts_match(query, facts)))?);
    }
    Ok(streams)
}

/// The filters that tags answer; the standing apart, which the listing knows as well.
fn wanted_tags(query: &ListQuery) -> Vec<u128> {
    let texts = [
        (Field::Owner, query.owner.as_deref()),
        (Field::Location, query.location.as_deref()),
        (Field::Category, query.category.as_deref()),
        (Field::Sentiment, query.sentiment.map(SentimentLabel::as_str)),
        (Field::Account, query.account.as_deref()),
        (Field::Queue, query.queue.as_deref()),
        (Field::WorthAListen, query.is_worth_a_listen.then_some(IS_WORTH)),
    ];
    let fields = texts.into_iter().filter_map(|(field, value)| Some(tag(field, "", value?)));
    fields.chain(query.metadata.iter().map(|(path, value)| tag(Field::Metadata, path, value))).collect()
}

/// Keys of the calls with the numbers asked for.
fn number_keys(tx: &ReadTransaction, query: &ListQuery, span: Span) -> Result<Vec<Arc<[Key]>>, Fault> {
    let mut found = Vec::new();
    let numbers = [(query.phone_number.as_deref(), false), (query.whole_number.as_deref(), true)];
    for (number, is_whole) in numbers {
        let Some(number) = number else { continue };
        let from_end = reversed(&digits_of(number));
        let mut keys: Vec<Key> = Vec::new();
        if !from_end.is_empty() {
            for entry in
                tx.open_table(PHONES)?.range::<(&str, i64, &[u8; 16])>((from_end.as_str(), i64::MIN, &[0; 16])..)?
            {
                let key = entry?.0;
                let (digits, at, id) = key.value();
                if !digits.starts_with(&from_end) || is_whole && digits != from_end {
                    break;
                }
                if (span.low..span.high).contains(&at) {
                    keys.push((at, *id));
                }
            }
        }
        keys.sort_unstable_by(|one, other| other.cmp(one));
        keys.dedup();
        found.push(keys.into());
    }
    Ok(found)
}

const fn asks_facts(query: &ListQuery) -> bool {
    query.provider.is_some()
        || query.has_transcript.is_some()
        || query.language.is_some()
        || query.min_quality.is_some()
}

/// The matches in all where kept sums know them: without filters, and by what the listing's facts tell apart.
fn known_total(tx: &ReadTransaction, query: &ListQuery, span: Span) -> Result<Option<u64>, Fault> {
    let is_known = wanted_tags(query).is_empty()
        && query.phone_number.is_none()
        && query.whole_number.is_none()
        && query.among.is_none();
    if !is_known {
        return Ok(None);
    }
    let days = tx.open_table(DAYS)?;
    let sum = |from: i32, to: i32| -> Result<i64, Fault> {
        let mut sum = 0;
        let kind = DayKind::Facts as u8;
        for entry in days.range::<(u8, i32, &str)>((kind, from, "")..(kind, to, ""))? {
            let (key, sums) = entry?;
            if facts_of_text(key.value().2).is_some_and(|facts| facts_match(query, facts)) {
                sum += sums.value()[0];
            }
        }
        Ok(sum)
    };
    if (span.low, span.high) == (i64::MIN, i64::MAX) {
        return Ok(u64::try_from(sum(ALL_DAYS, ALL_DAYS + 1)?).ok());
    }
    // Whole days are summed up, what is left of the first and the last is counted.
    let day = |ms: i64| i32::try_from(ms).unwrap_or(if ms < 0 { ALL_DAYS + 1 } else { i32::MAX });
    let first = if span.low == i64::MIN { ALL_DAYS + 1 } else { day(span.low.div_euclid(DAY_MS) + 1) };
    let last = if span.high == i64::MAX { i32::MAX } else { day(span.high.div_euclid(DAY_MS)) };
    let listing = tx.open_table(LISTING)?;
    let count = |low: i64, high: i64| -> Result<i64, Fault> {
        let mut count = 0;
        for entry in listing.range((low, &[0; 16])..(high, &[0; 16]))? {
            count += i64::from(facts_match(query, entry?.1.value()));
        }
        Ok(count)
    };
    if first >= last {
        return Ok(u64::try_from(count(span.low, span.high)?).ok());
    }
    let mut total = sum(first, last)?;
    if span.low != i64::MIN {
        total += count(span.low, i64::from(first) * DAY_MS)?;
    }
    if span.high != i64::MAX {
        total += count(i64::from(last) * DAY_MS, span.high)?;
    }
    Ok(u64::try_from(total).ok())
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

/// The filters that keys answer, for a recording's own facts: while the keys are not all there, and for a text that is
/// looked for without an index.
struct RowFilter {
    tags: Vec<u128>,
    digits: Option<String>,
    whole: Option<String>,
    needle: Option<String>,
}

impl RowFilter {
    fn of(query: &ListQuery) -> Self {
        let needle = query.search_text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Self {
            tags: wanted_tags(query),
            digits: query.phone_number.as_deref().map(digits_of),
            whole: query.whole_number.as_deref().map(digits_of),
            needle: needle.map(str::to_lowercase),
        }
    }

    fn streams<'q>(&self, tx: &ReadTransaction, query: &'q ListQuery, span: Span) -> Result<Vec<Stream<'q>>, Fault> {
        if is_filled(tx)? {
            return streams_of(tx, query, span, span.high());
        }
        let facts = Stream::listing(tx, span.low, span.high(), Box::new(|facts| facts_match(query, facts)))?;
        let among = query.among.as_ref().map(|among| Stream::given(Arc::clone(&among.0), span.high()));
        Ok([facts].into_iter().chain(among).collect())
    }

    fn matches(&self, recording: &Recording) -> bool {
        let numbers = || parties(recording).filter_map(|party| party.number.as_deref()).map(digits_of);
        let ends = |wanted: &String| !wanted.is_empty() && numbers().any(|digits| digits.ends_with(wanted));
        let says = |wanted: &String| {
            let preview = recording.transcript.as_ref().map(|transcript| transcript.preview.as_str());
            let file = recording.audio.as_ref().and_then(|audio| audio.original_name.as_deref());
            let mut texts = parties(recording).flat_map(texts_of).chain(preview).chain(file);
            texts.any(|text| text.to_lowercase().contains(wanted))
        };
        let has_tags = self.tags.is_empty() || {
            let known = tags(recording);
            self.tags.iter().all(|tag| known.contains(tag))
        };
        has_tags
            && self.digits.as_ref().is_none_or(ends)
            && self.whole.as_ref().is_none_or(|wanted| numbers().any(|digits| digits == *wanted))
            && self.needle.as_ref().is_none_or(says)
    }
}

fn texts_of(party: &Party) -> impl Iterator<Item = &str> {
    [&party.number, &party.name, &party.email].into_iter().filter_map(|text| text.as_deref())
}
