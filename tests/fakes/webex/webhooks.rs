//! Webhooks: kept, made inactive, and sent with both kinds of signature.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::{Webex, error, forbidden, not_found};
use crate::fakes::deliver::post;
use crate::fakes::{Asked, Delivered, Reply, examples, locked, when};

/// `X-Spark-Signature` of a body.
pub fn spark_signature(secret: &str, body: &[u8]) -> String {
    hex_of(&Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body).finalize().into_bytes())
}

/// `X-Webex-Signature` of a body.
pub fn webex_signature(secret: &str, body: &[u8]) -> String {
    let key = secret.as_bytes();
    let short = hex_of(&Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(body).finalize().into_bytes());
    let long = hex_of(&Hmac::<Sha512>::new_from_slice(key).unwrap().chain_update(body).finalize().into_bytes());
    format!("SHA-256={short}, SHA-512={long}")
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One webhook; its JSON is kept as the API shows it.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub id: String,
    pub body: Value,
    pub failures: u32,
}

impl Webhook {
    fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    pub fn is_active(&self) -> bool {
        self.text("status") == "active"
    }

    /// `all` is every event.
    fn is_about(&self, event: &str) -> bool {
        self.is_active()
            && self.text("resource") == "convergedRecordings"
            && ["all", event].contains(&self.text("event"))
    }
}

/// Which signatures go with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    Both,
    SparkOnly,
    WebexOnly,
    /// Both, made with another secret.
    WrongSecret,
    /// The right one of one kind beside a wrong one of the other.
    WebexWrong,
    Unsigned,
}

/// One event on its way.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `created`, `updated`, `deleted`.
    pub event: String,
    pub recording_id: String,
    /// `data` holds what a list item does, instead of the id alone.
    pub full: bool,
    pub signed: Signed,
    /// How often it comes.
    pub times: u32,
}

impl Delivery {
    pub fn new(event: &str, recording_id: &str) -> Self {
        Self {
            event: event.to_owned(),
            recording_id: recording_id.to_owned(),
            full: false,
            signed: Signed::Both,
            times: 1,
        }
    }

    pub fn signed(self, signed: Signed) -> Self {
        Self { signed, ..self }
    }

    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    pub fn full(self) -> Self {
        Self { full: true, ..self }
    }
}

impl Webex {
    pub(super) fn webhooks(&self, asked: &Asked, rest: &[&str], scopes: &[String]) -> Reply {
        let needed = if asked.method == "GET" { "webhooks_read" } else { "webhooks_write" };
        let all_org = scopes.iter().any(|scope| scope == &format!("spark-compliance:{needed}"));
        match (asked.method.as_str(), rest) {
            ("POST", []) => self.create_webhook(asked, all_org),
            ("GET", []) => {
                let max = asked.query("max").and_then(|max| max.parse().ok()).unwrap_or(100);
                let items: Vec<Value> =
                    locked(&self.state).webhooks.iter().take(max).map(|one| one.body.clone()).collect();
                Reply::json(200, &json!({ "items": items }))
            }
            ("GET", [id]) => match locked(&self.state).webhooks.iter().find(|one| one.id == *id) {
                Some(webhook) => Reply::json(200, &webhook.body),
                None => not_found(),
            },
            ("PUT", [id]) => self.update_webhook(asked, id),
            ("DELETE", [id]) => {
                let mut state = locked(&self.state);
                let before = state.webhooks.len();
                state.webhooks.retain(|one| one.id != *id);
                if state.webhooks.len() < before { Reply::empty(204) } else { not_found() }
            }
            _ => not_found(),
        }
    }

    pub fn kept_webhooks(&self) -> Vec<Webhook> {
        locked(&self.state).webhooks.clone()
    }

