//! Twilio Programmable Voice: recordings, media, calls, Voice Intelligence and signed callbacks.
//!
//! One base answers both `/2010-04-01/…` and Intelligence's `/v2/…`; the media host stands for a customer's own storage
//! and must never see Twilio's credentials.

mod callbacks;
mod intelligence;
mod list;
mod media;
mod recording;
mod start;

use std::sync::Mutex;

use axum::http::Method;
use serde_json::json;

pub use callbacks::{Callback, Signed, sign, with_body_digest, with_port, without_port};
pub use recording::{TwilioCall, TwilioRecording, TwilioTranscript};

use super::{Asked, Bases, Endpoint, Fake, Host, Ports, Provider, Reply, hex, locked};

/// What the account is, and how strict the fake is.
#[derive(Debug, Clone)]
pub struct TwilioSettings {
    pub account_sid: String,
    /// The password of the account, and the key of every callback's signature.
    pub auth_token: String,
    pub key_sid: String,
    pub key_secret: String,
    pub service_sid: String,
    /// Whether media ask for sign-in; accounts made before August 2023 can do without.
    pub media_sign_in: bool,
    /// More requests than this at once get 429 and 20429.
    pub concurrent_max: Option<usize>,
}

impl Default for TwilioSettings {
    fn default() -> Self {
        Self {
            account_sid: "AC0123456789abcdef0123456789abcdef".to_owned(),
            auth_token: "9f8e7d6c5b4a39281706f5e4d3c2b1a0".to_owned(),
            key_sid: "SK0123456789abcdef0123456789abcdef".to_owned(),
            key_secret: "k3y-s3cr3t-0f-tw1l10".to_owned(),
            service_sid: "GA1c2d3e4f5061728394a5b6c7d8e9f001".to_owned(),
            media_sign_in: true,
            concurrent_max: None,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    recordings: Vec<TwilioRecording>,
    calls: Vec<TwilioCall>,
    /// Where the callbacks of recordings begun through the API go: recording and address.
    callbacks: Vec<(String, String)>,
    pages_loop: bool,
    signed_out: bool,
    answering: usize,
}

/// The fake; reached through [`Fake`].
pub struct Twilio {
    pub settings: TwilioSettings,
    bases: Bases,
    state: Mutex<State>,
}

impl Twilio {
    pub async fn start(settings: TwilioSettings) -> Fake<Self> {
        Self::start_on(settings, Ports::default()).await
    }

    pub async fn start_on(settings: TwilioSettings, ports: Ports) -> Fake<Self> {
        Fake::start(ports, |bases| Self { settings, bases, state: Mutex::default() }).await
    }

    /// Recordings may be added in any order; lists give the newest first.
    pub fn add_recording(&self, recording: TwilioRecording) {
        let mut state = locked(&self.state);
        let newer = |old: &TwilioRecording| (old.date_created, &old.sid) > (recording.date_created, &recording.sid);
        let place = state.recordings.partition_point(newer);
        state.recordings.insert(place, recording);
    }

    pub fn add_call(&self, call: TwilioCall) {
        locked(&self.state).calls.push(call);
    }

    /// Changes a recording; panics when there is none.
    pub fn change(&self, sid: &str, change: impl FnOnce(&mut TwilioRecording)) {
        change(locked(&self.state).recordings.iter_mut().find(|recording| recording.sid == sid).unwrap());
    }

    pub fn recording(&self, sid: &str) -> Option<TwilioRecording> {
        locked(&self.state).recordings.iter().find(|recording| recording.sid == sid).cloned()
    }

    /// Every page names itself as the next one.
    pub fn loop_pages(&self, on: bool) {
        locked(&self.state).pages_loop = on;
    }

    /// Every credential is refused, as after a rotated key, until set back.
    pub fn refuse_credentials(&self, on: bool) {
        locked(&self.state).signed_out = on;
    }

    /// Recordings of one call that are not yet at their end.
    pub fn active_recordings(&self, call_sid: &str) -> usize {
        let active = |recording: &&TwilioRecording| {
            recording.call_sid == call_sid && ["in-progress", "paused"].contains(&recording.status.as_str())
        };
        locked(&self.state).recordings.iter().filter(active).count()
    }

    fn signed_in(&self, asked: &Asked) -> bool {
        let ours = [
            (self.settings.account_sid.clone(), self.settings.auth_token.clone()),
            (self.settings.key_sid.clone(), self.settings.key_secret.clone()),
        ];
        !locked(&self.state).signed_out && asked.basic().is_some_and(|pair| ours.contains(&pair))
    }

    /// What follows `/2010-04-01/Accounts/{AC}/`; `None` for another account or API.
    fn resource<'a>(&self, asked: &'a Asked) -> Option<Vec<&'a str>> {
        match asked.segments().as_slice() {
            ["2010-04-01", "Accounts", account, rest @ ..] if *account == self.settings.account_sid => {
                Some(rest.to_vec())
            }
            _ => None,
        }
    }

