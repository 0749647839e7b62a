//! Holds what a model says against the call, by words: a sentence is backed when the segments named with it, or else others,
//! hold enough of its words, and when the call holds every number, day and name in it.
//!
//! That finds what was made up. It does not find what was turned around: "refused" for "granted" is one word of several.

use std::collections::{BTreeMap, BTreeSet};

use super::super::language;
use super::super::reading::Reading;
use super::super::summary::StopWords;
use super::answer::{ActionClaim, Claim, Draft};
use super::terms::{Terms, alike, bare, date, numbers, value};
use super::{Account, ITEMS_MAX, POINTS_MAX, SENTENCES_MAX, TOPICS_MAX};
use crate::call::{ActionItem, Language, Question, SummarySentence, Transcript};

/// Share of a sentence's words that the segments named with it must hold.
const NAMED_SHARE_MIN: f64 = 0.34;
/// The same where no good segment was named: what is looked up in a whole call is found sooner by chance.
const FOUND_SHARE_MIN: f64 = 0.5;
/// Segments that together back a sentence which names none.
const FOUND_SEGMENTS_MAX: usize = 4;
/// Digits from which a number may be said in pieces.
const DIGITS_MIN: usize = 3;
/// Confidence from which an answer counts as written in another language than it should be.
const OTHER_LANGUAGE_MIN: f32 = 0.9;

/// Where a claim is backed.
struct Place {
    segment: u32,
    segments: Vec<u32>,
    supported: bool,
}

/// The language an answer is in, when that is sure and another than `wanted`.
pub fn other_language(draft: &Draft, wanted: Option<&Language>) -> Option<Language> {
    let texts: Vec<&str> = draft.summary.iter().chain(&draft.points).map(|claim| claim.text.as_str()).collect();
    let guess = language::detect(&texts.join(" "), &[])?;
    (guess.confidence >= OTHER_LANGUAGE_MIN && Some(&guess.language) != wanted && wanted.is_some())
        .then_some(guess.language)
}

/// What of a draft the call backs, and where. `written` is the language the draft is in.
pub fn check(transcript: &Transcript, draft: Draft, written: Option<&Language>) -> Account {
    let spoken = Spoken::of(transcript, written);
    let sentences = |claims: Vec<Claim>, count_max| {
        claims.into_iter().take(count_max).map(|claim| spoken.sentence(claim)).collect::<Vec<_>>()
    };
    Account {
        summary: sentences(draft.summary, SENTENCES_MAX),
        points: sentences(draft.points, POINTS_MAX),
        action_items: draft.action_items.into_iter().take(ITEMS_MAX).map(|action| spoken.action(action)).collect(),
        open_questions: draft.open_questions.into_iter().take(ITEMS_MAX).map(|claim| spoken.question(claim)).collect(),
        topics: spoken.topics(draft.topics),
        is_checked_by_half: !spoken.is_comparable,
    }
}

/// A call as claims are looked up in it.
struct Spoken<'t> {
    transcript: &'t Transcript,
    /// Words by their first letter, each with the segments that hold it.
    words: BTreeMap<char, BTreeMap<String, BTreeSet<u32>>>,
    /// Each number with the segments that hold it.
    numbers: BTreeMap<String, BTreeSet<u32>>,
    /// All digits of a segment in their order: long numbers are said in pieces.
    digits: Vec<String>,
    /// Each day and month with the segments that hold it.
    dates: BTreeMap<usize, BTreeSet<u32>>,
    speakers: BTreeSet<String>,
    stop_words: StopWords,
    has_names: bool,
    /// Claims and call are in one language, as far as anybody knows.
    is_comparable: bool,
}

