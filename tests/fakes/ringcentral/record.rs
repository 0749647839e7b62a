//! One entry of the call log, with the quirks of its recording.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fakes::{Sound, examples, hex, when};

/// How insights name their highlights; both are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    Highlights,
    HighLights,
}

/// When RingSense has something to say.
#[derive(Debug, Clone, Copy)]
pub struct InsightsPlan {
    /// So many asks find nothing.
    pub after_asks: u32,
    /// Too early an ask gets 200 with empty insights instead of 404.
    pub empty_first: bool,
    pub spelling: Spelling,
}

impl Default for InsightsPlan {
    fn default() -> Self {
        Self { after_asks: 0, empty_first: false, spelling: Spelling::Highlights }
    }
}

/// A call with its recording. The default is an inbound call, recorded automatically, ready.
#[derive(Debug, Clone)]
pub struct CallLogRecord {
    pub id: String,
    pub recording_id: String,
    pub session_id: String,
    pub telephony_session_id: String,
    pub start_time: Timestamp,
    pub inbound: bool,
    /// Automatic or on demand.
    pub automatic: bool,
    /// The other party's number.
    pub number: String,
    pub sound: Sound,
    /// `audio/wav` instead of `audio/mpeg`.
    pub as_wav: bool,
    /// Recorded, but too short to be kept: no media.
    pub short: bool,
    /// So many lists do not have it yet.
    pub listed_after: u32,
    /// Media asked for so often get 404 first.
    pub media_404s: u32,
    /// Somebody deletes the recording just before its media are asked for the first time.
    pub media_gone: bool,
    /// Removed through the API: the log keeps the call without its recording.
    pub deleted: bool,
    pub insights: Option<InsightsPlan>,
}

/// A call that lasts.
#[derive(Debug, Clone)]
pub struct LiveSession {
    pub telephony_session_id: String,
    pub party_id: String,
    pub recording_id: String,
    pub begun: usize,
}

impl LiveSession {
    pub fn new(n: u32) -> Self {
        let record = CallLogRecord::new(n, Timestamp::UNIX_EPOCH);
        Self {
            party_id: record.party_id(),
            telephony_session_id: record.telephony_session_id,
            recording_id: record.recording_id,
            begun: 0,
        }
    }
}

impl CallLogRecord {
    pub fn new(n: u32, start_time: Timestamp) -> Self {
        let hex = hex("rc session", n.into(), 40);
        Self {
            id: format!("AWu1{}", &super::super::hex("rc record", n.into(), 12)),
            recording_id: (3_008_400_000_u64 + u64::from(n)).to_string(),
            session_id: (1_486_000_000_000_u64 + u64::from(n)).to_string(),
            telephony_session_id: format!("s-a0d17{}z18d9{}z2b7c8d0000", &hex[..27], &hex[27..35]),
            start_time,
            inbound: !n.is_multiple_of(3),
            automatic: true,
            number: format!("+1415556{:04}", n % 10_000),
            sound: Sound::new(n),
            as_wav: false,
            short: false,
            listed_after: 0,
            media_404s: 0,
            media_gone: false,
            deleted: false,
            insights: None,
        }
    }

    pub fn party_id(&self) -> String {
        format!("p-{}-2", &self.telephony_session_id[2..])
    }

    pub fn has_recording(&self) -> bool {
        !self.short && !self.deleted
    }

    /// `Automatic` or `OnDemand`.
    pub fn recording_type(&self) -> &'static str {
        if self.automatic { "Automatic" } else { "OnDemand" }
    }

    /// As the call log shows it; `detailed` adds its legs.
    pub fn json(&self, api: &str, media: &str, account: &str, detailed: bool) -> Value {
        let view = if detailed { "Detailed" } else { "Simple" };
        let record = examples::json("ringcentral_call_log_simple.json")["records"][0].clone();
        let record = examples::replaced(&record, "https://platform.ringcentral.com", api);
        let record = examples::replaced(&record, "400131426008", account);
        let (from, to) = self.parties(&record);
        let mut record = examples::with(
            record,
            json!({
                "id": self.id,
                "uri": format!("{api}/restapi/v1.0/account/{account}/call-log/{}?view={view}", self.id),
                "sessionId": self.session_id,
                "telephonySessionId": self.telephony_session_id,
                "partyId": self.party_id(),
                "startTime": when::milliseconds(self.start_time),
                "duration": self.sound.seconds(),
                "durationMs": self.sound.length_ms,
                "direction": if self.inbound { "Inbound" } else { "Outbound" },
                "action": if self.inbound { "Phone Call" } else { "VoIP Call" },
                "result": if self.inbound { "Accepted" } else { "Call connected" },
                "from": from,
                "to": to,
                "recording": self.recording(api, media, account),
            }),
        );
        if self.short {
            record["shortRecording"] = json!(true);
        }
        if !self.has_recording() {
            record = examples::without(record, &["recording"]);
        }
        if detailed {
            let later = when::after(self.start_time, Duration::from_secs(9));
            record["lastModifiedTime"] = json!(when::milliseconds(later));
            record["legs"] = json!([self.master_leg(&record)]);
        }
        record
    }

    fn parties(&self, record: &Value) -> (Value, Value) {
        let theirs = json!({ "phoneNumber": self.number, "name": "Dana Cole", "location": "San Francisco, CA" });
        let ours = record["to"].clone();
        if self.inbound { (theirs, ours) } else { (ours, theirs) }
    }

    fn master_leg(&self, record: &Value) -> Value {
        let taken = ["id", "uri", "sessionId", "lastModifiedTime", "reason", "reasonDescription"];
        examples::with(examples::without(record.clone(), &taken), json!({ "legType": "Accept", "master": true }))
    }

    fn recording(&self, api: &str, media: &str, account: &str) -> Value {
        let path = format!("/restapi/v1.0/account/{account}/recording/{}", self.recording_id);
        json!({
            "id": self.recording_id,
            "uri": format!("{api}{path}"),
            "type": self.recording_type(),
            "contentUri": format!("{media}{path}/content"),
        })
    }
}
