//! Deliveries in, and the webhook that brings them.

use callscribe::call::Disposition;
use callscribe::config::WebexReach;
use callscribe::provider::webex::WebexProvider;
use callscribe::provider::{Delivery, Provider, Received};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::fakes::webex::{spark_signature, webex_signature};
use crate::fakes::{Endpoint, Fault, Match, WebexRecording, examples};
use crate::support::{Account, RETRY, WAIT, check_sentence, details, hours_before_noon};

const SECRET: &str = "hook-secret-0123456789";
const ID: &str = "7ee40776-779a-4c8a-a2c1-1f2e3d4c5b6a";

fn receive(provider: &WebexProvider, headers: &[(&str, String)], body: &[u8]) -> Received {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let url = "https://calls.example.com/webhook/webex".parse().unwrap();
    provider.receive(&Delivery { method: "POST", url: &url, headers: &headers, body })
}

fn signed(provider: &WebexProvider, body: &Value) -> Received {
    let body = body.to_string();
    let header = ("x-webex-signature", webex_signature(SECRET, body.as_bytes()));
    receive(provider, &[header], body.as_bytes())
}

fn is_believed(received: &Received) -> bool {
    assert_eq!(received.refusal.is_none(), received.answer.status == 200);
    received.refusal.is_none()
}

#[tokio::test]
async fn the_signature_vectors_hold() {
    let mut account = Account::new().await;
    let vectors = examples::json("webex_signature_vectors.json");
    account.webex_config().webhook_secret = Some(vectors["secret"].as_str().unwrap().into());
    let provider = account.provider();
    let text = |name: &str| vectors[name].as_str().unwrap().to_owned();
    let (sha1, sha256, sha512) = (text("sha1"), text("sha256"), text("sha512"));
    let webex = vectors["headers"]["X-Webex-Signature"].as_str().unwrap().to_owned();
    let body = text("body");
    let good = [
        vec![("x-spark-signature", sha1.clone())],
        vec![("x-webex-signature", webex.clone())],
        vec![("x-webex-signature", sha256.clone())],
        vec![("x-webex-signature", sha512.to_uppercase())],
        vec![("x-webex-signature", format!("sha256={sha256}"))],
        vec![("x-webex-signature", format!("SHA-512={sha512} ,SHA-256={}", "0".repeat(64)))],
        vec![("x-webex-signature", "v1=unheard-of".to_owned()), ("x-spark-signature", sha1.clone())],
        vec![("x-webex-signature", webex.clone()), ("x-spark-signature", "0".repeat(40))],
    ];
    for headers in good {
        assert!(is_believed(&receive(&provider, &headers, body.as_bytes())), "{headers:?}");
    }
    let bad = [
        vec![],
        vec![("x-spark-signature", String::new())],
        vec![("x-spark-signature", sha1[..38].to_owned())],
        vec![("x-spark-signature", "zz".repeat(20))],
        vec![("x-webex-signature", format!("SHA-256={sha256}, SHA-512={}", "0".repeat(128)))],
        vec![("x-webex-signature", format!("SHA-256={}", "0".repeat(64))), ("x-spark-signature", sha1.clone())],
        vec![("x-webex-signature", format!("SHA-512={sha256}"))],
    ];
    for headers in bad {
        let received = receive(&provider, &headers, body.as_bytes());
        assert!(!is_believed(&received) && received.listed.is_empty(), "{headers:?}");
    }
    assert!(!is_believed(&receive(&provider, &[("x-webex-signature", webex)], format!("{body} ").as_bytes())));
}

#[tokio::test]
async fn another_secret_is_refused_and_no_secret_refuses_all() {
    let mut account = Account::new().await;
    let body = b"{}";
    for sign in [spark_signature, webex_signature] {
        let name = if sign("", body).len() == 40 { "x-spark-signature" } else { "x-webex-signature" };
        assert!(is_believed(&receive(&account.provider(), &[(name, sign(SECRET, body))], body)));
        assert!(!is_believed(&receive(&account.provider(), &[(name, sign("another", body))], body)));
    }
    account.webex_config().webhook_secret = None;
    assert!(!is_believed(&receive(&account.provider(), &[("x-spark-signature", spark_signature("", body))], body)));
}

#[tokio::test]
async fn a_created_recording_is_taken_in_by_its_id_alone() {
    let account = Account::new().await;
    let provider = account.provider();
    for example in ["webex_webhook_created.json", "webex_webhook_created_minimal.json"] {
        let received = signed(&provider, &examples::json(example));
        assert_eq!(received.listed.len(), 1);
        assert_eq!(received.listed[0].remote_id, ID);
        assert_eq!(received, signed(&provider, &examples::json(example)), "a duplicate is the same again");
    }
    assert_eq!(account.webex.requests().len(), 0, "nothing is asked while a delivery is answered");
}

