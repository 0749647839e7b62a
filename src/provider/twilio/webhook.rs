//! Deliveries: `recordingStatusCallback`, the status of calls, and Voice Intelligence's news. Fact sheet, section 8.
//!
//! Believed only with `X-Twilio-Signature` over the public address and every field that came, made with the account's
//! Auth Token; compared in constant time. Twilio keeps no subscriptions for these: the addresses stand in the customer's
//! TwiML and on its numbers, or are named when callscribe begins a recording, so there is nothing to renew.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use ring::{digest, hmac};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::{TwilioProvider, wire};
use crate::provider::{Delivery, Received};

/// After a call ends: its recording appears within this time where nobody tells us of it.
const AFTER_CALL: Duration = Duration::from_secs(30);

/// Fields as they were sent, decoded, in their order.
type Fields = Vec<(String, String)>;

impl TwilioProvider {
    /// Believes a delivery or not, and says what follows from it.
    pub(super) fn received(&self, delivery: &Delivery<'_>) -> Received {
        let Some(token) = &self.twilio.auth_token else {
            return Received::refused("Twilio's deliveries can only be proved with the account's auth_token_file.");
        };
        let is_form = has_type(delivery, "application/x-www-form-urlencoded");
        let fields = if is_form && delivery.method != "GET" { fields(delivery.body) } else { Fields::new() };
        if !is_form && !delivery.body.is_empty() && !is_digest_right(delivery) {
            return Received::refused("The delivery's body is not the one its address was signed for.");
        }
        let signature = delivery.headers.get("x-twilio-signature").and_then(|header| header.to_str().ok());
        let Some(signature) = signature.and_then(|text| STANDARD.decode(text).ok()) else {
            return Received::refused("The delivery has no X-Twilio-Signature.");
        };
        if !is_signed(token.expose_secret(), delivery.url, &fields, &signature) {
            return Received::refused("The delivery's X-Twilio-Signature is not made with this account's Auth Token.");
        }
        let told = match delivery.method {
            "GET" => object(delivery.url.query_pairs().into_owned().collect()),
            _ if is_form => object(fields),
            _ => serde_json::from_slice(delivery.body).unwrap_or_default(),
        };
        self.meaning(&told)
    }

    fn meaning(&self, told: &Value) -> Received {
        let account = ["AccountSid", "account_sid"].into_iter().find_map(|key| wire::text(told, key));
        if account.is_some_and(|account| account != self.api.account_sid()) {
            return Received::refused("The delivery is another account's.");
        }
        let named = || wire::text(told, "RecordingUrl").and_then(|url| wire::sid_in("RE", &url));
        if let Some(recording) = wire::sid("RE", told, "RecordingSid").or_else(named) {
            return self.of_recording(recording, told);
        }
        match wire::text(told, "CallStatus").as_deref() {
            Some("in-progress") if self.config.record_calls => {
                // A dialled leg and the call that dialled it are one call.
                let call = ["ParentCallSid", "CallSid"].into_iter().find_map(|key| wire::sid("CA", told, key));
                Received { record_call: call, ..Received::ok() }
            }
            Some("completed") => Received { look_after: vec![AFTER_CALL], ..Received::ok() },
            // A transcript is there: it names no recording, and is found when the recording's opinion is asked for.
            _ => Received::ok(),
        }
    }

    /// One that has ended, with or without audio, is asked for again by whoever waits for it.
    fn of_recording(&self, recording: String, told: &Value) -> Received {
        let is_running = wire::text(told, "RecordingStatus").as_deref() == Some("in-progress");
        let listed = self.listed(recording.clone(), &as_listed(told));
        let changed = if is_running { Vec::new() } else { vec![recording] };
        Received { listed: vec![listed], changed, ..Received::ok() }
    }
}

/// A callback's fields under the names a listing has for them.
fn as_listed(told: &Value) -> Value {
    let names = [
        ("AccountSid", "account_sid"),
        ("CallSid", "call_sid"),
        ("ConferenceSid", "conference_sid"),
        ("RecordingStartTime", "start_time"),
        ("RecordingDuration", "duration"),
        ("RecordingSource", "source"),
    ];
    let renamed = names.into_iter().filter_map(|(from, to)| Some((to.to_owned(), told.get(from)?.clone())));
    Value::Object(renamed.collect())
}

fn object(fields: Fields) -> Value {
    Value::Object(fields.into_iter().map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>())
}

fn has_type(delivery: &Delivery<'_>, kind: &str) -> bool {
    let told = delivery.headers.get(CONTENT_TYPE).and_then(|header| header.to_str().ok()).unwrap_or_default();
    told.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

/// The fields of a form, empty ones included.
fn fields(body: &[u8]) -> Fields {
    let text = String::from_utf8_lossy(body);
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

/// Whether `bodySHA256` in the signed address is the body's digest.
fn is_digest_right(delivery: &Delivery<'_>) -> bool {
    let Some((_, told)) = delivery.url.query_pairs().find(|(key, _)| key == "bodySHA256") else { return false };
    let digest = digest::digest(&digest::SHA256, delivery.body);
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    told.eq_ignore_ascii_case(&digest)
}

/// The address, then every field once, by name and value; over the address as it is, with the scheme's port written out,
/// and without any.
fn is_signed(token: &str, url: &Url, fields: &[(String, String)], signature: &[u8]) -> bool {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let rest: String = sorted.into_iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let is_right = |address: &String| hmac::verify(&key, format!("{address}{rest}").as_bytes(), signature).is_ok();
    addresses(url).iter().any(is_right)
}

/// The forms in which Twilio may have known an address. The parser has dropped a port that is the scheme's own.
fn addresses(url: &Url) -> Vec<String> {
    let text = url.as_str().split('#').next().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("://") else { return vec![text.to_owned()] };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match url.port() {
        Some(port) => {
            let bare = host.strip_suffix(&format!(":{port}")).unwrap_or(host);
            vec![text.to_owned(), format!("{scheme}://{bare}{path}")]
        }
        None => {
            let port = url.port_or_known_default().unwrap_or(443);
            vec![text.to_owned(), format!("{scheme}://{host}:{port}{path}")]
        }
    }
}
