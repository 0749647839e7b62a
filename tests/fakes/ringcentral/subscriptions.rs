//! Subscriptions: the handshake with the address, renewal, blacklisting, and the events themselves.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CallLogRecord, RingCentral, State, error, not_found};
use crate::fakes::deliver::post;
use crate::fakes::{Asked, Delivered, Reply, examples, locked, uuid, when};

/// So many subscriptions a user and app.
const SUBSCRIPTIONS_MAX: usize = 30;
/// The whole answer to a handshake; of it the body.
const HANDSHAKE_BYTES_MAX: usize = 1_024;
const USER_AGENT: &str = "RingCentral-Webhook/8.3";

/// One subscription as the provider keeps it.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub id: String,
    pub event_filters: Vec<String>,
    pub disabled_filters: Vec<String>,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub expires_in: u64,
    pub address: String,
    pub verification_token: String,
    /// Why, once it is blacklisted.
    pub blacklisted: Option<String>,
    pub failures: u32,
}

impl Subscription {
    fn json(&self, api: &str) -> Value {
        let mut body = json!({
            "uri": format!("{api}/restapi/v1.0/subscription/{}", self.id),
            "id": self.id,
            "eventFilters": self.event_filters,
            "expirationTime": when::milliseconds(self.expires),
            "expiresIn": self.expires_in,
            "status": if self.blacklisted.is_some() { "Blacklisted" } else { "Active" },
            "creationTime": when::milliseconds(self.created),
            "deliveryMode": { "transportType": "WebHook", "address": self.address, "encryption": false },
        });
        if !self.disabled_filters.is_empty() {
            let example = examples::json("ringcentral_subscription_disabled_filter.json")["disabledFilters"][0].clone();
            let refused = |filter: &String| examples::with(example.clone(), json!({ "filter": filter }));
            body["disabledFilters"] = self.disabled_filters.iter().map(refused).collect();
        }
        if let Some(reason) = &self.blacklisted {
            body["blacklistedData"] = json!({ "blacklistedAt": when::milliseconds(self.created), "reason": reason });
        }
        body
    }
}

/// Which header the secret goes in; both are documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    VerificationToken,
    ValidationToken,
    /// In the right header, but another one.
    WrongToken,
    Missing,
}

/// One event on its way.
#[derive(Debug, Clone)]
pub struct Event {
    pub body: Value,
    pub named: Named,
}

impl Event {
    pub fn new(body: Value) -> Self {
        Self { body, named: Named::VerificationToken }
    }

    pub fn named(self, named: Named) -> Self {
        Self { named, ..self }
    }

    fn about(example: &str, n: u64, subscription: &str) -> Value {
        let members = json!({
            "uuid": (9_811_223_344_556_677_000_u64 + n).to_string(),
            "timestamp": when::milliseconds(Timestamp::now()),
            "subscriptionId": subscription,
        });
        examples::with(examples::json(example), members)
    }

    /// A party of the call reached this status: `Disconnected`, `Answered`, …, perhaps with a reason.
    pub fn telephony(record: &CallLogRecord, sequence: u64, code: &str, reason: Option<&str>) -> Self {
        let mut body = Self::about("ringcentral_telephony_session_event_disconnected.json", sequence, "");
        let time = when::milliseconds(when::after(record.start_time, Duration::from_secs(sequence)));
        body["body"] = examples::with(
            body["body"].clone(),
            json!({
                "sequence": sequence,
                "sessionId": record.session_id,
                "telephonySessionId": record.telephony_session_id,
                "eventTime": time,
            }),
        );
        let party = &mut body["body"]["parties"][0];
        party["id"] = json!(record.party_id());
        party["status"] = json!({ "code": code, "rcc": false });
        if let Some(reason) = reason {
            party["status"]["reason"] = json!(reason);
        }
        party["from"]["phoneNumber"] = json!(record.number);
        party["recordings"] = json!([{ "id": record.recording_id, "active": code != "Disconnected" }]);
        Self::new(body)
    }

