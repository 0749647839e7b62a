//! Recordings as JSON: the shapes the API answers with, which the command line prints too.
//!
//! Apart from the records in the store, so that either can change without the other. Times of day are RFC 3339 in UTC,
//! times within a call seconds.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::call::{
    Audio, CallFacts, Direction, Insight, Language, Party, ProcessingStatus, ProviderKind, Recording, RecordingId,
    StageStatus, Step, StepRecord, StepState, SummarySentence, TranscriptFacts, TranscriptSource,
};

/// Longest summary in a list, in characters; the recording itself has all of it.
const SUMMARY_CHARS_MAX: usize = 400;

/// A length in seconds.
pub(super) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// Two decimals: 2 of 6 steps are 0.33.
pub(super) fn rounded(score: f64) -> f64 {
    (score * 100.0).round() / 100.0
}

/// One page of recordings.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordingPage {
    /// Matches in all.
    pub total: u64,
    /// Matches left out at the start.
    pub skip: u64,
    /// Most items in this page.
    pub limit: u64,
    /// Newest first.
    pub items: Vec<RecordingItem>,
}

/// One recording in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordingItem {
    /// Our id.
    #[schema(value_type = String, format = "uuid")]
    pub id: RecordingId,
    /// Where it comes from.
    #[schema(schema_with = provider_kind)]
    pub provider: ProviderKind,
    /// The account there.
    pub account: String,
    /// The provider's id; for a folder the SHA-256 of the file.
    pub provider_recording_id: String,
    /// When it was recorded; null when nobody said.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// Length in seconds: of the audio, else as the source says.
    pub duration: Option<f64>,
    /// Which way the call went.
    #[schema(schema_with = direction)]
    pub direction: Option<Direction>,
    /// Who called.
    pub caller: PartyView,
    /// Who was called.
    pub callee: PartyView,
    /// How it stands as a whole.
    #[schema(schema_with = processing_status)]
    pub processing_status: ProcessingStatus,
    /// How the audio stands.
    #[schema(schema_with = stage_status)]
    pub recording_status: StageStatus,
    /// How the transcript stands.
    #[schema(schema_with = stage_status)]
    pub transcript_status: StageStatus,
    /// How the summary stands.
    #[schema(schema_with = stage_status)]
    pub summary_status: StageStatus,
    /// Completed steps out of six: 0.33 for two.
    pub quality_score: f64,
    /// The newest error worth showing.
    pub last_error: Option<String>,
    /// Attempts beyond the first, over all steps.
    pub retry_count: u32,
    /// There is a transcript, and it has words.
    pub has_transcript: bool,
    /// The first words.
    pub transcript_preview: Option<String>,
    /// Language of the transcript as ISO 639-1.
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
    /// Who wrote the transcript.
    #[schema(schema_with = transcript_source)]
    pub transcript_source: Option<TranscriptSource>,
    /// The model that wrote the transcript.
    pub model: Option<String>,
    /// True when that model knows only the sample calls: on any other call its words mean nothing.
    pub model_is_miniature: bool,
    /// What the call was about, in its own sentences.
    pub insight_summary: Option<String>,
    /// Words and phrases that stand out.
    pub topics: Vec<String>,
    /// Nobody may remove it.
    pub legal_hold: bool,
    /// When callscribe first heard of it.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When anything about it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl RecordingItem {
    /// The recording in short.
    pub fn of(recording: &Recording) -> Self {
        let transcript = recording.transcript.as_ref();
        let audio_ms = recording.audio.as_ref().and_then(|audio| audio.duration_ms);
        let insight = recording.insight.as_ref();
        let steps = &recording.steps;
        Self {
            id: recording.id,
            provider: recording.key.provider,
            account: recording.key.account.to_string(),
            provider_recording_id: recording.key.remote_id.clone(),
            started_at: recording.call.started_at,
            duration: audio_ms.or(recording.call.duration_ms).map(seconds),
            direction: recording.call.direction,
            caller: PartyView::of(&recording.call.caller),
            callee: PartyView::of(&recording.call.callee),
            processing_status: steps.processing_status(),
            recording_status: steps.recording_status(),
            transcript_status: steps.transcript_status(),
            summary_status: steps.summary_status(),
            quality_score: rounded(steps.quality_score()),
            last_error: steps.last_error().map(str::to_owned),
            retry_count: steps.retry_count(),
            has_transcript: transcript.is_some_and(|facts| facts.word_count > 0),
            transcript_preview: transcript.map(|facts| facts.preview.clone()),
            language: transcript.and_then(|facts| facts.language.clone()),
            transcript_source: transcript.map(|facts| facts.source),
            model: transcript.map(|facts| facts.model.clone()),
            model_is_miniature: transcript.is_some_and(|facts| facts.model_is_miniature),
            insight_summary: insight.and_then(|insight| {
                let sentences: Vec<&str> = insight.summary.iter().map(|sentence| sentence.text.as_str()).collect();
                (!sentences.is_empty()).then(|| shortened(&sentences.join(" ")))
            }),
            topics: insight.map(|insight| insight.topics.clone()).unwrap_or_default(),
            legal_hold: recording.legal_hold,
            created_at: recording.created_at,
            updated_at: recording.updated_at,
        }
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SUMMARY_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

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
    pub transcript: Option<Value>,
    /// The summary with the places that back it; null until there is one.
    pub insight: Option<InsightView>,
    /// The six steps.
    pub steps: StepsView,
}

