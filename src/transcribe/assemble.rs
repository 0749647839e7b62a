//! Windows heard, back to one transcript of the call.

use super::ballot::Elected;
use super::checks;
use super::listen::Heard;
use super::protocol::{ModelProfile, Request};
use super::sound::call_sound;
use super::survey::Survey;
use super::windows::Window;
use super::words::{SEGMENT_MS_MAX, SEGMENT_PAUSE_MS, joined_text, segments};
use crate::call::{ChannelRole, Language, Segment, Suspect, SuspectReason, Timings, Transcript, TranscriptSource};
use crate::understand;

/// Mean log-probability below which text over sound that voice activity did not call speech is set aside. Stricter than
/// for speech: the sound alone is no proof that somebody spoke.
const UNVOICED_LOGPROB_MIN: f32 = -0.5;
/// Confidence of the text's own language that contradicts what the audio said.
const TEXT_CONTRADICTS: f32 = 0.9;

/// Everything that was found out about one call.
pub struct Material<'a> {
    /// First pass.
    pub survey: Survey,
    /// The plan.
    pub windows: Vec<Window>,
    /// What was heard, one for each window.
    pub heard: Vec<Heard>,
    /// The language of the call.
    pub elected: Option<Elected>,
    /// The model.
    pub profile: &'a ModelProfile,
    /// What was asked.
    pub request: &'a Request,
    /// What it cost.
    pub timings: Timings,
}

/// Puts the transcript together.
pub fn assemble(material: Material<'_>) -> Transcript {
    let (segments, suspects) = sort_out(&material);
    let Material { survey, elected, profile, request, timings, .. } = material;
    let mut sound = call_sound(&survey, &segments);
    let mut notes = notes(&survey, segments.is_empty());
    notes.extend(sound.one_way.map(one_way_note));
    let spoken = !segments.is_empty() || !suspects.is_empty();
    let (duration_ms, channels) = (survey.duration_ms(), survey.channels);
    let transcript = Transcript {
        source: TranscriptSource::Local,
        model: profile.name.clone(),
        model_is_miniature: profile.miniature,
        language: None,
        language_confidence: 0.0,
        heard: None,
        duration_ms,
        channels,
        sound: Some(sound.clone()),
        segments,
        suspects,
        notes: Vec::new(),
        timings,
    };
    let (language, language_confidence) = match elected.filter(|_| spoken) {
        Some(elected) if request.translate => (Some(elected.language), elected.confidence),
        Some(elected) => {
            let text = transcript.conversation_text();
            let confidence = cross_checked(&elected, &text, &request.languages, &mut notes);
            (Some(elected.language), confidence)
        }
        None => (None, 0.0),
    };
    let transcript = Transcript { language, language_confidence, notes, ..transcript };
    sound.poor_because = understand::audio::poor_because(&transcript);
    Transcript { sound: Some(sound), ..transcript }
}

fn one_way_note(channel: u16) -> String {
    format!("Only channel {channel} is heard: one-way audio, or the other side was not recorded.")
}

/// Published segments and those set aside, each by time.
fn sort_out(material: &Material<'_>) -> (Vec<Segment>, Vec<Suspect>) {
    let mut published = Vec::new();
    let mut suspects = Vec::new();
    for (window, heard) in material.windows.iter().zip(&material.heard) {
        let (spoken, set_aside) = sorted_out(&material.survey, window, heard);
        published.extend(spoken);
        suspects.extend(set_aside);
    }
    let published = by_time(joined_by_channel(published));
    suspects.sort_by_key(|suspect: &Suspect| (suspect.segment.start_ms, suspect.segment.channel));
    (published, suspects)
}

/// The pieces of one window: those to be published and those set aside.
pub fn sorted_out(survey: &Survey, window: &Window, heard: &Heard) -> (Vec<Segment>, Vec<Suspect>) {
    let channel = survey.channels.get(usize::from(window.channel));
    let speaker = channel.map_or_else(String::new, |channel| channel.speaker.clone());
    let mut reasons = heard.reasons.clone();
    reasons.extend(unvoiced(window, heard));
    let pieces = segments(window, heard.words.clone(), &heard.decoded, &speaker);
    let (spoken, doubtful) = pieces.into_iter().partition::<Vec<_>, _>(|segment| is_spoken(segment, &reasons));
    let set_aside = doubtful.into_iter().map(|segment| Suspect { segment, reasons: reasons.clone() });
    (spoken, set_aside.collect())
}

