//! A converged recording with its quirks, as lists and metadata show it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fakes::{Sound, Turn, examples, uuid, when};

/// `available`, then `deleted` in the recycle bin, then `purged`.
pub mod status {
    pub const AVAILABLE: &str = "available";
    pub const DELETED: &str = "deleted";
    pub const PURGED: &str = "purged";
}

/// How a transcript is laid out; all were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vtt {
    /// `3 "Matt Lund" (2022698496) (f938d292-…)` before the times.
    NamedCues,
    /// `<v Matt Lund>` before the text.
    VoiceTags,
    /// `Matt Lund: text`, without header and times.
    Plain,
    /// Named cues, with every sentence cut in two.
    SplitSentences,
}

/// A recording. The default has audio, transcript and notes, all ready.
#[derive(Debug, Clone)]
pub struct WebexRecording {
    pub id: String,
    pub call_session_id: String,
    pub time_recorded: Timestamp,
    /// From the end of the call until the file was there.
    pub made_after: Duration,
    pub owner_id: String,
    pub owner_email: String,
    /// `user`, `place`, `virtualLine`, `callQueue`.
    pub owner_type: String,
    pub service_type: String,
    pub storage_region: String,
    pub location_id: String,
    /// See [`status`].
    pub status: String,
    pub sound: Sound,
    /// The remote party called us.
    pub terminator: bool,
    pub number: String,
    /// "Prevent Downloading" is on: never any links.
    pub no_links: bool,
    /// Details asked for so often have no links yet.
    pub links_after: u32,
    pub transcript: Option<Vtt>,
    /// Details with links asked for so often have none to a transcript yet.
    pub transcript_after: u32,
    pub notes: bool,
    /// Somebody purges the recording just before one of its links is followed for the first time.
    pub media_gone: bool,
}

impl WebexRecording {
    pub fn new(n: u32, time_recorded: Timestamp) -> Self {
        let id = uuid("webex recording", n.into());
        Self {
            // Some ids come without dashes.
            id: if n.is_multiple_of(4) { id.replace('-', "") } else { id },
            call_session_id: uuid("webex session", n.into()),
            time_recorded,
            made_after: Duration::from_secs(40),
            owner_id: "c2335e53-c41b-423d-a41e-da0bf56e2038".to_owned(),
            owner_email: "ravi.agent@example.com".to_owned(),
            owner_type: "user".to_owned(),
            service_type: "calling".to_owned(),
            storage_region: "US".to_owned(),
            location_id: "85056bbd-6a7b-4c8d-9e0f-112233445566".to_owned(),
            status: status::AVAILABLE.to_owned(),
            sound: Sound::new(n),
            terminator: !n.is_multiple_of(3),
            number: format!("+1415557{:04}", n % 10_000),
            no_links: false,
            links_after: 0,
            transcript: Some(Vtt::NamedCues),
            transcript_after: 0,
            notes: true,
            media_gone: false,
        }
    }

    fn length(&self) -> Duration {
        Duration::from_millis(self.sound.length_ms.into())
    }

    /// When the file was made; lists are in this order.
    pub fn create_time(&self) -> Timestamp {
        when::after(self.time_recorded, self.length() + self.made_after)
    }

    pub fn is(&self, status: &str) -> bool {
        self.status == status
    }

    /// As lists show it.
    pub fn json(&self) -> Value {
        let topic = format!("Call with {}-{}", self.number, self.time_recorded.strftime("%Y%m%d %H%M"));
        examples::with(
            examples::json("webex_recordings_list.json")["items"][0].clone(),
            json!({
                "id": self.id,
                "topic": topic,
                "createTime": when::seconds(self.create_time()),
                "timeRecorded": when::seconds(self.time_recorded),
                "ownerId": self.owner_id,
                "ownerType": self.owner_type,
                "ownerEmail": self.owner_email,
                "durationSeconds": self.sound.seconds(),
                "sizeBytes": self.sound.mp3().len(),
                "serviceType": self.service_type,
                "storageRegion": self.storage_region,
                "status": self.status,
                "serviceData": { "locationId": self.location_id, "callSessionId": self.call_session_id },
            }),
        )
    }

