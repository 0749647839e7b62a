//! Where in a recording a question is answered: the segments with their speaker, second and marks.

use std::ops::Range;

use super::ask::{Ask, Clause, Kind};
use super::document::texts;
use super::query::distance;
use super::words::{Analyzer, Piece, Stemmed};
use crate::store::{Searchable, SpokenSegment};

/// Snippets shown of one recording; how many there are is said beside them.
const SNIPPETS_MAX: usize = 5;
/// Longest snippet, in bytes of text: a few lines.
const TEXT_BYTES_MAX: usize = 320;
/// What is kept before the first mark when a snippet is cut, in bytes.
const BEFORE_BYTES: usize = 80;

/// A place that answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// `speech`, `name`, `number`, `file`, `summary`, `topic` or `note`.
    pub place: String,
    /// Who said it, and on which channel.
    pub speaker: Option<(String, u16)>,
    /// When the first marked word was said, from the beginning of the call.
    pub start_ms: Option<u64>,
    /// The text, cut to what stands around the marks.
    pub text: String,
    /// What matches, as characters from and to (excluded) in `text`.
    pub marks: Vec<(usize, usize)>,
}

/// The first places that answer, and how many there are.
pub(super) fn snippets(ask: &Ask, found: &Searchable, analyzer: &mut Analyzer) -> (Vec<Snippet>, usize) {
    let language = found.transcript.as_ref().and_then(|transcript| transcript.language.as_ref());
    let stemmed = language.and_then(|language| Stemmed::of(language.as_str()));
    let segments = found.transcript.as_ref().map(|transcript| transcript.segments.as_slice()).unwrap_or_default();
    let (mut shown, mut count) = (Vec::new(), 0);
    for text in texts(found, analyzer) {
        let pieces = analyzer.pieces(text.text);
        let mut marks: Vec<Range<usize>> = Vec::new();
        for clause in ask.clauses.iter().filter(|clause| !clause.negated) {
            if clause.part.as_ref().is_none_or(|part| *part == text.label) {
                marks.extend(matches(clause, &pieces, stemmed, analyzer));
            }
        }
        if marks.is_empty() {
            continue;
        }
        count += 1;
        if shown.len() < SNIPPETS_MAX {
            let segment = text.segment.and_then(|at| segments.get(at));
            shown.push(snippet(&text.label, text.text, joined(marks), segment));
        }
    }
    (shown, count)
}

/// Where a clause matches, in bytes.
fn matches(clause: &Clause, pieces: &[Piece], stemmed: Option<Stemmed>, analyzer: &mut Analyzer) -> Vec<Range<usize>> {
    let wanted = &clause.pieces;
    let mut found = Vec::new();
    for start in 0..(pieces.len() + 1).saturating_sub(wanted.len()) {
        let here = &pieces[start..start + wanted.len()];
        let last = wanted.len() - 1;
        let is_match = here.iter().zip(wanted).enumerate().all(|(at, (piece, wanted))| {
            piece.folded == wanted.folded
                || match clause.kind {
                    Kind::Literal => false,
                    Kind::Beginning => at == last && piece.folded.starts_with(&wanted.folded),
                    Kind::Roughly => {
                        last == 0
                            && strsim::osa_distance(&piece.folded, &wanted.folded)
                                <= usize::from(distance(&wanted.folded))
                    }
                    Kind::AnyForm | Kind::AnyFormOrBeginning => {
                        let begins =
                            clause.kind == Kind::AnyFormOrBeginning && piece.folded.starts_with(&wanted.folded);
                        begins || stemmed.is_some_and(|l| analyzer.stem(piece, l) == analyzer.stem(wanted, l))
                    }
                }
        });
        if is_match {
            found.push(here[0].range.start..here[last].range.end);
        }
    }
    if found.is_empty() && clause.kind != Kind::Literal {
        found.extend(number_end(wanted, pieces));
    }
    found
}

/// The whole of a telephone number that ends with the digits asked for.
fn number_end(wanted: &[Piece], pieces: &[Piece]) -> Option<Range<usize>> {
    let digits = |pieces: &[Piece]| pieces.iter().map(|piece| piece.folded.as_str()).collect::<String>();
    let (asked, here) = (digits(wanted), digits(pieces));
    let are_digits = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let ends = are_digits(&asked) && are_digits(&here) && here.ends_with(asked.trim_start_matches('0'));
    ends.then(|| pieces.first().map_or(0, |piece| piece.range.start)..pieces.last().map_or(0, |piece| piece.range.end))
}

/// In order, what touches or overlaps as one.
fn joined(mut marks: Vec<Range<usize>>) -> Vec<Range<usize>> {
    marks.sort_by_key(|mark| (mark.start, mark.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for mark in marks {
        match joined.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => joined.push(mark),
        }
    }
    joined
}

fn snippet(label: &str, text: &str, marks: Vec<Range<usize>>, segment: Option<&SpokenSegment>) -> Snippet {
    let first = marks.first().map_or(0, |mark| mark.start);
    let start_ms = segment.map(|segment| segment.said_at_ms(first));
    let (from, to) = window(text, first);
    let chars = |at: usize| text[from..at].chars().count();
    let marks = marks.into_iter().filter(|mark| mark.start >= from && mark.end <= to);
    let marks = marks.map(|mark| (chars(mark.start), chars(mark.end))).collect();
    Snippet {
        place: segment.map_or_else(|| label.trim_start_matches('@').to_owned(), |_| "speech".to_owned()),
        speaker: segment.map(|segment| (segment.speaker.clone(), segment.channel)),
        start_ms,
        text: text[from..to].to_owned(),
        marks,
    }
}

/// The part of a text that is shown: all of a short one, else what stands around its first mark, cut between words.
fn window(text: &str, first: usize) -> (usize, usize) {
    if text.len() <= TEXT_BYTES_MAX {
        return (0, text.len());
    }
    let mut from = first.saturating_sub(BEFORE_BYTES);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    if from > 0 {
        from = text[from..first].find(' ').map_or(from, |space| from + space + 1);
    }
    let mut to = (from + TEXT_BYTES_MAX).min(text.len());
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    if to < text.len() {
        to = text[from..to].rfind(' ').map_or(to, |space| from + space);
    }
    (from, to)
}
