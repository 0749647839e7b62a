//! WebVTT (<https://www.w3.org/TR/webvtt1/>): a voice tag for each speaker, overlapping cues as they were spoken, a
//! comment that names the model.

use std::fmt::Write as _;

use super::cue::{self, Cue};
use super::{model_line, one_line};
use crate::call::Transcript;

/// Writes `transcript` as WebVTT.
pub fn render(transcript: &Transcript) -> String {
    let mut out = String::from("WEBVTT\n\nNOTE\n");
    out += &comment(&model_line(transcript));
    if let Some(language) = &transcript.language {
        out += &comment(&format!("Language: {language}"));
    }
    for note in &transcript.notes {
        out += &comment(note);
    }
    for cue in cue::cues(transcript) {
        write_cue(&mut out, &cue);
    }
    out
}

/// One line of a comment block; an arrow would make it a cue.
fn comment(text: &str) -> String {
    let line = one_line(text).replace("-->", "→");
    if line.is_empty() { line } else { line + "\n" }
}

fn write_cue(out: &mut String, cue: &Cue) {
    let (start, end) = (cue::timestamp(cue.start_ms, '.'), cue::timestamp(cue.end_ms, '.'));
    let lines: Vec<String> = cue.lines.iter().map(|line| escape(line)).collect();
    let written = write!(out, "\n{start} --> {end}\n<v {}>{}\n", escape(&cue.speaker), lines.join("\n"));
    written.expect("writing to a string does not fail");
}

/// Cue text and tag annotations take the same three references; with `>` gone no arrow is left either.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
