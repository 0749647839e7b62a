//! A transcript without the personal data in it: what was said is replaced by its kind, `[card]`, in texts and in words.
//!
//! What was masked before is known by these signs, so that masking again changes nothing, and a transcript that was kept
//! masked still tells where the call holds what.

use super::{Entity, Pii};
use crate::call::{PiiKind, PiiSpan, Segment, Suspect, SuspectReason, Transcript, Word};
use crate::understand::reading::{Reading, Token};

/// How far two transcripts of one call may be apart in time where both have times for their words.
const SLACK_MS: u64 = 400;
/// The same where one has none: its words are spread evenly over a turn, and nobody speaks evenly.
const SPREAD_SLACK_MS: u64 = 4_000;
/// Stands for a turn that was not looked through, because too much was said before it.
const UNREAD: &str = "[withheld]";
/// Stands behind a word and is no part of it.
const PUNCTUATION: [char; 6] = ['.', ',', '?', '!', ';', ':'];

/// The transcript with these kinds masked, suspects too. Finds them itself, so that it needs no earlier step.
pub fn masked(transcript: &Transcript, kinds: &[PiiKind], pii: &Pii) -> Transcript {
    masked_with(transcript, kinds, pii, &[])
}

/// The same; what `elsewhere` has, spans of another transcript of this call, is masked by its time as well.
pub(super) fn masked_with(transcript: &Transcript, kinds: &[PiiKind], pii: &Pii, elsewhere: &[PiiSpan]) -> Transcript {
    if kinds.is_empty() {
        return transcript.clone();
    }
    let published = hidden_in(transcript, kinds, pii, elsewhere);
    let set_aside = aside(transcript);
    // A suspect often says once more, and worse, what was published.
    let told: Vec<PiiSpan> = published.spans.iter().chain(elsewhere).cloned().collect();
    let suspected = hidden_in(&set_aside, kinds, pii, &told);
    let suspects = suspected.taken_from(&set_aside.segments).into_iter().zip(&transcript.suspects);
    let suspects = suspects.map(|(segment, suspect)| Suspect { reasons: reasons(&segment, suspect), segment });
    let suspects: Vec<Suspect> = suspects.collect();
    let mut notes = transcript.notes.clone();
    let unread = (transcript.segments.len() - published.read_segments) + (suspects.len() - suspected.read_segments);
    if unread > 0 {
        notes.push(format!("{unread} turns at the end are withheld: too much was said to look them through."));
    }
    Transcript { segments: published.taken_from(&transcript.segments), suspects, notes, ..transcript.clone() }
}

/// What is not to be shown of a transcript.
pub(super) struct Hidden {
    /// In order; none overlap.
    pub(super) spans: Vec<PiiSpan>,
    /// The segments that were looked through; those behind them are hidden whole.
    pub(super) read_segments: usize,
}

impl Hidden {
    pub(super) fn taken_from(&self, segments: &[Segment]) -> Vec<Segment> {
        let mut masked = with_spans(segments, &self.spans);
        for segment in &mut masked[self.read_segments..] {
            UNREAD.clone_into(&mut segment.text);
            segment.words.clear();
        }
        masked
    }
}

/// Where a transcript holds these kinds, found in it or told by another one of the same call.
pub(super) fn hidden_in(transcript: &Transcript, kinds: &[PiiKind], pii: &Pii, elsewhere: &[PiiSpan]) -> Hidden {
    let reading = Reading::of(transcript);
    let mut spans = pii.find_in(&reading);
    spans.retain(|span| kinds.contains(&span.kind));
    spans.extend(heard_at(&reading, elsewhere));
    Hidden { spans: joined(spans), read_segments: reading.read_segments }
}

