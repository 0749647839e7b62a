//! Finding calls: cursors, filters over every field, full text, numbers, sums.

use callscribe::call::{CallFacts, Insight, Party, PartyRole, PartyTalk, TalkBasis, TalkMetrics};
use serde_json::{Value, json};

use crate::seed::{Served, refund_call};

fn page(served: &Served, query: &str) -> Value {
    let answer = served.http.get(&format!("/api/v1/recordings/{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["provider_recording_id"].as_str().unwrap().to_owned()).collect()
}

fn refused(served: &Served, target: &str) -> String {
    let answer = served.http.get(target);
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_parameter"), "{target}");
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

fn discover(served: &Served, n: usize) {
    served.discover(&format!("call-{n}"), &format!("2026-11-20T09:00:{n:02}Z"), &refund_call());
}

#[test]
fn a_cursor_goes_on_where_its_page_ended_whatever_comes_and_goes_meanwhile() {
    let served = Served::empty();
    (10..20).for_each(|n| discover(&served, n));
    let mut seen = Vec::new();
    let mut query = "?limit=3".to_owned();
    for round in 0.. {
        let page = page(&served, &query);
        seen.extend(ids(&page));
        // A newer one comes, the one the cursor names goes.
        discover(&served, 30 + round);
        let last = served.store.find(seen.last().unwrap()).unwrap().unwrap().id;
        served.store.soft_delete(last, "test", crate::seed::at("2026-11-20T13:00:00Z")).unwrap();
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, (10..20).rev().map(|n| format!("call-{n}")).collect::<Vec<_>>());
}

#[test]
fn a_cursor_keeps_the_whole_total_and_ends_with_the_list() {
    let served = Served::empty();
    (10..14).for_each(|n| discover(&served, n));
    let first = page(&served, "?limit=2&queue=billing");
    let next = page(
        &served,
        &format!("?limit=2&queue=BILLING&cursor={}", first["next_cursor"].as_str().unwrap())
            .replace("BILLING", "billing"),
    );
    assert_eq!((&first["total"], &next["total"]), (&4.into(), &4.into()));
    assert_eq!((ids(&next), next["next_cursor"].is_null()), (vec!["call-11".to_owned(), "call-10".to_owned()], true));
}

#[test]
fn a_cursor_is_refused_where_it_does_not_belong() {
    let served = Served::empty();
    (10..14).for_each(|n| discover(&served, n));
    let cursor = page(&served, "?limit=1")["next_cursor"].as_str().unwrap().to_owned();
    for query in [format!("status=pending&cursor={cursor}"), "cursor=x".to_owned(), format!("skip=1&cursor={cursor}")] {
        refused(&served, &format!("/api/v1/recordings/?{query}"));
    }
}

#[test]
fn every_fact_and_every_metadata_field_can_be_filtered_by_and_all_combine() {
    let (served, _) = Served::archive();
    let call = CallFacts {
        owner: Party { name: Some("Ada Holm".into()), email: Some("ada@holm.example".into()), ..Party::default() },
        location: Some("Berlin".into()),
        ..refund_call()
    };
    served.discover("call-5", "2026-11-20T12:30:00Z", &call);
    let cases: [(&str, &[&str]); 10] = [
        ("owner=ada%20holm", &["call-5"]),
        ("owner=ADA@holm.example&location=berlin", &["call-5"]),
        ("owner=ada", &[]),
        ("location=Berlin&status=completed", &[]),
        ("account=inbox&status=pending", &["call-5", "call-4"]),
        ("account=folder/inbox&status=failed", &["call-3"]),
        ("queue=Billing&has_transcript=true", &["call-1"]),
        ("metadata.queue=billing", &["call-2", "call-1"]),
        ("metadata.queue=billing&status=completed&phone_number=1234567", &["call-1"]),
        ("metadata.source=/srv/calls/call-3.wav", &["call-3"]),
    ];
    for (query, expected) in cases {
        let page = page(&served, &format!("?{query}"));
        assert_eq!(
            (ids(&page), page["total"].as_u64().unwrap()),
            (expected.iter().map(|id| (*id).to_owned()).collect(), expected.len() as u64),
            "{query}"
        );
    }
    for query in ["?sentiment=positive", "?category=complaint", "?metadata.queue=billing&metadata.source=x"] {
        assert_eq!(page(&served, query)["total"], 0, "{query}");
    }
}

#[test]
fn what_was_said_is_found_with_its_second_speaker_and_marks() {
    let (served, _) = Served::archive();
    served.search.catch_up().unwrap();
    insta::assert_json_snapshot!(served.http.get("/api/v1/search?q=customer:refund").json(), { ".items[].score" => "[score]" });
    let total = |query: &str| served.http.get(&format!("/api/v1/search?q={query}")).json()["total"].clone();
    assert_eq!(total("refunds&speaker=agent"), 0);
    assert_eq!(total("refunds&status=completed&queue=billing&sort=newest"), 1);
    assert_eq!(total("refunds&status=failed"), 0);
    assert_eq!(total("number:1234567"), 4);
}

#[test]
fn search_pages_follow_each_other() {
    let (served, _) = Served::archive();
    served.search.catch_up().unwrap();
    for sort in ["score", "newest"] {
        let mut seen = Vec::new();
        let mut query = format!("/api/v1/search?q=billing&limit=1&sort={sort}");
        loop {
            let page = served.http.get(&query).json();
            assert_eq!(page["total"], 4);
            seen.push(page["items"][0]["recording"]["id"].as_str().unwrap().to_owned());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("/api/v1/search?q=billing&limit=1&sort={sort}&cursor={cursor}");
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4, "{sort}");
    }
}

#[test]
fn a_list_searches_the_whole_transcript_once_the_index_is_there_and_says_how_far_it_is() {
    let (served, _) = Served::archive();
    let before = page(&served, "?search_text=refu");
    assert_eq!((before["total"].as_u64(), before["index"]["complete"].as_bool()), (Some(1), Some(false)));
    served.search.catch_up().unwrap();
    let after = page(&served, "?search_text=refu&status=completed");
    assert_eq!((after["total"].as_u64(), after["index"]["complete"].as_bool()), (Some(1), Some(true)));
    assert!(page(&served, "")["index"].is_null());
}

#[test]
fn a_search_without_an_index_says_so() {
    let (served, _) = Served::archive();
    let answer = served.http.get("/api/v1/search?q=refund");
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "index_not_ready"));
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn every_number_shows_its_calls_and_how_they_stand() {
    let (served, _) = Served::archive();
    insta::assert_json_snapshot!(served.http.get("/api/v1/numbers?search=%2B49%2030").json());
    assert_eq!(served.http.get("/api/v1/numbers").json()["total"], 2);
    for (part, total) in [("0%2012-34", 1), ("004930", 1), ("567", 1), ("999", 0)] {
        assert_eq!(served.http.get(&format!("/api/v1/numbers?part={part}")).json()["total"], total, "{part}");
    }
    for number in ["%2B49%2030%201234567", "0049301234567", "0301234567"] {
        let calls = served.http.get(&format!("/api/v1/numbers/{number}?limit=3")).json();
        assert_eq!(
            (calls["total"].as_u64(), calls["recordings"].as_array().map(Vec::len)),
            (Some(4), Some(3)),
            "{number}"
        );
        let cursor = calls["next_cursor"].as_str().unwrap();
        let rest = served.http.get(&format!("/api/v1/numbers/{number}?cursor={cursor}")).json();
        assert_eq!(rest["recordings"].as_array().map(Vec::len), Some(1));
    }
    assert_eq!(served.http.get("/api/v1/numbers/200?status=completed").json()["total"], 1);
    assert_eq!(served.http.get("/api/v1/numbers/999").status, 404);
    assert_eq!(served.http.get("/api/v1/numbers/nobody").status, 404);
}

#[test]
fn sums_by_day_and_by_what_calls_have_in_common() {
    let (served, _) = Served::archive();
    insta::assert_json_snapshot!(served.http.get("/api/v1/analytics/volume?by=queue").json());
    let items = |query: &str| served.http.get(&format!("/api/v1/analytics/{query}")).json()["items"].clone();
    assert_eq!(items("volume")[0]["key"], "2026-11-20");
    assert_eq!(items("topics")[0]["key"], "refund");
    assert_eq!(items("volume?by=hour").as_array().map(Vec::len), Some(4));
    assert_eq!(items("volume?from_date=2026-11-21"), serde_json::json!([]));
    assert_eq!(items("quality?to_date=2026-11-20")[0]["calls"], 4);
    assert_eq!(items("agreement")[0]["weeks"], serde_json::json!([]));
    assert_eq!(items("agents?by=account")[0]["calls"], 4);
    let grouped = |by: &str| {
        let groups = items(&format!("quality?by={by}"));
        let groups = groups.as_array().unwrap().iter();
        groups
            .map(|group| (group["key"].as_str().unwrap().to_owned(), group["calls"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    let expected =
        |groups: &[(&str, u64)]| groups.iter().map(|(key, calls)| ((*key).to_owned(), *calls)).collect::<Vec<_>>();
    assert_eq!(grouped("status"), expected(&[("completed", 1), ("failed", 1), ("pending", 1), ("processing", 1)]));
    assert_eq!(grouped("steps"), expected(&[("0", 1), ("2", 1), ("3", 1), ("6", 1)]));
    assert_eq!(served.http.get("/api/v1/analytics/weather").status, 404);
}

/// A minute, in which agent and customer speak so long in ms and the agent says so many words.
fn talked(agent_ms: u64, customer_ms: u64, words: u32, response_ms: u64) -> Insight {
    let party = |channel, role: PartyRole, talk_ms, words| PartyTalk {
        channel,
        speaker: role.name().to_owned(),
        role: Some(role),
        talk_ms,
        talk_share: 0.0,
        listen_ms: 0,
        longest_monologue_ms: talk_ms,
        turns: 1,
        interruptions: u32::from(role == PartyRole::Agent),
        response_median_ms: Some(response_ms),
        response_longest_ms: Some(response_ms),
        words,
        words_per_minute: None,
    };
    let talk_ms = agent_ms + customer_ms;
    let talk = TalkMetrics {
        basis: TalkBasis::Channels,
        conversation_ms: 60_000,
        talk_ms,
        silence_ms: 60_000 - talk_ms,
        silence_longest_ms: 6_000,
        dead_air_min_ms: 3_000,
        dead_air_count: 1,
        dead_air_ms: 6_000,
        overlap_ms: Some(3_000),
        hold_ms: 5_000,
        hold_count: 1,
        words_per_minute: None,
        moments: Vec::new(),
        parties: vec![party(0, PartyRole::Agent, agent_ms, words), party(1, PartyRole::Customer, customer_ms, words)],
    };
    Insight { talk: Some(talk), ..Insight::default() }
}

#[test]
fn figures_of_agents_are_weighed_by_how_long_they_spoke() {
    let served = Served::empty();
    for (n, insight) in [(10, talked(30_000, 10_000, 60, 400)), (20, talked(10_000, 30_000, 40, 1_000))] {
        served.completed(&format!("call-{n}"), &format!("2026-11-20T09:00:{n}Z"));
        served.draw_again(&format!("call-{n}"), insight);
    }
    // Nobody knows how this one was talked.
    served.completed("call-30", "2026-11-20T09:00:30Z");
    let group = served.http.get("/api/v1/analytics/agents?by=account").json()["items"][0].clone();
    let agent = json!({
        "calls": 2, "talk_share": 0.5, "words_per_minute": 150.0, "interruptions_per_call": 1.0, "response": 0.7,
    });
    let talk = json!({
        "calls": 2, "conversation": 120.0, "talk_share": 0.67, "overlap_share": 0.05, "dead_air_share": 0.1, "hold": 10.0,
        "agent": agent,
    });
    assert_eq!((&group["calls"], &group["talk"]), (&json!(3), &talk));
}

#[test]
fn every_bad_parameter_of_finding_is_named() {
    let served = Served::empty();
    let messages: Vec<String> = [
        "search",
        "search?q=",
        "search?q=%20...",
        "search?q=-refund",
        "search?q=a*",
        "search?q=refund&sort=worst",
        "search?q=refund&cursor=abc",
        "search?q=refund&colour=red",
        "recordings/?sentiment=angry",
        "recordings/?metadata.=x",
        "recordings/?metadata.queue=",
        "recordings/?cursor=%00",
        "recordings/?search_text=...",
        "numbers?search=abc",
        "numbers?search=49&part=30",
        "numbers?limit=501",
        "numbers/200?limit=0",
        "analytics/volume?by=colour",
        "analytics/volume?limit=1001",
        "analytics/volume?from_date=2026-11-21&to_date=2026-11-20",
    ]
    .iter()
    .map(|rest| format!("{rest}\n    {}", refused(&served, &format!("/api/v1/{rest}"))))
    .collect();
    insta::assert_snapshot!(messages.join("\n"));
}
