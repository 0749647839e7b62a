//! Recordings as JSON: the shapes the API answers with, which the command line prints too.
//!
//! Apart from the records in the store, so that either can change without the other. Times of day are RFC 3339 in UTC,
//! times within a call seconds.

pub(super) mod detail;
pub(super) mod insight;
pub(super) mod sound;
pub(super) mod translation;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

pub use super::search::IndexView;
use crate::call::{
    Direction, Language, ListenReason, Party, ProcessingStatus, ProviderKind, Recording, RecordingId, SentimentLabel,
    StageStatus, Step, TranscriptSource,
};
pub use detail::{AudioView, RecordingDetail, RemovalView, StepView, StepsView};
pub use insight::{InsightView, SentenceView};
pub use translation::{TranslationFactsView, TranslationView};

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
    /// Give it as `cursor` for the page behind this one; null on the last.
    pub next_cursor: Option<String>,
    /// With `search_text`: how far the search index is. Until it is complete, only names, numbers, file names and the first
    /// words of transcripts are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexView>,
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
    /// Name the file had where it came from.
    pub original_name: Option<String>,
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
    /// Why a step failed or is being retried, or why something is not to be had.
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
    /// Languages it was translated into, which `…/transcript?translation=` gives.
    #[schema(value_type = Vec<String>)]
    pub translations: Vec<Language>,
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
    /// Kinds of call it belongs to.
    pub categories: Vec<String>,
    /// How it sounded: `positive`, `neutral` or `negative`.
    #[schema(schema_with = sentiment)]
    pub sentiment: Option<&'static str>,
    /// Why somebody should listen to it: `negative`, `low_agreement` with the provider's transcript, or
    /// `category:` with the name of the rule that found something; empty when nothing speaks for it.
    pub worth_a_listen: Vec<String>,
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
            original_name: recording.audio.as_ref().and_then(|audio| audio.original_name.clone()),
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
            translations: recording.translations.clone(),
            transcript_source: transcript.map(|facts| facts.source),
            model: transcript.map(|facts| facts.model.clone()),
            model_is_miniature: transcript.is_some_and(|facts| facts.model_is_miniature),
            insight_summary: insight.and_then(|insight| {
                let sentences: Vec<&str> = insight.backed_summary().collect();
                (!sentences.is_empty()).then(|| shortened(&sentences.join(" ")))
            }),
            topics: insight.map(|insight| insight.topics.clone()).unwrap_or_default(),
            categories: insight
                .map(|insight| insight.category_names().map(str::to_owned).collect())
                .unwrap_or_default(),
            sentiment: insight.and_then(|insight| insight.sentiment.as_ref()).map(|sentiment| sentiment.label.as_str()),
            worth_a_listen: recording.listen_reasons().iter().map(listen_reason).collect(),
            legal_hold: recording.legal_hold,
            created_at: recording.created_at,
            updated_at: recording.updated_at,
        }
    }
}

fn listen_reason(reason: &ListenReason) -> String {
    match reason {
        ListenReason::Category(name) => format!("{}:{name}", reason.name()),
        ListenReason::Negative | ListenReason::LowAgreement => reason.name().to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SUMMARY_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
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

fn one_of(words: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn one_of_or_null(words: impl IntoIterator<Item = &'static str>) -> Object {
    let values = words.into_iter().map(serde_json::Value::from).chain([serde_json::Value::Null]);
    let text_or_null = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(text_or_null).enum_values(Some(values)).build()
}

pub(super) fn provider_kind() -> Object {
    one_of(["folder", "twilio", "ringcentral", "webex", "upload"])
}

pub(super) fn processing_status() -> Object {
    one_of(ProcessingStatus::ALL.map(ProcessingStatus::as_str))
}

pub(super) fn step_name() -> Object {
    one_of(Step::ALL.map(Step::as_str))
}

/// The step of something that may have none left.
pub(super) fn step_name_or_null() -> Object {
    one_of_or_null(Step::ALL.map(Step::as_str))
}

fn stage_status() -> Object {
    one_of(["pending", "processing", "completed", "skipped", "failed"])
}

fn sentiment() -> Object {
    one_of_or_null(SentimentLabel::ALL.map(SentimentLabel::as_str))
}

fn transcript_source() -> Object {
    one_of_or_null(["local", "provider"])
}

fn direction() -> Object {
    one_of_or_null(["inbound", "outbound", "internal"])
}
