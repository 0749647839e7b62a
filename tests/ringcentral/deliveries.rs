//! Deliveries at our door: believed only with the secret, answered at once, never more than a hint.

use std::time::Duration;

use callscribe::provider::{Delivery, Provider, Received};
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::fakes::examples;
use crate::support::{Account, VERIFICATION, generous, ringcentral};

fn deliver(account: &Account, headers: &[(&'static str, &str)], body: &[u8]) -> Received {
    let url = Url::parse("https://calls.example.com/webhook/ringcentral").unwrap();
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    account.provider.receive(&Delivery { method: "POST", url: &url, headers: &headers, body })
}

fn event(account: &Account, name: &str) -> Received {
    let body = examples::text(&format!("ringcentral_{name}.json"));
    deliver(account, &[("verification-token", VERIFICATION)], body.as_bytes())
}

fn look_after(received: &Received) -> Vec<u64> {
    received.look_after.iter().map(Duration::as_secs).collect()
}

#[tokio::test]
async fn the_handshake_is_answered_with_its_token() {
    let account = Account::new(0).await;
    let token = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9";
    for headers in
        [vec![("validation-token", token)], vec![("validation-token", token), ("verification-token", VERIFICATION)]]
    {
        let received = deliver(&account, &headers, b"");
        assert_eq!((received.answer.status, received.refusal), (200, None));
        assert!(received.answer.headers.contains(&("Validation-Token".to_owned(), token.to_owned())));
        assert!(received.answer.headers.contains(&("Content-Type".to_owned(), "application/json".to_owned())));
    }
    let stranger = deliver(&account, &[("validation-token", token), ("verification-token", "x")], b"");
    assert_eq!(stranger.answer.status, 403);
    assert_eq!(deliver(&account, &[("validation-token", &"x".repeat(2000))], b"").answer.status, 403);
}

#[tokio::test]
async fn only_the_secret_opens_the_door() {
    let account = Account::new(0).await;
    let body = examples::text("ringcentral_telephony_session_event_disconnected.json");
    let status = |headers: &[(&'static str, &str)], body: &[u8]| deliver(&account, headers, body).answer.status;
    let body = body.as_bytes();
    assert_eq!(status(&[("verification-token", VERIFICATION)], body), 200);
    assert_eq!(status(&[("validation-token", VERIFICATION)], body), 200, "one page of the documents names it so");
    for wrong in ["", "c0ffee", "c0ffee-verification-tokeN", "c0ffee-verification-token "] {
        assert_eq!(status(&[("verification-token", wrong)], body), 403, "{wrong:?}");
        assert_eq!(
            status(&[("verification-token", wrong), ("validation-token", VERIFICATION)], b"{}"),
            403,
            "{wrong:?}"
        );
    }
    assert_eq!(status(&[], body), 403);
    assert_eq!(status(&[("verification-token", VERIFICATION)], b"no json"), 403);
    assert_eq!(status(&[("verification-token", VERIFICATION)], b""), 403);
}

#[tokio::test]
async fn without_a_secret_or_webhooks_nothing_is_believed() {
    let account = Account::with(generous(), 0, |config| ringcentral(config).verification_token = None).await;
    assert_eq!(event(&account, "telephony_session_event_disconnected").answer.status, 403);
    let account = Account::with(generous(), 0, |config| config.webhooks = false).await;
    assert_eq!(event(&account, "telephony_session_event_disconnected").answer.status, 403);
}

#[tokio::test]
async fn the_log_is_looked_at_after_a_call_has_ended_and_not_before() {
    let account = Account::new(0).await;
    for _duplicate in 0..2 {
        let ended = event(&account, "telephony_session_event_disconnected");
        assert_eq!((look_after(&ended), ended.listed.len()), (vec![30, 180, 900], 0));
    }
    for running in ["answered", "recording", "transferred"] {
        let received = event(&account, &format!("telephony_session_event_{running}"));
        assert_eq!((received.answer.status, look_after(&received)), (200, Vec::new()), "{running}");
    }
}

#[tokio::test]
async fn a_call_that_is_answered_is_recorded_once_it_is_not_yet_where_that_is_configured() {
    let account = Account::new(0).await;
    assert_eq!(event(&account, "telephony_session_event_answered").record_call, None);
    let account = account.changed(|config| config.record_calls = true);
    let call = event(&account, "telephony_session_event_answered").record_call.unwrap();
    let (session, party) = call.split_once('/').unwrap();
    assert!(session.starts_with("s-a0d17") && party.starts_with("p-a0d17"), "{call}");
    for other in ["recording", "disconnected", "transferred"] {
        assert_eq!(event(&account, &format!("telephony_session_event_{other}")).record_call, None, "{other}");
    }
}

#[tokio::test]
async fn insights_that_are_ready_name_their_recording_and_reminders_are_harmless() {
    let account = Account::new(0).await;
    let ready = event(&account, "ringsense_event");
    // What is known of the call stays as it is: asking for it again would cost more of the rate than the news.
    assert_eq!((ready.opinions.as_slice(), ready.changed.as_slice()), (&["3008431024".to_owned()][..], &[][..]));
    assert_eq!(event(&account, "subscription_reminder_event"), Received::ok());
}

#[tokio::test]
async fn events_of_any_shape_are_harmless() {
    let account = Account::with(generous(), 0, |config| config.record_calls = true).await;
    let sessions = r#"{"event":"/restapi/v1.0/account/1/telephony/sessions","body":"#;
    for body in ["null", "[]", "7", r#"{"event":7}"#, r#"{"event":"/x/insights","body":{"sourceRecordId":"../x"}}"#] {
        let received = deliver(&account, &[("verification-token", VERIFICATION)], body.as_bytes());
        assert_eq!(received, Received::ok(), "{body}");
    }
    for body in ["null", "{}", r#"{"parties":{}}"#, r#"{"parties":[null,7]}"#] {
        let whole = format!("{sessions}{body}}}");
        serde_json::from_str::<Value>(&whole).unwrap();
        let received = deliver(&account, &[("verification-token", VERIFICATION)], whole.as_bytes());
        assert_eq!(received, Received::ok(), "{body}");
    }
}
