//! A transcript in the formats of OpenAI's API. What callscribe does not have is empty or null, never made up: `tokens` is
//! empty, `compression_ratio` and `temperature` are null; `language` is the ISO 639-1 code.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::call::Transcript;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Text,
    Srt,
    VerboseJson,
    Vtt,
}

impl Format {
    /// By its name in the API.
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "text" => Self::Text,
            "srt" => Self::Srt,
            "verbose_json" => Self::VerboseJson,
            "vtt" => Self::Vtt,
            _ => return None,
        })
    }

    /// Whether it has the words and no times.
    pub(super) const fn is_plain(self) -> bool {
        matches!(self, Self::Json | Self::Text)
    }
}

/// What an answer is to hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) format: Format,
    pub(super) words: bool,
    pub(super) segments: bool,
    pub(super) translate: bool,
}

impl Answer {
    /// The media type and the text.
    pub(super) fn write(self, transcript: &Transcript) -> (&'static str, String) {
        const JSON: &str = "application/json";
        const TEXT: &str = "text/plain; charset=utf-8";
        match self.format {
            Format::Json => (JSON, json!({ "text": transcript.text(), "usage": usage(transcript) }).to_string()),
            Format::VerboseJson => (JSON, self.verbose(transcript).to_string()),
            Format::Text => (TEXT, transcript.text() + "\n"),
            Format::Srt => (TEXT, cues(transcript, ',', true)),
            Format::Vtt => (TEXT, format!("WEBVTT\n\n{}", cues(transcript, '.', false))),
        }
    }

    fn verbose(self, transcript: &Transcript) -> Value {
        let mut answer = json!({
            "task": if self.translate { "translate" } else { "transcribe" },
            "language": transcript.language.as_ref().map_or("", |language| language.as_str()),
            "duration": seconds(transcript.duration_ms),
            "text": transcript.text(),
        });
        if self.words {
            let words = transcript.words();
            let words = words
                .map(|word| json!({ "word": word.word, "start": seconds(word.start_ms), "end": seconds(word.end_ms) }));
            answer["words"] = words.collect();
        }
        if self.segments {
            let segments = transcript.segments.iter().enumerate().map(|(id, segment)| {
                json!({
                    "id": id,
                    // In hundredths of a second, as Whisper counts frames.
                    "seek": segment.start_ms / 10,
                    "start": seconds(segment.start_ms),
                    "end": seconds(segment.end_ms),
                    "text": format!(" {}", segment.text),
                    "tokens": [],
                    "temperature": null,
                    "avg_logprob": segment.avg_logprob,
                    "compression_ratio": null,
                    "no_speech_prob": segment.no_speech_prob,
                })
            });
            answer["segments"] = segments.collect();
        }
        answer["usage"] = usage(transcript);
        answer
    }
}

/// What the work was measured by.
pub(super) fn usage(transcript: &Transcript) -> Value {
    json!({ "type": "duration", "seconds": transcript.duration_ms.div_ceil(1000) })
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// One cue a segment, by start time.
fn cues(transcript: &Transcript, mark: char, is_numbered: bool) -> String {
    let mut out = String::new();
    for (index, segment) in transcript.segments.iter().enumerate() {
        if is_numbered {
            writeln!(out, "{}", index + 1).expect("writing to a string does not fail");
        }
        let (start, end) = (timestamp(segment.start_ms, mark), timestamp(segment.end_ms, mark));
        // Neither format can hold an arrow in its text.
        let text = segment.text.replace("-->", "→");
        writeln!(out, "{start} --> {end}\n{text}\n").expect("writing to a string does not fail");
    }
    out
}

fn timestamp(ms: u64, mark: char) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{mark}{:03}", ms % 1000)
}
