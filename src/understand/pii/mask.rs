//! A transcript without the personal data in it: what was said is replaced by its kind, `[card]`, in texts and in words.

use crate::call::{PiiKind, PiiSpan, Segment, Suspect, Transcript, Word};

use super::Pii;

/// The transcript with these kinds masked, suspects too. Finds them itself, so that it needs no earlier step.
pub fn masked(transcript: &Transcript, kinds: &[PiiKind], pii: &Pii) -> Transcript {
    if kinds.is_empty() {
        return transcript.clone();
    }
    let published = with_spans(&transcript.segments, &pii.find(transcript), kinds);
    let set_aside = Transcript {
        segments: transcript.suspects.iter().map(|suspect| suspect.segment.clone()).collect(),
        suspects: Vec::new(),
        ..transcript.clone()
    };
    let spans = pii.find(&set_aside);
    let suspects = with_spans(&set_aside.segments, &spans, kinds)
        .into_iter()
        .zip(&transcript.suspects)
        .map(|(segment, suspect)| Suspect { segment, reasons: suspect.reasons.clone() })
        .collect();
    Transcript { segments: published, suspects, ..transcript.clone() }
}

fn with_spans(segments: &[Segment], spans: &[PiiSpan], kinds: &[PiiKind]) -> Vec<Segment> {
    let mut masked = segments.to_vec();
    // From the last to the first, so that what stands before keeps its place.
    for span in spans.iter().rev().filter(|span| kinds.contains(&span.kind)) {
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
        let bare = text.trim_end_matches(['.', ',', '?', '!', ';', ':']);
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
