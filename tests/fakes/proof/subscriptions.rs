//! RingCentral's subscriptions: handshake, events, blacklisting.

use axum::http::Method;
use serde_json::{Value, json};

use super::{bearer, get, noon, post_json};
use crate::fakes::ringcentral::{Event, Limits, Named};
use crate::fakes::{Asked, CallLogRecord, Delivered, Fake, Listener, Reply, RingCentral, RingCentralSettings, ask};

async fn fake() -> Fake<RingCentral> {
    let settings = RingCentralSettings {
        limits: Limits::generous(),
        refused_filter: Some("missedCall".to_owned()),
        ..RingCentralSettings::default()
    };
    RingCentral::start(settings).await
}

/// As the handshake asks for.
fn echo(asked: &Asked) -> Reply {
    match asked.header("validation-token") {
        Some(token) if asked.body.is_empty() => Reply::json(200, &json!({})).header("validation-token", token),
        _ => Reply::empty(200),
    }
}

async fn subscribe(fake: &Fake<RingCentral>, address: &str, filters: &[&str]) -> Delivered {
    let mode = json!({ "transportType": "WebHook", "address": address, "verificationToken": "c0ffee" });
    let body = json!({ "eventFilters": filters, "expiresIn": 604_800, "deliveryMode": mode });
    let url = format!("{}/restapi/v1.0/subscription", fake.bases.api);
    post_json(&url, bearer(&fake.access_token()), &body).await
}

const SESSIONS: &str = "/restapi/v1.0/account/~/telephony/sessions?withRecordings=true";

#[tokio::test]
async fn a_subscription_begins_with_a_handshake() {
    let fake = fake().await;
    let ear = Listener::start(echo).await;
    let made =
        subscribe(&fake, &ear.url, &[SESSIONS, "/restapi/v1.0/account/~/telephony/sessions?missedCall=true"]).await;
    let body = made.json();
    assert_eq!((made.status, &body["status"], &body["expiresIn"]), (Some(200), &json!("Active"), &json!(604_800)));
    assert_eq!(body["eventFilters"], json!([SESSIONS.replace('~', "400131426008")]));
    assert_eq!(body["disabledFilters"][0]["reason"], "InsufficientPermissions");
    let shaken = &ear.heard()[0];
    assert!(shaken.body.is_empty() && shaken.header("validation-token").is_some());
}

#[tokio::test]
async fn a_bad_handshake_makes_no_subscription() {
    let fake = fake().await;
    let mute = Listener::start(|_| Reply::empty(200)).await;
    let long = Listener::start(|asked| Reply { body: vec![b'x'; 2_000].into(), ..echo(asked) }).await;
    let broken = Listener::start(|_| Reply::empty(500)).await;
    // Takes connections and never answers: three seconds are waited for it.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for (address, code) in
        [(&mute.url, "SUB-520"), (&long.url, "SUB-525"), (&broken.url, "SUB-525"), (&silent, "SUB-525")]
    {
        let refused = subscribe(&fake, address, &[SESSIONS]).await;
        assert_eq!((refused.status, &refused.json()["errorCode"]), (Some(400), &json!(code)));
    }
    assert_eq!(fake.subscriptions().len(), 0);
}

#[tokio::test]
async fn events_carry_the_secret_under_either_name() {
    let fake = fake().await;
    let ear = Listener::start(echo).await;
    let id = subscribe(&fake, &ear.url, &[SESSIONS]).await.json()["id"].clone();
    let record = CallLogRecord::new(1, noon());
    let event = Event::telephony(&record, 8, "Disconnected", None);
    for named in [Named::VerificationToken, Named::ValidationToken, Named::WrongToken, Named::Missing] {
        assert!(fake.send(&event.clone().named(named)).await[0].accepted());
    }
    let heard = ear.heard();
    let secrets: Vec<_> =
        heard[1..].iter().map(|asked| (asked.header("verification-token"), asked.header("validation-token"))).collect();
    assert_eq!(secrets, [(Some("c0ffee"), None), (None, Some("c0ffee")), (Some("not-c0ffee"), None), (None, None)]);
    let body = heard[1].json().unwrap();
    assert_eq!(body["subscriptionId"], id);
    assert_eq!(body["body"]["telephonySessionId"], json!(record.telephony_session_id));
    assert_eq!(body["body"]["parties"][0]["status"]["code"], "Disconnected");
    fake.send(&fake.insights_event(&record)).await;
    assert_eq!(ear.heard().pop().unwrap().json().unwrap()["body"]["sourceRecordId"], json!(record.recording_id));
}

#[tokio::test]
async fn failures_blacklist_for_ever_and_removal_begins_anew() {
    let fake = fake().await;
    let ear = Listener::start(|asked| if asked.body.is_empty() { echo(asked) } else { Reply::empty(500) }).await;
    let id: Value = subscribe(&fake, &ear.url, &[SESSIONS]).await.json()["id"].clone();
    let url = format!("{}/restapi/v1.0/subscription/{}", fake.bases.api, id.as_str().unwrap());
    let event = Event::reminder(id.as_str().unwrap());
    let status = async || get(&url, bearer(&fake.access_token())).await.json()["status"].clone();
    for _ in 0..2 {
        fake.send(&event).await;
        assert_eq!(status().await, "Active");
    }
    fake.send(&event).await;
    assert_eq!(status().await, "Blacklisted");
    assert_eq!(fake.send(&event).await.len(), 0, "nothing is sent any more");
    let renewed = post_json(&format!("{url}/renew"), bearer(&fake.access_token()), &json!({})).await;
    assert_eq!((renewed.status, &renewed.json()["status"]), (Some(200), &json!("Blacklisted")));
    let removed = ask(Method::DELETE, &url, &[bearer(&fake.access_token())], "").await;
    assert_eq!(removed.status, Some(204));
    assert_eq!(subscribe(&fake, &ear.url, &[SESSIONS]).await.json()["status"], "Active");
}