impl<'t> Spoken<'t> {
    fn of(transcript: &'t Transcript, written: Option<&Language>) -> Self {
        let reading = Reading::of(transcript);
        let is_comparable = match (written, &transcript.language) {
            (Some(written), Some(spoken)) => written == spoken,
            _ => true,
        };
        let mut spoken = Self {
            transcript,
            words: BTreeMap::new(),
            numbers: BTreeMap::new(),
            digits: vec![String::new(); transcript.segments.len()],
            dates: BTreeMap::new(),
            speakers: reading.speakers.iter().flat_map(|name| name.split_whitespace().map(bare)).collect(),
            stop_words: StopWords::of(written.or(transcript.language.as_ref())),
            // In German every noun has a capital letter.
            has_names: written.is_none_or(|language| language.as_str() != "de"),
            is_comparable,
        };
        for token in &reading.tokens {
            let word = bare(&token.folded);
            if let Some(row) = date(&word) {
                spoken.dates.entry(row).or_default().insert(token.segment);
            }
            let digits = &mut spoken.digits[token.segment as usize];
            match value(&word).filter(|value| *value < 10) {
                Some(value) => digits.push_str(&value.to_string()),
                None => digits.extend(word.chars().filter(char::is_ascii_digit)),
            }
            if let Some(first) = word.chars().next() {
                let places = spoken.words.entry(first).or_default();
                places.entry(word).or_default().insert(token.segment);
            }
        }
        for (at, segment) in (0..).zip(&transcript.segments) {
            for number in numbers(&segment.text, false) {
                spoken.numbers.entry(number).or_default().insert(at);
            }
        }
        spoken
    }

    /// The segments where a word is said, in any form.
    fn places(&self, word: &str) -> BTreeSet<u32> {
        let candidates = word.chars().next().and_then(|first| self.words.get(&first));
        let found = candidates.into_iter().flatten().filter(|(known, _)| alike(known, word));
        found.flat_map(|(_, places)| places).copied().collect()
    }

    /// The segments where a number is said, at once or digit by digit.
    fn places_of_number(&self, number: &str) -> BTreeSet<u32> {
        let is_long = number.len() >= DIGITS_MIN;
        let in_digits = (0..).zip(&self.digits).filter(|(_, digits)| is_long && digits.contains(number));
        let mut places: BTreeSet<u32> = in_digits.map(|(segment, _)| segment).collect();
        places.extend(self.numbers.get(number).into_iter().flatten());
        places
    }

    /// Long ones may be said over several segments.
    fn knows_number(&self, number: &str) -> bool {
        let is_long = number.len() >= DIGITS_MIN;
        !self.places_of_number(number).is_empty() || (is_long && self.digits.concat().contains(number))
    }

    /// Every number, day and name is one of the call's.
    fn holds_up(&self, terms: &Terms) -> bool {
        let is_name = |name: &String| self.speakers.contains(name) || !self.places(name).is_empty();
        terms.numbers.iter().all(|number| self.knows_number(number))
            && terms.dates.iter().all(|row| self.dates.contains_key(row))
            && terms.names.iter().all(is_name)
    }

    fn place(&self, text: &str, named: &[u32]) -> Place {
        let count = u32::try_from(self.transcript.segments.len()).unwrap_or(u32::MAX);
        let named: Vec<u32> = named.iter().copied().filter(|segment| *segment < count).collect();
        let terms = Terms::of(text, &self.stop_words, self.has_names);
        let words = terms.words.iter().chain(&terms.names).map(|word| self.places(word));
        let numbers = terms.numbers.iter().map(|number| self.places_of_number(number));
        let dates = terms.dates.iter().filter_map(|row| self.dates.get(row).cloned());
        let words: Vec<BTreeSet<u32>> = words.chain(numbers).chain(dates).collect();
        let nearest = |found: &[u32]| named.first().or(found.first()).copied().unwrap_or(0);
        let backed = |segments: Vec<u32>| Place { segment: segments[0], segments, supported: true };
        let (found, covered) = cover(&words);
        let nowhere = Place { segment: nearest(&found), segments: Vec::new(), supported: false };
        if !self.holds_up(&terms) {
            return nowhere;
        }
        if !self.is_comparable {
            return if named.is_empty() { nowhere } else { backed(named) };
        }
        let share = |hits: usize| hits as f64 / words.len().max(1) as f64;
        let hits = words.iter().filter(|places| named.iter().any(|segment| places.contains(segment))).count();
        if hits > 0 && share(hits) >= NAMED_SHARE_MIN {
            let says = |segment: &u32| words.iter().any(|places| places.contains(segment));
            return backed(named.iter().copied().filter(says).collect());
        }
        if covered > 0 && share(covered) >= FOUND_SHARE_MIN {
            return backed(found);
        }
        nowhere
    }

