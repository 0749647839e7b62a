//! A call told in other words, a language model's, without the personal data of that call.
//!
//! Pure. Such texts say a number in another way than the call: written where it was spoken, in part ("the card ending in
//! 6467"), without the words that name it. So beside what the finder tells by itself, the digits and the mailboxes that were
//! said in the call are looked for wherever they stand.

use std::collections::HashSet;

use super::digits::heard;
use super::mask::{hidden_in, masked, without};
use super::runs::runs;
use super::veil::as_transcript;
use super::{Pii, spans};
use crate::call::{PiiKind, PiiSpan, Transcript};
use crate::understand::fold::fold;
use crate::understand::language;
use crate::understand::reading::{Reading, Token};

/// Digits in a row that give a number away: a card is known by its last four, and three are a security code.
const DIGITS_MIN: usize = 3;
/// Letters of a mailbox's part that is no word of every other sentence.
const MAILBOX_CHARS_MIN: usize = 4;
/// Languages in which spoken digits are known.
const LANGUAGES: [&str; 2] = ["en", "es"];
/// How sure it has to be that a text is in another one.
const OTHER_LANGUAGE_MIN: f32 = 0.5;

/// What is not to be told of a call.
#[derive(Debug)]
pub struct Retold<'p> {
    kinds: &'p [PiiKind],
    pii: &'p Pii,
    /// The digits of everything that is masked, by kind.
    digits: Vec<(PiiKind, String)>,
    /// The parts of addresses.
    mailboxes: HashSet<String>,
}

impl<'p> Retold<'p> {
    /// What a call holds of these kinds. `spoken` are its words, unmasked as far as they are known.
    pub fn of(spoken: &Transcript, kinds: &'p [PiiKind], pii: &'p Pii) -> Self {
        let (mut digits, mut mailboxes) = (Vec::new(), HashSet::new());
        if !kinds.is_empty() {
            let reading = Reading::of(spoken);
            let mut said: Vec<(usize, u8)> =
                runs(&reading).iter().flat_map(|run| &run.digits).map(|digit| (digit.token, digit.value)).collect();
            said.sort_by_key(|(token, _)| *token);
            for span in hidden_in(spoken, kinds, pii, &[]).spans {
                let place = |token: &Token| (token.segment, token.word);
                let first = reading.tokens.partition_point(|token| place(token) < (span.segment, span.first_word));
                let end = reading.tokens.partition_point(|token| place(token) <= (span.segment, span.last_word));
                let from = said.partition_point(|(token, _)| *token < first);
                let within = said[from..].iter().take_while(|(token, _)| *token < end);
                let number: String = within.map(|(_, value)| char::from(b'0' + value)).collect();
                if number.len() >= DIGITS_MIN {
                    digits.push((span.kind.clone(), number));
                }
                if span.kind == PiiKind::Email {
                    let words = reading.tokens[first..end].iter();
                    let words = words.take_while(|token| !matches!(token.folded.as_str(), "at" | "arroba" | ""));
                    let before = words.map(|word| word.folded.split('@').next().unwrap_or_default());
                    let parts = before.flat_map(|mailbox| mailbox.split(['.', '_', '-', '+']).chain([mailbox]));
                    let parts = parts.filter(|part| part.len() >= MAILBOX_CHARS_MIN);
                    mailboxes.extend(parts.map(str::to_owned));
                }
            }
        }
        Self { kinds, pii, digits, mailboxes }
    }

    /// Masks texts that tell of the call. False, and then they are as they were, where they are in a language in which
    /// numbers cannot be told.
    pub fn mask(&self, texts: Vec<&mut String>) -> bool {
        if self.kinds.is_empty() {
            return true;
        }
        let whole: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
        let guess = language::detect(&whole.join(" "), &[]);
        let is_other = |guess: &language::LanguageGuess| {
            guess.confidence >= OTHER_LANGUAGE_MIN && !LANGUAGES.contains(&guess.language.as_str())
        };
        if guess.as_ref().is_some_and(is_other) {
            return false;
        }
        let copies: Vec<String> = whole.iter().map(|text| (*text).to_owned()).collect();
        let told = as_transcript(&copies);
        let told = masked(&told, self.kinds, self.pii);
        let told = without(&told, &self.known_in(&told));
        for (text, masked) in texts.into_iter().zip(told.segments) {
            *text = masked.text;
        }
        true
    }

    /// Where texts, as turns of one speaker, tell what was said in the call.
    pub(super) fn known_in(&self, told: &Transcript) -> Vec<PiiSpan> {
        let reading = Reading::of(told);
        let mut found = Vec::new();
        for run in runs(&reading) {
            let text = run.text();
            let known = self.digits.iter().find(|(_, digits)| {
                text.len() >= DIGITS_MIN && (digits.contains(&text) || text.contains(digits.as_str()))
            });
            let tokens = run.digits.iter().map(|digit| digit.token).collect();
            found.extend(known.map(|(kind, _)| super::Entity { kind: kind.clone(), tokens }));
        }
        for (at, token) in reading.tokens.iter().enumerate() {
            let has = |part: &str| self.mailboxes.contains(part);
            let is_part = has(&token.folded) || token.folded.split(['.', '@', '_', '-']).any(has);
            if is_part || token.folded.split(|c: char| !c.is_alphanumeric()).map(fold).any(|part| has(&part)) {
                found.push(super::Entity { kind: PiiKind::Email, tokens: vec![at] });
            }
            // Digits within a word: "XXXX6467", "#6467".
            let digits: String = token.folded.chars().filter(char::is_ascii_digit).collect();
            let is_mixed = digits.len() >= DIGITS_MIN && heard(&token.folded, &token.folded).is_none();
            let known = self.digits.iter().find(|(_, known)| is_mixed && known.contains(&digits));
            found.extend(known.map(|(kind, _)| super::Entity { kind: kind.clone(), tokens: vec![at] }));
        }
        found.iter().flat_map(|entity| spans(&reading, 0, entity)).collect()
    }
}
