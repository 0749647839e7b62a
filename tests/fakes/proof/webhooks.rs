//! Webex's webhooks: kept, delivered with signatures, repeated, made inactive.

use axum::http::Method;
use serde_json::{Value, json};

use super::{bearer, get, noon, post_json};
use crate::fakes::webex::{Delivery, Signed, spark_signature, webex_signature};
use crate::fakes::{Delivered, Fake, Listener, Reply, Webex, WebexRecording, WebexSettings, ask};

const SCOPES: [&str; 2] = ["spark-compliance:webhooks_read", "spark-compliance:webhooks_write"];
const SECRET: &str = "somesupersecretphrase";

async fn create(webex: &Fake<Webex>, scopes: &[&str], target: &str, event: &str) -> Delivered {
    let body = json!({
        "name": "call-recordings", "targetUrl": target, "resource": "convergedRecordings", "event": event,
        "secret": SECRET, "ownedBy": "org",
    });
    post_json(&format!("{}/v1/webhooks", webex.bases.api), bearer(&webex.tokens(scopes).0), &body).await
}

#[tokio::test]
async fn webhooks_of_the_organisation_need_the_compliance_scope() {
    let webex = Webex::start(WebexSettings::default()).await;
    assert_eq!(
        create(&webex, &["spark-compliance:webhooks_read"], "http://127.0.0.1:1", "all").await.status,
        Some(403)
    );
    let made = create(&webex, &SCOPES, "http://127.0.0.1:1", "all").await.json();
    assert_eq!((&made["status"], &made["ownedBy"]), (&json!("active"), &json!("org")));
    let url = format!("{}/v1/webhooks", webex.bases.api);
    let list = get(&url, bearer(&webex.tokens(&SCOPES).0)).await.json();
    assert_eq!(list["items"], json!([made]));
    let own = format!("{url}/{}", made["id"].as_str().unwrap());
    assert_eq!(ask(Method::DELETE, &own, &[bearer(&webex.tokens(&SCOPES).0)], "").await.status, Some(204));
    assert_eq!(get(&own, bearer(&webex.tokens(&SCOPES).0)).await.status, Some(404));
}

#[tokio::test]
async fn deliveries_are_signed_in_every_variant_and_may_repeat() {
    let webex = Webex::start(WebexSettings::default()).await;
    let ear = Listener::start(|_| Reply::empty(204)).await;
    create(&webex, &SCOPES, &ear.url, "created").await;
    let recording = WebexRecording::new(1, noon());
    webex.add_recording(recording.clone());
    let delivery = Delivery::new("created", &recording.id);
    assert_eq!(webex.send(&Delivery::new("updated", &recording.id)).await.len(), 0, "it is about created alone");
    assert_eq!(webex.send(&delivery.clone().times(2)).await.len(), 2);
    for signed in [Signed::SparkOnly, Signed::WebexOnly, Signed::WrongSecret, Signed::Unsigned] {
        webex.send(&delivery.clone().full().signed(signed)).await;
    }
    let heard = ear.heard();
    assert_eq!(heard[0].body, heard[1].body);
    let body: Value = heard[0].json().unwrap();
    assert_eq!((&body["data"], body.get("secret")), (&json!({ "id": recording.id }), None));
    let signatures: Vec<_> = heard
        .iter()
        .map(|asked| {
            let spark = asked.header("x-spark-signature").map(|told| told == spark_signature(SECRET, &asked.body));
            let webex = asked.header("x-webex-signature").map(|told| told == webex_signature(SECRET, &asked.body));
            (spark, webex)
        })
        .collect();
    let (right, wrong) = (Some(true), Some(false));
    let expected = [(right, right), (right, right), (right, None), (None, right), (wrong, wrong), (None, None)];
    assert_eq!(signatures, expected);
    assert_eq!(heard[2].json().unwrap()["data"], recording.json());
}

#[tokio::test]
async fn failures_make_a_webhook_inactive_until_it_is_put_back() {
    let webex = Webex::start(WebexSettings::default()).await;
    let ear = Listener::start(|_| Reply::empty(500)).await;
    let made = create(&webex, &SCOPES, &ear.url, "all").await.json();
    webex.send(&Delivery::new("deleted", "some").times(3)).await;
    let url = format!("{}/v1/webhooks/{}", webex.bases.api, made["id"].as_str().unwrap());
    let sign_in = bearer(&webex.tokens(&SCOPES).0);
    assert_eq!(get(&url, sign_in.clone()).await.json()["status"], "inactive");
    assert_eq!(webex.send(&Delivery::new("deleted", "some")).await.len(), 0);
    let body = json!({ "name": "call-recordings", "targetUrl": ear.url, "status": "active" });
    let back = ask(Method::PUT, &url, &[sign_in], body.to_string()).await.json();
    assert_eq!(back["status"], "active");
    assert_eq!(webex.send(&Delivery::new("deleted", "some")).await.len(), 1);
}
