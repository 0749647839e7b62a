//! `/api/v1/analytics/{what}`: sums by day, hour, owner and the like, kept with every change and not counted.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::{Params, shown};
use super::view::{rounded, seconds};
use crate::store::{Store, TalkTrend, Trend, TrendBy};

/// Groups of one answer; the largest come first where there are more.
const LIMIT_MAX: u64 = 1000;
const LIMIT_DEFAULT: u64 = 400;
const GROUPS: &str =
    "all, day, hour, owner, location, queue, account, provider, direction, language, topic, category, status or steps";

/// What an answer is about, which decides how calls are grouped when `by` does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Volume,
    Quality,
    Sentiment,
    Topics,
    Agents,
    Agreement,
}

impl About {
    const NAMES: &str = "volume, quality, sentiment, topics, agents and agreement";

    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "volume" => Self::Volume,
            "quality" => Self::Quality,
            "sentiment" => Self::Sentiment,
            "topics" => Self::Topics,
            "agents" => Self::Agents,
            "agreement" => Self::Agreement,
            _ => return None,
        })
    }

    const fn usual(self) -> By {
        match self {
            Self::Volume | Self::Quality | Self::Sentiment => By(TrendBy::Day, "day"),
            Self::Topics => By(TrendBy::Topic, "topic"),
            Self::Agents => By(TrendBy::Owner, "owner"),
            Self::Agreement => By(TrendBy::Account, "account"),
        }
    }
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
    /// Why nothing is shown, as a sentence: topics are words of calls, and those are being brought under another policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<&'static str>,
}

/// One group of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    /// Day (2026-11-20), hour (09), owner, ….
    key: String,
    /// Its sums.
    #[serde(flatten)]
    sums: TrendView,
    /// Agreement with the provider's transcripts week by week; only in `agreement` by account.
    #[serde(skip_serializing_if = "Option::is_none")]
    weeks: Option<Vec<Week>>,
    /// Mean agreement of the last week less that of all weeks before; null with less than two weeks. Below zero,
    /// transcripts grow apart: lines, languages or the provider's model changed. Only where `weeks` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<f64>,
}

/// A week of one account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Week {
    /// Its Monday.
    week: String,
    /// Calls with two transcripts.
    calls: u64,
    /// Their mean agreement, 0 to 1.
    average_agreement: f64,
    /// Places in which both differ.
    disputes: u64,
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
    /// Mean agreement with the provider's transcripts, 0 to 1; null when no call has two.
    average_agreement: Option<f64>,
    /// Calls that somebody should listen to.
    worth_a_listen: u64,
    /// How they were talked; null when that is known of none.
    talk: Option<TalkTrendView>,
}

/// How calls were talked, over those of which it is known. Times are seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TalkTrendView {
    /// Calls it is known of.
    calls: u64,
    /// Time of conversation of all together.
    conversation: f64,
    /// Share of the conversation in which somebody speaks, 0 to 1.
    talk_share: f64,
    /// Share in which two or more speak.
    overlap_share: f64,
    /// Share that is dead air.
    dead_air_share: f64,
    /// Hold music of all together.
    hold: f64,
    /// The agents; null when the agent is known in no call.
    agent: Option<AgentTrendView>,
}

/// How agents talk, over the calls in which the agent is known.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentTrendView {
    /// Those calls.
    calls: u64,
    /// The agent's share of everybody's talk, 0 to 1.
    talk_share: f64,
    /// Words a minute of the agent's speech.
    words_per_minute: f64,
    /// Times a call that the agent took the floor from somebody who was speaking.
    interruptions_per_call: f64,
    /// Mean over calls of the agent's median time to answer; null when no agent answered.
    response: Option<f64>,
}

impl TalkTrendView {
    fn of(talk: &TalkTrend) -> Option<Self> {
        let share = |part_ms: u64| {
            let all_ms = talk.conversation_ms.max(1);
            rounded((part_ms as f64 / all_ms as f64).min(1.0))
        };
        let agent = (talk.agent_calls > 0).then(|| AgentTrendView {
            calls: talk.agent_calls,
            talk_share: rounded(talk.agent_talk_share().unwrap_or(0.0)),
            words_per_minute: rounded(talk.agent_words_per_minute().unwrap_or(0.0)),
            interruptions_per_call: rounded(talk.agent_interruptions as f64 / talk.agent_calls as f64),
            response: talk.agent_response_ms().map(|response_ms| rounded(response_ms / 1000.0)),
        });
        (talk.calls > 0).then(|| Self {
            calls: talk.calls,
            conversation: seconds(talk.conversation_ms),
            talk_share: share(talk.talk_ms),
            overlap_share: share(talk.overlap_ms),
            dead_air_share: share(talk.dead_air_ms),
            hold: seconds(talk.hold_ms),
            agent,
        })
    }
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
            average_agreement: trend.talk.mean_agreement().map(rounded),
            worth_a_listen: trend.talk.worth_a_listen,
            talk: TalkTrendView::of(&trend.talk),
        }
    }
}

