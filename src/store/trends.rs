//! Sums by day and by what calls have in common, kept with every change: the cost grows with days, not with calls.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::facets::{ALL_DAYS, DAY_MS, DayKind, Sums, day_of, facts_of_text};
use super::schema::DAYS;
use super::{Store, StoreError};
use crate::call::{ProcessingStatus, STEP_COUNT};

/// What trends are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrendBy {
    /// One line for everything.
    All,
    /// Day in UTC.
    Day,
    /// Hour of the day in UTC.
    Hour,
    /// Whose recording it is.
    Owner,
    /// Site or office.
    Location,
    /// Queue or hunt group.
    Queue,
    /// Account, as `provider/name`.
    Account,
    /// Provider.
    Provider,
    /// Which way the call went.
    Direction,
    /// Language of the transcript.
    Language,
    /// Topic; a call counts for each of its topics.
    Topic,
    /// Category; a call counts for each of its categories.
    Category,
    /// Standing as a whole.
    Status,
    /// How many of the six steps are completed.
    Steps,
}

/// Sums of one group of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trend {
    /// Calls.
    pub calls: u64,
    /// With a transcript that has words.
    pub transcribed: u64,
    /// Given up.
    pub failed: u64,
    /// Length of all calls together.
    pub duration_ms: u64,
    /// Calls whose transcript has a confidence, and their sum in millionths.
    pub confidence: (u64, u64),
    /// Completed steps of all calls.
    pub completed_steps: u64,
    /// Positive, neutral, negative.
    pub sentiment: [u64; 3],
}

impl Trend {
    /// Mean confidence, 0 to 1; absent when no call has one.
    pub fn mean_confidence(&self) -> Option<f64> {
        let (count, sum) = self.confidence;
        (count > 0).then(|| sum as f64 / 1e6 / count as f64)
    }

    /// Mean quality score, 0 to 1; 0 without calls.
    pub fn mean_quality(&self) -> f64 {
        let steps = self.calls * STEP_COUNT as u64;
        if steps > 0 { self.completed_steps as f64 / steps as f64 } else { 0.0 }
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.calls += other.calls;
        self.transcribed += other.transcribed;
        self.failed += other.failed;
        self.duration_ms += other.duration_ms;
        self.confidence = (self.confidence.0 + other.confidence.0, self.confidence.1 + other.confidence.1);
        self.completed_steps += other.completed_steps;
        self.sentiment.iter_mut().zip(other.sentiment).for_each(|(sum, part)| *sum += part);
        self
    }

    fn add(&mut self, sums: Sums) {
        let [calls, transcribed, failed, duration_ms, confidence, confident, completed_steps, sounded @ ..] =
            sums.map(|sum| u64::try_from(sum).unwrap_or(0));
        let confidence = (confident, confidence);
        *self = self.with(&Self {
            calls,
            transcribed,
            failed,
            duration_ms,
            confidence,
            completed_steps,
            sentiment: sounded,
        });
    }
}

impl Store {
    /// Sums of the calls recorded on the days from `from` to before `to`, by group; days are whole. Days are in order of
    /// time, other groups in order of their names.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn trends(
        &self,
        by: TrendBy,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<(String, Trend)>, StoreError> {
        let first = from.map_or(ALL_DAYS + 1, |from| day_of(from.as_millisecond()));
        let end = to.map_or(i32::MAX, |to| day_of(to.as_millisecond() - 1).saturating_add(1));
        let kind = match by {
            TrendBy::All | TrendBy::Day => DayKind::All,
            TrendBy::Hour => DayKind::Hour,
            TrendBy::Owner => DayKind::Owner,
            TrendBy::Location => DayKind::Location,
            TrendBy::Queue => DayKind::Queue,
            TrendBy::Account => DayKind::Account,
            TrendBy::Provider => DayKind::Provider,
            TrendBy::Direction => DayKind::Direction,
            TrendBy::Language => DayKind::Language,
            TrendBy::Topic => DayKind::Topic,
            TrendBy::Category => DayKind::Category,
            TrendBy::Status | TrendBy::Steps => DayKind::Facts,
        } as u8;
        self.read(|tx| {
            let mut groups: BTreeMap<String, Trend> = BTreeMap::new();
            if first >= end {
                return Ok(Vec::new());
            }
            for entry in tx.open_table(DAYS)?.range::<(u8, i32, &str)>((kind, first, "")..(kind, end, ""))? {
                let (key, sums) = entry?;
                let (_, day, value) = key.value();
                if let Some(named) = named(by, day, value) {
                    groups.entry(named).or_default().add(sums.value());
                } else if let Some(known) = groups.get_mut(value) {
                    known.add(sums.value());
                } else {
                    groups.entry(value.to_owned()).or_default().add(sums.value());
                }
            }
            Ok(groups.into_iter().collect())
        })
    }
}

/// The group of an entry where it is not the entry's own value.
fn named(by: TrendBy, day: i32, value: &str) -> Option<String> {
    match by {
        TrendBy::Day => Some(date(day)),
        TrendBy::Status => {
            let (status, ..) = facts_of_text(value)?;
            ProcessingStatus::ALL.get(usize::from(status)).map(|status| status.as_str().to_owned())
        }
        TrendBy::Steps => facts_of_text(value).map(|(_, _, completed, ..)| completed.to_string()),
        _ => None,
    }
}

/// `2026-11-20`.
fn date(day: i32) -> String {
    let time = Timestamp::from_millisecond(i64::from(day) * DAY_MS).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d").to_string()
}
