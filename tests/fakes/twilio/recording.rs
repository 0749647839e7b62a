//! Twilio's recordings and calls: what they are, and how they look as JSON.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::sid;
use crate::fakes::{Sound, examples, when};

/// A recording with its quirks. The default is a two-channel recording that is ready.
#[derive(Debug, Clone)]
pub struct TwilioRecording {
    pub sid: String,
    pub call_sid: String,
    pub conference_sid: Option<String>,
    pub date_created: Timestamp,
    pub channels: u8,
    pub source: String,
    pub track: String,
    /// `in-progress`, `paused`, `stopped`, `processing`, `completed`, `absent`, `deleted`.
    pub status: String,
    pub error_code: Option<u32>,
    pub sound: Sound,
    /// Whether a version with two channels is kept; without it `RequestedChannels=2` gets 400.
    pub dual_version: bool,
    /// Media asked for so often get 404 first.
    pub media_404s: u32,
    /// Somebody deletes the recording just before its media are asked for the first time.
    pub media_gone: bool,
    pub encrypted: bool,
    /// Media lie in the customer's own storage, on the media host.
    pub external: bool,
    /// The media URL begins with `http://api.twilio.com`, as some do.
    pub plain_http: bool,
    pub transcript: Option<TwilioTranscript>,
    /// What `<Record transcribe>` made of it.
    pub legacy_text: Option<String>,
}

/// When Voice Intelligence has a transcript.
#[derive(Debug, Clone)]
pub struct TwilioTranscript {
    /// So many asks find nothing, or one that is still in progress.
    pub after_asks: u32,
    /// Whether it exists, though perhaps not completed; otherwise the service has to be asked for it.
    pub begun: bool,
    /// The participants as the service took them; `(channel, role)`.
    pub participants: Vec<(u8, String)>,
    /// The end, when all is well `completed`.
    pub ends: String,
}

impl Default for TwilioTranscript {
    fn default() -> Self {
        let participants = vec![(1, "Agent".to_owned()), (2, "Customer".to_owned())];
        Self { after_asks: 0, begun: true, participants, ends: "completed".to_owned() }
    }
}

impl TwilioRecording {
    pub fn new(n: u32, date_created: Timestamp) -> Self {
        Self {
            sid: sid("RE", n.into()),
            call_sid: sid("CA", n.into()),
            conference_sid: None,
            date_created,
            channels: 2,
            source: "StartCallRecordingAPI".to_owned(),
            track: "both".to_owned(),
            status: "completed".to_owned(),
            error_code: None,
            sound: Sound::new(n),
            dual_version: true,
            media_404s: 0,
            media_gone: false,
            encrypted: false,
            external: false,
            plain_http: false,
            transcript: None,
            legacy_text: None,
        }
    }

    /// There is no audio and never will be.
    pub fn absent(self) -> Self {
        Self { status: "absent".to_owned(), error_code: Some(99_999), channels: 1, ..self }
    }

    fn finished(&self) -> bool {
        ["completed", "deleted"].contains(&self.status.as_str())
    }

    fn duration(&self) -> Option<String> {
        self.finished().then(|| self.sound.seconds().to_string())
    }

    fn date_updated(&self) -> Timestamp {
        if self.finished() { when::after(self.date_created, self.length()) } else { self.date_created }
    }

    pub fn length(&self) -> Duration {
        Duration::from_millis(self.sound.length_ms.into())
    }

    /// The transcript's SID.
    pub fn transcript_sid(&self) -> String {
        format!("GT{}", &self.sid[2..])
    }

