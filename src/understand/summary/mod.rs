//! A short account of a call: the few sentences that say most, word for word as they were spoken, and the words that
//! stand out. No model, no paraphrase; a sentence is chosen because it holds the words the call keeps coming back to.
//!
//! Beside it what follows from the call: action items, questions left open, what it was for. English and Spanish have
//! rules of their own; other languages get the sentences, the words and the open questions.

mod actions;
mod intent;
mod keywords;
mod questions;
mod stop_words;
mod when;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::stop_words::StopWords;
use super::parties;
use super::phrases::Phrases;
use super::reading::Reading;
use crate::call::{Insight, Language, SummarySentence};

/// Sentences in a summary: more is a transcript.
const SENTENCES_MAX: usize = 3;
/// Points beside the summary, for a call of any length.
const POINTS_MAX: usize = 8;
/// Points of a short call, and of each further so many minutes one more.
const POINTS_MIN: usize = 3;
const POINT_EACH_MS: u64 = 120_000;
/// Topics of a call.
const TOPICS_MAX: usize = 5;
/// Words below which a sentence says nothing by itself ("Yes, that is correct.").
const SENTENCE_WORDS_MIN: usize = 5;
/// What a question weighs beside a statement, and a sentence with a courtesy beside one without: questions on the
/// telephone mostly ask for a name or a number, courtesies open and close.
const ASIDE_WEIGHT: f64 = 0.4;
/// Courtesies of a sentence that count against it.
const COURTESIES_MAX: usize = 3;
/// What a word weighs that is said once; said again, it weighs its count.
const SINGLE_WORD_WEIGHT: f64 = 0.5;
/// What the sentence that states the business of the call weighs beside others, and one that promises something.
const INTENT_WEIGHT: f64 = 2.0;
const ACTION_WEIGHT: f64 = 1.6;
/// What a sentence weighs by which people are told apart: it names a number and no matter.
const IDENTITY_WEIGHT: f64 = 0.1;
/// The words of such sentences.
const IDENTITY: &str = "phone number|account number|card number|reference number|order number|customer number|date of birth|\
    my name is|your name|full name|last name|email address|social security|zip code|postcode|policy number|spell|\
    numero de telefono|numero de cuenta|numero de tarjeta|numero de pedido|numero de cliente|fecha de nacimiento|\
    mi nombre es|su nombre|nombre completo|correo electronico|codigo postal|numero de poliza|deletrear";
/// Sentences weighed; a call of hours has a few thousand.
const SENTENCES_WEIGHED_MAX: usize = 20_000;
/// Candidates that are weighed again for each sentence chosen: the best at first sight.
const CANDIDATES_MAX: usize = 200;

/// A sentence with its words in lower case, accents and all.
struct Spoken<'r> {
    text: &'r str,
    segment: u32,
    start_ms: u64,
    words: Vec<String>,
    is_question: bool,
    /// What it weighs beside others with the same words.
    favour: f64,
}

/// Fills in everything that is told in sentences and words. What was not said is left empty, with the reason.
pub(super) fn summarise(reading: &Reading<'_>, insight: &mut Insight) {
    let stop_words = StopWords::of(reading.transcript.language.as_ref());
    insight.action_items = actions::actions(reading);
    insight.open_questions = questions::open_questions(reading);
    insight.intent = intent::intent(reading, &parties::roles(reading));
    let known = |code: &&str| matches!(*code, "en" | "es");
    insight.rules_language = reading.language().filter(known).map(Language::new);

    let sentences: Vec<Spoken<'_>> = spoken(reading, insight);
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for word in sentences.iter().flat_map(|sentence| &sentence.words).filter(|word| stop_words.is_content(word)) {
        *counts.entry(word).or_default() += 1;
    }
    let further = usize::try_from(reading.transcript.duration_ms / POINT_EACH_MS).unwrap_or(POINTS_MAX);
    let points = (POINTS_MIN + further).min(POINTS_MAX);
    let mut chosen = choose(&sentences, &counts, &stop_words, SENTENCES_MAX + points);
    let rest = chosen.split_off(chosen.len().min(SENTENCES_MAX));
    insight.summary = in_order(chosen);
    insight.points = in_order(rest);
    insight.keywords = keywords::keywords(&sentences, &counts, &stop_words);
    insight.topics = insight.keywords.iter().take(TOPICS_MAX).map(|keyword| keyword.text.clone()).collect();
    if insight.summary.is_empty() {
        let reason = if sentences.is_empty() { "Nothing was said." } else { "Too little was said to sum up." };
        insight.nothing_because = Some(reason.to_owned());
    }
}

