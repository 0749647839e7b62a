//! A transcript as people and other tools read it: one file a format. Pure text in, text out; never touches a file.
//!
//! Transcripts come from `transcribe` or the store; the text goes to files, to standard output and to the API.
//! Suspects are written by [`json`] alone: the other formats show only what is published.

mod cue;
pub mod json;
pub mod srt;
pub mod txt;
pub mod vtt;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::call::{Segment, Transcript};

/// What a transcript can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A conversation, one line a segment.
    Txt,
    /// Everything: words, scores, suspects, channels.
    Json,
    /// WebVTT, with a voice tag for each speaker.
    Vtt,
    /// SubRip, with the speaker before the text.
    Srt,
}

/// The text named no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a transcript format; formats are txt, json, vtt and srt")]
pub struct FormatError(String);

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Txt, Self::Json, Self::Vtt, Self::Srt];

    /// The file name's ending, without the dot; also the name in API and CLI.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Txt => "txt",
            Self::Json => "json",
            Self::Vtt => "vtt",
            Self::Srt => "srt",
        }
    }

    /// The media type for HTTP. SubRip has no registered one; `application/x-subrip` is what players send and expect.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Txt => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Vtt => "text/vtt; charset=utf-8",
            Self::Srt => "application/x-subrip; charset=utf-8",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        Self::ALL.into_iter().find(|format| format.extension() == text).ok_or_else(|| FormatError(text.to_owned()))
    }
}

/// Writes `transcript` as `format`, ending in a newline.
pub fn render(transcript: &Transcript, format: Format) -> String {
    match format {
        Format::Txt => txt::render(transcript),
        Format::Json => json::render(transcript),
        Format::Vtt => vtt::render(transcript),
        Format::Srt => srt::render(transcript),
    }
}

/// The same text on one line: runs of white space and control characters become one space.
fn one_line(text: &str) -> String {
    text.split(is_gap).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// The speaker's name on one line; never empty.
fn speaker(segment: &Segment) -> String {
    let name = one_line(&segment.speaker);
    if name.is_empty() { format!("Speaker {}", u32::from(segment.channel) + 1) } else { name }
}

/// What a reader must know about the model before the first word.
fn model_line(transcript: &Transcript) -> String {
    let model = one_line(&transcript.model);
    if transcript.model_is_miniature {
        format!(
            "Model: {model}, a miniature that knows only the sample calls; on any other call its words mean nothing."
        )
    } else {
        format!("Model: {model}")
    }
}
