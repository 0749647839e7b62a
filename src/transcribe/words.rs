//! Tokens of a window to words at their place in the call, and words to segments.
//!
//! The recogniser tells roughly where a word begins; voice activity tells exactly where speech begins and ends. A word
//! is first given to the stretch of speech it overlaps most, then the words of a stretch are laid inside it, the first
//! at its start and the last at its end. So no word lies in a pause, however the alignment wanders, and times are times
//! of the call, however much was cut out.

use super::engine::{Decoded, Token};
use super::windows::{SAMPLES_PER_MS, Window};
use crate::call::{Language, Segment, Word};

/// A pause that ends a segment: longer than the breath between two sentences of one turn.
pub const SEGMENT_PAUSE_MS: u64 = 700;
/// Longest segment: what a reader takes in as one paragraph.
pub const SEGMENT_MS_MAX: u64 = 30_000;
/// Shortest time a word is given.
const WORD_MS_MIN: u64 = 40;

/// Languages written without spaces: each token counts as a word there, as in the Whisper reference code.
const UNSPACED: [&str; 6] = ["zh", "ja", "th", "lo", "my", "yue"];

/// A word with its rough start in the window.
struct RoughWord {
    text: String,
    start: Option<u64>,
    probability: f32,
}

/// The words of one window with call times. Empty when the window held none.
pub fn place(window: &Window, decoded: &Decoded, language: Option<&Language>) -> Vec<Word> {
    let words = join_tokens(&decoded.tokens, language.is_some_and(|l| UNSPACED.contains(&l.as_str())));
    if words.is_empty() || window.spans.is_empty() {
        return Vec::new();
    }
    let starts = rough_starts(&words, window);
    let owner = assign(&starts, window);
    let mut placed = Vec::with_capacity(words.len());
    for (index, span) in window.spans.iter().enumerate() {
        let range = range_of(&owner, index);
        lay_out(&words[range.clone()], &starts[range], span.start, span.end, window, &mut placed);
    }
    placed
}

/// Joins tokens to words: a token that begins with a space begins a word.
fn join_tokens(tokens: &[Token], unspaced: bool) -> Vec<RoughWord> {
    let mut words: Vec<(Vec<u8>, Option<u64>, f32, u32)> = Vec::new();
    for token in tokens {
        // A token that continues a character of several bytes always joins.
        let continues = token.bytes.first().is_some_and(|byte| byte & 0xC0 == 0x80);
        let punctuation = std::str::from_utf8(&token.bytes)
            .is_ok_and(|text| !text.trim().is_empty() && text.trim().chars().all(|c| !c.is_alphanumeric()));
        let begins = token.bytes.first() == Some(&b' ') || (unspaced && !continues && !punctuation);
        match words.last_mut() {
            Some(word) if !begins || (punctuation && !opens(&token.bytes)) => {
                word.0.extend_from_slice(&token.bytes);
                if !punctuation {
                    word.2 += token.probability;
                    word.3 += 1;
                }
            }
            _ => words.push((token.bytes.clone(), token.start_ms, token.probability, 1)),
        }
    }
    words
        .into_iter()
        .map(|(bytes, start, sum, count)| RoughWord {
            text: String::from_utf8_lossy(&bytes).trim().to_owned(),
            start: start.map(|ms| ms * SAMPLES_PER_MS),
            probability: (sum / count as f32).clamp(0.0, 1.0),
        })
        .filter(|word| !word.text.is_empty())
        .collect()
}

/// Punctuation that belongs to the word after it.
fn opens(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.trim().starts_with(['¿', '¡', '(', '[', '"', '“', '‘', '$', '€', '£']))
}

/// Rough starts in window samples: what the alignment said, made to rise; what it left out, spread by length.
fn rough_starts(words: &[RoughWord], window: &Window) -> Vec<u64> {
    let len = window.len();
    let letters: Vec<u64> = words.iter().map(|word| weight(&word.text)).collect();
    let total: u64 = letters.iter().sum::<u64>().max(1);
    let mut before = 0;
    let mut latest = 0;
    words
        .iter()
        .zip(&letters)
        .map(|(word, letters)| {
            let spread = len * before / total;
            before += letters;
            latest = word.start.unwrap_or(spread).clamp(latest, len);
            latest
        })
        .collect()
}

