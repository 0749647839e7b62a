//! What a call sounds like besides its words, for the record: who spoke when, the phases, one-way audio.
//!
//! Pure; takes what the survey found and what was published.

use super::survey::{Survey, stretch};
use crate::call::{CallSound, ChannelRole, PhaseKind, Segment, Stretch};

/// Stretches kept of one channel; twelve hours of brisk talk have 15 000.
const STRETCHES_MAX: usize = 20_000;
/// Pauses closed first when there are more, in milliseconds; doubled until it is enough.
const PAUSE_CLOSED_MS: u64 = 250;
/// Speech that shows that a party was there, and speech after which the other one's absence is told.
const PRESENCE_MS_MIN: u64 = 500;
const ONE_WAY_SPEECH_MS_MIN: u64 = 5_000;

/// Puts it together.
pub fn call_sound(survey: &Survey, segments: &[Segment]) -> CallSound {
    let speech: Vec<Vec<Stretch>> =
        (0..).zip(&survey.spans).map(|(channel, _)| bounded(spoken(survey, segments, channel))).collect();
    let one_way = one_way(survey, &speech);
    CallSound { speech, phases: survey.phases.clone(), one_way, poor_because: None }
}

/// Speech of one channel. What only sounded like it counts where words came of it.
fn spoken(survey: &Survey, segments: &[Segment], channel: usize) -> Vec<Stretch> {
    let words =
        segments.iter().filter(|segment| usize::from(segment.channel) == channel).flat_map(|segment| &segment.words);
    let words: Vec<Stretch> = words.map(|word| Stretch::new(word.start_ms, word.end_ms)).collect();
    let mut next = 0;
    let mut kept = Vec::new();
    for span in &survey.spans[channel] {
        let speech = stretch(span);
        while words.get(next).is_some_and(|word| word.end_ms <= speech.start_ms) {
            next += 1;
        }
        if !span.by_energy || words.get(next).is_some_and(|word| word.shared_ms(&speech) > 0) {
            kept.push(speech);
        }
    }
    kept
}

fn bounded(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    let mut pause_ms = PAUSE_CLOSED_MS;
    while stretches.len() > STRETCHES_MAX {
        let mut closed: Vec<Stretch> = Vec::new();
        for stretch in stretches {
            match closed.last_mut() {
                Some(last) if stretch.start_ms - last.end_ms <= pause_ms => last.end_ms = stretch.end_ms,
                _ => closed.push(stretch),
            }
        }
        stretches = closed;
        pause_ms *= 2;
    }
    stretches
}

/// The only channel that speaks where two were recorded. A message after a beep is one-sided by nature.
fn one_way(survey: &Survey, speech: &[Vec<Stretch>]) -> Option<u16> {
    let is_message = survey.phases.iter().any(|phase| phase.kind == PhaseKind::Beep);
    let length = |channel: usize| speech[channel].iter().map(Stretch::duration_ms).sum::<u64>();
    let copied = |facts: &crate::call::ChannelFacts| matches!(facts.role, ChannelRole::CopyOf { .. });
    if is_message || survey.channels.len() < 2 || survey.channels.iter().any(copied) {
        return None;
    }
    let present: Vec<usize> = (0..speech.len()).filter(|&channel| length(channel) >= PRESENCE_MS_MIN).collect();
    match present[..] {
        [only] if length(only) >= ONE_WAY_SPEECH_MS_MIN => u16::try_from(only).ok(),
        _ => None,
    }
}
