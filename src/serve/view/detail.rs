//! One recording with everything known of it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::insight::InsightView;
use super::sound::SoundView;
use super::{PartyView, RecordingItem, one_of, rounded, seconds};
use crate::call::{
    Audio, CallFacts, OpinionFacts, Recording, Step, StepRecord, StepState, Transcript, TranscriptFacts,
};
use crate::export::json;
use crate::store::RemovalWish;

/// Everything known of one recording.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordingDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub item: RecordingItem,
    /// The provider's id of the call.
    pub call_id: Option<String>,
    /// The provider's id of the session that groups legs.
    pub session_id: Option<String>,
    /// Whose recording it is.
    pub owner: PartyView,
    /// Others on the call.
    pub participants: Vec<PartyView>,
    /// Site or office.
    pub location: Option<String>,
    /// Organisation at the provider.
    pub organisation: Option<String>,
    /// Queue or hunt group.
    pub queue: Option<String>,
    /// Automatic, on demand, voicemail, ….
    pub recording_type: Option<String>,
    /// The provider's service it came through.
    pub service_type: Option<String>,
    /// Where the provider stores it.
    pub storage_region: Option<String>,
    /// Who speaks on each channel, where the source said.
    pub channel_parties: Vec<String>,
    /// The source's own description, whole.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// The audio; null until it is here.
    pub audio: Option<AudioView>,
    /// The transcript in full, as `…/transcript?format=json` gives it, with its counts; null until there is one.
    #[schema(value_type = Option<Object>)]
    pub transcript: Option<Box<RawValue>>,
    /// What is heard besides words: phases, one-way audio, why the transcript is poor; null until somebody listened.
    pub sound: Option<SoundView>,
    /// What the provider made of the call, in short; null until that is there. `…/opinion` has all of it.
    pub opinion: Option<OpinionView>,
    /// What the words tell, with the places that back it; null until that is drawn.
    pub insight: Option<InsightView>,
    /// The six steps.
    pub steps: StepsView,
    /// It is being deleted at its provider, and here after that; only while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removal: Option<RemovalView>,
}

/// A recording that is being deleted at its provider.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RemovalView {
    /// Who asked.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
    /// Why the last try did not do it; null before the first has ended.
    pub last_error: Option<String>,
}

impl RemovalView {
    /// The wish as people see it.
    pub fn of(wish: RemovalWish) -> Self {
        Self { by: wish.by, asked_at: wish.at, last_error: wish.last_error }
    }
}

impl RecordingDetail {
    /// The recording with its transcript, which is written out here, once.
    pub fn of(recording: &Recording, transcript: Option<&Transcript>) -> Self {
        let CallFacts { owner, participants, channel_parties, .. } = &recording.call;
        let call = recording.call.clone();
        Self {
            item: RecordingItem::of(recording),
            call_id: call.call_id,
            session_id: call.session_id,
            owner: PartyView::of(owner),
            participants: participants.iter().map(PartyView::of).collect(),
            location: call.location,
            organisation: call.organisation,
            queue: call.queue,
            recording_type: call.recording_type,
            service_type: call.service_type,
            storage_region: call.storage_region,
            channel_parties: channel_parties.clone(),
            metadata: recording.metadata.clone(),
            audio: recording.audio.as_ref().map(AudioView::of),
            transcript: recording.transcript.as_ref().and_then(|facts| whole_transcript(facts, transcript)),
            sound: transcript.and_then(|transcript| transcript.sound.as_ref()).map(SoundView::of),
            opinion: recording.opinion.as_ref().map(OpinionView::of),
            insight: recording.insight.as_ref().map(InsightView::of),
            steps: StepsView::of(recording),
            removal: None,
        }
    }
}

/// What comes before the transcript itself.
#[derive(Serialize)]
struct Counts {
    word_count: u32,
    suspect_count: u32,
    confidence: Option<f64>,
}

/// The counts first, then everything the transcript's JSON holds.
fn whole_transcript(facts: &TranscriptFacts, transcript: Option<&Transcript>) -> Option<Box<RawValue>> {
    let counts = Counts {
        word_count: facts.word_count,
        suspect_count: facts.suspect_count,
        confidence: facts.confidence.map(|score| rounded(f64::from(score))),
    };
    match transcript {
        Some(transcript) => Some(json::render_after(&counts, transcript)),
        None => to_raw_value(&counts).ok(),
    }
}