/// Segments by channel, those joined that only a window's edge parts. Joining again what was joined changes nothing.
pub fn joined_by_channel(mut segments: Vec<Segment>) -> Vec<Segment> {
    segments.sort_by_key(|segment| (segment.channel, segment.start_ms));
    segments.into_iter().fold(Vec::new(), join)
}

/// Segments in the order of a transcript.
pub fn by_time(mut segments: Vec<Segment>) -> Vec<Segment> {
    segments.sort_by_key(|segment| (segment.start_ms, segment.channel));
    segments
}

/// Whether a piece of a window is free of what speaks against the window: a loop condemns only the pieces it is in.
fn is_spoken(segment: &Segment, reasons: &[SuspectReason]) -> bool {
    reasons.iter().all(|reason| match reason {
        SuspectReason::Loop { phrase, .. } => !checks::holds(&segment.text, phrase),
        _ => false,
    })
}

/// Text over sound that only the energy check kept needs to be surer than text over speech.
fn unvoiced(window: &Window, heard: &Heard) -> Option<SuspectReason> {
    let by_energy = window.spans.iter().all(|span| span.by_energy);
    let doubtful = heard.sureness < UNVOICED_LOGPROB_MIN;
    (by_energy && doubtful && !heard.decoded.tokens.is_empty())
        .then_some(SuspectReason::NoSpeech { no_speech_prob: heard.decoded.no_speech_prob, voiced_share: 0.0 })
}

/// Joins a segment to the one before when only a window's edge parts them.
fn join(mut done: Vec<Segment>, next: Segment) -> Vec<Segment> {
    match done.last_mut() {
        Some(last)
            if last.channel == next.channel
                && next.start_ms.saturating_sub(last.end_ms) < SEGMENT_PAUSE_MS
                && next.end_ms - last.start_ms <= SEGMENT_MS_MAX =>
        {
            let (before, after) = (last.words.len() as f32, next.words.len() as f32);
            let total = (before + after).max(1.0);
            last.avg_logprob = (last.avg_logprob * before + next.avg_logprob * after) / total;
            last.no_speech_prob = last.no_speech_prob.max(next.no_speech_prob);
            last.end_ms = next.end_ms;
            last.text = joined_text([last.text.as_str(), next.text.as_str()]);
            last.words.extend(next.words);
        }
        _ => done.push(next),
    }
    done
}

/// The audio's verdict, weakened when the text clearly reads as another language.
fn cross_checked(elected: &Elected, text: &str, allowed: &[Language], notes: &mut Vec<String>) -> f32 {
    match understand::language::detect(text, allowed) {
        Some(guess) if guess.language != elected.language && guess.confidence >= TEXT_CONTRADICTS => {
            notes.push(format!(
                "The audio sounds like '{}' but the text reads like '{}'; check the language.",
                elected.language, guess.language
            ));
            elected.confidence / 2.0
        }
        _ => elected.confidence,
    }
}

/// Sentences for a person.
fn notes(survey: &Survey, wordless: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if survey.len == 0 {
        notes.push("The file holds no audio.".to_owned());
    } else if wordless {
        notes.push("No speech was found.".to_owned());
    }
    for channel in &survey.channels {
        let number = channel.channel;
        match channel.role {
            ChannelRole::Dead if survey.len > 0 => {
                notes.push(format!("Channel {number} is dead: it carries no sound."));
            }
            ChannelRole::CopyOf { channel } => {
                notes.push(format!("Channel {number} is a copy of channel {channel}; its words are taken from there."));
            }
            ChannelRole::NoSpeech if !wordless => notes.push(format!("Channel {number} carries sound but no speech.")),
            _ => {}
        }
        if let Some(from) = channel.bleed_from {
            notes.push(format!("Channel {from} is heard through on channel {number}; its words are given once."));
        }
        if channel.clipped_share > 0.01 {
            notes.push(format!("Channel {number} is clipped; words may be wrong where it is loud."));
        }
    }
    if survey.health.corrupt_packets > 0 {
        notes.push(format!(
            "{} damaged packets were replaced by silence; words in them are lost.",
            survey.health.corrupt_packets
        ));
    }
    notes
}
