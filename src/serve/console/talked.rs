//! How agents talk, how far transcripts agree with the providers', and how many calls are worth a listen: tables of
//! `/trends`, from the sums that `/api/v1/analytics` answers with.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::civil::Date;

use super::calls::encoded;
use super::chart::Spark;
use super::shown::{count, percent};
use super::trends::Span;
use crate::call::LOW_AGREEMENT;
use crate::serve::analytics::drift;
use crate::store::{TalkTrend, Trend};

/// Sums by account, and of each by week.
pub(super) type WeeksOfAccounts = BTreeMap<String, BTreeMap<String, TalkTrend>>;

/// Agents, and accounts, that are shown.
const LINES_MAX: usize = 20;
/// Weeks of agreement in one small line, the latest: half a year.
const WEEKS_MAX: usize = 26;
/// The least that the height of such a line stands for: ten points.
const SPARK_SPAN: f64 = 0.1;

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
    /// Agreement week by week.
    pub(super) weeks: Option<Spark>,
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
            weeks: by_week(weeks),
            drift: drift(weeks).map(|drift| format!("{:+.0} points", drift * 100.0)),
            is_low: mean < f64::from(LOW_AGREEMENT),
        })
    }
}

/// The line of the weeks in which calls had two transcripts; absent for less than two.
fn by_week(weeks: &BTreeMap<String, TalkTrend>) -> Option<Spark> {
    let told = |(monday, talk): (&String, &TalkTrend)| Some((monday.parse::<Date>().ok()?, talk.mean_agreement()?));
    let told: Vec<(Date, f64)> = weeks.iter().filter_map(told).collect();
    let latest = &told[told.len().saturating_sub(WEEKS_MAX)..];
    let (first, _) = latest.first()?;
    let day = |monday: Date| monday.since(*first).map_or(0.0, |span| f64::from(span.get_days()));
    let values: Vec<(f64, f64)> = latest.iter().map(|(monday, share)| (day(*monday), *share)).collect();
    Spark::of("week", &values, SPARK_SPAN)
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
