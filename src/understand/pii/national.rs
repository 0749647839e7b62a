//! Numbers by which states know people, as the operator describes them: words that name the number, and what it looks
//! like. `dni|documento => \d{8}[A-Z]`.

use regex::{Regex, RegexBuilder};

use super::Entity;
use super::cue::before;
use super::runs::Run;
use crate::call::PiiKind;
use crate::understand::phrases::Phrases;
use crate::understand::reading::Reading;

/// Memory a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 18;

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
        let letter = |at: Option<usize>| -> Option<(usize, String)> {
            let at = at?;
            let folded = &reading.tokens.get(at)?.folded;
            (folded.chars().count() == 1 && folded.starts_with(|c: char| c.is_ascii_alphabetic()))
                .then(|| (at, folded.to_ascii_uppercase()))
        };
        let mut found = Vec::new();
        for run in runs {
            if !self.names.is_in(&before(reading, run.first())) {
                continue;
            }
            let digits = run.text();
            let (ahead, behind) = (letter(run.first().checked_sub(1)), letter(Some(run.last() + 1)));
            let side =
                |side: &Option<(usize, String)>| side.as_ref().map(|(_, letter)| letter.clone()).unwrap_or_default();
            for (with_ahead, with_behind) in [(true, true), (true, false), (false, true), (false, false)] {
                let (front, back) = (ahead.as_ref().filter(|_| with_ahead), behind.as_ref().filter(|_| with_behind));
                let text = format!("{}{digits}{}", side(&front.cloned()), side(&back.cloned()));
                if self.pattern.is_match(&text) {
                    let sides = [front, back].into_iter().flatten().map(|(at, _)| *at);
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
                self.pattern.is_match(&bare.to_ascii_uppercase()) && self.names.is_in(&before(reading, *at))
            })
            .map(|(at, _)| Entity { kind: PiiKind::NationalId, tokens: vec![at] })
            .collect()
    }
}
