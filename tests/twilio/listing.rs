//! Every recording is found, once a window, whatever the list does.

use std::collections::BTreeSet;

use callscribe::call::Disposition;
use callscribe::provider::Provider;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, TwilioRecording, examples};
use crate::support::{Office, ids, minutes_before_noon, noon, recording, refused};

/// A day is 1440 minutes: three pages.
const MANY: u32 = 1_100;

fn page(body: &Value) -> Fault {
    Fault::Status { code: 200, retry_after: None, body: Some(body.to_string()) }
}

#[tokio::test]
async fn a_look_reads_one_page_a_call_and_all_of_them_in_the_end() {
    let office = Office::with_recordings(MANY).await;
    let first = office.provider.discover(None).await.unwrap();
    assert_eq!((first.listed.len(), first.more, office.fake.count(Endpoint::List)), (500, true, 1));
    let (rest, cursor) = office.look(first.cursor.clone()).await;
    let seen: BTreeSet<&str> = ids(&first).into_iter().chain(ids(&rest)).collect();
    assert_eq!(seen.len(), MANY as usize);
    assert_eq!(office.fake.count(Endpoint::List), 3);
    assert!(cursor.unwrap().starts_with(r#"{"since":"2026-08-14T12:00:00Z","pages":0,"#));
}

#[tokio::test]
async fn the_first_look_goes_back_as_far_as_configured_and_the_next_reads_the_overlap_again() {
    let office = Office::new().await;
    [(1, 10), (2, 23 * 60), (3, 25 * 60)].into_iter().for_each(|(n, minutes)| {
        office.add(TwilioRecording::new(n, minutes_before_noon(minutes)));
    });
    let (found, cursor) = office.look(None).await;
    assert_eq!(ids(&found), [recording(1).sid.as_str(), &recording(2).sid]);
    office.clock.advance_ms(3_600_000);
    // It was begun before the last look and appears only now.
    let late = TwilioRecording::new(4, minutes_before_noon(60));
    office.add(late.clone());
    let (found, _) = office.look(cursor).await;
    assert_eq!(ids(&found), [recording(1).sid.as_str(), &late.sid]);
    let asked = office.fake.requests_to(Endpoint::List).pop().unwrap().asked.clone();
    assert_eq!(asked.query("DateCreated>").as_deref(), Some("2026-08-14T09:00:00Z"));
    assert_eq!(asked.query("DateCreated<").as_deref(), Some("2026-08-14T13:00:01Z"));
    assert!(asked.raw_query.contains("DateCreated%3E="), "the operator is part of the key: {}", asked.raw_query);
}

#[tokio::test]
async fn a_recording_that_appears_during_a_look_shifts_none_out_of_it() {
    let office = Office::with_recordings(MANY).await;
    let first = office.provider.discover(None).await.unwrap();
    (2_000..2_050).for_each(|n| office.add(TwilioRecording::new(n, noon())));
    let (rest, _) = office.look(first.cursor.clone()).await;
    let seen: BTreeSet<&str> = ids(&first).into_iter().chain(ids(&rest)).collect();
    assert!((0..MANY).all(|n| seen.contains(recording(n).sid.as_str())));
}

#[tokio::test]
async fn a_list_that_leads_in_circles_is_left_with_what_came() {
    let office = Office::with_recordings(3).await;
    office.fake.loop_pages(true);
    let (found, cursor) = office.look(None).await;
    assert_eq!((found.listed.len(), found.refused.len()), (3, 1));
    assert!(found.refused[0].reason.contains("leads back to a page that was read before"));
    assert!(cursor.unwrap().starts_with(r#"{"since":"2026-08-14T12:00:00Z""#), "the window is ended");
    office.fake.loop_pages(false);
    assert_eq!(office.look(None).await.0.cleared, [found.refused[0].locator.clone()]);
}

#[tokio::test]
async fn circles_of_several_pages_are_left_too() {
    let office = Office::new().await;
    let own = format!("/2010-04-01/Accounts/{}/Recordings.json?Page=", office.fake.settings.account_sid);
    for n in 0..40_u32 {
        let body = json!({ "recordings": [], "next_page_uri": format!("{own}{}", n % 3 + 1) });
        office.fake.fault(Endpoint::List, Match::Any, 1, page(&body));
    }
    let (found, _) = office.look(None).await;
    assert!(found.refused[0].reason.contains("leads back"));
    assert!(office.fake.count(Endpoint::List) < 12);
}

#[tokio::test]
async fn pages_elsewhere_are_not_followed() {
    let office = Office::new().await;
    for elsewhere in [office.fake.bases.media.as_str(), "https://evil.example", "//evil.example"] {
        let next = format!("{elsewhere}/2010-04-01/Accounts/x/Recordings.json?Page=1");
        let body = examples::with(examples::json("twilio_recordings_list.json"), json!({ "next_page_uri": next }));
        office.fake.heal();
        office.fake.fault(Endpoint::List, Match::Any, ALWAYS, page(&body));
        let (found, _) = office.look(None).await;
        assert_eq!((found.listed.len(), found.refused.len()), (2, 1), "{elsewhere}");
        assert!(found.refused[0].reason.contains("not this account's"));
    }
    assert_eq!(office.fake.credentials_on_media_host().len(), 0);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_none_of_its_page() {
    let office = Office::new().await;
    let mut body = examples::json("twilio_recordings_list_last_page.json");
    let good = body["recordings"][0].clone();
    body["recordings"] = json!([null, 7, { "sid": "RE12" }, good, { "sid": ["x"] }]);
    office.fake.fault(Endpoint::List, Match::Any, ALWAYS, page(&body));
    let (found, _) = office.look(None).await;
    assert_eq!(ids(&found), ["RE00ff00ff00ff00ff00ff00ff00ff00ff"]);
    assert_eq!(found.refused.len(), 4);
    let again = office.look(None).await.0.refused;
    assert_eq!(again, found.refused, "known again when it comes again");
}

#[tokio::test]
async fn an_answer_that_is_no_list_leaves_the_cursor_where_it_was() {
    let office = Office::new().await;
    for body in [json!({}), json!({ "recordings": null }), json!({ "recordings": "none" }), json!([])] {
        office.fake.heal();
        office.fake.fault(Endpoint::List, Match::Any, ALWAYS, page(&body));
        let error = refused(office.provider.discover(None).await);
        assert_eq!(error.disposition, Disposition::Retry { after: None });
    }
}

#[tokio::test]
async fn a_continuation_that_grew_old_begins_its_window_again() {
    let office = Office::with_recordings(MANY).await;
    let first = office.provider.discover(None).await.unwrap();
    let body = Some(r#"{"code":20001,"message":"Invalid page token"}"#.to_owned());
    let old = Fault::Status { code: 400, retry_after: None, body };
    office.fake.fault(Endpoint::List, Match::Path("PageToken".to_owned()), 1, old);
    let (rest, _) = office.look(first.cursor).await;
    assert_eq!(ids(&rest).into_iter().collect::<BTreeSet<_>>().len(), MANY as usize);
}

#[tokio::test]
async fn a_cursor_nobody_can_read_is_a_first_look() {
    let office = Office::with_recordings(2).await;
    for broken in ["", "{}", "null", "[1]", r#"{"since":"yesterday"}"#] {
        assert_eq!(office.look(Some(broken.to_owned())).await.0.listed.len(), 2, "{broken}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_leaves_no_gap() {
    let office = Office::with_recordings(5).await;
    let ahead = r#"{"since":"2027-01-01T00:00:00Z"}"#.to_owned();
    assert_eq!(office.look(Some(ahead)).await.0.listed.len(), 5);
}

#[tokio::test]
async fn looking_back_by_hand_ends_at_the_limit() {
    let office = Office::with_recordings(700).await;
    let since = noon() - SignedDuration::from_hours(48);
    for (limit, expected) in [(3, 3), (600, 600), (5_000, 700), (0, 0)] {
        let found = office.provider.look_back(since, limit).await.unwrap();
        assert_eq!((found.listed.len(), found.more, found.cursor), (expected, false, None), "{limit}");
    }
}

#[tokio::test]
async fn a_listing_tells_what_the_recording_knows() {
    let office = Office::with_recordings(1).await;
    let (found, _) = office.look(None).await;
    let listed = &found.listed[0];
    assert!(!listed.returned);
    let path = format!("/2010-04-01/Accounts/{}/Recordings/{}", office.fake.settings.account_sid, listed.remote_id);
    assert_eq!(listed.locator, format!("{}{path}", office.fake.bases.api));
    assert_eq!((listed.call.started_at, listed.call.duration_ms), (Some(noon()), Some(6_000)));
}
