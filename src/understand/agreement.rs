//! Two transcripts of one call, word against word: how far they agree, and where they really differ.
//!
//! Pure. Words are compared as [`wer`](super::wer) spells them, so punctuation, case and the spelling of numbers as digits
//! never count. The comparison goes through the call in stretches of time, since both sides have times: a call of hours
//! costs no more memory than one of minutes.

use std::ops::Range;

use super::wer::normalised_words;
use crate::call::{Agreement, Dispute, Transcript};

/// Version of the rules: raised when the same two transcripts would agree otherwise.
pub const RULES_VERSION: u32 = 1;

/// Words of ours compared at once. The table of a stretch has the square of it.
const STRETCH_WORDS: usize = 300;
/// How far the other side's times may be off, in ms: providers round to seconds.
const SLACK_MS: u64 = 2_000;
/// The same where theirs have no times and are spread evenly: people do not speak evenly.
const SPREAD_SLACK_MS: u64 = 60_000;
/// Words of theirs that one stretch of ours is held against at most, so that the work stays bounded whatever the times say.
const REST_WORDS_MAX: usize = 4 * STRETCH_WORDS;
/// Disputes kept: a transcript with more of them is another call's.
const DISPUTES_MAX: usize = 200;
/// A difference in words shorter than this is one of hearing, not of meaning ("a", "the", "uh").
const WORD_CHARS_MIN: usize = 4;

/// A word as it is compared.
#[derive(Debug, Clone)]
struct Said {
    word: String,
    start_ms: u64,
    end_ms: u64,
}

/// Compares our transcript with the provider's.
pub fn compare(ours: &Transcript, theirs: &Transcript) -> Agreement {
    let (ours, mut theirs) = (words(ours), words(theirs));
    let slack_ms = if has_times(&theirs) { SLACK_MS } else { spread(&mut theirs, &ours) };
    let mut matched = 0;
    let mut disputes = Vec::new();
    let mut taken = 0;
    let mut stretches = ours.chunks(STRETCH_WORDS).peekable();
    while let Some(stretch) = stretches.next() {
        let end = match stretches.peek().and_then(|next| next.first()) {
            Some(next) => theirs[taken..].iter().position(|said| said.start_ms > next.start_ms + slack_ms),
            None => None,
        };
        let is_last = stretches.peek().is_none();
        let count = end.unwrap_or(theirs.len() - taken).min(REST_WORDS_MAX);
        let rest = &theirs[taken..taken + count];
        let aligned = align(stretch, rest, is_last);
        matched += aligned.matched;
        disputes.extend(aligned.disputes);
        taken += aligned.used;
    }
    if ours.is_empty() {
        disputes.extend(dispute(&[], 0..0, &theirs, 0..theirs.len()));
    }
    disputes.truncate(DISPUTES_MAX);
    let all = ours.len().max(theirs.len());
    let score = if all == 0 { 1.0 } else { matched as f32 / all as f32 };
    Agreement { score, disputes, rules_version: RULES_VERSION }
}

fn has_times(words: &[Said]) -> bool {
    words.first().zip(words.last()).is_some_and(|(first, last)| last.end_ms > first.start_ms)
}

/// A transcript without times is taken to run evenly along ours. Answers how far off that may be.
fn spread(theirs: &mut [Said], ours: &[Said]) -> u64 {
    let (length, count) = (ours.last().map_or(0, |last| last.end_ms), theirs.len().max(1) as u64);
    for (at, said) in (0..).zip(theirs) {
        (said.start_ms, said.end_ms) = (length * at / count, length * (at + 1) / count);
    }
    SPREAD_SLACK_MS
}

/// All words by time, each as one or more compared words ("5550123" is seven).
fn words(transcript: &Transcript) -> Vec<Said> {
    let mut words: Vec<Said> = Vec::new();
    for segment in &transcript.segments {
        if segment.words.is_empty() {
            // A provider that tells no word times: spread over the segment.
            let said = normalised_words(&segment.text);
            let length = segment.end_ms.saturating_sub(segment.start_ms);
            let count = said.len().max(1) as u64;
            words.extend(said.into_iter().enumerate().map(|(at, word)| {
                let at = at as u64;
                let (start_ms, end_ms) =
                    (segment.start_ms + length * at / count, segment.start_ms + length * (at + 1) / count);
                Said { word, start_ms, end_ms }
            }));
        }
        for spoken in &segment.words {
            let said = normalised_words(&spoken.word).into_iter();
            words.extend(said.map(|word| Said { word, start_ms: spoken.start_ms, end_ms: spoken.end_ms }));
        }
    }
    words.sort_by_key(|said| said.start_ms);
    words
}

struct Aligned {
    matched: usize,
    disputes: Vec<Dispute>,
    /// Words of theirs that belong to this stretch.
    used: usize,
}