    /// Extended metadata; what `showAllTypes` adds is there with `all`.
    pub fn metadata(&self, all: bool) -> Value {
        let example = match self.terminator {
            true => "webex_recording_metadata.json",
            false => "webex_recording_metadata_originator_minimal.json",
        };
        let mut body = examples::replaced(&examples::json(example), "+14155550123", &self.number);
        body = examples::replaced(&body, "c2335e53-c41b-423d-a41e-da0bf56e2038", &self.owner_id);
        body = examples::replaced(&body, "ravi.agent@example.com", &self.owner_email);
        let data = examples::with(
            body["serviceData"].clone(),
            json!({
                "callRecordingId": self.id,
                "locationId": self.location_id,
                "callSessionId": self.call_session_id,
                "session": {
                    "startTime": when::seconds(self.time_recorded),
                    "stopTime": when::seconds(when::after(self.time_recorded, self.length())),
                },
            }),
        );
        let mut body = examples::with(
            body,
            json!({
                "id": self.id,
                "ownerType": upper_case(&self.owner_type),
                "storageRegion": self.storage_region,
                "serviceType": self.service_type,
                "serviceData": data,
            }),
        );
        if !all && let Some(activities) = body["serviceData"]["callActivity"].as_array_mut() {
            let hidden = ["mediaStreams", "participants", "redirectInfo", "redirectedCall"];
            activities.iter_mut().for_each(|activity| *activity = examples::without(activity.clone(), &hidden));
        }
        body
    }

    /// The transcript in its layout.
    pub fn vtt(&self, layout: Vtt) -> String {
        let turns = self.sound.turns();
        match layout {
            Vtt::Plain => turns.iter().map(|turn| format!("{}: {}\n", name(turn), text(turn))).collect(),
            Vtt::VoiceTags => {
                let cue = |(n, turn): (usize, &Turn)| {
                    format!("{}\n{}\n<v {}>{}\n\n", n + 1, times(turn.start, turn.end), name(turn), text(turn))
                };
                format!("WEBVTT\n\n{}", turns.iter().enumerate().map(cue).collect::<String>())
            }
            Vtt::NamedCues => named_cues(turns.iter().map(|turn| (turn, turn.start, turn.end, text(turn)))),
            Vtt::SplitSentences => named_cues(turns.iter().flat_map(halves)),
        }
    }
}

/// `callQueue` is `CALL_QUEUE` in metadata.
fn upper_case(owner_type: &str) -> String {
    let mut upper = String::new();
    for letter in owner_type.chars() {
        if letter.is_uppercase() {
            upper.push('_');
        }
        upper.extend(letter.to_uppercase());
    }
    upper
}

fn name(turn: &Turn) -> &'static str {
    if turn.channel == 0 { "Ravi Agent" } else { "Dana Cole" }
}

fn text(turn: &Turn) -> String {
    turn.text.clone().unwrap_or_default()
}

fn named_cues<'a>(cues: impl Iterator<Item = (&'a Turn, f64, f64, String)>) -> String {
    let mut vtt = "WEBVTT\n".to_owned();
    for (n, (turn, start, end, text)) in cues.enumerate() {
        let number = 2_022_698_496_u64 + u64::from(turn.channel);
        let id = uuid("webex speaker", turn.channel.into());
        vtt.push_str(&format!("\n{} \"{}\" ({number}) ({id})\n{}\n{text}\n", n + 1, name(turn), times(start, end)));
    }
    vtt
}

/// One turn as two cues of one speaker.
fn halves(turn: &Turn) -> [(&Turn, f64, f64, String); 2] {
    let text = text(turn);
    let middle = f64::midpoint(turn.start, turn.end);
    let words: Vec<&str> = text.split(' ').collect();
    let (first, second) = words.split_at(words.len() / 2);
    [(turn, turn.start, middle, first.join(" ")), (turn, middle, turn.end, second.join(" "))]
}

fn times(start: f64, end: f64) -> String {
    let clock = |seconds: f64| {
        let milliseconds = (seconds * 1_000.0).round() as u64;
        let (minutes, rest) = (milliseconds / 60_000, milliseconds % 60_000);
        format!("{:02}:{:02}:{:02}.{:03}", minutes / 60, minutes % 60, rest / 1_000, rest % 1_000)
    };
    format!("{} --> {}", clock(start), clock(end))
}