    /// The subscription is about to expire.
    pub fn reminder(subscription: &str) -> Self {
        let body = Self::about("ringcentral_subscription_reminder_event.json", 1, subscription);
        Self::new(examples::replaced(&body, "2b7e1516-28ae-4d2a-abf7-158809cf4f3c", subscription))
    }
}

impl RingCentral {
    pub(super) async fn subscription(&self, asked: &Asked, rest: &[&str]) -> Reply {
        match (asked.method.as_str(), rest) {
            ("POST", []) => self.subscribe(asked).await,
            ("GET", []) => {
                let all =
                    locked(&self.state).subscriptions.iter().map(|one| one.json(&self.bases.api)).collect::<Vec<_>>();
                Reply::json(200, &json!({ "uri": format!("{}{}", self.bases.api, asked.path), "records": all }))
            }
            ("PUT", [id]) => self.resubscribe(asked, id).await,
            ("POST", [id, "renew"]) => self.change_subscription(id, |_| {}),
            ("GET", [id]) => match self.subscription_with(id) {
                Some(subscription) => Reply::json(200, &subscription.json(&self.bases.api)),
                None => not_found("subscriptionId", id),
            },
            ("DELETE", [id]) => {
                let mut state = locked(&self.state);
                let before = state.subscriptions.len();
                state.subscriptions.retain(|one| one.id != *id);
                if state.subscriptions.len() < before { Reply::empty(204) } else { not_found("subscriptionId", id) }
            }
            _ => error(404, "CMN-120", "Invalid URI"),
        }
    }

    pub fn subscriptions(&self) -> Vec<Subscription> {
        locked(&self.state).subscriptions.clone()
    }

    fn subscription_with(&self, id: &str) -> Option<Subscription> {
        locked(&self.state).subscriptions.iter().find(|one| one.id == id).cloned()
    }

