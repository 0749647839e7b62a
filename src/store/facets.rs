//! What follows from a recording for filters, telephone numbers and trends. Pure: no table is touched here.
//!
//! Texts become tags (the first half of a SHA-256 over kind and folded value), so that keys have one width whatever
//! stands in the source's description.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::index::{has_words, listing_facts};
use super::record::Row;
use crate::call::{Direction, Language, Party, ProcessingStatus, Recording, Step, StepState};

/// Raised when anything below changes its meaning; a database of another version is filled anew.
pub(super) const DERIVED_VERSION: u32 = 4;

/// Milliseconds of a day; days are those of UTC.
pub(super) const DAY_MS: i64 = 86_400_000;
/// Fields of a source's description that can be asked for; a description with more is no description.
const METADATA_FIELDS_MAX: usize = 500;
/// Longest value that can be asked for, in characters: what a parameter may hold.
const VALUE_CHARS_MAX: usize = 256;
/// Longest number, in digits; beyond it there is no telephone.
const DIGITS_MAX: usize = 32;
/// What calls worth a listen are tagged with.
pub(super) const IS_WORTH: &str = "true";
/// What calls with any failed step are tagged with, beside the names of those steps.
pub(super) const ANY_STEP: &str = "any";
/// Topics of one call that count in trends.
const TOPICS_MAX: usize = 20;

/// Calls, by standing in the order of [`ProcessingStatus::ALL`], newest call (milliseconds since 1970).
pub(super) type NumberRow = (u64, [u64; 5], i64);

/// Added up by day: calls, with words, failed, milliseconds, confidence (millionths), calls with confidence, completed
/// steps, positive, neutral, negative.
pub(super) type Sums = [i64; 10];

/// Sums by (kind, day, value).
pub(super) type ByDay<S> = BTreeMap<(u8, i32, String), S>;

/// What a day's sums are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum DayKind {
    /// Everything that the listing's facts tell apart; answers totals. Day `i32::MIN` holds all days.
    Facts = 0,
    All = 1,
    Owner = 2,
    Location = 3,
    Queue = 4,
    Account = 5,
    Direction = 6,
    Hour = 7,
    Topic = 8,
    Category = 9,
    Language = 10,
    Provider = 11,
}

/// The day that stands for all days.
pub(super) const ALL_DAYS: i32 = i32::MIN;

/// A field a filter asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Status,
    Owner,
    Location,
    Category,
    Sentiment,
    Account,
    Queue,
    Metadata,
    WorthAListen,
    Provider,
    Language,
    Words,
    FailedStep,
}

/// Whether there is a transcript with words, as the value of a tag.
pub(super) const fn words_text(has_words: bool) -> &'static str {
    if has_words { "yes" } else { "no" }
}

/// The tag of a value; case and surrounding space do not count.
pub(super) fn tag(field: Field, path: &str, value: &str) -> u128 {
    let mut digest = Sha256::new();
    digest.update([field as u8]);
    digest.update(path);
    digest.update([0]);
    digest.update(value.trim().to_lowercase());
    let digest = digest.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(half)
}

/// All tags of a recording that was not removed.
pub(super) fn tags(recording: &Recording) -> BTreeSet<u128> {
    let mut tags = BTreeSet::new();
    let call = &recording.call;
    let mut add = |field, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            tags.insert(tag(field, "", value));
        }
    };
    add(Field::Status, Some(recording.steps.processing_status().as_str()));
    add(Field::Provider, Some(recording.key.provider.as_str()));
    let transcript = recording.transcript.as_ref();
    add(Field::Language, transcript.and_then(|facts| facts.language.as_ref()).map(Language::as_str));
    add(Field::Words, Some(words_text(transcript.is_some_and(|facts| facts.word_count > 0))));
    for text in [&call.owner.name, &call.owner.email, &call.owner.id, &call.owner.number] {
        add(Field::Owner, text.as_deref());
    }
    add(Field::Location, call.location.as_deref());
    add(Field::Queue, call.queue.as_deref());
    add(Field::Account, Some(recording.key.account.as_str()));
    add(Field::Account, Some(&super::index::source_key(recording.key.provider, &recording.key.account)));
    if let Some(insight) = &recording.insight {
        insight.category_names().for_each(|category| add(Field::Category, Some(category)));
        add(Field::Sentiment, insight.sentiment.as_ref().map(|sentiment| sentiment.label.as_str()));
    }
    add(Field::WorthAListen, (!recording.listen_reasons().is_empty()).then_some(IS_WORTH));
    // One with work to come may yet mend itself.
    if matches!(recording.steps.processing_status(), ProcessingStatus::Failed | ProcessingStatus::Partial) {
        for (step, record) in recording.steps.iter() {
            if matches!(record.state, StepState::Failed { .. }) {
                add(Field::FailedStep, Some(step.as_str()));
                add(Field::FailedStep, Some(ANY_STEP));
            }
        }
    }
    let mut fields = 0;
    walk(&recording.metadata, &mut String::new(), &mut |path, value| {
        fields += 1;
        if fields <= METADATA_FIELDS_MAX && value.chars().count() <= VALUE_CHARS_MAX {
            tags.insert(tag(Field::Metadata, path, value));
        }
    });
    tags
}

/// Every value with its path: fields joined by dots, positions in an array left out.
fn walk(value: &Value, path: &mut String, see: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                walk(value, path, see);
                path.truncate(length);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, see)),
        Value::String(text) => see(path, text),
        other => see(path, &other.to_string()),
    }
}

/// The digits of a number without the zeros before it: `+49 30 123`, `004930123` and `4930123` are one.
pub(super) fn digits_of(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').to_owned()
}

