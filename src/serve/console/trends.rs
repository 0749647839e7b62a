//! `/trends`: calls over time and by what is known of them, as charts. All figures are sums that the store keeps, the same
//! that `/api/v1/analytics` answers with.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::calls::encoded;
use super::chart::{Bars, Columns};
use super::course::{Lines, Stacks};
use super::shown::{percent, roughly};
use super::talked::Talked;
use super::{Here, PageError, Shell, page, shown};
use crate::call::{ProcessingStatus, STEP_COUNT};
use crate::serve::Api;
use crate::serve::error::ApiError;
use crate::serve::params::Params;
use crate::store::{Store, StoreError, Trend, TrendBy};

/// Spans that can be chosen at once, in days.
const SPANS: [u64; 4] = [7, 30, 90, 365];
const SPAN_DEFAULT: u64 = 30;
/// Longest span, in days: ten years.
const SPAN_MAX: u64 = 3660;
/// Names in one chart.
const NAMES_MAX: usize = 10;
/// Layers of the sentiment's columns, and the classes that colour them.
const MOODS: [(&str, &str); 3] = [("Negative", "is-negative"), ("Neutral", "is-neutral"), ("Positive", "is-positive")];

#[derive(Template)]
#[template(path = "trends.html", config = "src/serve/console/askama.toml")]
struct TrendsPage {
    shell: Shell,
    span: Span,
    tiles: Vec<Tile>,
    trends: Trends,
    talked: Talked,
}

impl TrendsPage {
    fn spans(&self) -> [u64; 4] {
        SPANS
    }
}

/// The days that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Date,
    pub(super) last: Date,
    days: u64,
    /// It was chosen by its length, up to today.
    is_recent: bool,
}

/// One figure, with the same of as many days before.
struct Tile {
    name: &'static str,
    value: String,
    before: Option<String>,
}

/// What is shown.
struct Trends {
    by_day: Columns,
    by_hour: Columns,
    moods: Stacks,
    quality: Lines,
    topics: Bars,
    categories: Bars,
    by_user: Bars,
    by_location: Bars,
    by_queue: Bars,
    by_language: Bars,
    statuses: Bars,
    steps: Bars,
}

/// Shows the charts.
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Trends.failed();
    let today = api.0.clock.now().to_zoned(TimeZone::UTC).date();
    let span = Span::asked(params.without_empty(), today).map_err(&failed)?;
    let asked = move |store: &Store| -> Result<_, StoreError> {
        let (from, to) = span.bounds();
        let before = Before::of(store, span.before())?;
        Ok((Figures::of(store, span)?, before, store.weeks_of_accounts(from, to)?))
    };
    let (now, before, weeks) = api.ask(asked).await.map_err(&failed)?;
    let tiles = tiles(&now.totals, &before.totals);
    let trends = Trends::of(&now, &before, span);
    let talked = Talked::of(&now.groups["owner"], &weeks, &now.totals.all, span);
    Ok(page(&TrendsPage { shell: Shell::new(Here::Trends, "Trends"), span, tiles, trends, talked }))
}

impl Span {
    fn asked(mut params: Params, today: Date) -> Result<Self, ApiError> {
        let days = params.whole(&["days"], 1..=SPAN_MAX)?;
        let date = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        let from = params.time_from(&["from_date"])?.map(date);
        let to = params.time_to(&["to_date"])?.and_then(|to| to.checked_sub(1.millisecond()).ok()).map(date);
        params.finish()?;
        let is_recent = from.is_none() && to.is_none();
        let last = to.unwrap_or(today);
        let first =
            from.unwrap_or_else(|| last.saturating_sub((days.unwrap_or(SPAN_DEFAULT).cast_signed() - 1).days()));
        let days = last.since(first).map_or(-1, |span| i64::from(span.get_days())) + 1;
        match u64::try_from(days) {
            Ok(days) if (1..=SPAN_MAX).contains(&days) => Ok(Self { first, last, days, is_recent }),
            _ => Err(ApiError::bad_parameter(
                "The period must be between a day and ten years, with its first day before its last.",
                "Choose other dates, or one of the periods above.",
            )),
        }
    }

    fn is(&self, days: &u64) -> bool {
        self.is_recent && self.days == *days
    }

    /// Days that share a column: a screen has room for about a hundred.
    const fn step(&self) -> u64 {
        match self.days {
            0..=120 => 1,
            121..=800 => 7,
            _ => 30,
        }
    }

