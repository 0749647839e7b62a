//! What a sink is told: the recording and, if it is to have it, the final transcript and where that comes from.
//!
//! Made when it is sent, from the store as it is then. A recording that was removed meanwhile is named and nothing more.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::call::{
    AccountName, Direction, Language, Party, ProcessingStatus, ProviderKind, Recording, RecordingId, StageStatus,
    Transcript, TranscriptSource,
};
use crate::export;
use crate::store::Event;

/// One event as its sink reads it.
#[derive(Debug, Serialize)]
pub struct Payload<'a> {
    /// Stays the same at every attempt: what was seen before is passed over.
    id: Uuid,
    /// `recording.completed`, `recording.partial`, `recording.failed`, `test`.
    event: String,
    /// When it happened.
    occurred_at: Timestamp,
    /// The recording; null in a test.
    recording: Option<Told<'a>>,
    /// The final transcript; null when there is none, when it is not to be told, and when the recording was removed.
    transcript: Option<Box<RawValue>>,
}

/// A recording as it is now.
#[derive(Debug, Serialize)]
struct Told<'a> {
    id: RecordingId,
    provider: ProviderKind,
    account: &'a AccountName,
    /// When it was removed; then nothing else is told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_at: Option<Timestamp>,
    #[serde(flatten)]
    facts: Option<Facts<'a>>,
}

#[derive(Debug, Serialize)]
struct Facts<'a> {
    provider_recording_id: &'a str,
    call_id: Option<&'a str>,
    started_at: Option<Timestamp>,
    /// In seconds.
    duration: Option<f64>,
    direction: Option<Direction>,
    caller: &'a Party,
    callee: &'a Party,
    owner: &'a Party,
    processing_status: ProcessingStatus,
    recording_status: StageStatus,
    transcript_status: StageStatus,
    summary_status: StageStatus,
    quality_score: f64,
    last_error: Option<&'a str>,
    language: Option<&'a Language>,
    /// Whose transcript is the final one: `local`, or the provider's.
    transcript_source: Option<TranscriptSource>,
    model: Option<&'a str>,
    model_is_miniature: bool,
    summary: Vec<&'a str>,
    topics: &'a [String],
}

impl Payload<'_> {
    /// A test, which tells of no recording.
    pub fn test(id: Uuid, now: Timestamp) -> Self {
        Self { id, event: "test".to_owned(), occurred_at: now, recording: None, transcript: None }
    }

    /// The bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain fields with string keys always serialise")
    }
}

impl<'a> Payload<'a> {
    /// What is told of `recording` now.
    pub fn of(event: &'a Event, recording: &'a Recording, transcript: Option<&Transcript>) -> Self {
        let is_here = recording.deletion.is_none();
        let transcript = transcript.filter(|_| is_here);
        Self {
            id: event.id,
            event: format!("recording.{}", event.kind.as_str()),
            occurred_at: event.at,
            recording: Some(Told {
                id: recording.id,
                provider: recording.key.provider,
                account: &recording.key.account,
                removed_at: recording.deletion.as_ref().map(|deletion| deletion.at),
                facts: is_here.then(|| facts(recording)),
            }),
            transcript: transcript.map(|transcript| export::json::render_after(&(), transcript)),
        }
    }

    /// The recording is not in the store at all: the database was restored from before it.
    pub fn of_nothing(event: &'a Event) -> Self {
        let Event { recording, provider, account, .. } = event;
        let told = Told { id: *recording, provider: *provider, account, removed_at: Some(event.at), facts: None };
        let (id, occurred_at) = (event.id, event.at);
        let event = format!("recording.{}", event.kind.as_str());
        Self { id, event, occurred_at, recording: Some(told), transcript: None }
    }
}

fn facts(recording: &Recording) -> Facts<'_> {
    let (call, steps, transcript) = (&recording.call, &recording.steps, recording.transcript.as_ref());
    let audio_ms = recording.audio.as_ref().and_then(|audio| audio.duration_ms);
    let insight = recording.insight.as_ref();
    Facts {
        provider_recording_id: &recording.key.remote_id,
        call_id: call.call_id.as_deref(),
        started_at: call.started_at,
        duration: audio_ms.or(call.duration_ms).map(|ms| ms as f64 / 1000.0),
        direction: call.direction,
        caller: &call.caller,
        callee: &call.callee,
        owner: &call.owner,
        processing_status: steps.processing_status(),
        recording_status: steps.recording_status(),
        transcript_status: steps.transcript_status(),
        summary_status: steps.summary_status(),
        quality_score: (steps.quality_score() * 100.0).round() / 100.0,
        last_error: steps.last_error(),
        language: transcript.and_then(|facts| facts.language.as_ref()),
        transcript_source: transcript.map(|facts| facts.source),
        model: transcript.map(|facts| facts.model.as_str()),
        model_is_miniature: transcript.is_some_and(|facts| facts.model_is_miniature),
        summary: insight.map_or_else(Vec::new, |insight| insight.backed_summary().collect()),
        topics: insight.map_or(&[], |insight| &insight.topics),
    }
}
