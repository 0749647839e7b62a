//! A recording and its call: everything the store keeps about one, save the transcript's words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ChannelFacts, Insight, Language, OpinionFacts, RecordingId, RecordingKey, Steps, TranscriptSource};

/// One end of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Party {
    /// Telephone number as the source wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The provider's id of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the id names: user, place, queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Which way a call went, seen from the organisation that recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Somebody called us.
    Inbound,
    /// We called somebody.
    Outbound,
    /// Between two of ours.
    Internal,
}

/// What is known about the call, from whatever source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFacts {
    /// The provider's id of the call.
    pub call_id: Option<String>,
    /// The provider's id of the session that groups legs.
    pub session_id: Option<String>,
    /// When the recording began.
    pub started_at: Option<Timestamp>,
    /// How long it is, as the source says; the audio's own length is in [`Audio`].
    pub duration_ms: Option<u64>,
    /// Which way it went.
    pub direction: Option<Direction>,
    /// Who called.
    pub caller: Party,
    /// Who was called.
    pub callee: Party,
    /// Whose recording it is.
    pub owner: Party,
    /// Others on the call.
    pub participants: Vec<Party>,
    /// Site or office.
    pub location: Option<String>,
    /// Organisation at the provider.
    pub organisation: Option<String>,
    /// Queue or hunt group.
    pub queue: Option<String>,
    /// Automatic, on demand, voicemail, …
    pub recording_type: Option<String>,
    /// The provider's service it came through.
    pub service_type: Option<String>,
    /// Where the provider stores it.
    pub storage_region: Option<String>,
    /// Who speaks on each channel, by index, where the source knows it (`agent`, `customer`).
    pub channel_parties: Vec<String>,
}

/// How headerless G.711 is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawAudio {
    /// Which companding law.
    pub law: RawLaw,
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// Interleaved channels.
    pub channel_count: u16,
}

/// The two laws of G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RawLaw {
    /// North America, Japan.
    Mulaw,
    /// Everywhere else.
    Alaw,
}

/// What the bytes turned out to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioFormatFacts {
    /// `wav`, `mp3`, `m4a`, `flac`, `ogg`, `raw`.
    pub container: String,
    /// `pcm_s16le`, `mulaw`, `opus`, …
    pub codec: String,
    /// Samples a second in the file.
    pub sample_rate_hz: u32,
    /// Channels in the file.
    pub channel_count: u16,
}

/// Audio on this machine's disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audio {
    /// Path below the state folder's `recordings/`.
    pub path: String,
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, hexadecimal.
    pub sha256: String,
    /// Name the file had where it came from.
    pub original_name: Option<String>,
    /// Container as found in the bytes (`wav`, `mp3`); set once decoded.
    pub container: Option<String>,
    /// Codec as found in the bytes; set once decoded.
    pub codec: Option<String>,
    /// Samples a second; set once decoded.
    pub sample_rate_hz: Option<u32>,
    /// Channels; set once decoded.
    pub channel_count: Option<u16>,
    /// Length; set once decoded.
    pub duration_ms: Option<u64>,
    /// What each channel was; set once decoded.
    #[serde(default)]
    pub channels: Vec<ChannelFacts>,
    /// Personal data is silenced in the file itself: what was received is gone or sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<Redacted>,
    /// The transcript is of other sound: this came in its place and was not listened to yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unheard: bool,
}

impl Audio {
    /// How a file without a header was read when it was transcribed; absent for one that has a header.
    pub fn raw(&self) -> Option<RawAudio> {
        if self.container.as_deref() != Some("raw") {
            return None;
        }
        let law = match self.codec.as_deref()? {
            "mulaw" => RawLaw::Mulaw,
            "alaw" => RawLaw::Alaw,
            _ => return None,
        };
        Some(RawAudio { law, sample_rate_hz: self.sample_rate_hz?, channel_count: self.channel_count? })
    }
}

/// How audio was silenced for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// The [`Veil`](super::Veil) it was done under.
    pub veil: u64,
    /// What was received is kept, sealed.
    #[serde(default)]
    pub is_sealed: bool,
}

/// The transcript in short, kept with the recording so that lists need not open the words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranscriptFacts {
    /// Where it comes from.
    pub source: TranscriptSource,
    /// The model's name.
    pub model: String,
    /// True when the model knows only the sample calls.
    #[serde(default)]
    pub model_is_miniature: bool,
    /// Main language.
    pub language: Option<Language>,
    /// Confidence in it.
    pub language_confidence: f32,
    /// Published words.
    pub word_count: u32,
    /// Pieces set aside.
    pub suspect_count: u32,
    /// Mean word probability.
    pub confidence: Option<f32>,
    /// The first words.
    pub preview: String,
    /// The [`Veil`](super::Veil) it is kept under; 0 for none.
    #[serde(default, skip_serializing_if = "super::insight::is_none")]
    pub veil: u64,
}

/// Set when somebody removed the recording; its identity stays known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// By whom, in the words of the audit trail.
    pub by: String,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Our id.
    pub id: RecordingId,
    /// Its identity at the source.
    pub key: RecordingKey,
    /// What is known about the call.
    pub call: CallFacts,
    /// The source's own description, whole.
    #[serde(default)]
    pub metadata: Value,
    /// The audio, once it is here.
    pub audio: Option<Audio>,
    /// The transcript in short.
    pub transcript: Option<TranscriptFacts>,
    /// What the provider made of it, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<OpinionFacts>,
    /// Languages in which its words are there beside the transcript.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<Language>,
    /// What it was about.
    pub insight: Option<Insight>,
    /// The six steps.
    pub steps: Steps,
    /// Set while nobody may delete it.
    #[serde(default)]
    pub legal_hold: bool,
    /// Set when it was removed.
    #[serde(default)]
    pub deletion: Option<Deletion>,
    /// When we first heard of it.
    pub created_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
}

impl Recording {
    /// A recording just discovered, with nothing done yet.
    pub fn discovered(id: RecordingId, key: RecordingKey, call: CallFacts, now: Timestamp) -> Self {
        Self {
            id,
            key,
            call,
            metadata: Value::Null,
            audio: None,
            transcript: None,
            opinion: None,
            translations: Vec::new(),
            insight: None,
            steps: Steps::default(),
            legal_hold: false,
            deletion: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The time it is listed by: when it was recorded, else when it was found.
    pub fn listed_at(&self) -> Timestamp {
        self.call.started_at.unwrap_or(self.created_at)
    }
}
