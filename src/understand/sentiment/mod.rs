//! Sentiment, -1 to 1: how the call goes by the words people use. A lexicon for English and one for Spanish, negation,
//! words that make others more or less. No model: the same words give the same score, and every score has its words.
//!
//! Never guesses in other languages: there it is absent. It does not hear tone or irony.

mod english;
mod spanish;

use std::collections::HashSet;

use super::phrases::Phrases;
use super::reading::{Reading, Sentence};
use crate::call::{Language, PartySentiment, Sentiment, SentimentLabel, SentimentPoint};

/// Words before a word in which a negation or an intensity still is about it.
const REACH: usize = 3;
/// "Not good" is nearly as bad as "good" is good; "not bad" is hardly good.
const NEGATED_GOOD: f32 = -0.8;
const NEGATED_BAD: f32 = -0.5;
const MORE_FACTOR: f32 = 1.3;
const LESS_FACTOR: f32 = 0.6;
/// Of "It was slow, but it works" the second half counts.
const BEFORE_TURN: f32 = 0.6;
const AFTER_TURN: f32 = 1.4;
/// A question asks whether something is so.
const QUESTION_FACTOR: f32 = 0.5;
/// Bends sums into -1 to 1: a sum of this size squared gives 0.7.
const BEND: f32 = 6.0;
/// Sentences of a call that must speak before its score is taken at its word.
const DOUBT: f32 = 1.0;
/// Scores between these are neither good nor bad.
const NEUTRAL: f32 = 0.23;
/// The same for a call and a party, whose scores are means.
const NEUTRAL_MEAN: f32 = 0.15;
/// Stretches of a call.
const TENTHS: u64 = 10;

/// What one language's words are worth.
pub struct Lexicon {
    words: Phrases<f32>,
    negations: HashSet<&'static str>,
    more: HashSet<&'static str>,
    less: HashSet<&'static str>,
    turns: HashSet<&'static str>,
}

impl Lexicon {
    /// The lexicon of a language, if there is one.
    pub fn of(language: &Language) -> Option<Self> {
        let set = |list: &'static str| list.split_ascii_whitespace().collect();
        match language.as_str() {
            "en" => Some(Self {
                words: Phrases::of(english::LEXICON.iter().map(|(worth, list)| (*list, *worth))),
                negations: set(english::NEGATIONS),
                more: set(english::MORE),
                less: set(english::LESS),
                turns: set(english::TURNS),
            }),
            "es" => Some(Self {
                words: Phrases::of(spanish::LEXICON.iter().map(|(worth, list)| (*list, *worth))),
                negations: set(spanish::NEGATIONS),
                more: set(spanish::MORE),
                less: set(spanish::LESS),
                turns: set(spanish::TURNS),
            }),
            _ => None,
        }
    }

    /// The score of one utterance, -1 to 1; 0 when nothing in it has a worth.
    pub fn score(&self, utterance: &str) -> f32 {
        let words = super::fold::fold_phrase(utterance);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.score_of(&words, utterance.trim_end().ends_with('?'))
    }

    /// How many words and phrases it knows.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn score_of(&self, words: &[&str], is_question: bool) -> f32 {
        let turn = words.iter().rposition(|word| self.turns.contains(word));
        let (mut sum, mut at, mut free_from) = (0.0, 0, 0);
        while at < words.len() {
            let Some((length, worth)) = self.words.longest_at(words, at) else {
                at += 1;
                continue;
            };
            let before = &words[at.saturating_sub(REACH).max(free_from)..at];
            let place = match turn {
                Some(turn) if at < turn => BEFORE_TURN,
                Some(_) => AFTER_TURN,
                None => 1.0,
            };
            sum += place * self.worth_behind(*worth, before);
            at += length;
            // What one phrase used up does not turn the next around: "no problem, thank you".
            free_from = at;
        }
        if is_question {
            sum *= QUESTION_FACTOR;
        }
        sum / (sum * sum + BEND).sqrt()
    }

    /// A word's worth behind the words before it.
    fn worth_behind(&self, worth: f32, before: &[&str]) -> f32 {
        let mut worth = worth;
        let turn = before.iter().rposition(|word| self.turns.contains(word)).map_or(0, |at| at + 1);
        let before = &before[turn..];
        if before.iter().any(|word| self.more.contains(word)) {
            worth *= MORE_FACTOR;
        } else if before.iter().any(|word| self.less.contains(word)) {
            worth *= LESS_FACTOR;
        }
        match before.iter().filter(|word| self.negations.contains(*word)).count() {
            0 => worth,
            _ if worth > 0.0 => worth * NEGATED_GOOD,
            _ => worth * NEGATED_BAD,
        }
    }
}