/// How long a word takes to say, in letters; digits are said as words.
fn weight(text: &str) -> u64 {
    text.chars().map(|c| if c.is_ascii_digit() { 4 } else { u64::from(c.is_alphanumeric()) }).sum::<u64>() + 1
}

/// Which stretch of speech each word belongs to: the one its time overlaps most, never an earlier one than the word before.
fn assign(starts: &[u64], window: &Window) -> Vec<usize> {
    let spans: Vec<(u64, u64)> =
        window.spans.iter().map(|span| (window.to_window(span.start), window.to_window(span.end))).collect();
    let mut owners = Vec::with_capacity(starts.len());
    let mut earliest = 0;
    for (index, &start) in starts.iter().enumerate() {
        let end = starts[index + 1..].iter().copied().find(|&next| next > start).unwrap_or(window.len());
        let overlap = |&(from, to): &(u64, u64)| end.min(to).saturating_sub(start.max(from));
        let best = (earliest..spans.len()).rev().max_by_key(|&i| overlap(&spans[i])).unwrap_or(earliest);
        earliest = best;
        owners.push(best);
    }
    owners
}

fn range_of(owners: &[usize], span: usize) -> std::ops::Range<usize> {
    owners.partition_point(|&owner| owner < span)..owners.partition_point(|&owner| owner <= span)
}

/// Lays the words of one stretch of speech inside it.
fn lay_out(words: &[RoughWord], starts: &[u64], from: u64, to: u64, window: &Window, placed: &mut Vec<Word>) {
    let Some(count) = u64::try_from(words.len()).ok().filter(|count| *count > 0) else { return };
    let (from_ms, to_ms) = (from / SAMPLES_PER_MS, to.div_ceil(SAMPLES_PER_MS));
    let word_min = WORD_MS_MIN.min((to_ms - from_ms) / count);
    let offset = window.to_window(from);
    let mut edges: Vec<u64> = vec![from_ms];
    for (index, &start) in starts.iter().enumerate().skip(1) {
        let rough = from_ms + start.saturating_sub(offset) / SAMPLES_PER_MS;
        let rest = (count - index as u64) * word_min;
        let lowest = edges[index - 1] + word_min;
        edges.push(rough.clamp(lowest, (to_ms - rest).max(lowest)));
    }
    edges.push(to_ms);
    for (word, edge) in words.iter().zip(edges.windows(2)) {
        placed.push(Word {
            word: word.text.clone(),
            start_ms: edge[0],
            end_ms: edge[1].max(edge[0]),
            probability: word.probability,
        });
    }
}

/// Groups the words of one window into segments at pauses.
pub fn segments(window: &Window, words: Vec<Word>, decoded: &Decoded, speaker: &str) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for word in words {
        let joins = segments.last().is_some_and(|segment| {
            word.start_ms.saturating_sub(segment.end_ms) < SEGMENT_PAUSE_MS
                && word.end_ms - segment.start_ms <= SEGMENT_MS_MAX
        });
        match segments.last_mut().filter(|_| joins) {
            Some(segment) => {
                segment.end_ms = word.end_ms;
                segment.words.push(word);
            }
            None => segments.push(Segment {
                channel: window.channel,
                speaker: speaker.to_owned(),
                start_ms: word.start_ms,
                end_ms: word.end_ms,
                text: String::new(),
                words: vec![word],
                avg_logprob: decoded.avg_logprob(),
                no_speech_prob: decoded.no_speech_prob,
            }),
        }
    }
    for segment in &mut segments {
        let texts: Vec<&str> = segment.words.iter().map(|word| word.word.as_str()).collect();
        segment.text = texts.join(" ");
    }
    segments
}