    fn voice(&self, asked: &Asked) -> Reply {
        let Some(resource) = self.resource(asked) else { return not_found(asked) };
        if asked.method == Method::POST && !asked.is_form() {
            return error(400, 20001, "Content-Type must be application/x-www-form-urlencoded");
        }
        match (asked.method.as_str(), resource.as_slice()) {
            ("GET", ["Recordings.json"]) => self.list(asked, None),
            ("GET", ["Calls", call, "Recordings.json"]) => self.list(asked, Some(call)),
            ("POST", ["Calls", call, "Recordings.json"]) => self.start_recording(asked, call),
            ("POST", ["Calls", call, "Recordings", name]) => self.control(asked, call, name),
            ("GET", ["Recordings", recording, "Transcriptions.json"]) => self.transcriptions(asked, recording),
            ("GET", ["Recordings", name]) if name.ends_with(".json") => self.details(asked, name),
            ("GET", ["Recordings", name]) => self.media(asked, name),
            ("DELETE", ["Recordings", name]) => self.delete(asked, name),
            ("GET", ["Calls.json"]) => self.calls(asked),
            ("GET", ["Calls", name]) if name.ends_with(".json") => self.call(asked, name),
            _ => not_found(asked),
        }
    }

    fn call(&self, asked: &Asked, name: &str) -> Reply {
        let sid = name.trim_end_matches(".json");
        let state = locked(&self.state);
        match state.calls.iter().find(|call| call.sid == sid) {
            Some(call) => Reply::json(200, &call.json(&self.settings.account_sid)),
            None => not_found(asked),
        }
    }

    /// The legs that one call dialled, on one page.
    fn calls(&self, asked: &Asked) -> Reply {
        let parent = asked.query("ParentCallSid");
        let account = &self.settings.account_sid;
        let state = locked(&self.state);
        let dialled = state.calls.iter().filter(|call| parent.is_none() || call.parent_call_sid == parent);
        let calls: Vec<_> = dialled.map(|call| call.json(account)).collect();
        Reply::json(200, &json!({ "calls": calls, "next_page_uri": null, "page": 0 }))
    }

    async fn routed(&self, asked: &Asked) -> Reply {
        let open = asked.host == Host::Media || (self.is_media(asked) && !self.settings.media_sign_in);
        if !open && !self.signed_in(asked) {
            return error(401, 20003, "Authenticate");
        }
        match (asked.host, asked.segments().first()) {
            (Host::Media, _) => self.external_media(asked),
            (Host::Api, Some(&"v2")) => self.intelligence(asked),
            (Host::Api, _) => self.voice(asked),
        }
    }

    fn is_media(&self, asked: &Asked) -> bool {
        asked.method == Method::GET
            && matches!(self.resource(asked).as_deref(), Some(["Recordings", name]) if !name.ends_with(".json"))
    }
}

impl Provider for Twilio {
    fn endpoint(&self, asked: &Asked) -> Option<Endpoint> {
        if asked.host == Host::Media {
            return Some(Endpoint::Media);
        }
        if asked.segments().first() == Some(&"v2") {
            return Some(Endpoint::Transcript);
        }
        let resource = self.resource(asked)?;
        match (asked.method.as_str(), resource.as_slice()) {
            ("GET", ["Recordings.json"] | ["Calls", _, "Recordings.json"]) => Some(Endpoint::List),
            ("POST", ["Calls", _, "Recordings.json" | "Recordings", ..]) => Some(Endpoint::StartRecording),
            ("GET", ["Recordings", _, "Transcriptions.json"]) => Some(Endpoint::Transcript),
            ("GET", ["Recordings", name]) if name.ends_with(".json") => Some(Endpoint::Details),
            ("GET", ["Recordings", _]) => Some(Endpoint::Media),
            ("DELETE", ["Recordings", _]) => Some(Endpoint::Delete),
            ("GET", ["Calls.json"] | ["Calls", _]) => Some(Endpoint::Call),
            _ => None,
        }
    }

    async fn answer(&self, asked: &Asked) -> Reply {
        let answering = {
            let mut state = locked(&self.state);
            state.answering += 1;
            state.answering
        };
        let reply = if self.settings.concurrent_max.is_some_and(|max| answering > max) {
            error(429, 20429, "Too Many Requests")
        } else {
            // Lets others in meanwhile, so that there is something to count.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            self.routed(asked).await
        };
        locked(&self.state).answering -= 1;
        reply
    }
}

/// The API's error body.
fn error(status: u16, code: u32, message: &str) -> Reply {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    Reply::json(status, &json!({ "code": code, "message": message, "more_info": more_info, "status": status }))
}

/// 404; in XML where the path does not end in `.json`.
fn not_found(asked: &Asked) -> Reply {
    if asked.path.ends_with(".json") || asked.path.starts_with("/v2") {
        return error(404, 20404, &format!("The requested resource {} was not found", asked.path));
    }
    Reply::of(404, "application/xml", super::examples::text("twilio_error_404.xml"))
}

/// A SID of this kind, the same on every run.
pub fn sid(kind: &str, n: u64) -> String {
    format!("{kind}{}", hex(kind, n, 32))
}
