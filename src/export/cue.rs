//! Segments cut into cues that can be read from a screen: two lines, a few seconds, cut where words begin.

use std::cmp::Reverse;
use std::ops::Range;

use super::{is_gap, one_line, speaker};
use crate::call::{Segment, Transcript};

/// Characters a line: what broadcasters allow, and what every player shows without wrapping it again.
const LINE_CHARS_MAX: usize = 42;
/// Longest time a cue stays, in milliseconds: two full lines are read long before.
const CUE_DURATION_MS_MAX: u64 = 7_000;
/// Shortest time a cue stays, in milliseconds: WebVTT wants the end after the start, and a flash cannot be read.
const CUE_DURATION_MS_MIN: u64 = 200;

/// One thing to show.
pub(super) struct Cue {
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
    pub(super) speaker: String,
    /// One or two lines without line breaks, none empty.
    pub(super) lines: Vec<String>,
}

/// A word with the space before it, and its times.
struct Piece {
    text: String,
    start_ms: u64,
    end_ms: u64,
}

/// All cues by start time, as WebVTT demands; segments without text give none.
pub(super) fn cues(transcript: &Transcript) -> Vec<Cue> {
    let mut cues: Vec<Cue> = transcript.segments.iter().flat_map(segment_cues).collect();
    cues.sort_by_key(|cue| cue.start_ms);
    cues
}

/// `00:00:09.050`; hours take as many digits as they need.
pub(super) fn timestamp(ms: u64, decimal_mark: char) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{decimal_mark}{:03}", ms % 1000)
}

fn segment_cues(segment: &Segment) -> Vec<Cue> {
    let pieces = pieces(segment);
    let mut cues = Vec::new();
    let mut from = 0;
    while from < pieces.len() {
        let to = cue_end(&pieces, from);
        let (start_ms, end_ms) = (pieces[from].start_ms, pieces[to - 1].end_ms);
        cues.push(Cue {
            start_ms,
            end_ms: end_ms.max(start_ms.saturating_add(CUE_DURATION_MS_MIN)),
            speaker: speaker(segment),
            lines: lines(&pieces[from..to]),
        });
        from = to;
    }
    cues
}

/// The words as they stand in the text, so that no character of it is lost whatever the language puts between words.
/// Words that do not fit the text leave it to be cut at spaces, its time shared out by length.
fn pieces(segment: &Segment) -> Vec<Piece> {
    let timed = segment.word_ranges().filter(|ranges| !ranges.is_empty());
    let pieces = timed.map_or_else(|| pieces_by_length(segment), |ranges| pieces_by_word(segment, &ranges));
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut spaced = false;
    for mut piece in pieces {
        spaced |= piece.text.starts_with(is_gap);
        let gap_follows = piece.text.ends_with(is_gap);
        piece.text = one_line(&piece.text);
        if piece.text.is_empty() {
            continue;
        }
        piece.start_ms = piece.start_ms.clamp(segment.start_ms, segment.end_ms.max(segment.start_ms));
        piece.end_ms = piece.end_ms.clamp(piece.start_ms, segment.end_ms.max(piece.start_ms));
        if let Some(last) = out.last() {
            piece.start_ms = piece.start_ms.max(last.start_ms);
            piece.end_ms = piece.end_ms.max(last.end_ms);
            if spaced {
                piece.text.insert(0, ' ');
            }
        }
        out.push(piece);
        spaced = gap_follows;
    }
    out
}

fn pieces_by_word(segment: &Segment, ranges: &[Range<usize>]) -> Vec<Piece> {
    let mut from = 0;
    let piece = |index: usize| {
        let word = &segment.words[index];
        // What stands before the first word and after the last one goes with it.
        let to = if index + 1 == ranges.len() { segment.text.len() } else { ranges[index].end };
        let text = segment.text[from..to].to_owned();
        from = to;
        Piece { text, start_ms: word.start_ms, end_ms: word.end_ms }
    };
    (0..ranges.len()).map(piece).collect()
}

fn pieces_by_length(segment: &Segment) -> Vec<Piece> {
    let text = one_line(&segment.text);
    let chars_all = text.chars().count().max(1) as u64;
    let at = |chars: u64| {
        segment.start_ms + (u128::from(segment.duration_ms()) * u128::from(chars) / u128::from(chars_all)) as u64
    };
    let mut chars = 0;
    let piece = |word: &str| {
        let start = chars;
        chars += word.chars().count() as u64 + 1;
        Piece { text: format!(" {word}"), start_ms: at(start), end_ms: at(chars.min(chars_all)) }
    };
    text.split(' ').map(piece).collect()
}

/// Index after the last piece of the cue that begins at `from`: as many as fit, but rather whole sentences.
fn cue_end(pieces: &[Piece], from: usize) -> usize {
    let fits = |to: usize| {
        let cue = &pieces[from..to];
        cue[cue.len() - 1].end_ms.saturating_sub(cue[0].start_ms) <= CUE_DURATION_MS_MAX
            && lines(cue).len() <= 2
            && lines(cue).iter().all(|line| line.chars().count() <= LINE_CHARS_MAX)
    };
    let mut to = from + 1;
    while to < pieces.len() && fits(to + 1) {
        to += 1;
    }
    if to == pieces.len() {
        return to;
    }
    // A sentence's end in the later half is a better place to cut than the last word that fits; then a comma.
    let half = from + (to - from).div_ceil(2);
    let strength = |end: usize| match pieces[end - 1].text.chars().next_back() {
        Some('.' | '?' | '!' | '…' | '。' | '？' | '！' | '؟' | '।') => 2,
        Some(',' | ';' | ':' | '、' | '，' | '،') => 1,
        _ => 0,
    };
    (half..=to).max_by_key(|&end| (strength(end), end)).unwrap_or(to)
}

/// One line if it fits, else two as even as words allow.
fn lines(pieces: &[Piece]) -> Vec<String> {
    let join = |part: &[Piece]| part.iter().map(|piece| piece.text.as_str()).collect::<String>().trim().to_owned();
    let chars = |part: &[Piece]| part.iter().map(|piece| piece.text.chars().count()).sum::<usize>();
    if chars(pieces) <= LINE_CHARS_MAX || pieces.len() == 1 {
        return vec![join(pieces)];
    }
    let longest = |at: &usize| chars(&pieces[..*at]).max(chars(&pieces[*at..]));
    let at = (1..pieces.len()).min_by_key(|at| (longest(at), Reverse(*at))).unwrap_or(1);
    vec![join(&pieces[..at]), join(&pieces[at..])]
}