    async fn subscribe(&self, asked: &Asked) -> Reply {
        if locked(&self.state).subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return error(403, "SUB-505", "Too many subscriptions");
        }
        let body = asked.json().unwrap_or_default();
        let mode = &body["deliveryMode"];
        let (Some(filters), Some(address)) = (body["eventFilters"].as_array(), mode["address"].as_str()) else {
            return error(400, "SUB-508", "Event filters or delivery mode are invalid");
        };
        let token = mode["verificationToken"].as_str().unwrap_or_default();
        if let Err(refusal) = self.handshake(address, token).await {
            return refusal;
        }
        let own = |filter: &Value| filter.as_str().unwrap_or_default().replace("account/~", &self.own_account());
        let filters: Vec<String> = filters.iter().map(own).collect();
        let refused = |filter: &String| self.settings.refused_filter.as_ref().is_some_and(|part| filter.contains(part));
        let (disabled_filters, event_filters): (Vec<_>, Vec<_>) = filters.into_iter().partition(refused);
        let expires_in = body["expiresIn"].as_u64().unwrap_or(900).min(315_360_000);
        let subscription = self.keep(|state| Subscription {
            id: uuid("rc subscription", state.subscriptions.len() as u64 + state.tokens_made * 1_000),
            event_filters,
            disabled_filters,
            created: Timestamp::now(),
            expires: when::after(Timestamp::now(), Duration::from_secs(expires_in)),
            expires_in,
            address: address.to_owned(),
            verification_token: token.to_owned(),
            blacklisted: None,
            failures: 0,
        });
        Reply::json(200, &subscription.json(&self.bases.api))
    }

    fn own_account(&self) -> String {
        format!("account/{}", self.settings.account_id)
    }

    fn keep(&self, make: impl FnOnce(&State) -> Subscription) -> Subscription {
        let mut state = locked(&self.state);
        let subscription = make(&state);
        state.subscriptions.push(subscription.clone());
        subscription
    }

    /// PUT renews, and shakes hands again when the address is another.
    async fn resubscribe(&self, asked: &Asked, id: &str) -> Reply {
        let Some(known) = self.subscription_with(id) else { return not_found("subscriptionId", id) };
        let body = asked.json().unwrap_or_default();
        let address = body["deliveryMode"]["address"].as_str().unwrap_or(&known.address).to_owned();
        let token = body["deliveryMode"]["verificationToken"].as_str().unwrap_or(&known.verification_token).to_owned();
        if address != known.address
            && let Err(refusal) = self.handshake(&address, &token).await
        {
            return refusal;
        }
        self.change_subscription(id, |subscription| {
            subscription.address = address;
            subscription.verification_token = token;
        })
    }

    /// Renewal, with whatever else changes. Blacklisted is for ever.
    fn change_subscription(&self, id: &str, change: impl FnOnce(&mut Subscription)) -> Reply {
        let mut state = locked(&self.state);
        match state.subscriptions.iter_mut().find(|one| one.id == id) {
            Some(subscription) => {
                change(subscription);
                let lives = Duration::from_secs(subscription.expires_in);
                subscription.expires = when::after(Timestamp::now(), lives);
                Reply::json(200, &subscription.json(&self.bases.api))
            }
            None => not_found("subscriptionId", id),
        }
    }

    /// An empty POST whose `Validation-Token` must come back, soon and short.
    async fn handshake(&self, address: &str, verification_token: &str) -> Result<(), Reply> {
        let token = uuid("rc handshake", Timestamp::now().as_nanosecond() as u64);
        let mut headers = vec![("validation-token", token.clone()), ("user-agent", USER_AGENT.to_owned())];
        if !verification_token.is_empty() {
            headers.push(("verification-token", verification_token.to_owned()));
        }
        let answer = post(address, &headers, "", self.settings.handshake_within).await;
        match answer.status {
            None => Err(error(400, "SUB-525", "WebHook does not respond in time")),
            Some(200) if answer.body.len() > HANDSHAKE_BYTES_MAX => {
                Err(error(400, "SUB-525", "WebHook responds with too long a body"))
            }
            Some(200) if answer.header("validation-token") != Some(&token) => {
                Err(error(400, "SUB-520", "WebHook does not return the validation token"))
            }
            Some(200) => Ok(()),
            Some(status) => {
                let text = format!("WebHook responds with incorrect HTTP status. HTTP status is {status}");
                Err(error(400, "SUB-525", &text))
            }
        }
    }

    /// Sends an event to every subscription that is not blacklisted.
    pub async fn send(&self, event: &Event) -> Vec<Delivered> {
        let mut delivered = Vec::new();
        for subscription in self.subscriptions().into_iter().filter(|one| one.blacklisted.is_none()) {
            let answer = self.send_to(&subscription, event).await;
            self.note(&subscription.id, &answer);
            delivered.push(answer);
        }
        delivered
    }

    async fn send_to(&self, subscription: &Subscription, event: &Event) -> Delivered {
        let body = examples::with(event.body.clone(), json!({ "subscriptionId": subscription.id }));
        let mut headers =
            vec![("content-type", "application/json; charset=UTF-8".to_owned()), ("user-agent", USER_AGENT.to_owned())];
        let secret = subscription.verification_token.clone();
        match event.named {
            Named::VerificationToken => headers.push(("verification-token", secret)),
            Named::ValidationToken => headers.push(("validation-token", secret)),
            Named::WrongToken => headers.push(("verification-token", format!("not-{secret}"))),
            Named::Missing => {}
        }
        post(&subscription.address, &headers, body.to_string(), self.settings.handshake_within).await
    }

    /// Counts failures in a row.
    fn note(&self, id: &str, answer: &Delivered) {
        let mut state = locked(&self.state);
        let Some(subscription) = state.subscriptions.iter_mut().find(|one| one.id == id) else { return };
        subscription.failures = if answer.accepted() { 0 } else { subscription.failures + 1 };
        if subscription.failures >= self.settings.blacklist_after {
            let status = answer.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            subscription.blacklisted = Some(format!("Webhook responses with code: {status}"));
        }
    }

    /// Blacklists a subscription without waiting for failures.
    pub fn blacklist(&self, id: &str) {
        let mut state = locked(&self.state);
        let subscription = state.subscriptions.iter_mut().find(|one| one.id == id).unwrap();
        subscription.blacklisted = Some("Webhook responses with code: 500, reason: Internal Server Error".to_owned());
    }
}
