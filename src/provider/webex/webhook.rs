//! Deliveries from Webex: proven by their signatures, read for the recording's id alone (fact sheet, section 8).
//!
//! Nothing else of the body is believed to be complete, and nothing is asked of Webex while a delivery is answered.

use std::time::Duration;

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{WebexProvider, wire};
use crate::provider::{Delivery, Listed, Received};

const RESOURCE: &str = "convergedRecordings";
/// When an event names no recording, the list is looked at after this long.
const LOOK_AFTER: Duration = Duration::from_secs(30);

impl WebexProvider {
    /// What a delivery means.
    pub(super) fn read_delivery(&self, delivery: &Delivery<'_>) -> Received {
        let Some(secret) = &self.webex.webhook_secret else {
            return Received::refused(
                "This account has no webhook_secret_file, without which no delivery can be proven.",
            );
        };
        if delivery.method != "POST" {
            return Received::refused("Webex delivers with POST.");
        }
        if let Err(why) = check_signature(secret, delivery) {
            return Received::refused(why);
        }
        // What was signed and is no JSON is Webex's own fault: it is accepted, so that it does not come again.
        let body: Value = serde_json::from_slice(delivery.body).unwrap_or_default();
        if wire::text(&body, "resource").is_none_or(|resource| resource != RESOURCE) {
            return Received::ok();
        }
        self.read_event(&body)
    }

    fn read_event(&self, body: &Value) -> Received {
        let event = wire::text(body, "event").unwrap_or_default();
        let Some(id) = wire::id(&body["data"], "id") else {
            return Received { look_after: vec![LOOK_AFTER], ..Received::ok() };
        };
        match event.as_str() {
            // What was taken in stays, whatever becomes of it at Webex.
            "deleted" => Received::ok(),
            // To the bin, out of it, or a summary came: the details tell.
            "updated" => Received { changed: vec![id], ..Received::ok() },
            _ => {
                self.note_fresh(&id);
                // Marked, so that the listing shows it in another place: what could not be had yet is then asked for anew.
                let listed = self.listed(id, &Value::Null);
                let listed = Listed { locator: format!("{}#delivered", listed.locator), ..listed };
                Received { listed: vec![listed], ..Received::ok() }
            }
        }
    }
}

/// The strongest digest of `X-Webex-Signature` must match where there is one that can be read, else `X-Spark-Signature`.
fn check_signature(secret: &SecretString, delivery: &Delivery<'_>) -> Result<(), &'static str> {
    let header = |name: &str| delivery.headers.get(name).and_then(|value| value.to_str().ok());
    let strongest = header("x-webex-signature").and_then(strongest);
    let spark = || {
        let digest = from_hex(header("x-spark-signature")?.trim())?;
        Some((hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, digest))
    };
    let Some((algorithm, digest)) = strongest.or_else(spark) else {
        return Err("The delivery is not signed.");
    };
    let key = hmac::Key::new(algorithm, secret.expose_secret().as_bytes());
    hmac::verify(&key, delivery.body, &digest)
        .map_err(|_| "The signature does not fit: webhook_secret_file holds another secret than the webhook at Webex.")
}

/// `SHA-256=<hex>, SHA-512=<hex>`, or digits alone; the syntax is not known for certain, so that it is read leniently.
fn strongest(header: &str) -> Option<(hmac::Algorithm, Vec<u8>)> {
    let digests = header.split(',').filter_map(|part| {
        let (name, digits) = part.trim().split_once('=').unwrap_or(("", part));
        let digest = from_hex(digits.trim().trim_matches('"'))?;
        let name = name.trim().replace('-', "").to_ascii_lowercase();
        let algorithm = match (name.as_str(), digest.len()) {
            ("sha512" | "", 64) => hmac::HMAC_SHA512,
            ("sha256" | "", 32) => hmac::HMAC_SHA256,
            _ => return None,
        };
        Some((algorithm, digest))
    });
    digests.max_by_key(|(_, digest)| digest.len())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok());
    let is_whole = !text.is_empty() && text.len().is_multiple_of(2);
    let pairs = text.as_bytes().chunks_exact(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?));
    is_whole.then(|| pairs.collect())?
}
