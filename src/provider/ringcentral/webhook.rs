//! What RingCentral delivers (fact sheet, section 6): a handshake, events of calls, insights that are ready.
//!
//! Deliveries carry a secret that we chose, and no signature of their content: what they tell is never taken for true,
//! it only says when to look. There is no event for a recording that is ready; after a call has ended the log is looked
//! at soon, and again later.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::wire::{id, list, member, text};
use crate::provider::{Delivery, Received, WebhookAnswer};

/// Longest validation token: the whole answer may have 1024 bytes.
const VALIDATION_LENGTH_MAX: usize = 256;
/// When the log is looked at after a call has ended: entries take 15 to 30 s, some much longer.
const LOOK_AFTER_S: [u64; 3] = [30, 180, 900];
/// A party that leaves for one of these reasons leaves the call running.
const GOES_ON: &[&str] = &[
    "Pickup",
    "Supervising",
    "TakeOver",
    "BlindTransfer",
    "RccTransfer",
    "AttendedTransfer",
    "CallerInputRedirect",
    "CallFlip",
    "ParkLocation",
    "DtmfTransfer",
    "CallPark",
    "CallRedirected",
    "CallSwitch",
];

/// Reads one delivery. `records_calls` says whether calls that begin are to be recorded.
pub fn receive(delivery: &Delivery<'_>, secret: Option<&SecretString>, records_calls: bool) -> Received {
    let Some(secret) = secret else {
        return Received::refused("The account has no verification_token, so that deliveries cannot be believed.");
    };
    if delivery.method != "POST" {
        return Received::refused("RingCentral delivers with POST.");
    }
    let verification = header(delivery, "verification-token");
    let validation = header(delivery, "validation-token");
    if delivery.body.is_empty() {
        return match (verification, validation) {
            (Some(told), _) if !is_secret(told, secret) => Received::refused("The verification token is another."),
            (_, Some(token)) => handshake(token),
            _ => Received::refused("The delivery is empty and no handshake."),
        };
    }
    // One page of the documents names the header otherwise; it is asked second.
    match verification.or(validation) {
        Some(told) if is_secret(told, secret) => {}
        Some(_) => return Received::refused("The verification token is another."),
        None => return Received::refused("The delivery carries no verification token."),
    }
    match serde_json::from_slice::<Value>(delivery.body) {
        Ok(event) => event_received(&event, records_calls),
        Err(_) => Received::refused("The delivery is no JSON."),
    }
}

fn header<'a>(delivery: &Delivery<'a>, name: &str) -> Option<&'a str> {
    delivery.headers.get(name)?.to_str().ok()
}

fn is_secret(told: &str, secret: &SecretString) -> bool {
    told.as_bytes().ct_eq(secret.expose_secret().as_bytes()).into()
}

/// The token goes back as it came; nothing is given away by that.
fn handshake(token: &str) -> Received {
    if token.len() > VALIDATION_LENGTH_MAX {
        return Received::refused("The validation token is too long.");
    }
    let headers = vec![
        ("Validation-Token".to_owned(), token.to_owned()),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    Received { answer: WebhookAnswer { status: 200, headers }, ..Received::ok() }
}

/// Everything else, reminders of our own subscriptions included, needs no answer but that it came.
fn event_received(event: &Value, records_calls: bool) -> Received {
    let kind = text(event, "event").unwrap_or_default();
    let body = member(event, "body");
    if kind.contains("/telephony/sessions") {
        return telephony(body, records_calls);
    }
    if kind.contains("/insights") {
        return Received { opinions: id(body, "sourceRecordId").into_iter().collect(), ..Received::ok() };
    }
    Received::ok()
}

fn telephony(body: &Value, records_calls: bool) -> Received {
    let parties = list(body, "parties");
    let status = |party: &Value, name: &str| text(member(party, "status"), name);
    let has_left = |party: &Value| {
        let goes_on = status(party, "reason").is_some_and(|reason| GOES_ON.contains(&reason.as_str()));
        status(party, "code").as_deref() == Some("Disconnected") && !goes_on
    };
    let is_over = !parties.is_empty() && parties.iter().all(has_left);
    // Of a call between two of ours one recording is enough.
    let is_recorded = parties.iter().any(|party| !list(party, "recordings").is_empty());
    let answered = parties
        .iter()
        .find(|party| text(party, "extensionId").is_some() && status(party, "code").as_deref() == Some("Answered"));
    let begun = answered.filter(|_| records_calls && !is_recorded).and_then(|party| id(party, "id"));
    let session = id(body, "telephonySessionId");
    Received {
        look_after: LOOK_AFTER_S.into_iter().filter(|_| is_over).map(Duration::from_secs).collect(),
        record_call: begun.zip(session).map(|(party, session)| format!("{session}/{party}")),
        ..Received::ok()
    }
}