/// What the provider made of a call, in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpinionView {
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub fetched_at: Timestamp,
    /// It holds a transcript.
    pub has_transcript: bool,
    /// Share of words that both transcripts have, 0 to 1; null while there is only one.
    pub agreement: Option<f64>,
    /// Places where they differ in words that matter.
    pub dispute_count: u32,
}

impl OpinionView {
    pub(crate) fn of(facts: &OpinionFacts) -> Self {
        Self {
            fetched_at: facts.fetched_at,
            has_transcript: facts.has_transcript,
            agreement: facts.agreement.map(|score| rounded(f64::from(score))),
            dispute_count: facts.dispute_count,
        }
    }
}

/// Audio on this machine's disk.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AudioView {
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, hexadecimal; also the file's ETag.
    pub sha256: String,
    /// Name the file had where it came from.
    pub original_name: Option<String>,
    /// `wav`, `mp3`, `m4a`, `flac`, `ogg`, `raw`.
    pub container: Option<String>,
    /// `pcm_s16le`, `mulaw`, `opus`, ….
    pub codec: Option<String>,
    /// Samples a second.
    pub sample_rate_hz: Option<u32>,
    /// Channels.
    pub channel_count: Option<u16>,
    /// Length in seconds.
    pub duration: Option<f64>,
    /// What each channel was.
    #[schema(value_type = Vec<Object>)]
    pub channels: Value,
    /// Personal data is silent in the file itself; what was received is sealed or gone.
    pub is_redacted: bool,
}

impl AudioView {
    fn of(audio: &Audio) -> Self {
        Self {
            size_bytes: audio.size_bytes,
            sha256: audio.sha256.clone(),
            original_name: audio.original_name.clone(),
            container: audio.container.clone(),
            codec: audio.codec.clone(),
            sample_rate_hz: audio.sample_rate_hz,
            channel_count: audio.channel_count,
            duration: audio.duration_ms.map(seconds),
            channels: serde_json::to_value(&audio.channels).unwrap_or_default(),
            is_redacted: audio.redacted.is_some(),
        }
    }
}

/// The six steps in the order they run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepsView {
    /// The recording and its call from the provider.
    pub fetch_details: StepView,
    /// Everything else the provider knows.
    pub fetch_metadata: StepView,
    /// Audio on disk.
    pub download_audio: StepView,
    /// The transcript.
    pub transcribe: StepView,
    /// Language and confidence.
    pub detect_language: StepView,
    /// Summary and what is drawn from the transcript.
    pub generate_summary: StepView,
}

impl StepsView {
    fn of(recording: &Recording) -> Self {
        let step = |step| StepView::of(recording.steps.get(step));
        Self {
            fetch_details: step(Step::FetchDetails),
            fetch_metadata: step(Step::FetchMetadata),
            download_audio: step(Step::DownloadAudio),
            transcribe: step(Step::Transcribe),
            detect_language: step(Step::DetectLanguage),
            generate_summary: step(Step::GenerateSummary),
        }
    }
}

/// Where one step stands. Only what is true in its state is there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepView {
    /// `pending`, `running`, `waiting`, `completed`, `skipped` or `failed`.
    #[schema(schema_with = step_state)]
    pub state: &'static str,
    /// How often it was begun.
    pub attempts: u32,
    /// Running since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Waiting until.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// Ended at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Why it waits or was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The last thing that went wrong, also when it went well later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How long the last attempt took, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<f64>,
    /// What produced the result: model, rules, program version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl StepView {
    fn of(record: &StepRecord) -> Self {
        let mut view = Self {
            state: record.state.name(),
            attempts: record.attempts,
            since: None,
            until: None,
            at: None,
            reason: None,
            error: None,
            last_error: record.last_error.clone(),
            took: record.took_ms.map(seconds),
            version: record.version.clone(),
        };
        match &record.state {
            StepState::Pending => {}
            StepState::Running { since } => view.since = Some(*since),
            StepState::Waiting { until, reason } => (view.until, view.reason) = (Some(*until), Some(reason.clone())),
            StepState::Completed { at } => view.at = Some(*at),
            StepState::Skipped { at, reason } => (view.at, view.reason) = (Some(*at), Some(reason.clone())),
            StepState::Failed { at, error } => (view.at, view.error) = (Some(*at), Some(error.clone())),
        }
        view
    }
}

fn step_state() -> Object {
    one_of(["pending", "running", "waiting", "completed", "skipped", "failed"])
}
