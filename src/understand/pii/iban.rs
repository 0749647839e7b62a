//! International bank account numbers: two letters, two check digits, and what the country puts behind. Written or spelled;
//! taken only with the right length for its country and a right checksum, so a near miss is none.

use super::Entity;
use super::digits::{Heard, heard};
use crate::call::PiiKind;
use crate::understand::reading::Reading;

/// Characters of an IBAN by country.
const LENGTHS: [(&str, usize); 36] = [
    ("AD", 24),
    ("AE", 23),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("BR", 29),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SE", 24),
];
/// Words looked at from the country on: every character may be a word of its own, with others in between.
const WORDS_MAX: usize = 60;

/// Every account number of the call.
pub(super) fn ibans(reading: &Reading<'_>) -> Vec<Entity> {
    let mut ibans = Vec::new();
    let mut at = 0;
    while at < reading.tokens.len() {
        match iban_at(reading, at) {
            Some(tokens) => {
                at = tokens.last().map_or(at, |last| *last) + 1;
                ibans.push(Entity { kind: PiiKind::Iban, tokens });
            }
            None => at += 1,
        }
    }
    ibans
}

fn iban_at(reading: &Reading<'_>, first: usize) -> Option<Vec<usize>> {
    if !reading.tokens[first].folded.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let speaker = |at: usize| reading.speaker_of[reading.tokens[at].segment as usize];
    let (mut text, mut tokens, mut length) = (String::new(), Vec::new(), None);
    for at in (first..reading.tokens.len()).filter(|at| speaker(*at) == speaker(first)).take(WORDS_MAX) {
        let part = part(&reading.tokens[at].folded, text.len() >= 2)?;
        if part.is_empty() {
            continue;
        }
        text.push_str(&part);
        tokens.push(at);
        if text.len() >= 2 && length.is_none() {
            length = Some(LENGTHS.iter().find(|(country, _)| text.starts_with(country))?.1);
        }
        // The check digits follow the country.
        if text.len() > 2 && !text[2..].starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        match length {
            Some(length) if text.len() == length => return is_right(&text).then_some(tokens),
            Some(length) if text.len() > length => return None,
            _ => {}
        }
    }
    None
}

/// What a word adds: its digits, its letters where it is a code or a spelled letter; empty for what may stand between.
fn part(folded: &str, is_behind_country: bool) -> Option<String> {
    // Letters first: "e" and "s" are letters, "o" only stands for zero between digits.
    let is_code = !folded.is_empty() && folded.chars().all(|c| c.is_ascii_alphanumeric());
    let has_digit = folded.contains(|c: char| c.is_ascii_digit());
    if is_code && (has_digit || folded.len() == 1 && !(folded == "o" || folded == "y")) {
        return Some(folded.to_ascii_uppercase());
    }
    match heard(folded, folded) {
        Some(Heard::Digits(digits)) if is_behind_country => Some(digits),
        Some(Heard::Tens(tens)) if is_behind_country => Some(format!("{tens}0")),
        Some(Heard::Joint) => Some(String::new()),
        _ if folded.is_empty() => Some(String::new()),
        _ if is_code && folded.len() == 2 && !is_behind_country => Some(folded.to_ascii_uppercase()),
        _ if is_code && folded.len() == 4 && is_behind_country => Some(folded.to_ascii_uppercase()),
        _ => None,
    }
}

/// ISO 13616: the first four characters put last, letters as 10 to 35, modulo 97 gives 1.
fn is_right(iban: &str) -> bool {
    let moved = iban[4..].bytes().chain(iban[..4].bytes());
    let rest = moved.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    rest == 1
}
