//! What RingSense makes of a call: transcript, summary, next steps, sentiment (fact sheet, section 5.1).
//!
//! It comes about half an hour after a call, or never: which of both an answer of 404 means is told by the call's age.
//! The transcript has speakers and times of utterances, none of words, and no confidence.

use jiff::SignedDuration;
use serde_json::Value;

use super::api::{Api, Ask, Group};
use super::place::Place;
use super::sentence::What;
use super::wire::{list, member, milliseconds, text};
use crate::call::{Disposition, ProviderKind, Segment, Transcript, TranscriptSource};
use crate::provider::{Opinion, ProviderError};

/// What was not analysed so long after its call never will be.
const ANALYSED_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// Seconds, as RingSense counts.
const SECOND_MS: f64 = 1000.0;

/// Asks for a recording's insights.
pub async fn opinion(api: &Api, recording_id: &str, place: &Place) -> Result<Option<Opinion>, ProviderError> {
    let path = format!("ai/ringsense/v1/public/accounts/~/domains/pbx/records/{recording_id}/insights");
    match api.try_json(Ask::get(What::Insights, Group::Light, api.url(&path))).await {
        Ok(answer) if member(&answer, "insights").as_object().is_some_and(|insights| !insights.is_empty()) => {
            Ok(Some(read(answer)))
        }
        Ok(_) => not_yet(api, place),
        Err(failure) => match failure.status() {
            Some(404) => not_yet(api, place),
            // No licence, or no scope: `access` says so. Transcripts are an extra and stop nothing else.
            Some(403) => {
                let error = api.explain(What::Insights, failure);
                tracing::debug!(account = %api.account, %error, "No insights of RingSense's.");
                Ok(None)
            }
            _ => Err(api.explain(What::Insights, failure)),
        },
    }
}

fn not_yet(api: &Api, place: &Place) -> Result<Option<Opinion>, ProviderError> {
    if place.began.is_some_and(|began| api.clock.now().duration_since(began) > ANALYSED_WITHIN) {
        return Ok(None);
    }
    let message = "RingSense has not analysed this call yet.".to_owned();
    Err(ProviderError { message, disposition: Disposition::Wait { after: None } })
}

/// Reads an answer. The insights stay whole, under the one documented spelling.
pub fn read(mut answer: Value) -> Opinion {
    let transcript = transcript(&answer);
    if let Some(insights) = answer.get_mut("insights").and_then(Value::as_object_mut)
        && let Some(highlights) = insights.remove("HighLights")
    {
        insights.entry("Highlights").or_insert(highlights);
    }
    // Notes are told of apart from the transcript, and may be first.
    let more = transcript.is_none();
    Opinion { transcript, insights: answer, more }
}

fn transcript(answer: &Value) -> Option<Transcript> {
    let mut segments: Vec<Segment> = Vec::new();
    for utterance in list(member(answer, "insights"), "Transcript") {
        let Some(said) = text(utterance, "text") else { continue };
        let before = segments.last().map_or(0, |segment| segment.end_ms);
        let start_ms = milliseconds(utterance, "start", SECOND_MS).unwrap_or(before);
        let end_ms = milliseconds(utterance, "end", SECOND_MS).unwrap_or(start_ms).max(start_ms);
        let speaker = speaker(answer, text(utterance, "speakerId").as_deref());
        segments.push(Segment {
            channel: 0,
            speaker,
            start_ms,
            end_ms,
            text: said,
            words: Vec::new(),
            avg_logprob: 0.0,
            no_speech_prob: 0.0,
        });
    }
    if segments.is_empty() {
        return None;
    }
    segments.sort_by_key(|segment| segment.start_ms);
    let last_ms = segments.iter().map(|segment| segment.end_ms).max().unwrap_or_default();
    Some(Transcript {
        duration_ms: milliseconds(answer, "recordingDurationMs", 1.0).unwrap_or(last_ms).max(last_ms),
        ..Transcript::new(TranscriptSource::Provider, ProviderKind::RingCentral.as_str(), segments)
    })
}

/// The speaker's name, else a number by the order in which RingSense lists speakers.
fn speaker(answer: &Value, id: Option<&str>) -> String {
    let speakers = list(answer, "speakerInfo");
    let place = speakers.iter().position(|speaker| id.is_some() && text(speaker, "speakerId").as_deref() == id);
    match place {
        Some(place) => text(&speakers[place], "name").unwrap_or_else(|| format!("Speaker {}", place + 1)),
        None => id.map_or_else(|| "Speaker".to_owned(), |id| format!("Speaker {id}")),
    }
}
