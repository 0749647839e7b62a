//! How calls are talked and how far transcripts agree: summed with every change, and nothing of it counted twice.

use callscribe::call::{
    Agreement, CategoryResult, Insight, PartyRole, PartyTalk, RecordingId, SecondOpinion, Sentiment, SentimentLabel,
    Step, TalkBasis, TalkMetrics,
};
use callscribe::store::{KeptOpinion, ListQuery, StepOutcome, StepResult, Store, TrendBy};
use serde_json::Value;

use crate::support::*;

const WEEK_S: i64 = 7 * 86_400;

fn party(channel: u16, role: PartyRole, talk_ms: u64, words: u32) -> PartyTalk {
    PartyTalk {
        channel,
        speaker: role.name().to_owned(),
        role: Some(role),
        talk_ms,
        talk_share: 0.0,
        listen_ms: 0,
        longest_monologue_ms: talk_ms,
        turns: 1,
        interruptions: u32::from(role == PartyRole::Agent),
        response_median_ms: Some(700),
        response_longest_ms: Some(700),
        words,
        words_per_minute: None,
    }
}

/// A minute: the agent speaks half of the time that both speak together.
fn talked(label: SentimentLabel) -> Insight {
    let talk = TalkMetrics {
        basis: TalkBasis::Channels,
        conversation_ms: 60_000,
        talk_ms: 40_000,
        silence_ms: 20_000,
        silence_longest_ms: 6_000,
        dead_air_min_ms: 3_000,
        dead_air_count: 1,
        dead_air_ms: 6_000,
        overlap_ms: Some(3_000),
        hold_ms: 0,
        hold_count: 0,
        words_per_minute: None,
        moments: Vec::new(),
        parties: vec![party(0, PartyRole::Agent, 20_000, 50), party(1, PartyRole::Customer, 20_000, 60)],
    };
    let sentiment = Sentiment { score: 0.0, label, parties: vec![], course: vec![] };
    Insight { talk: Some(talk), sentiment: Some(sentiment), ..Insight::default() }
}

fn finish_all(store: &Store, label: SentimentLabel) {
    finish_all_with(store, &talked(label));
}

fn finish_all_with(store: &Store, insight: &Insight) {
    drain_until(store, 100 * WEEK_S, |claim| {
        let is_summary = claim.step == Step::GenerateSummary;
        if is_summary {
            let result = StepResult::Insight(Box::new(insight.clone()));
            store.finish(claim, StepOutcome::Completed { result, version: None }, at(100 * WEEK_S)).unwrap();
        }
        is_summary
    });
}

/// A recording whose summary says how it was talked.
fn spoken(fixture: &Fixture, name: &str, s: i64, label: SentimentLabel) -> RecordingId {
    let id = fixture.insert(name, s);
    finish_all(&fixture.store, label);
    id
}

fn agree(store: &Store, id: RecordingId, score: f32) {
    let agreement = Some(Agreement { score, disputes: vec![], rules_version: 1 });
    let theirs = Some(transcript("hello from the rest"));
    let opinion = SecondOpinion { transcript: theirs, insights: Value::Null, fetched_at: at(100 * WEEK_S), agreement };
    let kept = KeptOpinion { opinion: &opinion, compared: None, named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(id, &kept, at(100 * WEEK_S)).unwrap();
}

#[test]
fn figures_of_agents_are_sums_over_their_calls() {
    let fixture = Fixture::new();
    spoken(&fixture, "a", 10, SentimentLabel::Neutral);
    let removed = spoken(&fixture, "b", 20, SentimentLabel::Neutral);
    let talk = |by| fixture.store.trends(by, None, None).unwrap()[0].1.talk;
    assert_eq!((talk(TrendBy::All).calls, talk(TrendBy::Account).agent_calls), (2, 2));
    assert_eq!(talk(TrendBy::Day).agent_talk_share(), Some(0.5));
    assert_eq!(talk(TrendBy::Hour).agent_words_per_minute(), Some(150.0));
    assert_eq!((talk(TrendBy::All).dead_air_ms, talk(TrendBy::All).overlap_ms), (12_000, 6_000));
    fixture.store.soft_delete(removed, "test", at(200 * WEEK_S)).unwrap();
    assert_eq!((talk(TrendBy::All).calls, talk(TrendBy::All).agent_interruptions), (1, 1));
    assert_whole(&fixture.store);
}

#[test]
fn agreement_is_told_by_account_and_week() {
    let fixture = Fixture::new();
    for (name, s, score) in [("a", 10, 0.9), ("b", WEEK_S, 0.8), ("c", WEEK_S + 1, 0.6)] {
        let id = spoken(&fixture, name, s, SentimentLabel::Neutral);
        agree(&fixture.store, id, score);
    }
    let accounts = fixture.store.weeks_of_accounts(None, None).unwrap();
    let weeks: Vec<(&str, u64, f64)> = accounts
        .values()
        .next()
        .unwrap()
        .iter()
        .map(|(week, talk)| (week.as_str(), talk.agreement.0, (talk.mean_agreement().unwrap() * 100.0).round()))
        .collect();
    assert_eq!(weeks, [("2023-11-13", 1, 90.0), ("2023-11-20", 2, 70.0)]);
    assert_whole(&fixture.store);
}

#[test]
fn calls_worth_a_listen_are_those_that_went_badly() {
    let fixture = Fixture::new();
    spoken(&fixture, "calm", 10, SentimentLabel::Positive);
    spoken(&fixture, "angry", 20, SentimentLabel::Negative);
    let doubted = spoken(&fixture, "doubted", 30, SentimentLabel::Neutral);
    agree(&fixture.store, doubted, 0.3);
    let worth = ListQuery { is_worth_a_listen: true, limit: 10, ..ListQuery::default() };
    let names = || -> Vec<String> {
        let page = fixture.store.list(&worth).unwrap();
        page.items.iter().map(|recording| recording.key.remote_id.clone()).collect()
    };
    assert_eq!(names(), ["doubted", "angry"]);
    assert_eq!(fixture.store.trends(TrendBy::All, None, None).unwrap()[0].1.talk.worth_a_listen, 2);
    agree(&fixture.store, doubted, 0.95);
    assert_eq!(names(), ["angry"]);
    assert_whole(&fixture.store);
}

#[test]
fn a_category_that_a_call_is_in_makes_it_worth_a_listen_and_one_that_it_is_not_in_does_not() {
    let fixture = Fixture::new();
    for (name, s, matched) in [("in", 10, true), ("out", 20, false)] {
        fixture.insert(name, s);
        let category = CategoryResult { name: "notice".into(), matched, absent: true, hits: vec![], alert: false };
        finish_all_with(&fixture.store, &Insight { categories: vec![category], ..talked(SentimentLabel::Neutral) });
    }
    let worth = ListQuery { is_worth_a_listen: true, limit: 10, ..ListQuery::default() };
    let page = fixture.store.list(&worth).unwrap();
    assert_eq!(page.items.iter().map(|recording| recording.key.remote_id.as_str()).collect::<Vec<_>>(), ["in"]);
    assert_eq!(fixture.store.trends(TrendBy::All, None, None).unwrap()[0].1.talk.worth_a_listen, 1);
    assert_whole(&fixture.store);
}
