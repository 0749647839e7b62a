//! The proofs, provider by provider.

mod faults;
mod ringcentral;
mod shapes;
mod signatures;
mod subscriptions;
mod twilio;
mod webex;
mod webhooks;
mod world;

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::fakes::{Delivered, Twilio, ask};

/// A day on which everything here happens.
fn noon() -> Timestamp {
    "2026-08-14T12:00:00Z".parse().unwrap()
}

/// So many minutes before noon.
fn minutes_before_noon(minutes: i64) -> Timestamp {
    noon() - jiff::SignedDuration::from_mins(minutes)
}

fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

fn basic(user: &str, password: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

fn form_type() -> (&'static str, String) {
    ("content-type", "application/x-www-form-urlencoded".to_owned())
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn get(url: &str, sign_in: (&str, String)) -> Delivered {
    ask(Method::GET, url, &[sign_in], "").await
}

async fn post_json(url: &str, sign_in: (&str, String), body: &Value) -> Delivered {
    ask(Method::POST, url, &[sign_in], body.to_string()).await
}

/// What a Twilio account signs in with.
fn of_twilio(twilio: &Twilio) -> (&'static str, String) {
    basic(&twilio.settings.account_sid, &twilio.settings.auth_token)
}

/// The texts of one member of every item.
fn each<'a>(items: &'a Value, member: &str) -> Vec<&'a str> {
    items.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap()).collect()
}
