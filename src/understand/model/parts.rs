//! Cuts a call into parts that fit into one request each: between turns where that is possible, inside a segment only
//! where it alone is too long. What machines say in it is left out, as it is where the summary is made by rule.

use super::prompt::plain;
use crate::call::Transcript;

/// Characters of plain Latin text to a token, low: a part that does not fit is refused or, worse, cut off unseen.
const LATIN_CHARS_PER_TOKEN: usize = 3;
/// How far before the end of a part a change of speaker is looked for, of its size.
const LOOK_BACK_OF: usize = 4;

/// One segment as it is sent, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Index of the segment.
    pub segment: u32,
    /// The line.
    pub text: String,
    /// Who speaks now is not who spoke before.
    begins_turn: bool,
    tokens: usize,
}

/// About how many tokens a text takes: three plain characters for one, one of any other script.
pub fn tokens(text: &str) -> usize {
    let (plain, other) = text.chars().fold((0, 0), |(plain, other): (usize, usize), c| match c.is_ascii() {
        true => (plain + 1, other),
        false => (plain, other + 1),
    });
    plain.div_ceil(LATIN_CHARS_PER_TOKEN) + other + 1
}

/// The call in parts of at most `tokens_max` tokens each; none when nothing was said.
pub fn parts(transcript: &Transcript, tokens_max: usize) -> Vec<Vec<Line>> {
    let mut parts: Vec<Vec<Line>> = Vec::new();
    let (mut part, mut used): (Vec<Line>, usize) = (Vec::new(), 0);
    for line in lines(transcript, tokens_max) {
        if used + line.tokens > tokens_max && !part.is_empty() {
            let rest = part.split_off(cut(&part));
            used = rest.iter().map(|line| line.tokens).sum();
            parts.push(std::mem::replace(&mut part, rest));
        }
        used += line.tokens;
        part.push(line);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Where to cut: before the last turn that begins near the end, else behind the last line.
fn cut(part: &[Line]) -> usize {
    let near = part.len() - part.len() / LOOK_BACK_OF;
    (near.max(1)..part.len()).rev().find(|at| part[*at].begins_turn).unwrap_or(part.len())
}

fn lines(transcript: &Transcript, tokens_max: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut before = None;
    let among = transcript.in_conversation();
    for ((segment, spoken), _) in (0u32..).zip(&transcript.segments).zip(&among).filter(|(_, among)| **among) {
        let begins_turn = before != Some(&spoken.speaker);
        before = Some(&spoken.speaker);
        let head = format!("[{segment}] {}: ", plain(&spoken.speaker));
        let room = tokens_max.saturating_sub(tokens(&head)).max(1);
        for (at, piece) in pieces(&plain(&spoken.text), room).into_iter().enumerate() {
            let text = format!("{head}{piece}");
            let tokens = tokens(&text);
            lines.push(Line { segment, text, begins_turn: begins_turn && at == 0, tokens });
        }
    }
    lines
}

/// A text in pieces of at most so many tokens, cut between words; a word that is longer is cut off.
pub(in crate::understand) fn pieces(text: &str, tokens_max: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let (mut piece, mut used) = (String::new(), 0);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word: String = word.chars().take(tokens_max).collect();
        let cost = tokens(&word) + 1;
        if used + cost > tokens_max && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            used = 0;
        }
        if !piece.is_empty() {
            piece.push(' ');
        }
        piece.push_str(&word);
        used += cost;
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}
