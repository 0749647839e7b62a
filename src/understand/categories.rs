//! Categories: which of the operator's rules a call meets, and where. Phrases said or not said, by a party, in a stretch of
//! the call, near each other; as written, or as a recogniser may have misheard them.
//!
//! Pure. Rules come checked from the configuration and are folded once; a call is read once for all of them. What a hit
//! leads to is for others to say: [`crate::call::CategoryResult`] is what alerts are made of.

use std::collections::HashMap;

use super::fold::fold_phrase;
use super::parties::{self, Role};
use super::reading::Reading;
use crate::call::{CategoryHit, CategoryResult, CategoryRule};

/// Hits kept of one rule: enough to listen to.
const HITS_MAX: usize = 20;
/// Words must have so many letters for one, and for two of them to be wrong.
const ONE_EDIT_LETTERS: usize = 4;
const TWO_EDITS_LETTERS: usize = 8;
/// Of a phrase's words so many may be misheard: every third.
const WORDS_PER_MISS: usize = 3;

/// The rules of the configuration, ready to be applied.
#[derive(Debug, Default)]
pub struct Categories {
    rules: Vec<Rule>,
    phrases: Vec<Phrase>,
    /// Each different word of the phrases, by its number.
    vocabulary: Vec<Term>,
}

#[derive(Debug)]
struct Rule {
    of: CategoryRule,
    any: Vec<usize>,
    all: Vec<usize>,
    near: Vec<usize>,
}

#[derive(Debug)]
struct Phrase {
    as_written: String,
    /// Numbers in the vocabulary.
    words: Vec<usize>,
    fuzzy: bool,
}

#[derive(Debug)]
struct Term {
    word: String,
    letters: usize,
}

/// A phrase found: its first and last word.
#[derive(Debug, Clone, Copy)]
struct Place {
    first: usize,
    last: usize,
}

impl Categories {
    /// Folds the rules.
    pub fn of(rules: &[CategoryRule]) -> Self {
        let mut categories = Self::default();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for rule in rules {
            let mut take = |phrases: &[String]| {
                phrases.iter().map(|phrase| categories.phrase(phrase, rule.fuzzy, &mut numbers)).collect()
            };
            let (any, all, near) = (take(&rule.any), take(&rule.all), take(&rule.near));
            categories.rules.push(Rule { of: rule.clone(), any, all, near });
        }
        categories
    }

    fn phrase(&mut self, as_written: &str, fuzzy: bool, numbers: &mut HashMap<String, usize>) -> usize {
        let number = |word: String| {
            *numbers.entry(word.clone()).or_insert_with(|| {
                self.vocabulary.push(Term { letters: word.chars().count(), word });
                self.vocabulary.len() - 1
            })
        };
        let words = fold_phrase(as_written).into_iter().map(number).collect();
        self.phrases.push(Phrase { as_written: as_written.to_owned(), words, fuzzy });
        self.phrases.len() - 1
    }

    /// What came of each rule that is for the call's language, in the order of the configuration.
    pub(super) fn apply(&self, reading: &Reading<'_>) -> Vec<CategoryResult> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let found = self.find(reading);
        let roles = parties::roles(reading);
        let is_for = |rule: &&Rule| {
            let languages = &rule.of.languages;
            languages.is_empty() || reading.transcript.language.as_ref().is_some_and(|own| languages.contains(own))
        };
        self.rules.iter().filter(is_for).map(|rule| self.result(rule, reading, &found, &roles)).collect()
    }

