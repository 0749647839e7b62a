//! SubRip: numbered cues, comma before the milliseconds, the speaker before the text. The format has no comments, so the
//! model cannot be named in it.

use std::fmt::Write as _;

use super::cue::{self, Cue};
use crate::call::Transcript;

/// Writes `transcript` as SubRip; empty when nothing was said.
pub fn render(transcript: &Transcript) -> String {
    let mut out = String::new();
    for (index, cue) in cue::cues(transcript).iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        write_cue(&mut out, index + 1, cue);
    }
    out
}

fn write_cue(out: &mut String, number: usize, cue: &Cue) {
    let (start, end) = (cue::timestamp(cue.start_ms, ','), cue::timestamp(cue.end_ms, ','));
    // The format cannot escape: an arrow inside the text would be read as a time line.
    let text = format!("{}: {}", cue.speaker, cue.lines.join("\n")).replace("-->", "→");
    writeln!(out, "{number}\n{start} --> {end}\n{text}").expect("writing to a string does not fail");
}
