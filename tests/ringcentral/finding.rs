//! Finding recordings in the call log, each, whatever the log does meanwhile.

use callscribe::call::{Direction, Disposition};
use callscribe::provider::Provider;
use serde_json::{Value, json};

use crate::fakes::{ALWAYS, CallLogRecord, Endpoint, Fault, Match, RingCentralSettings, examples};
use crate::support::{Account, generous, ids, minutes_before_noon, noon, record, ringcentral, sorted};

fn page(records: &Value, next: Option<&str>) -> Fault {
    let navigation = next.map_or(json!({}), |uri| json!({ "nextPage": { "uri": uri } }));
    let body = json!({ "records": records, "navigation": navigation }).to_string();
    Fault::Status { code: 200, retry_after: None, body: Some(body) }
}

#[tokio::test]
async fn one_look_reads_one_page_and_the_cursor_goes_on() {
    let account = Account::new(600).await;
    let first = account.provider.discover(None).await.unwrap();
    assert_eq!((first.listed.len(), first.more), (250, true));
    let account = account.restart();
    let (rest, cursor) = account.look(first.cursor).await;
    assert_eq!((rest.listed.len(), account.fake.count(Endpoint::List)), (350, 3));
    assert!(rest.listed.iter().all(|listed| !listed.returned));
    let cursor: Value = serde_json::from_str(&cursor.unwrap()).unwrap();
    assert_eq!((&cursor["since"], &cursor["until"]), (&json!(noon()), &Value::Null));
}

#[tokio::test]
async fn the_first_look_goes_back_as_far_as_configured_and_later_ones_overlap() {
    let account = Account::new(0).await;
    for (n, hours) in [(1, 23), (2, 25), (3, 2)] {
        account.fake.add_record(CallLogRecord::new(n, minutes_before_noon(hours * 60)));
    }
    let (found, cursor) = account.look(None).await;
    assert_eq!(found.listed.len(), 2);
    account.wait(60);
    account.fake.add_record(CallLogRecord::new(4, minutes_before_noon(-30)));
    let (found, _) = account.look(cursor).await;
    assert_eq!(ids(&found), [record(4).recording_id, record(3).recording_id]);
}

#[tokio::test]
async fn what_reaches_the_log_late_is_found_by_the_next_look() {
    let account = Account::new(2).await;
    account.fake.add_record(CallLogRecord { listed_after: 1, ..record(7) });
    let (found, cursor) = account.look(None).await;
    assert_eq!(found.listed.len(), 2);
    account.wait(60);
    let (found, _) = account.look(cursor).await;
    assert!(ids(&found).contains(&record(7).recording_id));
}

#[tokio::test]
async fn a_call_that_ends_many_hours_after_it_began_is_found_within_a_day() {
    let account = Account::new(0).await;
    let (_, cursor) = account.look(None).await;
    account.wait(20 * 60);
    let (_, mut cursor) = account.look(cursor).await;
    // In the log only now that it has ended, with the time it began at.
    account.fake.add_record(CallLogRecord::new(5, minutes_before_noon(-30)));
    let mut found = Vec::new();
    for _ in 0..6 {
        let look = account.look(cursor).await;
        (found, cursor) = ([found, ids(&look.0)].concat(), look.1);
        account.wait(60);
    }
    assert_eq!(found, [CallLogRecord::new(5, minutes_before_noon(0)).recording_id]);
}

#[tokio::test]
async fn calls_that_come_between_two_pages_push_nothing_out_of_sight() {
    let account = Account::new(300).await;
    let first = account.provider.discover(None).await.unwrap();
    (400..420).for_each(|n| account.fake.add_record(CallLogRecord::new(n, minutes_before_noon(1))));
    let (rest, _) = account.look(first.cursor.clone()).await;
    let mut all = [ids(&first), ids(&rest)].concat();
    all.sort();
    all.dedup();
    assert!((0..300).all(|n| all.contains(&record(n).recording_id)));
}

#[tokio::test]
async fn a_listing_that_leads_in_circles_ends_with_a_sentence_and_keeps_what_came() {
    let account = Account::new(3).await;
    account.fake.loop_pages(true);
    let (found, cursor) = account.look(None).await;
    assert_eq!((found.listed.len(), account.fake.count(Endpoint::List)), (3, 1));
    assert!(found.refused[0].reason.contains("leads back"), "{:?}", found.refused);
    account.fake.loop_pages(false);
    let (found, _) = account.look(cursor).await;
    assert_eq!((found.refused.len(), found.cleared), (0, vec!["call-log".to_owned()]));
}