    fn result(
        &self,
        rule: &Rule,
        reading: &Reading<'_>,
        found: &[Vec<Place>],
        roles: &[Option<Role>],
    ) -> CategoryResult {
        let counts = |place: &Place| is_in_window(rule, reading, place) && is_by_party(rule, reading, place, roles);
        let places = |phrase: &usize| -> Vec<(usize, Place)> {
            found[*phrase].iter().filter(|place| counts(place)).map(|place| (*phrase, *place)).collect()
        };
        let any: Vec<(usize, Place)> = rule.any.iter().flat_map(places).collect();
        let all: Vec<Vec<(usize, Place)>> = rule.all.iter().map(places).collect();
        let near: Vec<Vec<(usize, Place)>> = rule.near.iter().map(places).collect();
        let is_all = all.iter().all(|places| !places.is_empty());
        let together = near_each_other(&near, u64::from(rule.of.near_s) * 1000, reading);
        let is_said = (rule.any.is_empty() || !any.is_empty()) && is_all && (near.is_empty() || !together.is_empty());
        let mut hits: Vec<(usize, Place)> = Vec::new();
        if is_said {
            hits.extend(any);
            hits.extend(all.into_iter().flatten());
            hits.extend(together);
        }
        hits.sort_by_key(|(_, place)| (place.first, place.last));
        hits.dedup_by_key(|(_, place)| (place.first, place.last));
        hits.truncate(HITS_MAX);
        let hits = hits.into_iter().map(|(phrase, place)| self.hit(phrase, place, reading)).collect();
        let CategoryRule { name, absent, alert, .. } = &rule.of;
        CategoryResult { name: name.clone(), matched: is_said != *absent, absent: *absent, hits, alert: *alert }
    }

    fn hit(&self, phrase: usize, place: Place, reading: &Reading<'_>) -> CategoryHit {
        let (first, last) = (&reading.tokens[place.first], &reading.tokens[place.last]);
        CategoryHit {
            phrase: self.phrases[phrase].as_written.clone(),
            words: reading.text_between(place.first, place.last),
            speaker: reading.speaker(first.segment).to_owned(),
            segment: first.segment,
            start_ms: first.start_ms,
            end_ms: last.end_ms.max(first.start_ms),
        }
    }

    /// Where each phrase is said, whoever says it and whenever: each different word of the call is compared with the
    /// vocabulary once, the rest is numbers.
    fn find(&self, reading: &Reading<'_>) -> Vec<Vec<Place>> {
        let has_fuzzy = self.phrases.iter().any(|phrase| phrase.fuzzy);
        let mut heard: HashMap<&str, usize> = HashMap::new();
        let mut likes: Vec<Like> = Vec::new();
        // Phrases run over the words of one speaker, as they follow each other; what is all punctuation is no word.
        let mut voices: Vec<Vec<(usize, usize)>> = vec![Vec::new(); reading.speakers.len()];
        for (at, token) in reading.tokens.iter().enumerate().filter(|(_, token)| !token.folded.is_empty()) {
            let like = *heard.entry(token.folded.as_str()).or_insert_with(|| {
                likes.push(self.like(&token.folded, has_fuzzy));
                likes.len() - 1
            });
            voices[reading.speaker_of[token.segment as usize]].push((at, like));
        }
        let mut by_first: Vec<Vec<usize>> = vec![Vec::new(); self.vocabulary.len()];
        for (number, phrase) in self.phrases.iter().enumerate() {
            // A fuzzy phrase may be misheard in its first word; then it is found by its second.
            let openings = if phrase.fuzzy && phrase.words.len() >= WORDS_PER_MISS { 2 } else { 1 };
            for word in phrase.words.iter().take(openings) {
                by_first[*word].push(number);
            }
        }
        let mut found = vec![Vec::new(); self.phrases.len()];
        for voice in &voices {
            for (at, (_, like)) in voice.iter().enumerate() {
                for term in likes[*like].exact.iter().chain(&likes[*like].close) {
                    for number in &by_first[*term] {
                        self.try_at(*number, *term, voice, at, &likes, &mut found[*number]);
                    }
                }
            }
        }
        for places in &mut found {
            places.sort_by_key(|place: &Place| (place.first, place.last));
            places.dedup_by_key(|place| (place.first, place.last));
        }
        found
    }

    /// Tries one phrase whose word `term` stands at `at`.
    fn try_at(
        &self,
        number: usize,
        term: usize,
        voice: &[(usize, usize)],
        at: usize,
        likes: &[Like],
        found: &mut Vec<Place>,
    ) {
        let phrase = &self.phrases[number];
        let misses_max = if phrase.fuzzy { phrase.words.len() / WORDS_PER_MISS } else { 0 };
        for (offset, _) in phrase.words.iter().enumerate().take(2).filter(|(_, word)| **word == term) {
            let Some(start) = at.checked_sub(offset) else { continue };
            let Some(window) = voice.get(start..start + phrase.words.len()) else { continue };
            let mut misses = 0;
            for ((_, like), word) in window.iter().zip(&phrase.words) {
                let like = &likes[*like];
                let fits = like.exact == Some(*word) || (phrase.fuzzy && like.close.contains(word));
                misses += usize::from(!fits);
                if misses > misses_max {
                    break;
                }
            }
            if let (true, Some((first, _)), Some((last, _))) = (misses <= misses_max, window.first(), window.last()) {
                found.push(Place { first: *first, last: *last });
            }
        }
    }

