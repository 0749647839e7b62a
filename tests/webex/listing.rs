//! Looking for recordings: slices, pages, overlap, loops.

use std::time::Duration;

use callscribe::config::WebexReach;
use callscribe::provider::Provider;
use serde_json::{Value, json};

use crate::fakes::{ALWAYS, Endpoint, Fault, Listener, Match, Reply, WebexRecording, WebexSettings, examples};
use crate::support::{Account, RETRY, check_sentence, hours_before_noon, ids, noon, walk};

/// A page in place of the fake's.
fn page(account: &Account, body: &Value) {
    let fault = Fault::Status { code: 200, retry_after: None, body: Some(body.to_string()) };
    account.webex.fault(Endpoint::List, Match::Any, 1, fault);
}

fn windows(account: &Account) -> Vec<(String, String)> {
    let seen = account.webex.requests_to(Endpoint::List);
    seen.iter().map(|seen| (seen.asked.query("from").unwrap(), seen.asked.query("to").unwrap())).collect()
}

#[tokio::test]
async fn every_page_is_one_call_and_the_cursor_ends_where_the_look_ended() {
    let mut account = Account::with_recordings(0).await;
    account.config.look_back = Duration::from_secs(15 * 24 * 3600);
    (0..250).for_each(|n| account.add(WebexRecording::new(n, hours_before_noon(i64::from(n) + 2))));
    let provider = account.provider();
    let (pages, cursor) = walk(&provider, None).await;
    assert_eq!(pages.iter().map(|page| page.listed.len()).collect::<Vec<_>>(), [100, 100, 50]);
    assert!(cursor.as_deref().unwrap().starts_with(r#"{"since":"2026-08-14T12:00:00Z","reach""#));
    let mut found = ids(&pages);
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 250);
    assert!(pages[0].listed.iter().all(|listed| !listed.returned && listed.locator.ends_with(&listed.remote_id)));
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_look_goes_on_with_the_next_page() {
    let mut account = Account::with_recordings(0).await;
    account.config.look_back = Duration::from_secs(15 * 24 * 3600);
    (0..150).for_each(|n| account.add(WebexRecording::new(n, hours_before_noon(i64::from(n) + 2))));
    let first = account.provider().discover(None).await.unwrap();
    assert!(first.more);
    let second = account.provider().discover(first.cursor).await.unwrap();
    assert_eq!((second.listed.len(), second.more), (50, false));
}

#[tokio::test]
async fn long_windows_are_cut_to_less_than_thirty_days() {
    let mut account = Account::with_recordings(0).await;
    account.config.look_back = Duration::from_secs(80 * 24 * 3600);
    for days in [1, 31, 79] {
        account.add(WebexRecording::new(days, hours_before_noon(24 * i64::from(days))));
    }
    let (pages, _) = walk(&account.provider(), None).await;
    assert_eq!(ids(&pages).len(), 3);
    let expected = [
        ("2026-05-26T12:00:00Z", "2026-06-24T12:00:00Z"),
        ("2026-06-24T12:00:00Z", "2026-07-23T12:00:00Z"),
        ("2026-07-23T12:00:00Z", "2026-08-14T12:00:00Z"),
    ];
    assert_eq!(windows(&account), expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
}

#[tokio::test]
async fn late_items_are_found_by_the_overlap() {
    let account = Account::with_recordings(1).await;
    let (_, cursor) = walk(&account.provider(), None).await;
    account.add(WebexRecording::new(7, hours_before_noon(1)));
    account.clock.advance_ms(3_600_000);
    account.webex.forget_requests();
    let (pages, cursor) = walk(&account.provider(), cursor).await;
    assert!(ids(&pages).contains(&WebexRecording::new(7, noon()).id));
    assert_eq!(windows(&account), [("2026-08-14T09:00:00Z".to_owned(), "2026-08-14T13:00:00Z".to_owned())]);
    assert!(cursor.unwrap().starts_with(r#"{"since":"2026-08-14T13:00:00Z","reach""#));
}

#[tokio::test]
async fn what_comes_up_half_a_day_late_is_found_within_a_day() {
    let account = Account::with_recordings(0).await;
    let (_, cursor) = walk(&account.provider(), None).await;
    account.clock.advance_ms(13 * 3_600_000);
    let (_, mut cursor) = walk(&account.provider(), cursor).await;
    // Listed by the time it was recorded at, thirteen hours ago.
    let late = WebexRecording::new(7, noon());
    account.add(late.clone());
    let mut found = Vec::new();
    for _ in 0..12 {
        account.clock.advance_ms(3_600_000);
        let (pages, next) = walk(&account.provider(), cursor).await;
        found.extend(ids(&pages));
        cursor = next;
    }
    assert_eq!(found, [late.id]);
}

#[tokio::test]
async fn a_failed_page_leaves_the_cursor_where_it_was() {
    let account = Account::with_recordings(1).await;
    account.webex.fault(Endpoint::List, Match::Any, 1, Fault::status(503));
    let error = account.provider().discover(None).await.unwrap_err();
    assert_eq!(error.disposition, RETRY);
    check_sentence(&error, &["503", "the list of recordings"]);
    assert_eq!(account.provider().discover(None).await.unwrap().listed.len(), 1);
}

#[tokio::test]
async fn a_garbled_cursor_begins_anew() {
    let account = Account::with_recordings(1).await;
    for cursor in ["", "{}", "[1]", r#"{"since":"x"}"#, r#"{"since":"2026-08-14T11:00:00Z","walk":{"until":1}}"#] {
        let page = account.provider().discover(Some(cursor.to_owned())).await.unwrap();
        assert_eq!(page.listed.len(), 1, "{cursor}");
    }
}

#[tokio::test]
async fn pages_that_lead_back_end_the_window_and_what_came_stays() {
    let account = Account::with_recordings(3).await;
    account.webex.loop_pages(true);
    let (pages, cursor) = walk(&account.provider(), None).await;
    assert_eq!(pages[0].listed.len(), 3);
    let refused = &pages.last().unwrap().refused[0];
    assert!(refused.reason.contains("leads back to a page that was read before"), "{}", refused.reason);
    assert!(cursor.as_deref().unwrap().starts_with(r#"{"since":"2026-08-14T12:00:00Z","reach""#));
    account.webex.loop_pages(false);
    let (pages, _) = walk(&account.provider(), cursor).await;
    assert_eq!(pages.last().unwrap().cleared, [refused.locator.as_str()], "it leaves the quarantine");
}

#[tokio::test]
async fn pages_on_another_host_are_not_followed() {
    let account = Account::with_recordings(1).await;
    let trap = Listener::start(|_| Reply::empty(200)).await;
    let mut cursor: Value = serde_json::from_str(
        r#"{"since":"2026-08-13T12:00:00Z","walk":{"until":"2026-08-14T12:00:00Z","from":"2026-08-13T12:00:00Z"}}"#,
    )
    .unwrap();
    cursor["walk"]["page"] = json!(format!("{}/v1/admin/convergedRecordings?pageToken=x", trap.url));
    let page = account.provider().discover(Some(cursor.to_string())).await.unwrap();
    assert_eq!(page.listed.len(), 1, "the first page was asked for instead");
    account.webex.fault(Endpoint::List, Match::Any, 1, Fault::RedirectTo(trap.url.clone()));
    let error = account.provider().discover(None).await.unwrap_err();
    check_sentence(&error, &["none of this account's hosts"]);
    assert_eq!(trap.heard().len(), 0);
}

#[tokio::test]
async fn a_continuation_that_died_begins_its_slice_again_with_the_next_look() {
    let mut account = Account::with_recordings(0).await;
    account.config.look_back = Duration::from_secs(15 * 24 * 3600);
    (0..150).for_each(|n| account.add(WebexRecording::new(n, hours_before_noon(i64::from(n) + 2))));
    let provider = account.provider();
    let first = provider.discover(None).await.unwrap();
    account.webex.fault(Endpoint::List, Match::Path("pageToken".to_owned()), 1, Fault::status(400));
    let second = provider.discover(first.cursor).await.unwrap();
    assert_eq!((second.listed.len(), second.refused.len(), second.more), (0, 1, false));
    let (pages, _) = walk(&provider, second.cursor).await;
    assert_eq!(ids(&pages).len(), 150);
}

#[tokio::test]
async fn one_bad_record_never_blocks_its_page() {
    let account = Account::new().await;
    let good = examples::json("webex_recordings_list.json")["items"][0].clone();
    let bad = [json!(null), json!(7), json!({}), json!({ "id": "../x" }), json!({ "id": [] })];
    let binned = examples::with(good.clone(), json!({ "id": "b", "status": "deleted" }));
    page(&account, &json!({ "items": [bad[0], good, bad[1], bad[2], bad[3], bad[4], binned] }));
    let found = account.provider().discover(None).await.unwrap();
    assert_eq!(ids(std::slice::from_ref(&found)), ["7ee40776-779a-4c8a-a2c1-1f2e3d4c5b6a"]);
    assert_eq!((found.refused.len(), found.more), (5, false));
}

#[tokio::test]
async fn a_page_without_items_is_asked_for_again() {
    let account = Account::with_recordings(1).await;
    for body in [json!({}), json!([]), json!({ "items": {} })] {
        page(&account, &body);
        let error = account.provider().discover(None).await.unwrap_err();
        assert_eq!(error.disposition, RETRY);
        check_sentence(&error, &["has no items"]);
    }
}

#[tokio::test]
async fn rude_pages_are_left_and_asked_for_again() {
    let rude = [
        Fault::Truncated { after: 20 },
        Fault::WrongLength { by: 9 },
        Fault::SlowDrip { pause: Duration::from_millis(20) },
        Fault::Html,
        Fault::GzipBomb,
        Fault::Hang,
    ];
    for fault in rude {
        let account = Account::with_recordings(1).await;
        account.webex.fault(Endpoint::List, Match::Any, ALWAYS, fault.clone());
        let error = account.provider().discover(None).await.unwrap_err();
        assert_eq!(error.disposition, RETRY, "{fault:?}: {}", error.message);
        check_sentence(&error, &["could not be had"]);
    }
}

#[tokio::test]
async fn after_a_timeout_on_the_other_side_smaller_pages_are_asked_for() {
    let account = Account::with_recordings(1).await;
    let provider = account.provider();
    account.webex.fault(Endpoint::List, Match::Any, 2, Fault::status(504));
    provider.discover(None).await.unwrap_err();
    provider.discover(None).await.unwrap_err();
    provider.discover(None).await.unwrap();
    provider.discover(None).await.unwrap();
    let seen = account.webex.requests_to(Endpoint::List);
    let sizes: Vec<String> = seen.iter().map(|seen| seen.asked.query("max").unwrap()).collect();
    assert_eq!(sizes, ["100", "50", "25", "100"]);
}

#[tokio::test]
async fn owners_are_asked_for_one_by_one_where_the_administrators_list_is_incomplete() {
    let settings = WebexSettings { admin_sees_only_own: true, ..WebexSettings::default() };
    let mut account = Account::with(settings).await.reaching(WebexReach::Admin, &["spark-admin:recordings_read"]);
    for (n, owner) in [(1, "ana"), (2, "bo")] {
        let owner_email = format!("{owner}@example.com");
        account.add(WebexRecording {
            owner_id: owner.to_owned(),
            owner_email,
            ..WebexRecording::new(n, hours_before_noon(2))
        });
    }
    assert_eq!(ids(&walk(&account.provider(), None).await.0).len(), 0);
    account.webex_config().owner_emails = vec!["ana@example.com".to_owned(), "bo@example.com".to_owned()];
    assert_eq!(ids(&walk(&account.provider(), None).await.0).len(), 2);
}

#[tokio::test]
async fn a_user_lists_their_own() {
    let account = Account::with_recordings(2).await.reaching(WebexReach::User, &["spark:recordings_read"]);
    assert_eq!(ids(&walk(&account.provider(), None).await.0).len(), 2);
    let path = account.webex.requests_to(Endpoint::List)[0].asked.path.clone();
    assert_eq!(path, "/v1/convergedRecordings");
}

#[tokio::test]
async fn looking_back_by_hand_reads_pages_until_there_are_enough() {
    let account = Account::with_recordings(0).await;
    (0..250).for_each(|n| account.add(WebexRecording::new(n, hours_before_noon(i64::from(n) + 2))));
    let provider = account.provider();
    let found = provider.look_back(hours_before_noon(400), 120).await.unwrap();
    assert_eq!((found.listed.len(), found.cursor, found.more), (120, None, false));
    assert_eq!(account.webex.count(Endpoint::List), 2);
    assert_eq!(provider.look_back(hours_before_noon(5), 120).await.unwrap().listed.len(), 4);
    account.webex.fault(Endpoint::List, Match::Path("pageToken".to_owned()), 1, Fault::status(503));
    let found = provider.look_back(hours_before_noon(400), 120).await.unwrap();
    assert_eq!((found.listed.len(), found.refused.len()), (100, 1), "what came before the failure stays");
}
