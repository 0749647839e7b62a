//! Sums by day and by what calls have in common, kept with every change: the cost grows with days, not with calls.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::facets::{ALL_DAYS, DAY_MS, DayKind, Sums, day_of, facts_of_text};
use super::schema::{DAYS, TALK_DAYS};
use super::talked::TalkSums;
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
    /// How they were talked and how far transcripts agree.
    pub talk: TalkTrend,
}

/// Sums over the calls of a group that have such figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TalkTrend {
    /// Calls with two transcripts, and their agreement in millionths.
    pub agreement: (u64, u64),
    /// Places in which both differ.
    pub disputes: u64,
    /// Calls with talk metrics.
    pub calls: u64,
    /// Time of conversation.
    pub conversation_ms: u64,
    /// Time with somebody speaking.
    pub talk_ms: u64,
    /// Silences that are dead air.
    pub dead_air_ms: u64,
    /// Time with two or more speaking.
    pub overlap_ms: u64,
    /// Hold music.
    pub hold_ms: u64,
    /// Calls in which the agent is known.
    pub agent_calls: u64,
    /// In those: the agent's time of talk, and everybody's.
    pub agent_talk_ms: (u64, u64),
    /// Words of agents.
    pub agent_words: u64,
    /// Times an agent took the floor from somebody who was speaking.
    pub agent_interruptions: u64,
    /// Calls in which the agent answered, and the sum of their median times to answer.
    pub agent_response_ms: (u64, u64),
    /// Calls worth a listen.
    pub worth_a_listen: u64,
}

impl TalkTrend {
    /// Mean agreement with the provider's transcript, 0 to 1; absent when no call has two.
    pub fn mean_agreement(&self) -> Option<f64> {
        let (calls, sum) = self.agreement;
        (calls > 0).then(|| sum as f64 / 1e6 / calls as f64)
    }

    /// The agent's share of the talk, 0 to 1; absent when no agent is known.
    pub fn agent_talk_share(&self) -> Option<f64> {
        let (agent, all) = self.agent_talk_ms;
        (all > 0).then(|| agent as f64 / all as f64)
    }

    /// Words a minute of agents' speech; absent when no agent is known.
    pub fn agent_words_per_minute(&self) -> Option<f64> {
        let talk_ms = self.agent_talk_ms.0;
        (talk_ms > 0).then(|| self.agent_words as f64 * 60_000.0 / talk_ms as f64)
    }

    /// Mean of agents' median times to answer, in ms; absent when none answered.
    pub fn agent_response_ms(&self) -> Option<f64> {
        let (calls, sum) = self.agent_response_ms;
        (calls > 0).then(|| sum as f64 / calls as f64)
    }

    fn add(&mut self, other: &Self) {
        let pair = |sum: &mut (u64, u64), part: (u64, u64)| *sum = (sum.0 + part.0, sum.1 + part.1);
        pair(&mut self.agreement, other.agreement);
        self.disputes += other.disputes;
        self.calls += other.calls;
        self.conversation_ms += other.conversation_ms;
        self.talk_ms += other.talk_ms;
        self.dead_air_ms += other.dead_air_ms;
        self.overlap_ms += other.overlap_ms;
        self.hold_ms += other.hold_ms;
        self.agent_calls += other.agent_calls;
        pair(&mut self.agent_talk_ms, other.agent_talk_ms);
        self.agent_words += other.agent_words;
        self.agent_interruptions += other.agent_interruptions;
        pair(&mut self.agent_response_ms, other.agent_response_ms);
        self.worth_a_listen += other.worth_a_listen;
    }
}

impl<'t> std::iter::Sum<&'t Self> for TalkTrend {
    fn sum<I: Iterator<Item = &'t Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |mut sum, part| {
            sum.add(part);
            sum
        })
    }
}

impl From<TalkSums> for TalkTrend {
    fn from(sums: TalkSums) -> Self {
        let sums = sums.map(|sum| u64::try_from(sum).unwrap_or(0));
        let [
            agreed,
            agreement,
            disputes,
            calls,
            conversation_ms,
            talk_ms,
            dead_air_ms,
            overlap_ms,
            hold_ms,
            agents @ ..,
        ] = sums;
        let [agent_calls, agent_talk_ms, all_talk_ms, agent_words, agent_interruptions, answered, response_ms, worth] =
            agents;
        Self {
            agreement: (agreed, agreement),
            disputes,
            calls,
            conversation_ms,
            talk_ms,
            dead_air_ms,
            overlap_ms,
            hold_ms,
            agent_calls,
            agent_talk_ms: (agent_talk_ms, all_talk_ms),
            agent_words,
            agent_interruptions,
            agent_response_ms: (answered, response_ms),
            worth_a_listen: worth,
        }
    }
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
        self.talk.add(&other.talk);
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
            talk: TalkTrend::default(),
        });
    }
}

impl Store {
    /// Sums of the calls recorded on the days from `from` to before `to`, by group; days are whole. Days are in order of
    /// time, other groups in order of their names. There are none by topic while [`Store::is_being_veiled`].
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
        let (first, end) = days(from, to);
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
        // Topics are words of the calls, and may be what the policy hides since it changed.
        let is_hidden = by == TrendBy::Topic && self.is_being_veiled()?;
        self.read(|tx| {
            let mut groups: BTreeMap<String, Trend> = BTreeMap::new();
            if first >= end || is_hidden {
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
            for entry in tx.open_table(TALK_DAYS)?.range::<(u8, i32, &str)>((kind, first, "")..(kind, end, ""))? {
                let (key, sums) = entry?;
                let (_, day, value) = key.value();
                let group = match named(by, day, value) {
                    Some(named) => groups.get_mut(&named),
                    None => groups.get_mut(value),
                };
                if let Some(group) = group {
                    group.talk.add(&sums.value().into());
                }
            }
            Ok(groups.into_iter().collect())
        })
    }

    /// Sums by account and week from `from` to before `to`; a week is named by its Monday. Accounts in order of their
    /// names, weeks in order of time.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn weeks_of_accounts(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<BTreeMap<String, BTreeMap<String, TalkTrend>>, StoreError> {
        let (first, end) = days(from, to);
        let kind = DayKind::Account as u8;
        self.read(|tx| {
            let mut accounts: BTreeMap<String, BTreeMap<String, TalkTrend>> = BTreeMap::new();
            if first >= end {
                return Ok(accounts);
            }
            for entry in tx.open_table(TALK_DAYS)?.range::<(u8, i32, &str)>((kind, first, "")..(kind, end, ""))? {
                let (key, sums) = entry?;
                let (_, day, account) = key.value();
                let weeks = accounts.entry(account.to_owned()).or_default();
                weeks.entry(date(monday_of(day))).or_default().add(&sums.value().into());
            }
            Ok(accounts)
        })
    }
}

/// The first day, and the one behind the last, of a time.
fn days(from: Option<Timestamp>, to: Option<Timestamp>) -> (i32, i32) {
    let first = from.map_or(ALL_DAYS + 1, |from| day_of(from.as_millisecond()));
    let end = to.map_or(i32::MAX, |to| day_of(to.as_millisecond() - 1).saturating_add(1));
    (first, end)
}

/// The Monday of a day's week; day 0, the 1st of January 1970, was a Thursday.
const fn monday_of(day: i32) -> i32 {
    day - (day + 3).rem_euclid(7)
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
