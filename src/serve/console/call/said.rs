//! The transcript of a call as its page shows it: turns with words to click, lanes, and what was set aside.

use super::super::shown::{length, percent};
use super::super::timeline::{Lane, hue};
use crate::call::{Segment, Suspect, SuspectReason, Transcript, TranscriptSource};
use crate::serve::view::RecordingDetail;

/// Words the model was less sure of than this are marked.
const UNSURE_BELOW: f32 = 0.5;

/// The transcript.
pub(super) struct Said {
    pub(super) segments: Vec<Spoken>,
    pub(super) lanes: Vec<Lane>,
    pub(super) suspects: Vec<SetAside>,
    pub(super) notes: Vec<String>,
    pub(super) model: String,
    pub(super) is_providers: bool,
    pub(super) confidence: Option<String>,
    pub(super) duration_ms: u64,
}

/// A stretch of speech.
pub(super) struct Spoken {
    pub(super) speaker: String,
    pub(super) hue: usize,
    pub(super) start_ms: u64,
    pub(super) at: String,
    pub(super) words: Vec<WordShown>,
}

pub(super) struct WordShown {
    /// What stands between the word before and this one.
    pub(super) gap: String,
    pub(super) text: String,
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
    pub(super) is_unsure: bool,
}

pub(super) struct SetAside {
    pub(super) speaker: String,
    pub(super) at: String,
    pub(super) start_ms: u64,
    pub(super) text: String,
    pub(super) reasons: String,
}

impl Said {
    pub(super) fn of(transcript: &Transcript, detail: &RecordingDetail, lanes: Vec<Lane>) -> Self {
        let facts = transcript.confidence();
        Self {
            segments: transcript.segments.iter().map(|segment| Spoken::of(segment, &lanes)).collect(),
            suspects: transcript.suspects.iter().map(SetAside::of).collect(),
            notes: transcript.notes.clone(),
            model: transcript.model.clone(),
            is_providers: transcript.source == TranscriptSource::Provider,
            confidence: facts.map(|score| percent(f64::from(score))),
            duration_ms: transcript.duration_ms.max((detail.item.duration.unwrap_or(0.0) * 1000.0) as u64),
            lanes,
        }
    }
}

impl Spoken {
    pub(super) fn of(segment: &Segment, lanes: &[Lane]) -> Self {
        let ranges = segment.word_ranges().unwrap_or_default();
        let mut from = 0;
        let mut shown: Vec<WordShown> = Vec::with_capacity(segment.words.len());
        for (index, word) in segment.words.iter().enumerate() {
            let gap = match ranges.get(index) {
                Some(range) => {
                    let gap = segment.text.get(from..range.start).unwrap_or(" ").to_owned();
                    from = range.end;
                    gap
                }
                None => " ".to_owned(),
            };
            shown.push(WordShown {
                gap,
                text: word.word.clone(),
                start_ms: word.start_ms,
                end_ms: word.end_ms,
                is_unsure: word.probability < UNSURE_BELOW,
            });
        }
        // A provider's transcript may have no times of single words: the stretch is one.
        if shown.is_empty() {
            shown.push(WordShown {
                gap: String::new(),
                text: segment.text.clone(),
                start_ms: segment.start_ms,
                end_ms: segment.end_ms,
                is_unsure: false,
            });
        }
        Self {
            speaker: segment.speaker.clone(),
            hue: hue(lanes, &segment.speaker),
            start_ms: segment.start_ms,
            at: length(segment.start_ms as f64 / 1000.0),
            words: shown,
        }
    }
}

impl SetAside {
    fn of(suspect: &Suspect) -> Self {
        let reasons: Vec<String> = suspect.reasons.iter().map(reason).collect();
        Self {
            speaker: suspect.segment.speaker.clone(),
            at: length(suspect.segment.start_ms as f64 / 1000.0),
            start_ms: suspect.segment.start_ms,
            text: suspect.segment.text.clone(),
            reasons: reasons.join("; "),
        }
    }
}

fn reason(reason: &SuspectReason) -> String {
    match reason {
        SuspectReason::NoSpeech { voiced_share, .. } => {
            format!("no speech backs it ({} of its time is voiced)", percent(f64::from(*voiced_share)))
        }
        SuspectReason::LowProbability { avg_logprob } => {
            format!("the model was unsure (log-probability {avg_logprob:.2})")
        }
        SuspectReason::Loop { phrase, times } => format!("“{phrase}” {times} times in a row"),
        SuspectReason::Compression { ratio } => format!("it repeats itself (compresses {ratio:.1} to 1)"),
        SuspectReason::TooFast { words_per_s } => {
            format!("faster than anyone speaks ({words_per_s:.1} words a second)")
        }
        SuspectReason::StockPhrase => "a stock phrase models write over silence".to_owned(),
        SuspectReason::PromptEcho => "it repeats the model's prompt".to_owned(),
        SuspectReason::Bleed { from_channel } => format!("heard through from channel {}", from_channel + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_as_they_were_written() {
        let word = |word: &str, start_ms| crate::call::Word {
            word: word.to_owned(),
            start_ms,
            end_ms: start_ms + 100,
            probability: 0.9,
        };
        let segment = Segment {
            channel: 0,
            speaker: "agent".to_owned(),
            start_ms: 0,
            end_ms: 300,
            text: "Well — yes,  please.".to_owned(),
            words: vec![word("Well", 0), word("yes,", 100), word("please.", 200)],
            avg_logprob: 0.0,
            no_speech_prob: 0.0,
        };
        let spoken = Spoken::of(&segment, &[]);
        let text: String = spoken.words.iter().map(|word| format!("{}{}", word.gap, word.text)).collect();
        assert_eq!(text, segment.text);
    }
}