/// Sums of calls by group, over whole days in UTC. Every answer has all sums; `what` decides the grouping when `by` does
/// not: `volume`, `quality` and `sentiment` by day, `topics` by topic, `agents` by owner, `agreement` by account, there with its
/// weeks and how it drifts.
#[utoipa::path(
    get, path = "/api/v1/analytics/{what}", tag = "analytics", operation_id = "get_analytics",
    params(
        ("what" = String, Path, description = "`volume`, `quality`, `sentiment`, `topics`, `agents` or `agreement`."),
        ("by" = Option<String>, Query, description = "`all`, `day`, `hour`, `owner`, `location`, `queue`, `account`, `provider`, `direction`, `language`, `topic`, `category`, `status` or `steps` (completed ones)."),
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
    let Some(about) = About::of(&what) else {
        let message = format!("There are no analytics of {}.", shown(&what));
        let hint = format!("There are {}.", About::NAMES);
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message, hint));
    };
    let By(by, name) = params.word::<By>(&["by"], GROUPS)?.unwrap_or(about.usual());
    let (from, to) = params.span()?;
    let limit = params.whole(&["limit"], 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    params.finish()?;
    let is_withheld = by == TrendBy::Topic && api.ask(Store::is_being_veiled).await?;
    let withheld = is_withheld.then_some("The privacy policy changed; topics are back once all calls are under it.");
    let groups = api.ask(move |store| store.trends(by, from, to)).await?;
    let mut weeks = match (about, by) {
        (About::Agreement, TrendBy::Account) => Some(api.ask(move |store| store.weeks_of_accounts(from, to)).await?),
        _ => None,
    };
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
    let items = groups.iter().map(|(key, trend)| {
        let of_account = weeks.as_mut().map(|weeks| weeks.remove(key).unwrap_or_default());
        let drift = of_account.as_ref().and_then(drift);
        let weeks = of_account.map(|weeks| weeks.iter().filter_map(week).collect());
        Group { key: key.clone(), sums: TrendView::from(trend), weeks, drift }
    });
    let items = items.collect();
    Ok(Json(Analytics { by: name, total: TrendView::from(&total), items, left_out, withheld }))
}

fn week((monday, talk): (&String, &TalkTrend)) -> Option<Week> {
    let average_agreement = rounded(talk.mean_agreement()?);
    Some(Week { week: monday.clone(), calls: talk.agreement.0, average_agreement, disputes: talk.disputes })
}

/// The last week's mean less that of all before.
pub(super) fn drift(weeks: &BTreeMap<String, TalkTrend>) -> Option<f64> {
    let mut told = weeks.values().filter(|week| week.agreement.0 > 0);
    let last = told.next_back()?.mean_agreement()?;
    let before = told.sum::<TalkTrend>().mean_agreement()?;
    Some(rounded(last - before))
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
            By(TrendBy::Status, "status"),
            By(TrendBy::Steps, "steps"),
        ];
        known.into_iter().find(|by| by.1 == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weeks of an account: so many calls, and the sum of their agreements in millionths.
    fn weeks(weeks: &[(&str, u64, u64)]) -> BTreeMap<String, TalkTrend> {
        let talk = |calls, sum| TalkTrend { agreement: (calls, sum), ..TalkTrend::default() };
        weeks.iter().map(|&(monday, calls, sum)| (monday.to_owned(), talk(calls, sum))).collect()
    }

    #[test]
    fn drift_is_below_zero_when_transcripts_grow_apart_and_every_call_weighs_the_same() {
        let apart = [("2026-11-02", 1, 500_000), ("2026-11-09", 3, 2_700_000), ("2026-11-16", 2, 1_200_000)];
        assert_eq!(drift(&weeks(&apart)), Some(-0.2), "0.6 after 0.8 on four calls");
        assert_eq!(drift(&weeks(&[("2026-11-02", 1, 500_000), ("2026-11-09", 1, 900_000)])), Some(0.4));
        let quiet = [("2026-11-02", 1, 500_000), ("2026-11-09", 1, 900_000), ("2026-11-16", 0, 0)];
        assert_eq!(drift(&weeks(&quiet)), Some(0.4), "a week without two transcripts is none");
        assert_eq!(drift(&weeks(&[("2026-11-16", 2, 1_200_000)])), None);
    }
}
