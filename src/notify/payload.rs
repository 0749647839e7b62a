//! What a sink is told: the recording and, if it is to have it, the final transcript and where that comes from.
//!
//! Made when it is sent, from the store as it is then. A recording that was removed meanwhile is named and nothing more.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::call::{
    AccountName, CategoryHit, Direction, Language, Party, ProcessingStatus, ProviderKind, Recording, RecordingId,
    StageStatus, Transcript, TranscriptSource,
};
use crate::export;
use crate::store::Event;

/// One event as its sink reads it.
#[derive(Debug, Serialize)]
pub struct Payload<'a> {
    /// Stays the same at every attempt: what was seen before is passed over.
    id: Uuid,
    /// `recording.completed`, `recording.partial`, `recording.failed`, `recording.category_matched`, `test`.
    event: String,
    /// When it happened.
    occurred_at: Timestamp,
    /// The recording; null in a test.
    recording: Option<Told<'a>>,
    /// Of `recording.category_matched`: the category; absent when the recording was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category<'a>>,
    /// The final transcript; null when there is none, when it is not to be told, in an alert, and when the recording was
    /// removed.
    transcript: Option<Box<RawValue>>,
}

/// A category as the recording stands to it now: it may have been looked through again meanwhile.
#[derive(Debug, Serialize)]
struct Category<'a> {
    name: &'a str,
    matched: bool,
    /// The rule is about something that must be said: matched means that it was not.
    absent: bool,
    hits: Vec<Hit<'a>>,
}

/// Where its phrases are said.
#[derive(Debug, Serialize)]
struct Hit<'a> {
    phrase: &'a str,
    /// As far as the privacy policy shows them; null when the sink is not to have the words of calls.
    words: Option<&'a str>,
    /// Who says them.
    party: &'a str,
    /// In seconds of the call.
    start: f64,
    end: f64,
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
        Self { id, event: "test".to_owned(), occurred_at: now, recording: None, category: None, transcript: None }
    }

    /// The bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain fields with string keys always serialise")
    }
}

impl<'a> Payload<'a> {
    /// What is told of `recording` now; of its words only what is shown with `with_words`.
    pub fn of(event: &'a Event, recording: &'a Recording, transcript: Option<&Transcript>, with_words: bool) -> Self {
        let is_here = recording.deletion.is_none();
        let transcript = transcript.filter(|_| is_here && with_words);
        let category = event.category.as_deref().filter(|_| is_here);
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
            category: category.map(|name| category_of(name, recording, with_words)),
            transcript: transcript.map(|transcript| export::json::render_after(&(), transcript)),
        }
    }

    /// The recording is not in the store at all: the database was restored from before it.
    pub fn of_nothing(event: &'a Event) -> Self {
        let Event { recording, provider, account, .. } = event;
        let told = Told { id: *recording, provider: *provider, account, removed_at: Some(event.at), facts: None };
        let (id, occurred_at) = (event.id, event.at);
        let event = format!("recording.{}", event.kind.as_str());
        Self { id, event, occurred_at, recording: Some(told), category: None, transcript: None }
    }
}

fn category_of<'a>(name: &'a str, recording: &'a Recording, with_words: bool) -> Category<'a> {
    let results = recording.insight.iter().flat_map(|insight| &insight.categories);
    let result = results.into_iter().find(|result| result.name == name);
    let hit = |hit: &'a CategoryHit| Hit {
        phrase: &hit.phrase,
        words: Some(hit.words.as_str()).filter(|_| with_words),
        party: &hit.speaker,
        start: hit.start_ms as f64 / 1000.0,
        end: hit.end_ms as f64 / 1000.0,
    };
    Category {
        name,
        matched: result.is_some_and(|result| result.matched),
        absent: result.is_some_and(|result| result.absent),
        hits: result.map_or_else(Vec::new, |result| result.hits.iter().map(hit).collect()),
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