#[tokio::test]
async fn pages_elsewhere_are_not_followed() {
    let account = Account::new(0).await;
    let [media, foreign] = [&account.fake.bases.media, "http://192.0.2.1"].map(|base| format!("{base}/x?page=2"));
    for elsewhere in [&media, &foreign] {
        account.fake.fault(Endpoint::List, Match::Any, 1, page(&json!([]), Some(elsewhere)));
        let (found, _) = account.look(None).await;
        assert!(found.refused[0].reason.contains("not followed"), "{:?}", found.refused);
    }
    assert!(account.fake.credentials_on_media_host().is_empty());
}

#[tokio::test]
async fn a_page_that_fails_is_read_again_and_for_one_that_is_unknown_the_window_is_begun_again_once() {
    let account = Account::new(300).await;
    let first = account.provider.discover(None).await.unwrap();
    account.fake.fault(Endpoint::List, Match::Any, 1, Fault::status(503));
    let error = account.provider.discover(first.cursor.clone()).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Retry { after: None });
    assert_eq!(account.look(first.cursor.clone()).await.0.listed.len(), 50);
    account.fake.fault(Endpoint::List, Match::Any, 1, Fault::status(400));
    assert_eq!(account.look(first.cursor.clone()).await.0.listed.len(), 300);
    account.fake.fault(Endpoint::List, Match::Path("page=2".to_owned()), ALWAYS, Fault::status(400));
    let (found, cursor) = account.look(first.cursor).await;
    assert_eq!((found.listed.len(), found.refused.len()), (250, 1));
    assert!(!cursor.unwrap().contains("page=2"));
}

#[tokio::test]
async fn a_cursor_nobody_can_read_is_a_first_look() {
    let account = Account::new(2).await;
    for cursor in ["", "{", "[]", r#"{"since":7}"#, r#"{"page":"http://192.0.2.1/"}"#] {
        assert_eq!(account.look(Some(cursor.to_owned())).await.0.listed.len(), 2, "{cursor}");
    }
}

#[tokio::test]
async fn one_bad_record_does_not_block_its_page() {
    let account = Account::new(0).await;
    let good = examples::json("ringcentral_call_log_simple.json")["records"][0].clone();
    let bad = examples::with(good.clone(), json!({ "id": "bad1", "recording": { "id": "../../oauth" } }));
    let records = json!([bad, 7, null, { "recording": [] }, good]);
    account.fake.fault(Endpoint::List, Match::Any, 1, page(&records, None));
    let (found, cursor) = account.look(None).await;
    assert_eq!(ids(&found), ["3008431024"]);
    let names: Vec<_> = found.refused.iter().map(|refused| refused.locator.as_str()).collect();
    assert_eq!(names, ["call-log/bad1", "call-log/at/1", "call-log/at/2", "call-log/at/3"]);
    let mended = examples::with(good, json!({ "id": "bad1" }));
    account.fake.fault(Endpoint::List, Match::Any, 1, page(&json!([mended]), None));
    assert_eq!(account.look(cursor).await.0.cleared, ["call-log/bad1"]);
}

#[tokio::test]
async fn calls_without_audio_are_neither_listed_nor_refused() {
    let account = Account::new(1).await;
    account.fake.add_record(CallLogRecord { short: true, ..record(5) });
    let (found, _) = account.look(None).await;
    assert_eq!((found.listed.len(), found.refused.len()), (1, 0));
}

#[tokio::test]
async fn the_recordings_of_all_legs_are_found() {
    let account = Account::new(0).await;
    let mut call = examples::json("ringcentral_call_log_detailed.json")["records"][0].clone();
    call["legs"][1]["recording"] = examples::with(call["recording"].clone(), json!({ "id": "3008439999" }));
    call["legs"][1]["startTime"] = json!("2026-08-14T15:04:00Z");
    account.fake.fault(Endpoint::List, Match::Any, 1, page(&json!([call]), None));
    let (found, _) = account.look(None).await;
    assert_eq!(ids(&found), ["3008431024", "3008439999"]);
    assert_eq!(found.listed[1].call.started_at, Some("2026-08-14T15:04:00Z".parse().unwrap()));
    assert_eq!(found.listed[0].call.session_id, found.listed[1].call.session_id);
    let second = &found.listed[1];
    assert_eq!(account.details(second).await.unwrap(), second.call);
}

