//! Twilio's sentences as a [`Transcript`]: speakers, times, words where it has them. Fact sheet, sections 7.1 and 7.2.

use serde_json::Value;

use super::wire;
use crate::call::{ChannelFacts, Language, Segment, Transcript, TranscriptSource, Word};

/// The name that stands where ours has the model's.
const INTELLIGENCE: &str = "Twilio Voice Intelligence";
const LEGACY: &str = "Twilio transcription";
/// More channels than any recording has.
const CHANNELS_MAX: u64 = 8;

/// Voice Intelligence's transcript; `None` when not a word of it can be read.
pub(super) fn transcript(about: &Value, sentences: &[Value], parties: &[String]) -> Option<Transcript> {
    let mut ordered: Vec<&Value> = sentences.iter().collect();
    ordered.sort_by_key(|sentence| wire::whole(sentence, "sentence_index").unwrap_or(u64::MAX));
    let roles = roles(about);
    let mut segments: Vec<Segment> = Vec::new();
    for (place, sentence) in ordered.iter().enumerate() {
        let Some(text) = wire::text(sentence, "transcript") else { continue };
        let channel = wire::whole(sentence, "media_channel").unwrap_or(1).clamp(1, CHANNELS_MAX) as u16 - 1;
        // A sentence without times stands between its neighbours.
        let before = segments.last().map_or(0, |segment| segment.end_ms);
        let after = || ordered[place..].iter().skip(1).find_map(|next| wire::seconds_ms(next, "start_time"));
        let start_ms = wire::seconds_ms(sentence, "start_time").unwrap_or(before);
        let end_ms = wire::seconds_ms(sentence, "end_time").or_else(after).unwrap_or(start_ms).max(start_ms);
        let confidence = wire::number(sentence, "confidence").map(|confidence| confidence.clamp(0.0, 1.0) as f32);
        let words = words(sentence, confidence);
        let avg_logprob = confidence.map_or(0.0, |confidence| confidence.max(1e-6).ln());
        let speaker = speaker(channel, parties, &roles);
        segments.push(Segment { channel, speaker, start_ms, end_ms, text, words, avg_logprob, no_speech_prob: 0.0 });
    }
    segments.sort_by_key(|segment| (segment.start_ms, segment.channel));
    let told = wire::seconds_ms(about, "duration").unwrap_or(0);
    let language = wire::text(about, "language_code").and_then(|code| language(&code));
    (!segments.is_empty()).then(|| built(INTELLIGENCE, language, told, segments, Vec::new()))
}

/// A transcription of `<Record transcribe>`: plain text.
pub(super) fn legacy(transcription: &Value) -> Option<Transcript> {
    let text = wire::text(transcription, "transcription_text")?;
    let end_ms = wire::seconds_ms(transcription, "duration").unwrap_or(0);
    let segment = Segment {
        channel: 0,
        speaker: "Speaker 1".to_owned(),
        start_ms: 0,
        end_ms,
        text,
        words: Vec::new(),
        avg_logprob: 0.0,
        no_speech_prob: 0.0,
    };
    let note = "This transcription of Twilio's has neither speakers nor times.".to_owned();
    Some(built(LEGACY, None, end_ms, vec![segment], vec![note]))
}

fn built(
    model: &str,
    language: Option<Language>,
    told_ms: u64,
    segments: Vec<Segment>,
    notes: Vec<String>,
) -> Transcript {
    let last = segments.iter().map(|segment| segment.end_ms).max().unwrap_or(0);
    Transcript {
        // The service is set to a language; nobody listened for it.
        language,
        duration_ms: told_ms.max(last),
        channels: channels(&segments),
        notes,
        ..Transcript::new(TranscriptSource::Provider, model, segments)
    }
}

/// The channels that somebody speaks on; how they sound is not told.
fn channels(segments: &[Segment]) -> Vec<ChannelFacts> {
    let mut channels: Vec<ChannelFacts> = Vec::new();
    for segment in segments {
        match channels.iter_mut().find(|facts| facts.channel == segment.channel) {
            Some(facts) => facts.speech_ms += segment.duration_ms(),
            None => channels.push(ChannelFacts {
                speech_ms: segment.duration_ms(),
                ..ChannelFacts::new(segment.channel, &segment.speaker)
            }),
        }
    }
    channels.sort_by_key(|facts| facts.channel);
    channels
}

/// The words with their times; none when one of them cannot be placed.
fn words(sentence: &Value, confidence: Option<f32>) -> Vec<Word> {
    let word = |word: &Value| {
        let start_ms = wire::seconds_ms(word, "start_time")?;
        let end_ms = wire::seconds_ms(word, "end_time")?.max(start_ms);
        // Twilio is sure of sentences, not of words; where it does not say how sure, nothing is claimed.
        Some(Word { word: wire::text(word, "word")?, start_ms, end_ms, probability: confidence.unwrap_or(0.0) })
    };
    wire::items(sentence, "words").iter().map(word).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Names and roles by channel, from 1, as the service took them.
fn roles(about: &Value) -> Vec<(u64, String)> {
    let participants = about.get("channel").map_or(&[][..], |channel| wire::items(channel, "participants"));
    let role = |participant: &Value| {
        let name = wire::text(participant, "full_name").or_else(|| wire::text(participant, "role"))?;
        Some((wire::whole(participant, "channel_participant")?, name))
    };
    participants.iter().filter_map(role).collect()
}

fn speaker(channel: u16, parties: &[String], roles: &[(u64, String)]) -> String {
    let told = roles.iter().find(|(of, _)| *of == u64::from(channel) + 1).map(|(_, name)| name.clone());
    let party = parties.get(usize::from(channel)).filter(|party| !party.is_empty()).cloned();
    party.or(told).unwrap_or_else(|| format!("Speaker {}", channel + 1))
}

/// `en-US` is `en`.
fn language(code: &str) -> Option<Language> {
    let first = code.split(['-', '_']).next()?;
    let is_code = (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| Language::new(first))
}
