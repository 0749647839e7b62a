//! How agents talk, how far transcripts agree with the providers', and how many calls are worth a listen: tables of
//! `/trends`, from the sums that `/api/v1/analytics` answers with.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::calls::encoded;
use super::shown::{count, percent};
use super::trends::Span;
use crate::call::LOW_AGREEMENT;
use crate::serve::analytics::drift;
use crate::store::{TalkTrend, Trend};

/// Sums by account, and of each by week.
pub(super) type WeeksOfAccounts = BTreeMap<String, BTreeMap<String, TalkTrend>>;

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
    /// How many, as the sentence begins.
    pub(super) calls: String,
    pub(super) link: String,
}

impl Talked {
    /// Of a span of days, from the sums by owner, by account and week, and of all.
    pub(super) fn of(owners: &[(String, Trend)], weeks: &WeeksOfAccounts, all: &Trend, span: Span) -> Self {
        let period = format!("from_date={}&to_date={}", span.first, span.last);
        let mut owners: Vec<_> = owners.iter().filter(|(_, trend)| trend.talk.agent_calls > 0).collect();
        owners.sort_by_key(|(_, trend)| Reverse(trend.talk.agent_calls));
        let agent = |(name, trend): &(String, Trend)| Agent {
            link: format!("/calls?owner={}&{period}", encoded(name)),
            name: name.clone(),
            figures: figures(trend),
        };
        let worth = all.talk.worth_a_listen;
        Self {
            agents: owners.into_iter().take(LINES_MAX).map(agent).collect(),
            accounts: weeks.iter().filter_map(Account::of).take(LINES_MAX).collect(),
            worth: (worth > 0).then(|| Worth {
                calls: if worth == 1 { "1 call is".to_owned() } else { format!("{} calls are", count(worth)) },
                link: format!("/calls?worth_a_listen=true&{period}"),
            }),
        }
    }
}

impl Account {
    fn of((name, weeks): (&String, &BTreeMap<String, TalkTrend>)) -> Option<Self> {
        let all: TalkTrend = weeks.values().sum();
        let mean = all.mean_agreement()?;
        Some(Self {
            name: name.clone(),
            calls: count(all.agreement.0),
            agreement: percent(mean),
            drift: drift(weeks).map(|drift| format!("{:+.0} points", drift * 100.0)),
            is_low: mean < f64::from(LOW_AGREEMENT),
        })
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
