//! E-mail addresses, written ("ana@example.com") and spoken ("ana dot lopez at example dot com", "ana arroba example punto
//! com").

use super::Entity;
use super::cue::Cues;
use super::digits::heard;
use crate::call::PiiKind;
use crate::understand::reading::Reading;

/// Words of one side of an address; a mailbox has 64 characters at most, and each may be spelled.
const PART_WORDS_MAX: usize = 64;
/// What a domain ends in when it is spoken; written ones say so themselves.
const ENDINGS: [&str; 30] = [
    "com", "org", "net", "edu", "gov", "es", "uk", "co", "io", "de", "fr", "it", "mx", "ar", "cl", "pe", "eu", "us",
    "info", "biz", "ca", "au", "health", "bank", "shop", "me", "tv", "cat", "pt", "ie",
];
/// Stand before "at" where nobody's mailbox is meant: "look at example dot com".
const NO_MAILBOX: [&str; 34] = [
    "work",
    "works",
    "worked",
    "working",
    "look",
    "looking",
    "looked",
    "shop",
    "shopped",
    "order",
    "ordered",
    "us",
    "it",
    "site",
    "website",
    "online",
    "available",
    "found",
    "find",
    "me",
    "is",
    "are",
    "visit",
    "page",
    "information",
    "more",
    "details",
    "store",
    "out",
    "trabajo",
    "pagina",
    "web",
    "sitio",
    "bought",
];

/// Every address of the call.
pub(super) fn emails(reading: &Reading<'_>, cues: &Cues) -> Vec<Entity> {
    let mut emails = Vec::new();
    for (at, token) in reading.tokens.iter().enumerate() {
        let raw = &reading.transcript.segments[token.segment as usize].text[token.bytes.clone()];
        let tokens = match token.folded.as_str() {
            "at" | "arroba" => spoken(reading, at, cues),
            _ if raw == "@" => spoken(reading, at, cues),
            folded if is_written(folded) => Some(vec![at]),
            _ => None,
        };
        emails.extend(tokens.map(|tokens| Entity { kind: PiiKind::Email, tokens }));
    }
    emails
}

fn is_written(folded: &str) -> bool {
    let Some((local, domain)) = folded.split_once('@') else { return false };
    let Some((name, ending)) = domain.rsplit_once('.') else { return false };
    !local.is_empty() && !name.is_empty() && ending.len() >= 2 && ending.chars().all(char::is_alphabetic)
}

/// The words around an "at".
fn spoken(reading: &Reading<'_>, at: usize, cues: &Cues) -> Option<Vec<usize>> {
    let last = domain_end(reading, at + 1)?;
    let first = local_start(reading, at)?;
    let is_one_word = first + 1 == at;
    let folded = reading.tokens[first].folded.as_str();
    let is_arroba = reading.tokens[at].folded != "at";
    let is_meant = is_arroba || cues.is_email(reading, first) || !(is_one_word && NO_MAILBOX.contains(&folded));
    is_meant.then(|| (first..=last).collect())
}

fn is_dot(word: &str) -> bool {
    matches!(word, "dot" | "punto" | "period" | "point")
}

fn is_joint(word: &str) -> bool {
    is_dot(word) || matches!(word, "underscore" | "dash" | "hyphen" | "guion" | "bajo" | "minus")
}

/// The last word of the domain that begins at `from`.
fn domain_end(reading: &Reading<'_>, from: usize) -> Option<usize> {
    let speaker = |at: usize| reading.speaker_of[reading.tokens[at].segment as usize];
    let mut end = None;
    for at in from..(from + PART_WORDS_MAX).min(reading.tokens.len()) {
        let folded = reading.tokens[at].folded.as_str();
        if speaker(at) != speaker(from) {
            break;
        }
        if folded.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && ENDINGS.contains(&ending)) {
            return Some(at);
        }
        let is_behind_dot = at > from && is_dot(&reading.tokens[at - 1].folded);
        if is_behind_dot && ENDINGS.contains(&folded) {
            end = Some(at);
        } else if end.is_some() && !is_dot(folded) {
            break;
        } else if at > from + 1 && !is_behind_dot && !is_joint(folded) && !is_spelled(&reading.tokens[at - 1].folded) {
            // Two words in a row are the name of a domain only with a dot soon: "harbor health dot com".
            if at > from + 3 {
                break;
            }
        }
    }
    end
}

/// The first word of the mailbox that ends before `at`.
fn local_start(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let mut first = at.checked_sub(1)?;
    let speaker = |at: usize| reading.speaker_of[reading.tokens[at].segment as usize];
    if speaker(first) != speaker(at) || reading.tokens[first].folded.is_empty() {
        return None;
    }
    while first > 0 && at - first < PART_WORDS_MAX && speaker(first - 1) == speaker(at) {
        let (before, here) = (reading.tokens[first - 1].folded.as_str(), reading.tokens[first].folded.as_str());
        let goes_on = is_joint(before)
            || is_joint(here)
            || (is_spelled(before) && !is_article(before, here))
            || (is_spelled(here) && is_digits(here) && !is_verb(before));
        if !goes_on {
            break;
        }
        first -= 1;
    }
    Some(first)
}

/// "a" and "i" before a word are no spelling.
fn is_article(before: &str, here: &str) -> bool {
    matches!(before, "a" | "i" | "y" | "o" | "e" | "un" | "una" | "uno" | "one") && !is_spelled(here)
}

fn is_verb(word: &str) -> bool {
    matches!(word, "is" | "es" | "to" | "a" | "it's" | "at" | "on" | "email" | "correo" | "address")
}

/// A single letter or a number.
fn is_spelled(word: &str) -> bool {
    word.chars().count() == 1 || is_digits(word)
}

fn is_digits(word: &str) -> bool {
    matches!(heard(word, word), Some(super::digits::Heard::Digits(_) | super::digits::Heard::Tens(_)))
}