/// Digits from the end, so that the end of a number is a beginning.
pub(super) fn reversed(digits: &str) -> String {
    digits.chars().rev().collect()
}

/// Everybody on a call.
pub(super) fn parties(recording: &Recording) -> impl Iterator<Item = &Party> {
    let call = &recording.call;
    [&call.caller, &call.callee, &call.owner].into_iter().chain(&call.participants)
}

/// The numbers of a call, as digits.
pub(super) fn numbers(recording: &Recording) -> BTreeSet<String> {
    let numbers = parties(recording).filter_map(|party| party.number.as_deref()).map(digits_of);
    numbers.filter(|digits| !digits.is_empty() && digits.len() <= DIGITS_MAX).collect()
}

/// The day of a time.
pub(super) fn day_of(ms: i64) -> i32 {
    i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX)
}

/// What a row adds to which sums; nothing once it is removed.
pub(super) fn day_sums(row: &Row) -> ByDay<Sums> {
    let mut parts = BTreeMap::new();
    let recording = &row.recording;
    if recording.deletion.is_some() {
        return parts;
    }
    let sums = sums_of(row);
    let day = day_of(recording.listed_at().as_millisecond());
    let mut add = |kind: DayKind, value: Option<&str>| {
        if let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) {
            let shown: String = value.chars().take(VALUE_CHARS_MAX).collect();
            parts.insert((kind as u8, day, shown), sums);
        }
    };
    let call = &recording.call;
    add(DayKind::All, Some("all"));
    add(DayKind::Facts, Some(&facts_text(row)));
    let owner = &call.owner;
    add(DayKind::Owner, [&owner.name, &owner.email, &owner.id, &owner.number].into_iter().find_map(Option::as_deref));
    add(DayKind::Location, call.location.as_deref());
    add(DayKind::Queue, call.queue.as_deref());
    add(DayKind::Account, Some(&super::index::source_key(recording.key.provider, &recording.key.account)));
    add(DayKind::Provider, Some(recording.key.provider.as_str()));
    add(DayKind::Direction, call.direction.map(direction));
    add(DayKind::Hour, Some(&hour(recording.listed_at())));
    let language = recording.transcript.as_ref().and_then(|transcript| transcript.language.as_ref());
    add(DayKind::Language, language.map(Language::as_str));
    if let Some(insight) = &recording.insight {
        insight.topics.iter().take(TOPICS_MAX).for_each(|topic| add(DayKind::Topic, Some(topic)));
        insight.category_names().for_each(|category| add(DayKind::Category, Some(category)));
    }
    let mut count = Sums::default();
    count[0] = 1;
    parts.insert((DayKind::Facts as u8, ALL_DAYS, facts_text(row)), count);
    parts
}

fn sums_of(row: &Row) -> Sums {
    let recording = &row.recording;
    let clamp = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let completed = |state: &StepState| i64::from(matches!(state, StepState::Completed { .. }));
    let audio_ms = recording.audio.as_ref().and_then(|audio| audio.duration_ms).or(recording.call.duration_ms);
    let confidence = recording.transcript.as_ref().and_then(|transcript| transcript.confidence);
    let label = recording
        .insight
        .as_ref()
        .and_then(|insight| insight.sentiment.as_ref())
        .map(|sentiment| sentiment.label as i64);
    [
        1,
        i64::from(has_words(row)),
        i64::from(recording.steps.processing_status() == ProcessingStatus::Failed),
        audio_ms.map_or(0, clamp),
        confidence.map_or(0, |score| (f64::from(score) * 1e6) as i64),
        i64::from(confidence.is_some()),
        Step::ALL.into_iter().map(|step| completed(&recording.steps.get(step).state)).sum(),
        i64::from(label == Some(0)),
        i64::from(label == Some(1)),
        i64::from(label == Some(2)),
    ]
}

/// The listing's facts as text: one character each, the language behind them.
fn facts_text(row: &Row) -> String {
    let (status, provider, completed, words, language) = listing_facts(row);
    let digit = |number: u8| char::from_digit(u32::from(number), 36).unwrap_or('z');
    format!("{}{}{}{}{language}", digit(status), digit(provider), digit(completed), u8::from(words))
}

/// Reads [`facts_text`] back.
pub(super) fn facts_of_text(text: &str) -> Option<super::index::ListingFacts<'_>> {
    let digit =
        |at: usize| text.get(at..=at)?.chars().next()?.to_digit(36).and_then(|number| u8::try_from(number).ok());
    Some((digit(0)?, digit(1)?, digit(2)?, digit(3)? == 1, text.get(4..)?))
}

const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
        Direction::Internal => "internal",
    }
}

fn hour(time: Timestamp) -> String {
    format!("{:02}", time.to_zoned(TimeZone::UTC).hour())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_path_and_arrays_have_none() {
        let metadata = serde_json::json!({"a": {"b": [1, {"c": true}, "x"]}, "d": null});
        let mut seen = Vec::new();
        walk(&metadata, &mut String::new(), &mut |path, value| seen.push(format!("{path}={value}")));
        assert_eq!(seen, ["a.b=1", "a.b.c=true", "a.b=x", "d=null"]);
    }

    #[test]
    fn one_number_is_one_however_it_is_written() {
        assert!(["+49 30 123", "004930123", "49-30-123"].iter().all(|number| digits_of(number) == "4930123"));
        assert_eq!(reversed("4930123"), "3210394");
    }

    #[test]
    fn days_before_1970_are_days_too() {
        assert_eq!((day_of(-1), day_of(0), day_of(DAY_MS)), (-1, 0, 1));
    }
}
