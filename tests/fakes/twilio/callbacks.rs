//! Callbacks as Twilio sends them, signed with the account's token.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Twilio, TwilioRecording};
use crate::fakes::deliver::post;
use crate::fakes::{Delivered, when};

/// `X-Twilio-Signature` over an address and the decoded fields of a form; of a JSON body no fields.
pub fn sign(token: &str, url: &str, params: &[(String, String)]) -> String {
    let mut fields = params.to_vec();
    fields.sort();
    fields.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (key, value) in &fields {
        mac.update(key.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The address with the digest of a JSON body in its query.
pub fn with_body_digest(url: &str, body: &str) -> String {
    let digest: String = Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}bodySHA256={digest}")
}

/// How a callback is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// Over the address as it is.
    Rightly,
    /// Over the address with the scheme's own port written out.
    WithPort,
    /// Over the address without the scheme's own port.
    WithoutPort,
    /// With another account's token.
    WrongToken,
    /// Over other fields than are sent.
    Altered,
    /// Not at all.
    Unsigned,
}

/// One callback. `url` is where it goes, `public_url` what Twilio knows it as and signs.
#[derive(Debug, Clone)]
pub struct Callback {
    pub url: String,
    pub public_url: String,
    pub params: Vec<(String, String)>,
    /// Sent instead of a form.
    pub json: Option<String>,
    pub signed: Signed,
}

impl Callback {
    /// A form with these fields.
    pub fn form(url: &str, params: Vec<(String, String)>) -> Self {
        Self { url: url.to_owned(), public_url: url.to_owned(), params, json: None, signed: Signed::Rightly }
    }

    /// The recording is ready.
    pub fn completed(recording: &TwilioRecording, url: &str, twilio: &Twilio) -> Self {
        Self::recording_status(recording, "completed", url, twilio)
    }

    /// `recordingStatusCallback` with this status.
    pub fn recording_status(recording: &TwilioRecording, status: &str, url: &str, twilio: &Twilio) -> Self {
        let account = &twilio.settings.account_sid;
        let media = format!("{}/2010-04-01/Accounts/{account}/Recordings/{}", twilio.bases.api, recording.sid);
        let error = recording.error_code.unwrap_or(0).to_string();
        let duration = recording.sound.seconds().to_string();
        let started = when::rfc2822(recording.date_created);
        let channels = recording.channels.to_string();
        let mut params = vec![
            ("AccountSid", account.as_str()),
            ("CallSid", &recording.call_sid),
            ("RecordingSid", &recording.sid),
            ("RecordingUrl", &media),
            ("RecordingStatus", status),
        ];
        if status == "completed" {
            params.push(("RecordingDuration", &duration));
        }
        params.extend([
            ("RecordingChannels", channels.as_str()),
            ("RecordingStartTime", &started),
            ("RecordingSource", &recording.source),
            ("RecordingTrack", &recording.track),
            ("ErrorCode", &error),
        ]);
        if let Some(conference) = &recording.conference_sid {
            params.push(("ConferenceSid", conference));
        }
        Self::form(url, params.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// Voice Intelligence has a transcript; JSON, with its digest in the address.
    pub fn transcript_available(recording: &TwilioRecording, url: &str, twilio: &Twilio) -> Self {
        let body = json!({
            "account_sid": twilio.settings.account_sid,
            "service_sid": twilio.settings.service_sid,
            "transcript_sid": recording.transcript_sid(),
            "customer_key": recording.call_sid,
            "event_type": "voice_intelligence_transcript_available",
        })
        .to_string();
        let url = with_body_digest(url, &body);
        Self { json: Some(body), ..Self::form(&url, Vec::new()) }
    }

    /// Goes to `url`, but is signed for the address by which the world knows it. Both get the same query.
    pub fn known_as(self, public_base: &str) -> Self {
        let rest = self.url.splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        Self { public_url: format!("{}/{rest}", public_base.trim_end_matches('/')), ..self }
    }

    pub fn signed(self, signed: Signed) -> Self {
        Self { signed, ..self }
    }

    /// What stands in the header.
    pub fn signature(&self, token: &str) -> Option<String> {
        match self.signed {
            Signed::Rightly => Some(sign(token, &self.public_url, &self.params)),
            Signed::WithPort => Some(sign(token, &with_port(&self.public_url), &self.params)),
            Signed::WithoutPort => Some(sign(token, &without_port(&self.public_url), &self.params)),
            Signed::WrongToken => Some(sign("another token", &self.public_url, &self.params)),
            Signed::Altered => Some(sign(token, &format!("{}#", self.public_url), &self.params)),
            Signed::Unsigned => None,
        }
    }
}

/// Scheme, host and the rest of an address.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    (scheme, &rest[..end], &rest[end..])
}

/// `https://host/` becomes `https://host:443/`.
pub fn with_port(url: &str) -> String {
    let (scheme, host, rest) = parts(url);
    let port = if scheme == "https" { 443 } else { 80 };
    if host.contains(':') { url.to_owned() } else { format!("{scheme}://{host}:{port}{rest}") }
}

/// `https://host:443/` becomes `https://host/`.
pub fn without_port(url: &str) -> String {
    let (scheme, host, rest) = parts(url);
    let port = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}{rest}", host.trim_end_matches(port))
}

impl Twilio {
    /// Sends a callback once.
    pub async fn deliver(&self, callback: &Callback) -> Delivered {
        let (kind, body) = match &callback.json {
            Some(json) => ("application/json", json.clone()),
            None => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&callback.params).finish();
                ("application/x-www-form-urlencoded", form)
            }
        };
        let mut headers = vec![("content-type", kind.to_owned()), ("user-agent", "TwilioProxy/1.1".to_owned())];
        if let Some(signature) = callback.signature(&self.settings.auth_token) {
            headers.push(("x-twilio-signature", signature));
        }
        post(&callback.url, &headers, body, Duration::from_secs(15)).await
    }
}