fn spoken<'r>(reading: &'r Reading<'_>, insight: &Insight) -> Vec<Spoken<'r>> {
    let promised: BTreeSet<(u32, u64)> =
        insight.action_items.iter().map(|action| (action.segment, action.start_ms)).collect();
    let identity = Phrases::of([(IDENTITY, ())]);
    let business = insight.intent.as_ref().map(|intent| (intent.segment, intent.start_ms));
    let sentence = |sentence: &super::reading::Sentence| {
        let text = reading.text_of(sentence);
        let place = (sentence.segment, sentence.start_ms);
        let favour = match place {
            place if business == Some(place) => INTENT_WEIGHT,
            place if promised.contains(&place) => ACTION_WEIGHT,
            _ if identity.is_in(&reading.words_of(sentence)) => IDENTITY_WEIGHT,
            _ => 1.0,
        };
        let (segment, start_ms) = place;
        Spoken { text, segment, start_ms, words: words(text), is_question: sentence.is_question, favour }
    };
    let all = reading.conversation().take(SENTENCES_WEIGHED_MAX).map(sentence);
    all.filter(|sentence| !sentence.words.is_empty()).collect()
}

fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

/// Picks the sentence with the most weight, then the next among what it did not already say. Words that were said often
/// weigh more; long sentences gain less from each word.
fn choose<'s, 'r>(
    sentences: &'s [Spoken<'r>],
    counts: &BTreeMap<&str, u32>,
    stop_words: &StopWords,
    count_max: usize,
) -> Vec<&'s Spoken<'r>> {
    let weight = |sentence: &Spoken<'_>, said: &BTreeSet<&str>| {
        let words = || sentence.words.iter().map(String::as_str);
        let fresh: BTreeSet<&str> = words().filter(|word| !said.contains(word)).collect();
        let word_weight = |&count: &u32| if count > 1 { f64::from(count) } else { SINGLE_WORD_WEIGHT };
        let sum: f64 = fresh.iter().filter_map(|word| counts.get(word)).map(word_weight).sum();
        // "Thank you for calling, my name is Laura" is more of a courtesy than "Please send the invoice".
        let courtesies = words().filter(|word| stop_words.is_courtesy(word)).take(COURTESIES_MAX).count();
        let asides = usize::from(sentence.is_question) + courtesies;
        sentence.favour * ASIDE_WEIGHT.powi(asides as i32) * sum / (sentence.words.len() as f64).sqrt()
    };
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let long_enough = sentences.iter().filter(|sentence| sentence.words.len() >= SENTENCE_WORDS_MIN);
    let mut weighed: Vec<(f64, &Spoken<'_>)> =
        long_enough.map(|sentence| (weight(sentence, &said), sentence)).collect();
    // What a sentence weighs only falls while others are chosen. The sort is stable: the first of equals stays first.
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0));
    weighed.truncate(CANDIDATES_MAX);
    let mut candidates: Vec<&Spoken<'_>> = weighed.into_iter().map(|(_, sentence)| sentence).collect();
    candidates.sort_by_key(|sentence| (sentence.segment, sentence.start_ms));
    let mut chosen: Vec<&Spoken<'_>> = Vec::new();
    while chosen.len() < count_max {
        // The first of equals: what a call is about is usually said early.
        let best = candidates.iter().map(|sentence| weight(sentence, &said)).enumerate();
        let Some((index, weight)) = best.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else { break };
        if weight <= 0.0 {
            break;
        }
        let sentence = candidates.remove(index);
        said.extend(sentence.words.iter().map(String::as_str));
        chosen.push(sentence);
    }
    chosen
}

fn in_order(mut chosen: Vec<&Spoken<'_>>) -> Vec<SummarySentence> {
    chosen.sort_by_key(|sentence| (sentence.segment, sentence.start_ms));
    let told =
        |sentence: &Spoken<'_>| SummarySentence::spoken(sentence.text.to_owned(), sentence.segment, sentence.start_ms);
    chosen.into_iter().map(told).collect()
}
