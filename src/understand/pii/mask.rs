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
/// Spans looked at before a moment; more than a few do not lie over one another.
const NEAR_MAX: usize = 16;
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
    let published = spans_of(transcript, kinds, pii, elsewhere);
    let set_aside = aside(transcript);
    // A suspect often says once more, and worse, what was published.
    let told: Vec<PiiSpan> = published.iter().chain(elsewhere).cloned().collect();
    let suspected = spans_of(&set_aside, kinds, pii, &told);
    let suspects = with_spans(&set_aside.segments, &suspected).into_iter().zip(&transcript.suspects);
    let suspects = suspects.map(|(segment, suspect)| Suspect { reasons: reasons(&segment, suspect), segment });
    Transcript {
        segments: with_spans(&transcript.segments, &published),
        suspects: suspects.collect(),
        ..transcript.clone()
    }
}

/// Where a transcript holds these kinds, found in it or told by another one of the same call; none overlap.
pub(super) fn spans_of(transcript: &Transcript, kinds: &[PiiKind], pii: &Pii, elsewhere: &[PiiSpan]) -> Vec<PiiSpan> {
    let reading = Reading::of(transcript);
    let mut spans = pii.find_in(&reading);
    spans.retain(|span| kinds.contains(&span.kind));
    spans.extend(heard_at(&reading, elsewhere));
    joined(spans)
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
    let mut elsewhere = elsewhere.to_vec();
    elsewhere.sort_by_key(|span| span.start_ms);
    for token in &reading.tokens {
        let segment = &reading.transcript.segments[token.segment as usize];
        let has_times = segment.word_ranges().is_some_and(|ranges| !ranges.is_empty());
        let slack_ms = if has_times { SLACK_MS } else { SPREAD_SLACK_MS };
        let middle = u64::midpoint(token.start_ms, token.end_ms);
        let begun = elsewhere.partition_point(|span| span.start_ms <= middle + slack_ms);
        let at = |span: &&PiiSpan| middle <= span.end_ms + slack_ms;
        let Some(span) = elsewhere[..begun].iter().rev().take(NEAR_MAX).find(at) else { continue };
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

fn looks_like_data(token: &Token, text: &str) -> bool {
    let raw = &text[token.bytes.clone()];
    raw.contains('@') || raw.bytes().any(|byte| byte.is_ascii_digit()) || super::digits::is_number(&token.folded)
}

/// In their order, those of one kind that follow each other word by word as one, and none over another.
fn joined(mut spans: Vec<PiiSpan>) -> Vec<PiiSpan> {
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
    let sign = format!("[{}]", span.kind);
    let (from, to) = (span.from as usize, span.to as usize);
    // Punctuation behind the last word stays.
    let kept = segment.text.get(from..to).map(|text| {
        let bare = text.trim_end_matches(PUNCTUATION);
        text[bare.len()..].to_owned()
    });
    let Some(kept) = kept else { return };
    let has_words = segment.word_ranges().is_some_and(|ranges| !ranges.is_empty());
    segment.text.replace_range(from..to, &format!("{sign}{kept}"));
    let (first, last) = (span.first_word as usize, span.last_word as usize);
    if !has_words {
        // Words that are not those of the text cannot be told apart: none is better than a leak.
        segment.words.clear();
    } else if let Some(words) = segment.words.get(first..=last) {
        let probability = words.iter().map(|word| word.probability).fold(1.0, f32::min);
        let word = Word { word: sign + &kept, start_ms: span.start_ms, end_ms: span.end_ms, probability };
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
