//! A short account of a call: the few sentences that say most, word for word as they were spoken, and the words that
//! stand out. No model, no paraphrase; a sentence is chosen because it holds the words the call keeps coming back to.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::stop_words::StopWords;
use crate::call::{Insight, Segment, SummarySentence, Transcript};

/// Sentences in a summary: more is a transcript.
const SENTENCES_MAX: usize = 3;
/// Topics of a call.
const TOPICS_MAX: usize = 5;
/// Words below which a sentence says nothing by itself ("Yes, that is correct.").
const SENTENCE_WORDS_MIN: usize = 5;
/// Times a word must be said to stand out.
const TOPIC_COUNT_MIN: u32 = 2;
/// What a question weighs beside a statement, and a sentence with a courtesy beside one without: questions on the
/// telephone mostly ask for a name or a number, courtesies open and close.
const ASIDE_WEIGHT: f64 = 0.5;
/// What a word weighs that is said once; said again, it weighs its count.
const SINGLE_WORD_WEIGHT: f64 = 0.5;
/// Sentences weighed; a call of hours has a few thousand.
const SENTENCES_WEIGHED_MAX: usize = 20_000;

struct Sentence {
    text: String,
    segment: u32,
    start_ms: u64,
    words: Vec<String>,
}

/// Summarises the published words; empty when nothing was said. Suspects are not looked at.
pub fn summarise(transcript: &Transcript) -> Insight {
    let stop_words = StopWords::of(transcript.language.as_ref());
    let sentences: Vec<Sentence> = (0..)
        .zip(&transcript.segments)
        .flat_map(|(index, segment)| sentences(index, segment))
        .take(SENTENCES_WEIGHED_MAX)
        .collect();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for word in sentences.iter().flat_map(|sentence| &sentence.words).filter(|word| stop_words.is_content(word)) {
        *counts.entry(word).or_default() += 1;
    }
    Insight {
        summary: summary(&sentences, &counts, &stop_words),
        topics: topics(&sentences, &counts, &stop_words),
        ..Insight::default()
    }
}

/// A segment cut where a word ends a sentence; whole when its words are not found in its text.
fn sentences(index: u32, segment: &Segment) -> Vec<Sentence> {
    let sentence =
        |text: &str, start_ms| Sentence { text: text.trim().to_owned(), segment: index, start_ms, words: words(text) };
    let Some(ranges) = segment.word_ranges().filter(|ranges| !ranges.is_empty()) else {
        return vec![sentence(&segment.text, segment.start_ms)];
    };
    let mut out = Vec::new();
    let (mut from, mut first) = (0, 0);
    for (last, range) in ranges.iter().enumerate() {
        let ends = segment.words[last].word.ends_with(['.', '?', '!', '…', '。', '？', '！', '؟', '।']);
        if ends || last + 1 == ranges.len() {
            let to = if last + 1 == ranges.len() { segment.text.len() } else { range.end };
            out.push(sentence(&segment.text[from..to], segment.words[first].start_ms));
            (from, first) = (to, last + 1);
        }
    }
    out
}

fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

/// Picks the sentence with the most weight, then the next among what it did not already say. Words that were said often
/// weigh more; long sentences gain less from each word.
fn summary(sentences: &[Sentence], counts: &BTreeMap<&str, u32>, stop_words: &StopWords) -> Vec<SummarySentence> {
    let mut candidates: Vec<&Sentence> =
        sentences.iter().filter(|sentence| sentence.words.len() >= SENTENCE_WORDS_MIN).collect();
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let mut chosen: Vec<&Sentence> = Vec::new();
    while chosen.len() < SENTENCES_MAX {
        let weight = |sentence: &Sentence| {
            let words = || sentence.words.iter().map(String::as_str);
            let fresh: BTreeSet<&str> = words().filter(|word| !said.contains(word)).collect();
            let word_weight = |&count: &u32| if count > 1 { f64::from(count) } else { SINGLE_WORD_WEIGHT };
            let sum: f64 = fresh.iter().filter_map(|word| counts.get(word)).map(word_weight).sum();
            let is_question = sentence.text.ends_with(['?', '？', '؟']);
            let is_courtesy = words().any(|word| stop_words.is_courtesy(word));
            let asides = i32::from(is_question) + i32::from(is_courtesy);
            ASIDE_WEIGHT.powi(asides) * sum / (sentence.words.len() as f64).sqrt()
        };
        // The first of equals: what a call is about is usually said early.
        let best = candidates.iter().map(|sentence| weight(sentence)).enumerate();
        let Some((index, weight)) = best.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else { break };
        if weight <= 0.0 {
            break;
        }
        let sentence = candidates.remove(index);
        said.extend(sentence.words.iter().map(String::as_str));
        chosen.push(sentence);
    }
    chosen.sort_by_key(|sentence| (sentence.segment, sentence.start_ms));
    let told = |sentence: &Sentence| SummarySentence {
        text: sentence.text.clone(),
        segment: sentence.segment,
        start_ms: sentence.start_ms,
    };
    chosen.into_iter().map(told).collect()
}

/// Phrases of two neighbours that were said again, then single words that are in none of them; most often said first.
fn topics(sentences: &[Sentence], counts: &BTreeMap<&str, u32>, stop_words: &StopWords) -> Vec<String> {
    let mut phrases: BTreeMap<Vec<&str>, u32> = BTreeMap::new();
    for sentence in sentences {
        let words: Vec<&str> = sentence.words.iter().map(String::as_str).collect();
        let pairs = words.windows(2).filter(|pair| pair.iter().all(|word| stop_words.is_topic(word)));
        let joined = words.windows(3).filter(|three| {
            stop_words.is_topic(three[0]) && stop_words.is_joint(three[1]) && stop_words.is_topic(three[2])
        });
        for phrase in pairs.chain(joined) {
            *phrases.entry(phrase.to_vec()).or_default() += 1;
        }
    }
    phrases.retain(|_, count| *count >= TOPIC_COUNT_MIN);
    let covered: BTreeSet<&str> = phrases.keys().flatten().copied().collect();
    let single = counts
        .iter()
        .filter(|(word, count)| stop_words.is_topic(word) && **count >= TOPIC_COUNT_MIN && !covered.contains(**word));
    let mut topics: Vec<(u32, String)> = phrases.iter().map(|(words, count)| (*count, words.join(" "))).collect();
    topics.extend(single.map(|(word, count)| (*count, (*word).to_owned())));
    topics.sort_by_key(|(count, _)| Reverse(*count));
    topics.into_iter().take(TOPICS_MAX).map(|(_, topic)| topic).collect()
}