impl RecordingDetail {
    /// The recording with its transcript, which comes as the JSON of [`export`](crate::export).
    pub fn of(recording: &Recording, transcript_json: Option<&str>) -> Self {
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
            transcript: recording.transcript.as_ref().map(|facts| whole_transcript(facts, transcript_json)),
            insight: recording.insight.as_ref().map(InsightView::of),
            steps: StepsView::of(recording),
        }
    }
}

/// The counts first, then everything the transcript's JSON holds.
fn whole_transcript(facts: &TranscriptFacts, json: Option<&str>) -> Value {
    let mut whole = serde_json::Map::new();
    whole.insert("word_count".to_owned(), facts.word_count.into());
    whole.insert("suspect_count".to_owned(), facts.suspect_count.into());
    whole.insert("confidence".to_owned(), facts.confidence.map(|score| rounded(f64::from(score))).into());
    if let Some(Ok(Value::Object(rest))) = json.map(serde_json::from_str) {
        whole.extend(rest);
    }
    Value::Object(whole)
}

/// One end of a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyView {
    /// Telephone number as the source wrote it.
    pub number: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The provider's id of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the id names: user, place, queue.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl PartyView {
    fn of(party: &Party) -> Self {
        let Party { number, name, email, id, kind } = party.clone();
        Self { number, name, email, id, kind }
    }
}

/// What a call was about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InsightView {
    /// Sentences of the call that say most, in their order.
    pub summary: Vec<SentenceView>,
    /// Words and phrases that stand out.
    pub topics: Vec<String>,
}

/// One sentence of a summary with the place that backs it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SentenceView {
    /// The sentence, as spoken.
    pub text: String,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// Where it begins in the call, in seconds.
    pub start: f64,
}

impl InsightView {
    fn of(insight: &Insight) -> Self {
        let sentence = |sentence: &SummarySentence| SentenceView {
            text: sentence.text.clone(),
            segment: sentence.segment,
            start: seconds(sentence.start_ms),
        };
        Self { summary: insight.summary.iter().map(sentence).collect(), topics: insight.topics.clone() }
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

fn one_of(words: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

pub(super) fn provider_kind() -> Object {
    one_of(["folder", "twilio", "ringcentral", "webex"])
}

pub(super) fn processing_status() -> Object {
    one_of(ProcessingStatus::ALL.map(ProcessingStatus::as_str))
}

pub(super) fn step_name() -> Object {
    one_of(Step::ALL.map(Step::as_str))
}

fn stage_status() -> Object {
    one_of(["pending", "processing", "completed", "skipped", "failed"])
}

fn step_state() -> Object {
    one_of(["pending", "running", "waiting", "completed", "skipped", "failed"])
}

fn transcript_source() -> Object {
    one_of(["local", "provider"])
}

fn direction() -> Object {
    one_of(["inbound", "outbound", "internal"])
}
