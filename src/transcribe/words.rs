//! Tokens of a window to words at their place in the call, and words to segments.
//!
//! Voice activity tells exactly where speech begins and ends; where words begin inside it is found in the sound, see
//! [`align`]. No word lies in a pause, words never overlap, and times are times of the call, however much was cut out.
//!
//! Error of word starts on the sample calls in ms (328 words, miniature model, against the times that the synthesisers
//! give):
//!
//! | how | mean | median | 95 % under | within 100 ms |
//! |---|---|---|---|---|
//! | cross-attention, upper half of the layers | 287 | 236 | 802 | 26 % |
//! | cross-attention, the best of the eight heads | 282 | 192 | 878 | 30 % |
//! | in proportion to letters | 107 | 58 | 406 | 68 % |
//! | alignment by usual lengths and pauses alone | 66 | 52 | 183 | 76 % |
//! | alignment with the sound, voice not learnt | 32 | 14 | 141 | 93 % |
//! | **alignment with the sound** | 20 | 10 | 66 | 98 % |
//! | the same, guided by the miniature's cross-attention | 33 | 11 | 153 | 93 % |
//!
//! The miniature's heads do not follow the audio, so its engine gives no guide. Heads that do follow it help: with guides
//! made from the true starts, off by 60 ms (one standard deviation) and one in ten by up to 600 ms, 86 % of the guides
//! and 99 % of the words they led to were within 100 ms; with guides that are 80 ms late besides, 56 % and 97 %. With white
//! noise laid over the call 12 to 25 dB under the speech, the ends of speech known, 85 to 92 % were (without a guide).

mod align;
mod phones;
mod track;

use super::engine::{Decoded, Token};
use super::windows::{SAMPLES_PER_MS, Window};
use crate::call::{Language, Segment, Word};
use align::Script;
use track::Track;

/// A pause that ends a segment: longer than the breath between two sentences of one turn.
pub const SEGMENT_PAUSE_MS: u64 = 700;
/// Longest segment: what a reader takes in as one paragraph.
pub const SEGMENT_MS_MAX: u64 = 30_000;

/// Languages written without spaces: each token counts as a word there, as in the Whisper reference code.
const UNSPACED: [&str; 6] = ["zh", "ja", "th", "lo", "my", "yue"];

/// A word, and where in the window the recogniser heard it begin.
struct HeardWord {
    text: String,
    window_ms: Option<u64>,
    probability: f32,
}

/// The words of one window with call times. Empty when the window held none. `samples` are those of the window.
pub fn place(window: &Window, samples: &[f32], decoded: &Decoded, language: Option<&Language>) -> Vec<Word> {
    let words = join_tokens(&decoded.tokens, language.is_some_and(|l| UNSPACED.contains(&l.as_str())));
    if words.is_empty() || window.spans.is_empty() {
        return Vec::new();
    }
    let track = Track::new(window, samples);
    let script: Vec<Script> = words.iter().map(|word| expected(word, &track, language)).collect();
    let ranges = align::align(&track, &script).unwrap_or_else(|| track.spread(&lengths(&script)));
    let mut placed: Vec<Word> = words
        .into_iter()
        .zip(ranges)
        .map(|(word, range)| {
            let start_ms = track.start_ms(range.start);
            Word {
                word: word.text,
                start_ms,
                end_ms: track.end_ms(range.end).max(start_ms),
                probability: word.probability,
            }
        })
        .collect();
    pin_to_speech(&mut placed, window);
    placed
}

/// The first word of a stretch of speech begins where it begins, the last one ends where it ends: voice activity knows
/// these edges better than any alignment, fading endings most of all.
fn pin_to_speech(words: &mut [Word], window: &Window) {
    for span in &window.spans {
        let (from_ms, to_ms) = (span.start / SAMPLES_PER_MS, span.end.div_ceil(SAMPLES_PER_MS));
        let lies_inside = |word: &Word| (from_ms..to_ms).contains(&((word.start_ms + word.end_ms) / 2));
        if let Some(first) = words.iter_mut().find(|word| lies_inside(word)) {
            first.start_ms = from_ms;
        }
        if let Some(last) = words.iter_mut().rfind(|word| lies_inside(word)) {
            last.end_ms = to_ms;
        }
    }
}

fn expected(word: &HeardWord, track: &Track, language: Option<&Language>) -> Script {
    Script {
        phones: phones::phones(&word.text, language),
        break_after: phones::break_after(&word.text),
        guide: word.window_ms.map(|ms| track.boundary_at(ms)),
    }
}

/// How long each word usually takes, in ms.
fn lengths(script: &[Script]) -> Vec<f32> {
    script.iter().map(|word| word.phones.iter().map(|phone| phone.usual_ms).sum()).collect()
}

/// Joins tokens to words: a token that begins with a space begins a word.
fn join_tokens(tokens: &[Token], unspaced: bool) -> Vec<HeardWord> {
    let mut words: Vec<(Vec<u8>, Option<u64>, f32, u32)> = Vec::new();
    for token in tokens {
        // A token that continues a character of several bytes always joins.
        let continues = token.bytes.first().is_some_and(|byte| byte & 0xC0 == 0x80);
        let punctuation = std::str::from_utf8(&token.bytes)
            .is_ok_and(|text| !text.trim().is_empty() && text.trim().chars().all(|c| !c.is_alphanumeric()));
        // Letters and digits of the Latin script are spelt in several tokens in any language.
        let is_latin = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let spells_on = is_latin(token.bytes.first()) && is_latin(words.last().and_then(|word| word.0.last()));
        let begins = token.bytes.first() == Some(&b' ') || (unspaced && !continues && !punctuation && !spells_on);
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
        .map(|(bytes, start, sum, count)| HeardWord {
            text: String::from_utf8_lossy(&bytes).trim().to_owned(),
            window_ms: start,
            probability: (sum / count as f32).clamp(0.0, 1.0),
        })
        .filter(|word| !word.text.is_empty())
        .collect()
}

/// Words or pieces of text in a row, with a space between two of them unless their script is written without.
pub fn joined_text<'a>(pieces: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for piece in pieces {
        let is_spaced = |c: Option<char>| c.is_some_and(|c| !is_unspaced(c));
        if is_spaced(text.chars().next_back()) && is_spaced(piece.chars().next()) {
            text.push(' ');
        }
        text.push_str(piece);
    }
    text
}

/// Scripts that put no space between words: Thai, Lao, Burmese, kana, Han, and their punctuation.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{3000}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Punctuation that belongs to the word after it.
fn opens(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.trim().starts_with(['¿', '¡', '(', '[', '"', '“', '‘', '$', '€', '£']))
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
        segment.text = joined_text(segment.words.iter().map(|word| word.word.as_str()));
    }
    segments
}

#[cfg(test)]
mod tests;