    /// Webhooks of the whole organisation need the compliance scope.
    fn create_webhook(&self, asked: &Asked, all_org: bool) -> Reply {
        let wanted = asked.json().unwrap_or_default();
        let missing = ["name", "targetUrl", "resource", "event"].into_iter().find(|name| !wanted[*name].is_string());
        if let Some(name) = missing {
            return error(400, &format!("{name} is needed."));
        }
        if wanted["ownedBy"] == json!("org") && !all_org {
            return forbidden();
        }
        let id = format!("Y2lzY29zcGFyazovL3VzL1dFQkhPT0sv{}", crate::fakes::hex("webex webhook", self.next(), 24));
        let base = examples::without(examples::json("webex_webhook_create_response.json"), &["secret", "ownedBy"]);
        let own = json!({ "id": id, "status": "active", "created": when::milliseconds(Timestamp::now()) });
        let body = examples::with(examples::with(base, wanted), own);
        locked(&self.state).webhooks.push(Webhook { id, body: body.clone(), failures: 0 });
        Reply::json(200, &body)
    }

    /// `status: "active"` brings an inactive one back.
    fn update_webhook(&self, asked: &Asked, id: &str) -> Reply {
        let wanted = asked.json().unwrap_or_default();
        let mut state = locked(&self.state);
        let Some(webhook) = state.webhooks.iter_mut().find(|one| one.id == id) else { return not_found() };
        for name in ["name", "targetUrl", "secret", "ownedBy", "status"] {
            if wanted[name].is_string() {
                webhook.body[name] = wanted[name].clone();
            }
        }
        webhook.failures = 0;
        Reply::json(200, &webhook.body)
    }

    /// Makes a webhook inactive without waiting for failures.
    pub fn make_inactive(&self, id: &str) {
        let mut state = locked(&self.state);
        state.webhooks.iter_mut().find(|one| one.id == id).unwrap().body["status"] = json!("inactive");
    }

    /// Sends an event to every active webhook that is about it.
    pub async fn send(&self, delivery: &Delivery) -> Vec<Delivered> {
        let mut delivered = Vec::new();
        for webhook in self.kept_webhooks().into_iter().filter(|one| one.is_about(&delivery.event)) {
            for _ in 0..delivery.times {
                let answer = self.send_to(&webhook, delivery).await;
                self.note(&webhook.id, &answer);
                delivered.push(answer);
            }
        }
        delivered
    }

    async fn send_to(&self, webhook: &Webhook, delivery: &Delivery) -> Delivered {
        let body = self.envelope(webhook, delivery).to_string();
        let secret = webhook.text("secret").to_owned();
        let wrong = format!("not-{secret}");
        let (spark, webex) = match delivery.signed {
            Signed::Both => (Some(&secret), Some(&secret)),
            Signed::SparkOnly => (Some(&secret), None),
            Signed::WebexOnly => (None, Some(&secret)),
            Signed::WrongSecret => (Some(&wrong), Some(&wrong)),
            Signed::WebexWrong => (Some(&secret), Some(&wrong)),
            Signed::Unsigned => (None, None),
        };
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", "SparkWebhook/1.0".to_owned()),
            ("trackingid", format!("NA_{}", self.next())),
        ];
        headers.extend(spark.map(|secret| ("x-spark-signature", spark_signature(secret, body.as_bytes()))));
        headers.extend(webex.map(|secret| ("x-webex-signature", webex_signature(secret, body.as_bytes()))));
        post(webhook.text("targetUrl"), &headers, body, Duration::from_secs(15)).await
    }

    fn envelope(&self, webhook: &Webhook, delivery: &Delivery) -> Value {
        let data = match self.recording(&delivery.recording_id) {
            Some(recording) if delivery.full => recording.json(),
            _ => json!({ "id": delivery.recording_id }),
        };
        let members = json!({ "event": delivery.event, "actorId": webhook.body["createdBy"], "data": data });
        examples::with(examples::without(webhook.body.clone(), &["secret"]), members)
    }

    /// Counts failures in a row.
    fn note(&self, id: &str, answer: &Delivered) {
        let mut state = locked(&self.state);
        let Some(webhook) = state.webhooks.iter_mut().find(|one| one.id == id) else { return };
        webhook.failures = if answer.accepted() { 0 } else { webhook.failures + 1 };
        if webhook.failures >= self.settings.inactive_after {
            webhook.body["status"] = json!("inactive");
        }
    }
}