#[tokio::test]
async fn what_was_listed_is_not_asked_for_again() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    assert_eq!(account.details(&listed).await.unwrap(), listed.call);
    let metadata = account.provider.metadata(&listed.remote_id, &listed.locator).await.unwrap();
    assert_eq!(metadata["call"]["legs"][0]["legType"], "Accept");
    assert_eq!(account.fake.count(Endpoint::Details), 0);
}

#[tokio::test]
async fn after_a_restart_the_log_tells_the_same() {
    let account = Account::with(generous(), 1, |config| config.channels = vec!["both".to_owned()]).await;
    let listed = account.only().await;
    let account = account.restart();
    assert_eq!(account.details(&listed).await.unwrap(), listed.call);
    let metadata = account.provider.metadata(&listed.remote_id, &listed.locator).await.unwrap();
    assert_eq!(metadata["call"]["recording"], metadata["recording"]);
    assert_eq!(account.fake.count(Endpoint::Details), 1, "one request answers both");
    insta::assert_json_snapshot!(listed.call);
}

#[tokio::test]
async fn the_documents_example_is_read_in_full() {
    let account = Account::new(0).await;
    let records = examples::json("ringcentral_call_log_detailed.json")["records"].clone();
    account.fake.fault(Endpoint::List, Match::Any, 1, page(&records, None));
    let listed = account.only().await;
    insta::assert_snapshot!(listed.locator);
    insta::assert_json_snapshot!(listed.call);
}

#[tokio::test]
async fn a_call_between_two_extensions_is_internal() {
    let account = Account::new(0).await;
    let mut call = examples::json("ringcentral_call_log_detailed.json")["records"][0].clone();
    call["from"] = json!({ "extensionNumber": "102", "name": "Mia" });
    call["legs"] = json!([]);
    account.fake.fault(Endpoint::List, Match::Any, 1, page(&json!([call]), None));
    assert_eq!(account.only().await.call.direction, Some(Direction::Internal));
}

#[tokio::test]
async fn without_the_companys_log_the_sentence_names_the_permission_and_extensions_work() {
    let settings = RingCentralSettings { full_company_call_log: false, ..generous() };
    let account = Account::with(settings, 2, |_| ()).await;
    let error = account.provider.discover(None).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    insta::assert_snapshot!(error.message);
    let account = account.changed(|config| ringcentral(config).extensions = vec!["~".to_owned()]);
    let listed = account.listed().await;
    assert_eq!(listed.len(), 2);
    let account = account.restart();
    assert_eq!(account.details(&listed[0]).await.unwrap(), listed[0].call);
}

#[tokio::test]
async fn every_configured_extension_is_read_numbers_by_the_companys_log() {
    let extensions = vec!["400131428008".to_owned(), "101".to_owned()];
    let account = Account::with(generous(), 300, |config| ringcentral(config).extensions = extensions).await;
    let (found, _) = account.look(None).await;
    assert_eq!(found.listed.len(), 600, "the fake gives everything to everybody");
    let asked = account.fake.requests_to(Endpoint::List);
    let paths: Vec<_> = asked.iter().map(|seen| seen.asked.path.contains("/extension/")).collect();
    assert_eq!(paths, [true, true, false, false]);
    assert_eq!(asked[2].asked.query("extensionNumber").as_deref(), Some("101"));
}

#[tokio::test]
async fn looking_back_by_hand_reads_until_there_is_enough() {
    let account = Account::new(600).await;
    let since = minutes_before_noon(550);
    let found = account.provider.look_back(since, 300).await.unwrap();
    assert_eq!((found.listed.len(), found.cursor, found.more), (300, None, false));
    assert_eq!(account.fake.count(Endpoint::List), 2);
    let all = account.provider.look_back(since, 10_000).await.unwrap();
    assert_eq!(sorted(&all).len(), 551);
    let again = account.provider.look_back(since, 10_000).await.unwrap();
    assert_eq!((again.listed.len(), again.refused.len()), (551, 0));
}