    /// As the account's list and the recording itself show it.
    pub fn json(&self, account: &str, api: &str, media: &str) -> Value {
        let own = format!("/2010-04-01/Accounts/{account}/Recordings/{}", self.sid);
        let media_url = match (self.status.as_str(), self.external, self.plain_http) {
            ("absent", ..) => Value::Null,
            (_, true, _) => json!(format!("{media}/storage/{}", self.sid)),
            (_, _, true) => json!(format!("http://api.twilio.com{own}")),
            _ => json!(format!("{api}{own}")),
        };
        let subresources = json!({
            "add_on_results": format!("{own}/AddOnResults.json"),
            "transcriptions": format!("{own}/Transcriptions.json"),
        });
        let encrypted = examples::json("twilio_recording_encrypted.json")["encryption_details"].clone();
        let price = if self.finished() { json!("-0.00250") } else { Value::Null };
        examples::with(
            self.members(account),
            json!({
                "price": price,
                "uri": format!("{own}.json"),
                "encryption_details": if self.encrypted { encrypted } else { Value::Null },
                "subresource_uris": subresources,
                "media_url": media_url,
            }),
        )
    }

    /// As it shows under its call: with a track, without media.
    pub fn json_of_call(&self, account: &str) -> Value {
        let uri = format!("/2010-04-01/Accounts/{account}/Calls/{}/Recordings/{}.json", self.call_sid, self.sid);
        let price = if self.finished() { json!(-0.0025) } else { Value::Null };
        let members = examples::with(self.members(account), json!({ "uri": uri, "track": self.track, "price": price }));
        examples::without(members, &["media_url", "subresource_uris"])
    }

    /// What both shapes have.
    fn members(&self, account: &str) -> Value {
        examples::with(
            examples::json("twilio_recording.json"),
            json!({
                "account_sid": account,
                "call_sid": self.call_sid,
                "conference_sid": self.conference_sid,
                "date_created": when::rfc2822(self.date_created),
                "date_updated": when::rfc2822(self.date_updated()),
                "start_time": when::rfc2822(self.date_created),
                "duration": self.duration(),
                "sid": self.sid,
                "status": self.status,
                "channels": self.channels,
                "source": self.source,
                "error_code": self.error_code,
            }),
        )
    }
}

/// A call. Recordings know no numbers; it does.
#[derive(Debug, Clone)]
pub struct TwilioCall {
    pub sid: String,
    pub from: String,
    pub to: String,
    /// `inbound`, `outbound-api`, `outbound-dial`.
    pub direction: String,
    /// `in-progress` while it lasts, then `completed`.
    pub status: String,
    pub start_time: Timestamp,
    pub duration_seconds: u32,
    pub parent_call_sid: Option<String>,
}

impl TwilioCall {
    /// The call that recording `n` hangs on.
    pub fn new(n: u32, start_time: Timestamp) -> Self {
        Self {
            sid: sid("CA", n.into()),
            from: format!("+1415555{:04}", n % 10_000),
            to: "+18005550199".to_owned(),
            direction: if n.is_multiple_of(3) { "outbound-api" } else { "inbound" }.to_owned(),
            status: "completed".to_owned(),
            start_time,
            duration_seconds: 9,
            parent_call_sid: None,
        }
    }

    pub fn in_progress(self) -> Self {
        Self { status: "in-progress".to_owned(), ..self }
    }

    pub fn json(&self, account: &str) -> Value {
        let end = when::after(self.start_time, Duration::from_secs(self.duration_seconds.into()));
        let over = self.status != "in-progress";
        let own = format!("/2010-04-01/Accounts/{account}/Calls/{}", self.sid);
        examples::with(
            examples::json("twilio_call.json"),
            json!({
                "account_sid": account,
                "date_created": when::rfc2822(self.start_time),
                "date_updated": when::rfc2822(if over { end } else { self.start_time }),
                "direction": self.direction,
                "duration": over.then(|| self.duration_seconds.to_string()),
                "end_time": over.then(|| when::rfc2822(end)),
                "from": self.from,
                "from_formatted": self.from,
                "parent_call_sid": self.parent_call_sid,
                "sid": self.sid,
                "start_time": when::rfc2822(self.start_time),
                "status": self.status,
                "subresource_uris": { "recordings": format!("{own}/Recordings.json") },
                "to": self.to,
                "to_formatted": self.to,
                "uri": format!("{own}.json"),
            }),
        )
    }
}