/// Places in a transcript as they are in the masked one: what was masked is the one word that stands for it.
pub fn places_in_masked(spans: &[PiiSpan], transcript: &Transcript, kinds: &[PiiKind]) -> Vec<PiiSpan> {
    let masked = joined(spans.iter().filter(|span| kinds.contains(&span.kind)).cloned().collect());
    let mut masked = masked.iter().peekable();
    let mut placed: Vec<PiiSpan> = Vec::with_capacity(spans.len());
    // Of the segment at hand: by how much words and bytes behind what was masked have moved.
    let (mut segment, mut words, mut bytes) = (u32::MAX, 0, 0_i64);
    for span in spans {
        if span.segment != segment {
            (segment, words, bytes) = (span.segment, 0, 0);
        }
        let text = transcript.segments.get(segment as usize).map_or("", |segment| segment.text.as_str());
        while let Some(one) =
            masked.next_if(|one| one.segment < segment || one.segment == segment && one.to <= span.from)
        {
            if one.segment == segment {
                words += one.last_word - one.first_word;
                bytes += sign(one, text).len() as i64 - i64::from(one.to - one.from);
            }
        }
        let moved = |byte: u32| u32::try_from(i64::from(byte) + bytes).unwrap_or(0);
        let mut place = span.clone();
        (place.first_word, place.last_word) = (span.first_word - words, span.last_word - words);
        (place.from, place.to) = (moved(span.from), moved(span.to));
        if let Some(one) = masked.peek().filter(|one| one.segment == segment && one.from < span.to) {
            (place.first_word, place.last_word) = (one.first_word - words, one.first_word - words);
            place.from = moved(one.from);
            place.to = place.from + sign(one, text).len() as u32;
            (place.start_ms, place.end_ms) = (one.start_ms, one.end_ms);
        }
        placed.push(place);
    }
    placed.dedup_by(|one, before| one.segment == before.segment && one.from == before.from);
    placed
}

/// What stands in the place of a span; punctuation behind its last word stays.
fn sign(span: &PiiSpan, text: &str) -> String {
    let masked = text.get(span.from as usize..span.to as usize).unwrap_or_default();
    let kept = &masked[masked.trim_end_matches(PUNCTUATION).len()..];
    format!("[{}]{kept}", span.kind)
}

/// The transcript without these spans, which may lie over one another.
pub(super) fn without(transcript: &Transcript, spans: &[PiiSpan]) -> Transcript {
    Transcript { segments: with_spans(&transcript.segments, &joined(spans.to_vec())), ..transcript.clone() }
}

/// What was set aside, as a transcript of its own.
pub(super) fn aside(transcript: &Transcript) -> Transcript {
    let segments = transcript.suspects.iter().map(|suspect| suspect.segment.clone()).collect();
    Transcript { segments, suspects: Vec::new(), ..transcript.clone() }
}

/// What is masked already.
pub(super) fn marks(reading: &Reading<'_>) -> Vec<Entity> {
    let kind = |token: &Token| {
        let text = &reading.transcript.segments[token.segment as usize].text;
        let raw = text[token.bytes.clone()].trim_end_matches(PUNCTUATION);
        raw.strip_prefix('[')?.strip_suffix(']')?.parse::<PiiKind>().ok()
    };
    let marks = reading.tokens.iter().enumerate();
    marks.filter_map(|(at, token)| Some(Entity { kind: kind(token)?, tokens: vec![at] })).collect()
}

