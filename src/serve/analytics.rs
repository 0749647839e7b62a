//! `/api/v1/analytics/{what}`: sums by day, hour, owner and the like, kept with every change and not counted.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::{Params, shown};
use super::view::{rounded, seconds};
use crate::store::{Trend, TrendBy};

/// Groups of one answer; the largest come first where there are more.
const LIMIT_MAX: u64 = 1000;
const LIMIT_DEFAULT: u64 = 400;
const GROUPS: &str =
    "all, day, hour, owner, location, queue, account, provider, direction, language, topic or category";

/// What an answer is about, which decides how calls are grouped when `by` does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Volume,
    Quality,
    Sentiment,
    Topics,
}

/// Sums by group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Analytics {
    /// What calls are grouped by.
    by: &'static str,
    /// All groups together; calls in several groups count in each.
    total: TrendView,
    /// The groups: days and hours in their order, others by calls, most first.
    items: Vec<Group>,
    /// Groups that were left out.
    left_out: usize,
}

/// One group of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    /// Day (2026-11-20), hour (09), owner, ….
    key: String,
    /// Its sums.
    #[serde(flatten)]
    sums: TrendView,
}

/// Sums of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrendView {
    /// Calls.
    calls: u64,
    /// With a transcript that has words.
    transcribed: u64,
    /// Given up.
    failed: u64,
    /// Share of the calls that have a transcript with words, 0 to 1.
    transcribed_share: f64,
    /// Length of all together, in seconds.
    duration: f64,
    /// Mean confidence of transcripts, 0 to 1; null without one.
    average_confidence: Option<f64>,
    /// Mean quality score, 0 to 1.
    average_quality: f64,
    /// How they sounded, where that is known.
    sentiment: SentimentCounts,
}

/// Calls by how they sounded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SentimentCounts {
    /// Content.
    positive: u64,
    /// Neither.
    neutral: u64,
    /// Discontent.
    negative: u64,
}

impl From<&Trend> for TrendView {
    fn from(trend: &Trend) -> Self {
        let [positive, neutral, negative] = trend.sentiment;
        let share = if trend.calls > 0 { trend.transcribed as f64 / trend.calls as f64 } else { 0.0 };
        Self {
            calls: trend.calls,
            transcribed: trend.transcribed,
            failed: trend.failed,
            transcribed_share: rounded(share),
            duration: seconds(trend.duration_ms),
            average_confidence: trend.mean_confidence().map(rounded),
            average_quality: rounded(trend.mean_quality()),
            sentiment: SentimentCounts { positive, neutral, negative },
        }
    }
}

/// Sums of calls by group, over whole days in UTC. Every answer has all sums; `what` decides the grouping when `by` does
/// not: `volume` and `quality` by day, `sentiment` by day, `topics` by topic.
#[utoipa::path(
    get, path = "/api/v1/analytics/{what}", tag = "analytics", operation_id = "get_analytics",
    params(
        ("what" = String, Path, description = "`volume`, `quality`, `sentiment` or `topics`."),
        ("by" = Option<String>, Query, description = "`all`, `day`, `hour`, `owner`, `location`, `queue`, `account`, `provider`, `direction`, `language`, `topic` or `category`."),
        ("from_date" = Option<String>, Query, description = "From this day on; also `start_date`."),
        ("to_date" = Option<String>, Query, description = "Up to and including this day; also `end_date`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "Most groups in the answer; default 400."),
    ),
    responses(
        (status = 200, description = "The sums.", body = Analytics),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn get(
    State(api): State<Api>,
    Path(what): Path<String>,
    mut params: Params,
) -> Result<Json<Analytics>, ApiError> {
    let about = match what.as_str() {
        "volume" => About::Volume,
        "quality" => About::Quality,
        "sentiment" => About::Sentiment,
        "topics" => About::Topics,
        _ => {
            let message = format!("There are no analytics of {}.", shown(&what));
            let hint = "There are volume, quality, sentiment and topics.";
            return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message, hint));
        }
    };
    let usual = if about == About::Topics { By(TrendBy::Topic, "topic") } else { By(TrendBy::Day, "day") };
    let By(by, name) = params.word::<By>(&["by"], GROUPS)?.unwrap_or(usual);
    let (from, to) = params.span()?;
    let limit = params.whole(&["limit"], 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    params.finish()?;
    let groups = api.ask(move |store| store.trends(by, from, to)).await?;
    let total = groups.iter().fold(Trend::default(), |sum, (_, trend)| sum.with(trend));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let left_out = groups.len().saturating_sub(limit);
    let mut groups = groups;
    if matches!(by, TrendBy::Day) {
        // The latest days are those asked for.
        groups.drain(..left_out);
    } else if !matches!(by, TrendBy::Hour) {
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.calls));
    }
    groups.truncate(limit);
    let items = groups.iter().map(|(key, trend)| Group { key: key.clone(), sums: TrendView::from(trend) }).collect();
    Ok(Json(Analytics { by: name, total: TrendView::from(&total), items, left_out }))
}

/// A grouping with its name.
#[derive(Debug, Clone, Copy)]
struct By(TrendBy, &'static str);

impl std::str::FromStr for By {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let known = [
            By(TrendBy::All, "all"),
            By(TrendBy::Day, "day"),
            By(TrendBy::Hour, "hour"),
            By(TrendBy::Owner, "owner"),
            By(TrendBy::Location, "location"),
            By(TrendBy::Queue, "queue"),
            By(TrendBy::Account, "account"),
            By(TrendBy::Provider, "provider"),
            By(TrendBy::Direction, "direction"),
            By(TrendBy::Language, "language"),
            By(TrendBy::Topic, "topic"),
            By(TrendBy::Category, "category"),
        ];
        known.into_iter().find(|by| by.1 == text).ok_or(())
    }
}
