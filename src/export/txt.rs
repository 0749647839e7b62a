//! Plain text: a conversation, one line a segment, times from the first sample. Lines that begin with `#` are about the
//! transcript, not of the call.

use std::fmt::Write as _;

use super::{model_line, one_line, speaker};
use crate::call::Transcript;

/// Writes `transcript` as `[00:09.050] customer: Hello, …` lines.
pub fn render(transcript: &Transcript) -> String {
    let mut out = String::new();
    if transcript.model_is_miniature {
        out += &format!("# {}\n", model_line(transcript));
    }
    for note in transcript.notes.iter().map(|note| one_line(note)).filter(|note| !note.is_empty()) {
        out += &format!("# {note}\n");
    }
    if !out.is_empty() && !transcript.segments.is_empty() {
        out.push('\n');
    }
    for segment in &transcript.segments {
        let text = one_line(&segment.text);
        if !text.is_empty() {
            write_line(&mut out, segment.start_ms, &speaker(segment), &text);
        }
    }
    out
}

fn write_line(out: &mut String, start_ms: u64, speaker: &str, text: &str) {
    let (seconds, ms) = (start_ms / 1000, start_ms % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let written = if hours > 0 {
        writeln!(out, "[{hours}:{minutes:02}:{seconds:02}.{ms:03}] {speaker}: {text}")
    } else {
        writeln!(out, "[{minutes:02}:{seconds:02}.{ms:03}] {speaker}: {text}")
    };
    written.expect("writing to a string does not fail");
}