    /// Which words of the vocabulary a heard word is, or may be.
    fn like(&self, heard: &str, has_fuzzy: bool) -> Like {
        let exact = self.vocabulary.iter().position(|term| term.word == heard);
        let letters = heard.chars().count();
        let is_close = |term: &Term| {
            let edits = match term.letters {
                TWO_EDITS_LETTERS.. => 2,
                ONE_EDIT_LETTERS.. => 1,
                _ => 0,
            };
            edits > 0
                && term.letters.abs_diff(letters) <= edits
                && term.word != heard
                && strsim::damerau_levenshtein(&term.word, heard) <= edits
        };
        let close = if has_fuzzy {
            let close = self.vocabulary.iter().enumerate().filter(|(_, term)| is_close(term));
            close.map(|(number, _)| number).collect()
        } else {
            Vec::new()
        };
        Like { exact, close }
    }
}

/// What a heard word is in the vocabulary.
struct Like {
    exact: Option<usize>,
    close: Vec<usize>,
}

fn is_in_window(rule: &Rule, reading: &Reading<'_>, place: &Place) -> bool {
    let start_ms = reading.tokens[place.first].start_ms;
    let first = rule.of.within_first_s.map(|seconds| start_ms < u64::from(seconds) * 1000);
    let last = rule
        .of
        .within_last_s
        .map(|seconds| start_ms.saturating_add(u64::from(seconds) * 1000) >= reading.transcript.duration_ms);
    match (first, last) {
        (Some(first), Some(last)) => first || last,
        (window, None) | (None, window) => window.unwrap_or(true),
    }
}

fn is_by_party(rule: &Rule, reading: &Reading<'_>, place: &Place, roles: &[Option<Role>]) -> bool {
    let Some(wanted) = &rule.of.party else { return true };
    let speaker = reading.speaker_of[reading.tokens[place.first].segment as usize];
    parties::is_party(reading.speakers[speaker], roles[speaker], wanted)
}

/// Places of all phrases that lie within `span_ms` of each other: for each place of the first phrase the nearest of each
/// other one.
fn near_each_other(near: &[Vec<(usize, Place)>], span_ms: u64, reading: &Reading<'_>) -> Vec<(usize, Place)> {
    let Some((firsts, others)) = near.split_first() else { return Vec::new() };
    let start = |place: &Place| reading.tokens[place.first].start_ms;
    let mut others = others.to_vec();
    for places in &mut others {
        // By place is nearly by time, but for two channels whose segments overlap.
        places.sort_by_key(|(_, place)| start(place));
    }
    let mut together = Vec::new();
    for anchor in firsts {
        let at = start(&anchor.1);
        let nearest = |places: &Vec<(usize, Place)>| {
            let next = places.partition_point(|(_, place)| start(place) < at);
            let sides = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|side| places.get(side));
            let nearest = sides.min_by_key(|(_, place)| start(place).abs_diff(at)).copied();
            nearest.filter(|(_, place)| start(place).abs_diff(at) <= span_ms)
        };
        let company: Option<Vec<(usize, Place)>> = others.iter().map(nearest).collect();
        let times = |company: &Vec<(usize, Place)>| company.iter().map(|(_, place)| start(place)).chain([at]).collect();
        let is_within = |company: &Vec<(usize, Place)>| {
            let times: Vec<u64> = times(company);
            times.iter().max().zip(times.iter().min()).is_some_and(|(last, first)| last - first <= span_ms)
        };
        if let Some(company) = company.filter(is_within) {
            together.push(*anchor);
            together.extend(company);
        }
        if together.len() > HITS_MAX {
            break;
        }
    }
    together
}
