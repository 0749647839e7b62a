//! Which recordings a list shows.

use serde_json::Value;

use crate::seed::{Served, refund_call};

/// The provider's ids a list shows, and its total.
fn listed(served: &Served, query: &str) -> (Vec<String>, u64) {
    let answer = served.http.get(&format!("/api/v1/recordings/{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let page = answer.json();
    let items = page["items"].as_array().unwrap();
    let id = |item: &Value| item["provider_recording_id"].as_str().unwrap().to_owned();
    (items.iter().map(id).collect(), page["total"].as_u64().unwrap())
}

fn names(ids: &[&str]) -> (Vec<String>, u64) {
    (ids.iter().map(|id| (*id).to_owned()).collect(), ids.len() as u64)
}

#[test]
fn filters_choose_and_combine() {
    let (served, _) = Served::archive();
    let all = names(&["call-4", "call-3", "call-2", "call-1"]);
    let cases: [(&str, &[&str]); 17] = [
        ("?status=completed", &["call-1"]),
        ("?status=FAILED", &["call-3"]),
        ("?status=processing", &["call-2"]),
        ("?has_transcript=true", &["call-1"]),
        ("?has_transcript=0", &["call-4", "call-3", "call-2"]),
        ("?from_date=2026-11-20T11:00:00Z", &["call-4", "call-3"]),
        ("?to_date=2026-11-20T10:00:00Z", &["call-2", "call-1"]),
        ("?start_date=2026-11-20T09:30:00Z&end_date=2026-11-20T11:00:00Z", &["call-3", "call-2"]),
        ("?from_date=2026-11-20T12:00:00+01:00", &["call-4", "call-3"]),
        ("?from_date=2026-11-21", &[]),
        ("?language=en", &["call-1"]),
        ("?language=es", &[]),
        ("?provider=twilio", &[]),
        ("?min_quality=0.5", &["call-2", "call-1"]),
        ("?min_quality=0.33&has_transcript=false", &["call-3", "call-2"]),
        ("?search_text=REFUND", &["call-1"]),
        ("?phone_number=7654321", &[]),
    ];
    for (query, ids) in cases {
        assert_eq!(listed(&served, query), names(ids), "{query}");
    }
    for everything in
        ["", "?to_date=2026-11-20", "?provider=folder", "?phone_number=030-1234567", "?search_text=", "?status="]
    {
        assert_eq!(listed(&served, everything), all, "{everything}");
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let served = Served::empty();
    let expected: Vec<String> = (0..7)
        .map(|n| {
            served.discover(&format!("call-{n}"), &format!("2026-11-20T09:00:{n:02}Z"), &refund_call());
            format!("call-{n}")
        })
        .rev()
        .collect();
    let pages: Vec<_> = [0, 3, 6, 9].iter().map(|skip| listed(&served, &format!("?limit=3&skip={skip}"))).collect();
    assert!(pages.iter().all(|(_, total)| *total == 7));
    assert_eq!(pages.into_iter().flat_map(|(ids, _)| ids).collect::<Vec<_>>(), expected);
    assert_eq!(listed(&served, "?offset=5").0, expected[5..]);
}

#[test]
fn the_list_answers_with_and_without_a_slash_at_the_end() {
    let (served, _) = Served::archive();
    let (with, without) = (served.http.get("/api/v1/recordings/"), served.http.get("/api/v1/recordings"));
    assert_eq!(without.status, 200);
    assert_eq!(with.body, without.body);
}
