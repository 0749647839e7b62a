//! JSON: everything a transcript holds. Times are seconds from the first sample as numbers with three decimals; what is
//! measured in another unit says so in its name. A score that is not a number is `null`.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::call::{ChannelFacts, Language, Segment, SuspectReason, Timings, Transcript, TranscriptSource, Word};

#[derive(Serialize)]
struct Document<'a> {
    language: Option<&'a Language>,
    language_confidence: f64,
    duration: f64,
    source: TranscriptSource,
    model: &'a str,
    model_is_miniature: bool,
    text: String,
    channels: &'a [ChannelFacts],
    segments: Vec<SegmentOut<'a>>,
    suspects: Vec<SuspectOut<'a>>,
    notes: &'a [String],
    timings: &'a Timings,
}

#[derive(Serialize)]
struct SegmentOut<'a> {
    channel: u16,
    speaker: &'a str,
    start: f64,
    end: f64,
    text: &'a str,
    words: Vec<WordOut<'a>>,
    avg_logprob: f64,
    no_speech_prob: f64,
}

#[derive(Serialize)]
struct SuspectOut<'a> {
    #[serde(flatten)]
    segment: SegmentOut<'a>,
    reasons: &'a [SuspectReason],
}

#[derive(Serialize)]
struct WordOut<'a> {
    word: &'a str,
    start: f64,
    end: f64,
    probability: f64,
}

impl<'a> From<&'a Segment> for SegmentOut<'a> {
    fn from(segment: &'a Segment) -> Self {
        Self {
            channel: segment.channel,
            speaker: &segment.speaker,
            start: seconds(segment.start_ms),
            end: seconds(segment.end_ms),
            text: &segment.text,
            words: segment.words.iter().map(WordOut::from).collect(),
            avg_logprob: score(segment.avg_logprob),
            no_speech_prob: score(segment.no_speech_prob),
        }
    }
}

impl<'a> From<&'a Word> for WordOut<'a> {
    fn from(word: &'a Word) -> Self {
        Self {
            word: &word.word,
            start: seconds(word.start_ms),
            end: seconds(word.end_ms),
            probability: score(word.probability),
        }
    }
}

/// The nearest double prints as at most three decimals: 9050 ms is `9.05`.
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// Four decimals: more than any score is good for, and files stay small.
fn score(value: f32) -> f64 {
    (f64::from(value) * 10_000.0).round() / 10_000.0
}

/// Writes `transcript` as indented JSON.
pub fn render(transcript: &Transcript) -> String {
    let json =
        serde_json::to_string_pretty(&document(transcript)).expect("plain fields with string keys always serialise");
    json + "\n"
}

/// Writes the fields of `head` and then everything `transcript` holds as one JSON object on one line. Goes straight to
/// text: a transcript of hours takes many times its size as a tree of values.
pub fn render_after(head: &impl Serialize, transcript: &Transcript) -> Box<RawValue> {
    let whole = WithHead { head, document: document(transcript) };
    to_raw_value(&whole).expect("plain fields with string keys always serialise")
}

#[derive(Serialize)]
struct WithHead<'a, H> {
    #[serde(flatten)]
    head: &'a H,
    #[serde(flatten)]
    document: Document<'a>,
}

fn document(transcript: &Transcript) -> Document<'_> {
    Document {
        language: transcript.language.as_ref(),
        language_confidence: score(transcript.language_confidence),
        duration: seconds(transcript.duration_ms),
        source: transcript.source,
        model: &transcript.model,
        model_is_miniature: transcript.model_is_miniature,
        text: transcript.text(),
        channels: &transcript.channels,
        segments: transcript.segments.iter().map(SegmentOut::from).collect(),
        suspects: transcript
            .suspects
            .iter()
            .map(|suspect| SuspectOut { segment: SegmentOut::from(&suspect.segment), reasons: &suspect.reasons })
            .collect(),
        notes: &transcript.notes,
        timings: &transcript.timings,
    }
}