    const fn unit(&self) -> &'static str {
        match self.step() {
            1 => "Day",
            7 => "Week from",
            _ => "30 days from",
        }
    }

    /// Labels of the columns, each with its sums.
    fn columns(&self, days: &[(String, Trend)]) -> Vec<(String, Trend)> {
        let step = self.step();
        let sized = usize::try_from(self.days.div_ceil(step)).unwrap_or(0);
        let mut columns: Vec<Trend> = vec![Trend::default(); sized];
        for (day, trend) in days {
            let place = day.parse::<Date>().ok().and_then(|day| day.since(self.first).ok());
            let place = place.and_then(|span| u64::try_from(span.get_days()).ok()).map(|days| days / step);
            if let Some(column) = place.and_then(|place| columns.get_mut(usize::try_from(place).ok()?)) {
                *column = column.with(trend);
            }
        }
        let format = if self.days > 300 { "%b %-d, %Y" } else { "%b %-d" };
        let starts = self.first.series(step.cast_signed().days());
        starts.zip(columns).map(|(day, trend)| (day.strftime(format).to_string(), trend)).collect()
    }

    /// The first moment, and the first behind the last one.
    pub(super) fn bounds(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (midnight(self.first), self.last.tomorrow().ok().and_then(midnight))
    }

    /// As many days before.
    fn before(&self) -> Self {
        let days = self.days.cast_signed().days();
        Self { first: self.first.saturating_sub(days), last: self.last.saturating_sub(days), ..*self }
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
}

/// Sums of everything, and of what has ended.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    all: Trend,
    /// Completed, partial and failed ones.
    ended: Trend,
}

impl Totals {
    fn of(by_status: &[(String, Trend)]) -> Self {
        let mut totals = Self::default();
        for (status, trend) in by_status {
            totals.all = totals.all.with(trend);
            if !matches!(status.as_str(), "pending" | "processing") {
                totals.ended = totals.ended.with(trend);
            }
        }
        totals
    }

    /// Of the calls that ended, those with words.
    fn success(&self) -> Option<f64> {
        share(self.ended.transcribed, self.ended.calls)
    }

    /// Of the calls whose sentiment is known, the bad ones.
    fn negative(&self) -> Option<f64> {
        share(self.all.sentiment[2], self.all.sentiment.iter().sum())
    }
}

/// What a period is compared with.
struct Before {
    totals: Totals,
    topics: Vec<(String, Trend)>,
    categories: Vec<(String, Trend)>,
}

impl Before {
    fn of(store: &Store, span: Span) -> Result<Self, StoreError> {
        let (from, to) = span.bounds();
        Ok(Self {
            totals: Totals::of(&store.trends(TrendBy::Status, from, to)?),
            topics: store.trends(TrendBy::Topic, from, to)?,
            categories: store.trends(TrendBy::Category, from, to)?,
        })
    }