    fn start_ms(&self, segment: u32) -> u64 {
        self.transcript.segments.get(segment as usize).map_or(0, |segment| segment.start_ms)
    }

    fn sentence(&self, claim: Claim) -> SummarySentence {
        let Place { segment, segments, supported } = self.place(&claim.text, &claim.segments);
        SummarySentence { text: claim.text, segment, start_ms: self.start_ms(segment), segments, supported }
    }

    fn question(&self, claim: Claim) -> Question {
        let Place { segment, segments, supported } = self.place(&claim.text, &claim.segments);
        let speaker = self.transcript.segments.get(segment as usize).map(|segment| segment.speaker.clone());
        let (text, start_ms) = (claim.text, self.start_ms(segment));
        Question { text, speaker: speaker.unwrap_or_default(), segment, start_ms, segments, supported }
    }

    fn action(&self, action: ActionClaim) -> ActionItem {
        let ActionClaim { claim, who, what, when } = action;
        let all = [claim.text.as_str(), &what, when.as_deref().unwrap_or_default()].join(". ");
        let Place { segment, segments, supported } = self.place(&all, &claim.segments);
        // Somebody who is neither on the call nor spoken of cannot have promised anything.
        let is_known = |word: &str| {
            let word = bare(word);
            word.is_empty()
                || self.speakers.contains(&word)
                || Terms::is_telling(&word)
                || !self.stop_words.is_content(&word)
                || !self.places(&word).is_empty()
        };
        let supported = supported && who.split_whitespace().all(is_known);
        let segments = if supported { segments } else { Vec::new() };
        let (text, start_ms) = (claim.text, self.start_ms(segment));
        ActionItem { text, who, what, when, segment, start_ms, segments, supported }
    }

    /// Topics are what was said: others are left out.
    fn topics(&self, topics: Vec<String>) -> Vec<String> {
        let is_said = |topic: &String| {
            let words: Vec<String> = topic.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect();
            !words.is_empty() && words.iter().all(|word| !self.places(word).is_empty())
        };
        let mut kept: Vec<String> = Vec::new();
        for topic in topics.into_iter().map(|topic| topic.to_lowercase()).filter(is_said) {
            if kept.len() < TOPICS_MAX && !kept.contains(&topic) {
                kept.push(topic);
            }
        }
        kept
    }
}

/// The few segments that together hold most words, in order, and how many words they hold.
fn cover(words: &[BTreeSet<u32>]) -> (Vec<u32>, usize) {
    let mut open: Vec<&BTreeSet<u32>> = words.iter().collect();
    let mut chosen = Vec::new();
    while chosen.len() < FOUND_SEGMENTS_MAX {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for segment in open.iter().flat_map(|places| places.iter()) {
            *counts.entry(*segment).or_default() += 1;
        }
        let best = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
        let Some((segment, _)) = best else { break };
        chosen.push(segment);
        open.retain(|places| !places.contains(&segment));
    }
    chosen.sort_unstable();
    (chosen, words.len() - open.len())
}

/// One draft of several parts: what the merged one says, with what was promised and asked in any of them.
pub fn merged(parts: Vec<Draft>, merged: Draft) -> Draft {
    let mut whole = merged;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut is_new = |text: &str| seen.insert(text.split_whitespace().map(bare).collect::<Vec<_>>().join(" "));
    (whole.action_items, whole.open_questions) = (Vec::new(), Vec::new());
    for part in parts {
        whole.action_items.extend(part.action_items.into_iter().filter(|action| is_new(&action.claim.text)));
        whole.open_questions.extend(part.open_questions.into_iter().filter(|claim| is_new(&claim.text)));
    }
    whole
}
