//! Words and phrases a call keeps coming back to, with the first place of each.
//!
//! A counter of our own: extractors for prose go by capitals and by what stands first, and on the telephone that is the
//! company and who speaks. Of 20 calls with labels (`tests/understand/topics.rs`) one of them, YAKE, with its best settings
//! and the same stop words, had one topic of five right where this has every other.

use std::collections::{BTreeMap, BTreeSet};

use super::Spoken;
use super::stop_words::StopWords;
use crate::call::Keyword;

/// Keywords of a call.
const KEYWORDS_MAX: usize = 12;
/// Times a word must be said to stand out.
const COUNT_MIN: u32 = 2;
/// A name must be said so many times as often as another word: who speaks is named in every call.
const NAME_COUNTS: u64 = 4;

struct Found {
    count: u32,
    /// Sentence and its first time.
    first: usize,
    /// Tenths of the call in which it comes up: what a call is about comes up all over.
    tenths: BTreeSet<usize>,
}

/// Phrases of two neighbours that were said again, then single words that are in none of them; most telling first.
pub(super) fn keywords(sentences: &[Spoken<'_>], counts: &BTreeMap<&str, u32>, stop_words: &StopWords) -> Vec<Keyword> {
    let mut phrases: BTreeMap<Vec<&str>, Found> = BTreeMap::new();
    let mut singles: BTreeMap<&str, Found> = BTreeMap::new();
    let tenth = |at: usize| at * 10 / sentences.len().max(1);
    let empty = |first| Found { count: 0, first, tenths: BTreeSet::new() };
    for (at, sentence) in sentences.iter().enumerate() {
        let words: Vec<&str> = sentence.words.iter().map(String::as_str).collect();
        let pairs = words.windows(2).filter(|pair| pair.iter().all(|word| stop_words.is_topic(word)));
        let joined = words.windows(3).filter(|three| {
            stop_words.is_topic(three[0]) && stop_words.is_joint(three[1]) && stop_words.is_topic(three[2])
        });
        for phrase in pairs.chain(joined) {
            let found = phrases.entry(phrase.to_vec()).or_insert_with(|| empty(at));
            found.count += 1;
            found.tenths.insert(tenth(at));
        }
        for word in words.into_iter().filter(|word| stop_words.is_topic(word)) {
            let found = singles.entry(word).or_insert_with(|| empty(at));
            found.tenths.insert(tenth(at));
        }
    }
    phrases.retain(|_, found| found.count >= COUNT_MIN);
    let covered: BTreeSet<&str> = phrases.keys().flatten().copied().collect();
    let mut all: Vec<(String, Found)> = phrases.into_iter().map(|(words, found)| (words.join(" "), found)).collect();
    all.extend(singles.into_iter().filter_map(|(word, found)| {
        let count = counts.get(word).copied().unwrap_or(0);
        (count >= COUNT_MIN && !covered.contains(word)).then(|| (word.to_owned(), Found { count, ..found }))
    }));
    let names = names(sentences, stop_words);
    let weight = |text: &str, found: &Found| {
        let weight = u64::from(found.count) * (4 + found.tenths.len() as u64) * NAME_COUNTS;
        if text.split(' ').any(|word| names.contains(word)) { weight / NAME_COUNTS } else { weight }
    };
    all.sort_by_key(|(text, found)| (std::cmp::Reverse(weight(text, found)), text.matches(' ').count() == 0));
    all.truncate(KEYWORDS_MAX);
    let told = |(text, found): (String, Found)| Keyword {
        text,
        count: found.count,
        segment: sentences[found.first].segment,
        start_ms: sentences[found.first].start_ms,
    };
    all.into_iter().map(told).collect()
}

/// Words that begin with a capital wherever they are not first in their sentence. Of none in a language that writes all its
/// nouns so.
fn names(sentences: &[Spoken<'_>], stop_words: &StopWords) -> BTreeSet<String> {
    if stop_words.has_capital_nouns() {
        return BTreeSet::new();
    }
    let (mut names, mut others) = (BTreeSet::new(), BTreeSet::new());
    for word in sentences.iter().flat_map(|sentence| sentence.text.split_whitespace().skip(1)) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let mut letters = bare.chars();
        let (is_capital, rest) = (letters.next().is_some_and(char::is_uppercase), letters.as_str());
        // What is all capitals is an abbreviation, and those are often what a call is about.
        let is_name = is_capital && rest.chars().any(char::is_lowercase);
        if is_name {
            names.insert(bare.to_lowercase())
        } else {
            others.insert(bare.to_lowercase())
        };
    }
    names.retain(|name| !others.contains(name));
    names
}
