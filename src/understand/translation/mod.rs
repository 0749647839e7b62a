//! A call in another language: what a language model is asked, how its answer is read, and what of it is in doubt.
//!
//! Pure: nothing here asks anybody. One segment goes in and one comes out, with its channel, speaker and times;
//! [`prompt`] says what is sent, [`answer`] reads what came back. The words are data all the way. What Whisper made of the
//! sound comes with times of its own and gets its speakers here.

pub mod answer;
mod doubt;
pub mod prompt;

use std::collections::BTreeMap;

use super::language::detect;
use super::model::parts::{pieces, tokens};
use super::model::prompt::plain;
use crate::call::{Language, Segment, Transcript};

/// What stands before a line, in tokens.
const HEAD_TOKENS: usize = 4;
/// How sure it must be that a text is in the language that was spoken, for it to be refused.
const SURE: f32 = 0.9;

/// A segment as it is sent, or a piece of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Counted over the whole call.
    pub number: u32,
    /// Index of the segment.
    pub segment: u32,
    /// What was said.
    pub text: String,
}

/// The lines of a call in groups of at most so many tokens each; segments without words give none.
pub fn batches(transcript: &Transcript, tokens_max: usize) -> Vec<Vec<Line>> {
    let mut batches: Vec<Vec<Line>> = Vec::new();
    let (mut number, mut used) = (0, 0);
    for (segment, spoken) in (0..).zip(&transcript.segments) {
        for text in pieces(&plain(&spoken.text), tokens_max.saturating_sub(HEAD_TOKENS).max(1)) {
            let cost = tokens(&text) + HEAD_TOKENS;
            match batches.last_mut().filter(|_| used + cost <= tokens_max) {
                Some(batch) => batch.push(Line { number, segment, text }),
                None => {
                    batches.push(vec![Line { number, segment, text }]);
                    used = 0;
                }
            }
            used += cost;
            number += 1;
        }
    }
    batches
}

/// Translated lines put together, one segment for each that was spoken, and the segments that are in doubt.
pub fn assembled(transcript: &Transcript, lines: &[(Line, String)]) -> (Vec<Segment>, Vec<u32>) {
    let mut texts: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (line, text) in lines {
        texts.entry(line.segment).or_default().push(text);
    }
    let mut doubtful = Vec::new();
    let put = |(at, spoken): (u32, &Segment)| {
        let text = texts.get(&at).map(|texts| texts.join(" ")).unwrap_or_default();
        if doubt::lacks_something(&spoken.text, &text) {
            doubtful.push(at);
        }
        Segment { text, words: Vec::new(), ..spoken.clone() }
    };
    let segments = (0..).zip(&transcript.segments).map(put).collect();
    (segments, doubtful)
}

/// Whether what should be a translation is plainly still in the language that was spoken.
pub fn is_untranslated(segments: &[Segment], from: &Language) -> bool {
    let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
    // Among all languages: the one wanted may be one that the detector does not know.
    let guess = detect(&texts.join(" "), &[]);
    guess.is_some_and(|guess| guess.language == *from && guess.confidence >= SURE)
}

/// What Whisper made of the sound, with the speakers of the transcript: those of the segments it overlaps most.
pub fn with_speakers(translated: &mut Transcript, transcript: &Transcript) {
    let suspects = translated.suspects.iter_mut().map(|suspect| &mut suspect.segment);
    for segment in translated.segments.iter_mut().chain(suspects) {
        let shared = |spoken: &&Segment| {
            let (from, to) = (spoken.start_ms.max(segment.start_ms), spoken.end_ms.min(segment.end_ms));
            to.saturating_sub(from)
        };
        let on_channel = transcript.segments.iter().filter(|spoken| spoken.channel == segment.channel);
        if let Some(nearest) = on_channel.max_by_key(shared).filter(|spoken| shared(spoken) > 0) {
            segment.speaker.clone_from(&nearest.speaker);
        }
    }
}