/// The words that were spoken when another transcript has personal data. Where words have no times of their own, what
/// looks like a number or an address around then.
fn heard_at(reading: &Reading<'_>, elsewhere: &[PiiSpan]) -> Vec<PiiSpan> {
    let mut heard = Vec::new();
    if elsewhere.is_empty() {
        return heard;
    }
    let told = apart(elsewhere);
    for token in &reading.tokens {
        let segment = &reading.transcript.segments[token.segment as usize];
        let has_times = reading.has_words[token.segment as usize];
        let slack_ms = if has_times { SLACK_MS } else { SPREAD_SLACK_MS };
        let middle = u64::midpoint(token.start_ms, token.end_ms);
        let begun = told.partition_point(|span| span.start_ms <= middle + slack_ms);
        let Some(span) = told[..begun].last().filter(|span| middle <= span.end_ms + slack_ms) else { continue };
        let (start, end) = (token.start_ms, token.end_ms);
        let is_within = start < span.end_ms && end > span.start_ms && has_times;
        if is_within || looks_like_data(token, &segment.text) {
            let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            heard.push(PiiSpan {
                kind: span.kind.clone(),
                entity: span.entity,
                segment: token.segment,
                first_word: token.word,
                last_word: token.word,
                from: byte(token.bytes.start),
                to: byte(token.bytes.end),
                start_ms: start,
                end_ms: end,
            });
        }
    }
    heard
}

/// The stretches of time that spans cover, none over another; each with one of the spans it is made of.
fn apart(spans: &[PiiSpan]) -> Vec<PiiSpan> {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|span| span.start_ms);
    spans.dedup_by(|span, before| {
        let is_over = span.start_ms <= before.end_ms;
        before.end_ms = if is_over { before.end_ms.max(span.end_ms) } else { before.end_ms };
        is_over
    });
    spans
}

fn looks_like_data(token: &Token, text: &str) -> bool {
    let raw = &text[token.bytes.clone()];
    raw.contains('@') || raw.bytes().any(|byte| byte.is_ascii_digit()) || super::digits::is_number(&token.folded)
}

/// In their order, those of one kind that follow each other word by word as one, and none over another.
pub(super) fn joined(mut spans: Vec<PiiSpan>) -> Vec<PiiSpan> {
    spans.sort_by_key(|span| (span.segment, span.from, std::cmp::Reverse(span.to)));
    let mut joined: Vec<PiiSpan> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last)
                if last.segment == span.segment
                    && (span.from < last.to || span.kind == last.kind && span.first_word == last.last_word + 1) =>
            {
                last.to = last.to.max(span.to);
                last.last_word = last.last_word.max(span.last_word);
                last.end_ms = last.end_ms.max(span.end_ms);
            }
            _ => joined.push(span),
        }
    }
    joined
}

fn with_spans(segments: &[Segment], spans: &[PiiSpan]) -> Vec<Segment> {
    let mut masked = segments.to_vec();
    // From the last to the first, so that what stands before keeps its place.
    for span in spans.iter().rev() {
        if let Some(segment) = masked.get_mut(span.segment as usize) {
            mask(segment, span);
        }
    }
    masked
}

fn mask(segment: &mut Segment, span: &PiiSpan) {
    let (from, to) = (span.from as usize, span.to as usize);
    if segment.text.get(from..to).is_none() {
        return;
    }
    let sign = sign(span, &segment.text);
    let has_words = segment.word_ranges().is_some_and(|ranges| !ranges.is_empty());
    segment.text.replace_range(from..to, &sign);
    let (first, last) = (span.first_word as usize, span.last_word as usize);
    if !has_words {
        // Words that are not those of the text cannot be told apart: none is better than a leak.
        segment.words.clear();
    } else if let Some(words) = segment.words.get(first..=last) {
        let probability = words.iter().map(|word| word.probability).fold(1.0, f32::min);
        let word = Word { word: sign, start_ms: span.start_ms, end_ms: span.end_ms, probability };
        segment.words.splice(first..=last, [word]);
    }
}

/// What speaks against a suspect; the words that it repeats may be those that were masked.
fn reasons(masked: &Segment, suspect: &Suspect) -> Vec<SuspectReason> {
    let is_masked = masked.text != suspect.segment.text;
    let hidden = |reason: &SuspectReason| match reason {
        SuspectReason::Loop { times, .. } if is_masked => {
            SuspectReason::Loop { phrase: "[masked]".to_owned(), times: *times }
        }
        reason => reason.clone(),
    };
    suspect.reasons.iter().map(hidden).collect()
}
