//! A recording as the index takes it: its words one after the other, each also with who said it or where it stands.

use serde_json::Value;
use tantivy::tokenizer::{PreTokenizedString, Token};

use super::words::{Analyzer, Stemmed};
use crate::store::Searchable;

/// Between two places or segments, so that no phrase begins in one and ends in the next.
const GAP: usize = 10;
/// Stands between a label and a word.
pub(super) const JOINT: char = '\u{2}';
/// The label of numbers written from their end.
pub(super) const FROM_END: &str = "@fromend";
/// Texts taken from a provider's insights; more than it would be no insight.
const NOTES_MAX: usize = 200;

/// One text of a recording and where it stands.
pub(super) struct Text<'r> {
    /// A speaker's name, or `@` with a place.
    pub(super) label: String,
    pub(super) text: &'r str,
    /// Index of the segment, for speech.
    pub(super) segment: Option<usize>,
}

/// Everything that can be searched, speech first.
pub(super) fn texts<'r>(found: &'r Searchable, analyzer: &mut Analyzer) -> Vec<Text<'r>> {
    let mut texts = Vec::new();
    for (at, segment) in found.transcript.iter().flat_map(|transcript| transcript.segments.iter().enumerate()) {
        let label = analyzer.label(&segment.speaker);
        texts.push(Text { label, text: &segment.text, segment: Some(at) });
    }
    let mut add = |place: &str, text: Option<&'r str>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            texts.push(Text { label: format!("@{place}"), text, segment: None });
        }
    };
    let recording = &found.recording;
    let call = &recording.call;
    let parties = [&call.caller, &call.callee, &call.owner];
    for party in parties.into_iter().chain(&call.participants) {
        add("name", party.name.as_deref());
        add("name", party.email.as_deref());
        add("number", party.number.as_deref());
    }
    add("name", call.location.as_deref());
    add("name", call.queue.as_deref());
    add("file", recording.audio.as_ref().and_then(|audio| audio.original_name.as_deref()));
    if let Some(insight) = &recording.insight {
        insight.backed_summary().for_each(|sentence| add("summary", Some(sentence)));
        insight.topics.iter().for_each(|topic| add("topic", Some(topic)));
        insight.category_names().for_each(|category| add("topic", Some(category)));
    }
    if let Some(transcript) = &found.transcript {
        transcript.notes.iter().for_each(|note| add("note", Some(note)));
    }
    if let Some(opinion) = &found.opinion {
        let mut notes = Vec::new();
        strings(&opinion.insights, &mut notes);
        notes.into_iter().for_each(|note| add("note", Some(note)));
    }
    texts
}

fn strings<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    if found.len() >= NOTES_MAX {
        return;
    }
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, found)),
        _ => {}
    }
}

/// The words of a recording for both fields of the index: plain, and with their labels.
pub(super) fn tokens(found: &Searchable, analyzer: &mut Analyzer) -> (PreTokenizedString, PreTokenizedString) {
    let language = found.transcript.as_ref().and_then(|transcript| transcript.language.as_ref());
    let stemmed = language.and_then(|language| Stemmed::of(language.as_str()));
    let (mut plain, mut labelled) = (Vec::new(), Vec::new());
    let mut position = 0;
    for text in texts(found, analyzer) {
        let mut put = |word: String, position: usize| {
            labelled.push(token(format!("{}{JOINT}{word}", text.label), position));
            plain.push(token(word, position));
        };
        for piece in analyzer.pieces(text.text) {
            if let Some(language) = stemmed {
                put(format!("{}{}", language.mark(), analyzer.stem(&piece, language)), position);
            }
            put(piece.folded, position);
            position += 1;
        }
        if text.label == "@number" {
            let from_end: String = text.text.chars().rev().filter(char::is_ascii_digit).collect();
            labelled.push(token(format!("{FROM_END}{JOINT}{from_end}"), position));
        }
        position += GAP;
    }
    // The index keeps no text, only words and where they stand: what is shown is read from the store.
    let whole = |tokens| PreTokenizedString { text: String::new(), tokens };
    (whole(plain), whole(labelled))
}

fn token(text: String, position: usize) -> Token {
    Token { offset_from: 0, offset_to: 0, position, text, position_length: 1 }
}
