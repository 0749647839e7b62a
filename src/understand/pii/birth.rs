//! Dates of birth: a whole date behind words that speak of one. Other dates are nobody's secret.

use std::collections::HashSet;

use super::Entity;
use super::cue::Cues;
use super::digits::{Heard, heard};
use crate::call::PiiKind;
use crate::understand::reading::Reading;

/// Words between "date of birth" and the date, the other side's included.
const REACH: usize = 25;
/// And the time between them.
const REACH_MS: u64 = 30_000;

const MONTHS: &str = "\
january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept \
oct nov dec enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre";
const ORDINALS: &str = "\
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth \
seventeenth eighteenth nineteenth twentieth thirtieth twenty-first twenty-second twenty-third twenty-fourth twenty-fifth \
twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirty-first primero";
const JOINTS: &str = "of the de del el and y en mil hundred thousand novecientos ochocientos slash barra";

/// Every date of birth of the call.
pub(super) fn births(reading: &Reading<'_>, cues: &Cues) -> Vec<Entity> {
    let set = |list: &'static str| -> HashSet<&'static str> { list.split_ascii_whitespace().collect() };
    let (months, ordinals, joints) = (set(MONTHS), set(ORDINALS), set(JOINTS));
    let spoken: Vec<usize> = (0..reading.tokens.len()).filter(|at| !reading.tokens[*at].folded.is_empty()).collect();
    let words: Vec<&str> = spoken.iter().map(|at| reading.tokens[*at].folded.as_str()).collect();
    let is_part = |word: &str| {
        months.contains(word)
            || ordinals.contains(word)
            || joints.contains(word)
            || is_ordinal(word)
            || matches!(heard(word, word), Some(Heard::Digits(_) | Heard::Tens(_) | Heard::Hundreds(_)))
    };
    let mut births = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(length) = cues.birth_at(&words, at) else {
            at += 1;
            continue;
        };
        let asked_ms = reading.tokens[spoken[at]].end_ms;
        let mut from = at + length;
        at = from;
        let reach = (from + REACH).min(words.len());
        while from < reach && reading.tokens[spoken[from]].start_ms <= asked_ms + REACH_MS {
            let mut to = from;
            let speaker = |at: usize| reading.speaker_of[reading.tokens[spoken[at]].segment as usize];
            while to < words.len() && is_part(words[to]) && speaker(to) == speaker(from) {
                to += 1;
            }
            let (first, last) = trimmed(&words, from, to, &joints);
            if is_date(&words[first..last], &months, &ordinals) {
                births.push(Entity { kind: PiiKind::BirthDate, tokens: spoken[first..last].to_vec() });
                at = last;
                break;
            }
            from = to.max(from + 1);
        }
    }
    births
}

fn trimmed(words: &[&str], mut from: usize, mut to: usize, joints: &HashSet<&str>) -> (usize, usize) {
    while from < to && joints.contains(words[from]) && words[from] != "mil" {
        from += 1;
    }
    while to > from && joints.contains(words[to - 1]) {
        to -= 1;
    }
    (from, to)
}

/// "3rd", "10th", "1º".
fn is_ordinal(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| c.is_alphabetic() || matches!(c, 'º' | 'ª'));
    (1..=2).contains(&digits.len()) && digits.len() < word.len() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A month by name with a day; or digits that make day, month and year.
fn is_date(words: &[&str], months: &HashSet<&str>, ordinals: &HashSet<&str>) -> bool {
    let digits = |word: &&str| match heard(word, word) {
        Some(Heard::Digits(digits)) => digits.len(),
        Some(Heard::Tens(_)) => 2,
        _ => 0,
    };
    let total: usize = words.iter().map(digits).sum();
    let has_month = words.iter().any(|word| months.contains(word));
    let has_day =
        words.iter().any(|word| ordinals.contains(word) || is_ordinal(word) || (1..=2).contains(&digits(word)));
    let is_written = words.iter().any(|word| {
        let parts: Vec<&str> = word.split(['/', '-', '.']).collect();
        parts.len() == 3 && parts.iter().all(|part| matches!(part.len(), 1 | 2 | 4))
    });
    (has_month && has_day) || is_written || (!has_month && (6..=8).contains(&total))
}