    /// Bars beside those of the period before, where that had calls.
    fn beside(&self, bars: Bars, groups: &[(String, Trend)]) -> Bars {
        if self.totals.all.calls == 0 {
            return bars;
        }
        bars.beside(&groups.iter().map(|(name, trend)| (name.as_str(), trend.calls)).collect())
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn tiles(now: &Totals, before: &Totals) -> Vec<Tile> {
    let had_calls = before.all.calls > 0;
    let tile = |name, value: String, before: Option<String>| Tile { name, value, before: before.filter(|_| had_calls) };
    let shared = |name, of: fn(&Totals) -> Option<f64>| {
        tile(name, of(now).map_or_else(|| "–".to_owned(), percent), of(before).map(percent))
    };
    let recorded = |totals: &Totals| roughly(totals.all.duration_ms as f64 / 1000.0);
    vec![
        tile("Calls", shown::count(now.all.calls), Some(shown::count(before.all.calls))),
        tile("Recorded", recorded(now), Some(recorded(before))),
        shared("Ended with a transcript", Totals::success),
        shared("Mean confidence in words", |totals| totals.all.mean_confidence()),
        shared("Steps completed", |totals| (totals.all.calls > 0).then(|| totals.all.mean_quality())),
        shared("Negative calls", Totals::negative),
    ]
}

/// All sums of a span.
struct Figures {
    totals: Totals,
    days: Vec<(String, Trend)>,
    groups: HashMap<&'static str, Vec<(String, Trend)>>,
}

impl Figures {
    fn of(store: &Store, span: Span) -> Result<Self, StoreError> {
        let (from, to) = span.bounds();
        let mut groups = HashMap::new();
        for (name, by) in [
            ("hour", TrendBy::Hour),
            ("topic", TrendBy::Topic),
            ("category", TrendBy::Category),
            ("owner", TrendBy::Owner),
            ("location", TrendBy::Location),
            ("queue", TrendBy::Queue),
            ("language", TrendBy::Language),
            ("status", TrendBy::Status),
            ("steps", TrendBy::Steps),
        ] {
            groups.insert(name, store.trends(by, from, to)?);
        }
        let totals = Totals::of(&groups["status"]);
        Ok(Self { totals, days: store.trends(TrendBy::Day, from, to)?, groups })
    }

    fn calls(&self, by: &str) -> impl Iterator<Item = (String, u64)> {
        self.groups[by].iter().map(|(name, trend)| (name.clone(), trend.calls))
    }

    fn of_one(&self, by: &str, name: &str) -> u64 {
        self.groups[by].iter().find(|(known, _)| known == name).map_or(0, |(_, trend)| trend.calls)
    }
}

impl Trends {
    fn of(figures: &Figures, before: &Before, span: Span) -> Self {
        let columns = span.columns(&figures.days);
        let hours = (0..24).map(|hour| (format!("{hour:02}:00"), figures.of_one("hour", &format!("{hour:02}"))));
        let moods = columns.iter().map(|(day, trend)| {
            let [positive, neutral, negative] = trend.sentiment;
            (day.clone(), [negative, neutral, positive])
        });
        let quality: Vec<(String, Vec<Option<f64>>)> = columns
            .iter()
            .map(|(day, trend)| {
                let transcribed = share(trend.transcribed, trend.calls);
                let steps = transcribed.map(|_| trend.mean_quality());
                (day.clone(), vec![transcribed, trend.mean_confidence(), steps])
            })
            .collect();
        let link = |filter: &'static str, name: &str| {
            format!("/calls?{filter}={}&from_date={}&to_date={}", encoded(name), span.first, span.last)
        };
        let bars = |title, nothing, by: &'static str, filter: &'static str| {
            Bars::largest(title, nothing, figures.calls(by), NAMES_MAX).linked(|name| link(filter, name))
        };
        let phrase = |name: &str| link("search_text", &format!("\"{}\"", name.replace('"', " ")));
        let topics = "No call of this period has topics yet.";
        let topics = Bars::largest("Topics", topics, figures.calls("topic"), NAMES_MAX);
        let categories = bars(
            "Categories",
            "No call of this period is in a category. [[categories]] in config.toml says what to look for.",
            "category",
            "category",
        );
        let statuses =
            ProcessingStatus::ALL.map(|status| (status.as_str().to_owned(), figures.of_one("status", status.as_str())));
        let steps = (0..=STEP_COUNT)
            .rev()
            .map(|steps| (format!("{steps} of {STEP_COUNT}"), figures.of_one("steps", &steps.to_string())));
        let nothing = figures.totals.all.calls == 0;
        let unless = |values: Vec<(String, u64)>| if nothing { Vec::new() } else { values };
        Self {
            moods: Stacks::new(
                "Sentiment",
                span.unit(),
                "No call of this period has a sentiment: it takes words in English or Spanish.",
                MOODS,
                moods.collect(),
            ),
            quality: Lines::new(
                "Quality of transcripts",
                span.unit(),
                "No call in this period.",
                vec!["Calls with a transcript", "Mean confidence in words", "Steps completed"],
                &quality,
            ),
            by_day: Columns::new(
                match span.step() {
                    1 => "Calls by day",
                    7 => "Calls by week",
                    _ => "Calls by 30 days",
                },
                span.unit(),
                columns.iter().map(|(day, trend)| (day.clone(), trend.calls)).collect(),
            ),
            by_hour: Columns::new("Calls by hour of the day", "Hour (UTC)", hours.collect()).named("by-hour"),
            topics: before.beside(topics.linked(phrase), &before.topics),
            categories: before.beside(categories, &before.categories),
            by_user: bars("Calls by user", "No call of this period names its user.", "owner", "owner"),
            by_location: bars(
                "Calls by location",
                "No call of this period names its location.",
                "location",
                "location",
            ),
            by_queue: bars("Calls by queue", "No call of this period names its queue.", "queue", "queue"),
            by_language: bars("Languages", "No call of this period has a transcript yet.", "language", "language")
                .named(str::to_uppercase),
            statuses: Bars::in_order("Standing", "No calls in this period.", unless(statuses.to_vec()))
                .linked(|status| link("status", status))
                .named(|status| shown::Badge::word_of(status).to_owned()),
            steps: Bars::in_order("Completed steps", "No calls in this period.", unless(steps.collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn asked(params: &[(&str, &str)]) -> Result<Span, ApiError> {
        let given = params.iter().fold(Params::default(), |params, (name, value)| params.with(name, value));
        Span::asked(given, day("2026-11-20"))
    }

    #[test]
    fn a_period_is_chosen_by_length_or_by_its_days() {
        let usual = asked(&[]).unwrap();
        assert_eq!((usual.first, usual.last, usual.days), (day("2026-10-22"), day("2026-11-20"), 30));
        assert_eq!(asked(&[("days", "7")]).unwrap().first, day("2026-11-14"));
        let chosen = asked(&[("from_date", "2026-01-30"), ("to_date", "2026-03-01")]).unwrap();
        assert_eq!((chosen.days, chosen.before().last), (31, day("2026-01-29")));
        assert!(asked(&[("from_date", "2026-11-21")]).is_err());
        assert!(asked(&[("from_date", "1999-01-01")]).is_err());
    }

    #[test]
    fn long_periods_are_shown_by_week_and_no_call_is_lost() {
        let span = asked(&[("days", "365")]).unwrap();
        let trend = |calls| Trend { calls, ..Trend::default() };
        let days = [(span.first.to_string(), trend(3)), (span.last.to_string(), trend(4))];
        let columns = span.columns(&days);
        assert_eq!((columns.len(), columns[0].1.calls, columns[52].1.calls), (53, 3, 4));
    }
}
