//! Numbers by which states know people, as the operator describes them: words that name the number, and what it looks
//! like. `dni|documento => \d{8}[A-Z]`.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::Entity;
use super::cue::{before, behind};
use super::runs::Run;
use crate::call::PiiKind;
use crate::understand::phrases::Phrases;
use crate::understand::reading::Reading;

/// Memory a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 18;

/// Said between a number and its letter: "con la letra T", "letter T".
const BETWEEN: [&str; 5] = ["con", "la", "letra", "letter", "with"];
/// Words between them at most.
const BETWEEN_MAX: usize = 3;
/// Letters by their Spanish names, as far as those are no other words.
const SPELLED: [(&str, &str); 18] = [
    ("be", "B"),
    ("ce", "C"),
    ("efe", "F"),
    ("ge", "G"),
    ("hache", "H"),
    ("jota", "J"),
    ("ka", "K"),
    ("ele", "L"),
    ("eme", "M"),
    ("ene", "N"),
    ("pe", "P"),
    ("cu", "Q"),
    ("erre", "R"),
    ("equis", "X"),
    ("griega", "Y"),
    ("ye", "Y"),
    ("zeta", "Z"),
    ("ceta", "Z"),
];

/// One kind of number.
pub(super) struct National {
    names: Phrases<()>,
    pattern: Regex,
}

impl National {
    /// Reads `words|words => pattern`.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let wrong =
            "This takes the words that name the number, \"=>\" and what it looks like: 'dni|documento => \\d{8}[A-Z]'.";
        let (names, pattern) = text.split_once("=>").ok_or(wrong)?;
        if names.split('|').all(|name| name.trim().is_empty()) || pattern.trim().is_empty() {
            return Err(wrong.to_owned());
        }
        let anchored = format!("^(?:{})$", pattern.trim());
        let pattern = RegexBuilder::new(&anchored).size_limit(PATTERN_BYTES_MAX).build();
        let pattern = pattern.map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("What stands behind \"=>\" is no regular expression: {reason}.")
        })?;
        Ok(Self { names: Phrases::of([(names, ())]), pattern })
    }

    /// The numbers of its kind: digits with the letters beside them.
    pub(super) fn find(&self, reading: &Reading<'_>, runs: &[Run]) -> Vec<Entity> {
        let mut found = Vec::new();
        for run in runs {
            if !self.is_named(reading, run.first(), run.last()) {
                continue;
            }
            let digits = run.text();
            let (ahead, behind) = (letter_before(reading, run.first()), letter_behind(reading, run.last()));
            let side = |side: &Option<Letter>| side.as_ref().map(|(_, letter)| letter.clone()).unwrap_or_default();
            for (with_ahead, with_behind) in [(true, true), (true, false), (false, true), (false, false)] {
                let (front, back) = (ahead.as_ref().filter(|_| with_ahead), behind.as_ref().filter(|_| with_behind));
                let text = format!("{}{digits}{}", side(&front.cloned()), side(&back.cloned()));
                if self.pattern.is_match(&text) {
                    let sides = [front, back].into_iter().flatten().flat_map(|(at, _)| at.clone());
                    let mut tokens: Vec<usize> = run.digits.iter().map(|digit| digit.token).chain(sides).collect();
                    tokens.sort_unstable();
                    found.push(Entity { kind: PiiKind::NationalId, tokens });
                    break;
                }
            }
        }
        found.extend(self.written(reading));
        found
    }

    /// Digits and letters in one word: "12345678Z".
    fn written(&self, reading: &Reading<'_>) -> Vec<Entity> {
        let is_mixed = |word: &str| {
            word.contains(|c: char| c.is_ascii_digit()) && word.contains(|c: char| c.is_ascii_alphabetic())
        };
        let tokens = reading.tokens.iter().enumerate().filter(|(_, token)| is_mixed(&token.folded));
        tokens
            .filter(|(at, token)| {
                let bare: String = token.folded.chars().filter(char::is_ascii_alphanumeric).collect();
                self.pattern.is_match(&bare.to_ascii_uppercase()) && self.is_named(reading, *at, *at)
            })
            .map(|(at, _)| Entity { kind: PiiKind::NationalId, tokens: vec![at] })
            .collect()
    }

    /// Whether its name is said before or behind.
    fn is_named(&self, reading: &Reading<'_>, first: usize, last: usize) -> bool {
        self.names.is_in(&before(reading, first)) || self.names.is_in(&behind(reading, last))
    }
}

/// The words that say a letter, and the letter.
type Letter = (Range<usize>, String);

fn letter_at(reading: &Reading<'_>, at: usize) -> Option<String> {
    let folded = reading.tokens.get(at)?.folded.as_str();
    if folded.len() == 1 && folded.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some(folded.to_ascii_uppercase());
    }
    SPELLED.iter().find(|(name, _)| *name == folded).map(|(_, letter)| (*letter).to_owned())
}

fn letter_before(reading: &Reading<'_>, first: usize) -> Option<Letter> {
    let at = first.checked_sub(1)?;
    let letter = letter_at(reading, at)?;
    // "y griega" is one letter.
    let is_two = letter == "Y" && at > 0 && matches!(reading.tokens[at - 1].folded.as_str(), "y" | "i");
    Some((at - usize::from(is_two)..first, letter))
}

fn letter_behind(reading: &Reading<'_>, last: usize) -> Option<Letter> {
    let between = |at: &usize| reading.tokens.get(*at).is_some_and(|token| BETWEEN.contains(&token.folded.as_str()));
    let at = last + 1 + (last + 1..=last + BETWEEN_MAX).take_while(between).count();
    letter_at(reading, at).map(|letter| (last + 1..at + 1, letter))
}
