//! Payment cards and telephone numbers among the runs of digits, national numbers as the operator describes them.

use std::collections::HashMap;

use super::Entity;
use super::cue::Cues;
use super::digits::is_number;
use super::runs::{Digit, Run, text_of};
use crate::call::PiiKind;
use crate::understand::reading::Reading;

/// Digits of a telephone number (E.164), and the fewest that are one when somebody says so.
const PHONE_DIGITS_MAX: usize = 15;
const PHONE_DIGITS_MIN: usize = 6;
/// Digits before the "thousand" of an amount: "nine hundred ninety-nine thousand".
const THOUSANDS_DIGITS_MAX: usize = 3;
/// A part of a card that the other side repeats: so many digits, within so much time.
const REPEATED_DIGITS_MIN: usize = 4;
const REPEATED_MS_MAX: u64 = 60_000;
/// Digits of the longest card.
const CARD_DIGITS_MAX: usize = 19;

/// The first digits of card numbers, and how many digits those cards have.
const CARDS: [(&str, &[usize]); 19] = [
    ("4", &[16, 13, 19]),
    ("51", &[16]),
    ("52", &[16]),
    ("53", &[16]),
    ("54", &[16]),
    ("55", &[16]),
    ("22", &[16]),
    ("23", &[16]),
    ("24", &[16]),
    ("25", &[16]),
    ("26", &[16]),
    ("27", &[16]),
    ("34", &[15]),
    ("37", &[15]),
    ("6", &[16, 19, 17, 18]),
    ("35", &[16]),
    ("30", &[14]),
    ("36", &[14]),
    ("38", &[14]),
];

/// Cards in the runs, with the parts of them that others repeat.
pub(super) fn cards(reading: &Reading<'_>, runs: &[Run]) -> Vec<Entity> {
    let mut cards = Vec::new();
    let mut echoes = Echoes::of(reading, runs);
    for run in runs {
        let text = run.text();
        let mut at = 0;
        while at < text.len() {
            // A number begins with a word.
            let begins = at == 0 || run.digits[at].token != run.digits[at - 1].token;
            let Some(length) = card_at(&text[at..]).filter(|_| begins) else {
                at += 1;
                continue;
            };
            let mut tokens: Vec<usize> = run.digits[at..at + length].iter().map(|digit| digit.token).collect();
            tokens.extend(echoes.of_card(reading, &text[at..at + length], run));
            cards.push(Entity { kind: PiiKind::Card, tokens });
            at += length;
        }
    }
    cards
}

/// The length of the card number some digits begin with.
fn card_at(digits: &str) -> Option<usize> {
    let (_, lengths) = CARDS.iter().find(|(prefix, _)| digits.starts_with(prefix))?;
    // All of what was said first: what follows a card may make a longer number pass by chance.
    let mut lengths: Vec<usize> = lengths.iter().copied().filter(|length| *length <= digits.len()).collect();
    lengths.sort_by_key(|length| *length != digits.len());
    // Thirteen digits are issued no more; within more digits they pass by chance.
    lengths.retain(|length| *length > 13 || *length == digits.len());
    lengths.into_iter().find(|length| passes_luhn(&digits[..*length]))
}

/// The check of ISO/IEC 7812: every second digit from the right doubled, all summed, divisible by ten.
fn passes_luhn(digits: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let value = |(at, byte): (usize, u8)| {
        let digit = u32::from(byte - b'0');
        if at % 2 == 1 { doubled(digit) } else { digit }
    };
    let is_one_digit = digits.bytes().all(|byte| Some(byte) == digits.bytes().next());
    !is_one_digit && digits.bytes().rev().enumerate().map(value).sum::<u32>() % 10 == 0
}

/// Short runs by their digits: what may be a part of a card that is said once more. Each is given to one card.
struct Echoes<'r> {
    by_text: HashMap<String, Vec<&'r [Digit]>>,
}

impl<'r> Echoes<'r> {
    fn of(reading: &Reading<'_>, runs: &'r [Run]) -> Self {
        let mut by_text: HashMap<String, Vec<&[Digit]>> = HashMap::new();
        for run in runs {
            // "The other one? 4242": what only may be a digit is no part of what is repeated.
            let is_doubtful =
                |digit: &&Digit| !is_number(&reading.tokens[digit.token].folded) && !has_digit(reading, digit);
            let digits = &run.digits[run.digits.iter().take_while(is_doubtful).count()..];
            for digits in [run.digits.as_slice(), digits] {
                if (REPEATED_DIGITS_MIN..=CARD_DIGITS_MAX).contains(&digits.len()) {
                    by_text.entry(text_of(digits)).or_default().push(digits);
                }
            }
        }
        Self { by_text }
    }

    fn of_card(&mut self, reading: &Reading<'_>, card: &str, of: &Run) -> Vec<usize> {
        let (from, to) = (reading.tokens[of.first()].start_ms, reading.tokens[of.last()].end_ms);
        let is_near = |digits: &[Digit]| {
            let first = digits.first().map_or(0, |digit| digit.token);
            let start = reading.tokens[first].start_ms;
            start + REPEATED_MS_MAX >= from && start <= to + REPEATED_MS_MAX && first != of.first()
        };
        let mut tokens = Vec::new();
        for first in 0..card.len() {
            for end in first + REPEATED_DIGITS_MIN..=card.len() {
                let Some(said) = self.by_text.get_mut(&card[first..end]) else { continue };
                let near = said.extract_if(.., |digits| is_near(digits));
                tokens.extend(near.flat_map(|digits| digits.iter().map(|digit| digit.token)));
            }
        }
        tokens
    }
}

fn has_digit(reading: &Reading<'_>, digit: &Digit) -> bool {
    reading.tokens[digit.token].folded.contains(|c: char| c.is_ascii_digit())
}

/// Telephone numbers: said to be one, or written like one and not said to be anything else.
pub(super) fn phones(reading: &Reading<'_>, runs: &[Run], cues: &Cues) -> Vec<Entity> {
    let is_phone = |run: &&Run| {
        let text = run.text();
        if !(PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&text.len()) {
            return false;
        }
        match cues.of_number(reading, run.first()) {
            Some(is_phone) => is_phone,
            None if run.plus.is_some() => text.len() >= 8,
            None => !is_amount(reading, run) && looks_like_phone(&text, reading.language()),
        }
    };
    let tokens = |run: &Run| run.plus.into_iter().chain(run.digits.iter().map(|digit| digit.token)).collect();
    runs.iter().filter(is_phone).map(|run| Entity { kind: PiiKind::Phone, tokens: tokens(run) }).collect()
}

/// "six hundred thousand" counts something; "four one five, five five five, two thousand" ends in a round number.
fn is_amount(reading: &Reading<'_>, run: &Run) -> bool {
    let is_thousand = |digit: &Digit| matches!(reading.tokens[digit.token].folded.as_str(), "thousand" | "mil");
    run.digits.iter().position(is_thousand).is_some_and(|at| at <= THOUSANDS_DIGITS_MAX)
}

/// By the plans of North America and Spain; elsewhere numbers need to be named.
fn looks_like_phone(digits: &str, language: Option<&str>) -> bool {
    let second = |at: usize| digits.as_bytes().get(at).is_some_and(|digit| (b'2'..=b'9').contains(digit));
    match (language, digits.len()) {
        (Some("en"), 10) => second(0) && second(3),
        (Some("en"), 11) => digits.starts_with('1') && second(1) && second(4) || digits.starts_with("07"),
        (Some("es"), 9) => digits.starts_with(['6', '7', '8', '9']),
        (Some("es"), 10) => second(0),
        _ => false,
    }
}