/// The longest common sequence of words. In a stretch that is not the last, what of theirs lies behind the last match is
/// left to the next.
fn align(ours: &[Said], theirs: &[Said], is_last: bool) -> Aligned {
    let width = theirs.len() + 1;
    let mut table = vec![0u16; (ours.len() + 1) * width];
    for (i, our) in ours.iter().enumerate().rev() {
        for (j, their) in theirs.iter().enumerate().rev() {
            table[i * width + j] = if our.word == their.word {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut matched) = (0, 0, 0);
    let mut disputes = Vec::new();
    let (mut from_i, mut from_j) = (0, 0);
    while i < ours.len() && j < theirs.len() {
        if ours[i].word == theirs[j].word {
            disputes.extend(dispute(ours, from_i..i, theirs, from_j..j));
            matched += 1;
            (i, j) = (i + 1, j + 1);
            (from_i, from_j) = (i, j);
        } else if table[(i + 1) * width + j] >= table[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    let used = if is_last { theirs.len() } else { from_j };
    disputes.extend(dispute(ours, from_i..ours.len(), theirs, from_j..used));
    Aligned { matched, disputes, used }
}

/// What lies between two matches, when words that matter are in it.
fn dispute(ours: &[Said], our: Range<usize>, theirs: &[Said], their: Range<usize>) -> Option<Dispute> {
    let (mine, other) = (&ours[our.clone()], &theirs[their]);
    let matters = |said: &Said| said.word.chars().count() >= WORD_CHARS_MIN || said.word.chars().all(char::is_numeric);
    if !mine.iter().chain(other).any(matters) {
        return None;
    }
    let text = |words: &[Said]| words.iter().map(|said| said.word.as_str()).collect::<Vec<_>>().join(" ");
    let before_ms = our.start.checked_sub(1).and_then(|at| ours.get(at)).map_or(0, |said| said.end_ms);
    let (start_ms, end_ms) = match (mine.first(), mine.last(), other.first(), other.last()) {
        (Some(first), Some(last), ..) => (first.start_ms, last.end_ms),
        (None, None, Some(first), Some(last)) => (first.start_ms.max(before_ms), last.end_ms.max(before_ms)),
        _ => (before_ms, before_ms),
    };
    Some(Dispute { start_ms, end_ms, ours: text(mine), theirs: text(other) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Segment, TranscriptSource, Word};

    fn transcript(text: &str) -> Transcript {
        let words: Vec<Word> = text
            .split(' ')
            .enumerate()
            .map(|(at, word)| Word {
                word: word.to_owned(),
                start_ms: at as u64 * 400,
                end_ms: at as u64 * 400 + 300,
                probability: 1.0,
            })
            .collect();
        let segment = Segment {
            channel: 0,
            speaker: "agent".into(),
            start_ms: 0,
            end_ms: words.len() as u64 * 400,
            text: text.to_owned(),
            words,
            avg_logprob: 0.0,
            no_speech_prob: 0.0,
        };
        Transcript::new(TranscriptSource::Local, "test", vec![segment])
    }

    #[test]
    fn the_same_words_in_another_spelling_agree() {
        let agreement =
            compare(&transcript("My number is 555-0123, thanks."), &transcript("my number is 5550123 thanks"));
        assert_eq!(agreement, Agreement { score: 1.0, disputes: vec![], rules_version: RULES_VERSION });
    }

    #[test]
    fn only_words_that_matter_are_disputed_with_the_second_they_were_said_at() {
        let agreement = compare(
            &transcript("I was charged two hundred dollars for a refund"),
            &transcript("I was charged two thousand dollars for the refund"),
        );
        assert_eq!(agreement.score, 7.0 / 9.0);
        let dispute = Dispute { start_ms: 1600, end_ms: 1900, ours: "hundred".into(), theirs: "thousand".into() };
        assert_eq!(agreement.disputes, [dispute]);
    }

    #[test]
    fn a_long_call_is_compared_to_its_end() {
        let text: Vec<String> = (0..2000).map(|n| format!("word{n}x")).collect();
        let mut other = text.clone();
        other[1500] = "another".into();
        let agreement = compare(&transcript(&text.join(" ")), &transcript(&other.join(" ")));
        assert!(agreement.score > 0.999 - 0.001, "{}", agreement.score);
        assert_eq!(agreement.disputes.len(), 1, "{:?}", agreement.disputes);
    }

    #[test]
    fn nothing_against_something_is_one_dispute() {
        let empty = Transcript { segments: vec![], ..transcript("x") };
        let agreement = compare(&empty, &transcript("please call back"));
        assert_eq!((agreement.score, agreement.disputes.len()), (0.0, 1));
        assert_eq!(compare(&empty, &empty).score, 1.0);
    }
}
