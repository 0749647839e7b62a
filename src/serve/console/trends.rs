//! `/trends`: calls over time and by what is known of them, as charts.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::chart::{Bars, Columns};
use super::shown::{percent, roughly};
use super::{Here, PageError, Shell, page, scan, shown};
use crate::call::{Party, ProcessingStatus, Recording, StageStatus};
use crate::serve::Api;
use crate::serve::error::ApiError;
use crate::serve::params::Params;

/// Spans that can be chosen, in days.
const SPANS: [u64; 4] = [7, 30, 90, 365];
const SPAN_DEFAULT: u64 = 30;
/// Names in one chart.
const NAMES_MAX: usize = 12;

#[derive(Template)]
#[template(path = "trends.html", config = "src/serve/console/askama.toml")]
struct TrendsPage {
    shell: Shell,
    days: u64,
    trends: Trends,
}

impl TrendsPage {
    fn spans(&self) -> [u64; 4] {
        SPANS
    }
}

/// What is shown.
struct Trends {
    calls: u64,
    spoken: String,
    success: Option<String>,
    confidence: Option<String>,
    quality: Option<String>,
    by_day: Columns,
    by_hour: Columns,
    by_user: Bars,
    by_location: Bars,
    by_language: Bars,
    topics: Bars,
    statuses: Bars,
    grades: Bars,
    /// How many of how many were looked at, where not all were.
    partly: Option<(u64, u64)>,
}

/// Shows the charts.
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Trends.failed();
    let mut params = params.without_empty();
    let days = params.whole(&["days"], 1..=366).map_err(&failed)?.unwrap_or(SPAN_DEFAULT);
    params.finish().map_err(&failed)?;
    let trends = gather(&api, days).await.map_err(&failed)?;
    Ok(page(&TrendsPage { shell: Shell::new(Here::Trends, "Trends"), days, trends }))
}

/// The one place that knows where the figures come from.
async fn gather(api: &Api, days: u64) -> Result<Trends, ApiError> {
    let today = api.0.clock.now().to_zoned(TimeZone::UTC).date();
    let first = today.checked_sub((days as i64 - 1).days()).map_err(|_| ApiError::internal())?;
    let from = first.to_zoned(TimeZone::UTC).map_err(|_| ApiError::internal())?.timestamp();
    let (recordings, total) = scan::newest(api, Some(from)).await?;
    Ok(Trends::of(&recordings, total, first, today))
}

impl Trends {
    fn of(recordings: &[Recording], total: u64, first: Date, last: Date) -> Self {
        let mut by_day: BTreeMap<Date, u64> =
            first.series(1.day()).take_while(|day| *day <= last).map(|day| (day, 0)).collect();
        let mut by_hour = [0u64; 24];
        let (mut users, mut locations, mut languages, mut topics) =
            (HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new());
        let mut grades = [0u64; 7];
        let mut confidences = Vec::new();
        let (mut heard, mut ended) = (0u64, 0u64);
        for recording in recordings {
            let at = recording.listed_at().to_zoned(TimeZone::UTC);
            if let Some(day) = by_day.get_mut(&at.date()) {
                *day += 1;
            }
            by_hour[usize::try_from(at.hour()).unwrap_or(0) % 24] += 1;
            tally(&mut users, named(&recording.call.owner));
            tally(&mut locations, recording.call.location.clone());
            let facts = recording.transcript.as_ref().filter(|facts| facts.word_count > 0);
            tally(&mut languages, facts.and_then(|facts| Some(facts.language.as_ref()?.as_str().to_uppercase())));
            recording
                .insight
                .iter()
                .flat_map(|insight| &insight.topics)
                .for_each(|topic| tally(&mut topics, Some(topic.clone())));
            confidences.extend(facts.and_then(|facts| facts.confidence).map(f64::from));
            grades[(recording.steps.quality_score() * 6.0).round() as usize % 7] += 1;
            match recording.steps.transcript_status() {
                StageStatus::Completed => (heard, ended) = (heard + 1, ended + 1),
                StageStatus::Failed => ended += 1,
                _ => {}
            }
        }
        let looked_at = recordings.len() as u64;
        let grade = |(steps, number): (usize, u64)| (format!("{steps} of 6 steps"), number);
        Self {
            calls: looked_at,
            spoken: roughly(recordings.iter().filter_map(length_ms).sum::<u64>() as f64 / 1000.0),
            success: (ended > 0).then(|| percent(heard as f64 / ended as f64)),
            confidence: mean(&confidences).map(percent),
            quality: mean(&recordings.iter().map(|one| one.steps.quality_score()).collect::<Vec<_>>()).map(percent),
            by_day: Columns::new(
                "Calls by day",
                "Day",
                by_day.into_iter().map(|(day, n)| (day.strftime("%b %-d").to_string(), n)).collect(),
            ),
            by_hour: Columns::new(
                "Calls by hour of the day",
                "Hour (UTC)",
                by_hour.into_iter().enumerate().map(|(hour, n)| (format!("{hour:02}:00"), n)).collect(),
            ),
            by_user: Bars::largest("Calls by user", "No call of this span names its owner.", users, NAMES_MAX),
            by_location: Bars::largest(
                "Calls by location",
                "No call of this span names its location.",
                locations,
                NAMES_MAX,
            ),
            by_language: Bars::largest("Languages", "No call of this span has a transcript yet.", languages, NAMES_MAX),
            topics: Bars::largest("Topics", "No call of this span has a summary yet.", topics, NAMES_MAX),
            statuses: Bars::in_order("Standing", "No calls in this span.", statuses(recordings)),
            grades: Bars::in_order(
                "Quality: completed steps",
                "No calls in this span.",
                if recordings.is_empty() {
                    Vec::new()
                } else {
                    grades.into_iter().enumerate().rev().map(grade).collect()
                },
            ),
            partly: (total > looked_at).then_some((looked_at, total)),
        }
    }
}

fn statuses(recordings: &[Recording]) -> Vec<(String, u64)> {
    let of = |status| recordings.iter().filter(|one| one.steps.processing_status() == status).count() as u64;
    let all = ProcessingStatus::ALL.map(|status| (shown::words(status.as_str()), of(status)));
    if recordings.is_empty() { Vec::new() } else { all.to_vec() }
}

fn length_ms(recording: &Recording) -> Option<u64> {
    recording.audio.as_ref().and_then(|audio| audio.duration_ms).or(recording.call.duration_ms)
}

fn named(party: &Party) -> Option<String> {
    party.name.clone().or_else(|| party.email.clone()).or_else(|| party.number.clone())
}

fn tally(counts: &mut HashMap<String, u64>, name: Option<String>) {
    if let Some(name) = name {
        *counts.entry(name).or_default() += 1;
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