/// What a score of one utterance is called.
pub fn label(score: f32) -> SentimentLabel {
    labelled(score, NEUTRAL)
}

fn labelled(score: f32, neutral: f32) -> SentimentLabel {
    if score > neutral {
        SentimentLabel::Positive
    } else if score < -neutral {
        SentimentLabel::Negative
    } else {
        SentimentLabel::Neutral
    }
}

/// Scores of sentences taken together: their mean, drawn to 0 while few speak.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sum: f32,
    speaking: f32,
    is_heard: bool,
}

impl Tally {
    fn add(&mut self, score: f32) {
        self.is_heard = true;
        if score != 0.0 {
            self.sum += score;
            self.speaking += 1.0;
        }
    }

    fn score(self) -> f32 {
        let mean = self.sum / (self.speaking + DOUBT);
        (mean * 1000.0).round() / 1000.0
    }
}

/// How the conversation went, by those who spoke in it; `None` when nothing was said or its language has no lexicon.
pub(super) fn sentiment(reading: &Reading<'_>) -> Option<Sentiment> {
    let lexicon = Lexicon::of(reading.transcript.language.as_ref()?)?;
    reading.conversation().next()?;
    let duration_ms = reading.transcript.duration_ms.max(1);
    let end = reading.transcript.segments.iter().map(|segment| segment.end_ms).max().unwrap_or(0).max(duration_ms);
    let mut whole = Tally::default();
    let mut parties = vec![(Tally::default(), None::<(f32, u32)>); reading.speakers.len()];
    let mut tenths = [Tally::default(); TENTHS as usize];
    for sentence in reading.conversation() {
        let score = score(reading, sentence, &lexicon);
        whole.add(score);
        let (tally, heaviest) = &mut parties[reading.speaker_of[sentence.segment as usize]];
        tally.add(score);
        if score.abs() > heaviest.map_or(0.0, |(weight, _)| weight) {
            *heaviest = Some((score.abs(), sentence.segment));
        }
        let tenth = (sentence.start_ms * TENTHS / end).min(TENTHS - 1);
        tenths[tenth as usize].add(score);
    }
    let party = |speaker: &&str, tally: Tally, heaviest: Option<(f32, u32)>| PartySentiment {
        speaker: (*speaker).to_owned(),
        score: tally.score(),
        label: labelled(tally.score(), NEUTRAL_MEAN),
        segment: heaviest.map(|(_, segment)| segment),
    };
    let point = |(at, tally): (u64, Tally)| SentimentPoint {
        start_ms: end * at / TENTHS,
        end_ms: end * (at + 1) / TENTHS,
        score: tally.is_heard.then(|| tally.score()),
    };
    Some(Sentiment {
        score: whole.score(),
        label: labelled(whole.score(), NEUTRAL_MEAN),
        parties: reading
            .speakers
            .iter()
            .zip(parties)
            .filter(|(_, (tally, _))| tally.is_heard)
            .map(|(speaker, (tally, heaviest))| party(speaker, tally, heaviest))
            .collect(),
        course: (0..).zip(tenths).map(point).collect(),
    })
}

fn score(reading: &Reading<'_>, sentence: &Sentence, lexicon: &Lexicon) -> f32 {
    lexicon.score_of(&reading.words_of(sentence), sentence.is_question)
}
