//! How agents talk, how far transcripts agree with the providers', and how many calls are worth a listen: tables of
//! `/trends`, from the sums that `/api/v1/analytics` answers with.

use std::cmp::Reverse;

use super::calls::encoded;
use super::shown::{count, percent};
use crate::call::LOW_AGREEMENT;
use crate::serve::analytics::drift;
use crate::store::{Store, StoreError, Trend, TrendBy};

use super::trends::Span;

/// Agents, and accounts, that are shown.
const LINES_MAX: usize = 20;

/// The tables.
pub(super) struct Talked {
    /// Whose agent is known, most calls first.
    pub(super) agents: Vec<Agent>,
    /// With calls that have two transcripts.
    pub(super) accounts: Vec<Account>,
    /// Calls worth a listen.
    pub(super) worth: Option<Worth>,
}

pub(super) struct Agent {
    pub(super) name: String,
    /// Their calls.
    pub(super) link: String,
    /// What stands under the heads of the table.
    pub(super) figures: [String; 5],
}

pub(super) struct Account {
    pub(super) name: String,
    pub(super) calls: String,
    pub(super) agreement: String,
    /// How much the last week differs from those before, in points.
    pub(super) drift: Option<String>,
    /// Both transcripts differ in much.
    pub(super) is_low: bool,
}

pub(super) struct Worth {
    pub(super) calls: String,
    pub(super) link: String,
}

impl Talked {
    /// Of a span of days. Blocking.
    pub(super) fn of(store: &Store, span: Span) -> Result<Self, StoreError> {
        let (from, to) = span.bounds();
        let period = format!("from_date={}&to_date={}", span.first, span.last);
        let mut owners = store.trends(TrendBy::Owner, from, to)?;
        owners.retain(|(_, trend)| trend.talk.agent_calls > 0);
        owners.sort_by_key(|(_, trend)| Reverse(trend.talk.agent_calls));
        let agent = |(name, trend): &(String, Trend)| Agent {
            link: format!("/calls?owner={}&{period}", encoded(name)),
            name: name.clone(),
            figures: figures(trend),
        };
        let mut accounts = Vec::new();
        for (name, weeks) in store.weeks_of_accounts(from, to)?.into_iter().take(LINES_MAX) {
            let (calls, sum) =
                weeks.values().fold((0, 0), |(calls, sum), week| (calls + week.agreement.0, sum + week.agreement.1));
            if calls == 0 {
                continue;
            }
            let mean = sum as f64 / 1e6 / calls as f64;
            accounts.push(Account {
                name,
                calls: count(calls),
                agreement: percent(mean),
                drift: drift(&weeks).map(|drift| format!("{:+.0} points", drift * 100.0)),
                is_low: mean < f64::from(LOW_AGREEMENT),
            });
        }
        let all = store.trends(TrendBy::All, from, to)?;
        let worth = all.first().map_or(0, |(_, trend)| trend.talk.worth_a_listen);
        let worth =
            (worth > 0).then(|| Worth { calls: count(worth), link: format!("/calls?worth_a_listen=true&{period}") });
        Ok(Self { agents: owners.iter().take(LINES_MAX).map(agent).collect(), accounts, worth })
    }
}

fn figures(trend: &Trend) -> [String; 5] {
    let talk = &trend.talk;
    let none = || "–".to_owned();
    let interruptions = talk.agent_interruptions as f64 / talk.agent_calls.max(1) as f64;
    [
        count(talk.agent_calls),
        talk.agent_talk_share().map_or_else(none, percent),
        talk.agent_words_per_minute().map_or_else(none, |words| format!("{words:.0}")),
        format!("{interruptions:.1}"),
        talk.agent_response_ms().map_or_else(none, |response_ms| format!("{:.1} s", response_ms / 1000.0)),
    ]
}