#[tokio::test]
async fn updates_are_asked_for_again_and_deletions_change_nothing_here() {
    let provider = Account::new().await.provider();
    let updated = signed(&provider, &examples::json("webex_webhook_updated.json"));
    assert_eq!((updated.changed, updated.listed.len()), (vec![ID.to_owned()], 0));
    let deleted = signed(&provider, &examples::json("webex_webhook_deleted.json"));
    assert_eq!(deleted, Received::ok());
}

#[tokio::test]
async fn signed_nonsense_is_accepted_and_harmless() {
    let provider = Account::new().await.provider();
    let example = examples::json("webex_webhook_created.json");
    assert_eq!(signed(&provider, &json!("x")), Received::ok());
    assert_eq!(signed(&provider, &examples::with(example.clone(), json!({ "resource": "messages" }))), Received::ok());
    for id in [json!("../../x"), json!(null), json!({})] {
        let received = signed(&provider, &examples::with(example.clone(), json!({ "data": { "id": id } })));
        assert!(received.listed.is_empty() && received.look_after.len() == 1);
    }
}

#[tokio::test]
async fn a_recording_that_was_told_of_too_early_is_waited_for() {
    let account = Account::new().await;
    let provider = account.provider();
    let recording = WebexRecording::new(1, hours_before_noon(1));
    let event =
        examples::with(examples::json("webex_webhook_created_minimal.json"), json!({ "data": { "id": recording.id } }));
    signed(&provider, &event);
    let error = details(&provider, &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, WAIT);
    check_sentence(&error, &["only now"]);
    account.clock.advance_ms(20 * 60_000);
    assert_eq!(details(&provider, &recording.id).await.unwrap_err().disposition, Disposition::Absent);
    account.add(recording.clone());
    details(&provider, &recording.id).await.unwrap();
}

async fn with_webhooks() -> Account {
    let mut account = Account::new().await;
    account.config.webhooks = true;
    account.sign_in(&["spark-compliance:webhooks_read", "spark-compliance:webhooks_write"]);
    account
}

#[tokio::test]
async fn one_webhook_is_made_and_then_left_alone() {
    let account = with_webhooks().await;
    account.provider().tend().await.unwrap();
    let kept = account.webex.kept_webhooks();
    assert_eq!(kept.len(), 1);
    let body = examples::without(kept[0].body.clone(), &["id", "created", "orgId", "createdBy", "appId"]);
    assert_eq!(
        body,
        json!({
            "name": "callscribe main",
            "targetUrl": "https://calls.example.com/webhook/webex",
            "resource": "convergedRecordings",
            "event": "all",
            "status": "active",
            "secret": SECRET,
            "ownedBy": "org",
        })
    );
    account.webex.forget_requests();
    account.provider().tend().await.unwrap();
    assert_eq!(account.webex.requests().len(), 1, "it is looked at and well");
}

#[tokio::test]
async fn an_inactive_webhook_is_made_active_again() {
    let account = with_webhooks().await;
    account.provider().tend().await.unwrap();
    let id = account.webex.kept_webhooks()[0].id.clone();
    account.webex.make_inactive(&id);
    account.provider().tend().await.unwrap();
    let kept = account.webex.kept_webhooks();
    assert!(kept.len() == 1 && kept[0].id == id && kept[0].is_active());
}

#[tokio::test]
async fn a_webhook_with_another_secret_is_set_right_and_spares_go() {
    let mut account = with_webhooks().await;
    account.provider().tend().await.unwrap();
    account.webex_config().webhook_secret = Some("new-secret-0123456789".into());
    account.webex.fault(Endpoint::Webhooks, Match::Nth(2), 1, Fault::status(404));
    account.provider().tend().await.unwrap();
    assert_eq!(account.webex.kept_webhooks().len(), 2, "it seemed to be gone, and another one was made");
    account.provider().tend().await.unwrap();
    let kept = account.webex.kept_webhooks();
    assert_eq!((kept.len(), &kept[0].body["secret"]), (1, &json!("new-secret-0123456789")));
}

#[tokio::test]
async fn webhooks_that_cannot_be_had_say_what_is_missing() {
    let mut account = with_webhooks().await;
    account.sign_in(&["spark-compliance:recordings_read"]);
    let error = account.provider().tend().await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["403", "spark-compliance:webhooks_write"]);
    account.webex.fault(Endpoint::Webhooks, Match::Any, 1, Fault::status(502));
    assert_eq!(account.provider().tend().await.unwrap_err().disposition, RETRY);
    account.webex_config().webhook_secret = None;
    check_sentence(&account.provider().tend().await.unwrap_err(), &["webhook_secret_file"]);
    account.config.webhooks = false;
    account.webex.forget_requests();
    account.provider().tend().await.unwrap();
    assert_eq!(account.webex.requests().len(), 0);
}

#[tokio::test]
async fn a_users_webhook_is_their_own() {
    let mut account = with_webhooks().await.reaching(WebexReach::User, &["spark:recordings_read"]);
    account.webex_config().webhook_secret = Some(SECRET.into());
    account.provider().tend().await.unwrap();
    assert_eq!(account.webex.kept_webhooks()[0].body.get("ownedBy"), None);
}
