//! Runs of spoken and written digits over a call: the words of one speaker in a row that make one number, also when the
//! other side says "mhm" in between, a group is repeated in the next turn, or the number goes on in the next segment.

use super::digits::{Heard, heard};
use crate::understand::reading::Reading;

/// A run is broken by a pause of this length: then another number begins.
const PAUSE_MS_MAX: u64 = 12_000;
/// Words said inside a number without being part of it.
const FILLERS: [&str; 16] = [
    "uh", "um", "eh", "mm", "ah", "er", "then", "luego", "entonces", "space", "okay", "ok", "es", "pues", "este",
    "vale",
];
/// Fillers in a row that are taken.
const FILLERS_MAX: usize = 2;
/// Words of the other side inside a number: "mhm", "okay", "go on".
const BACK_CHANNEL_WORDS_MAX: usize = 4;

/// One digit with the word that says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digit {
    pub(super) value: u8,
    pub(super) token: usize,
}

/// Digits in a row.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) digits: Vec<Digit>,
    /// The word that holds a plus before it.
    pub(super) plus: Option<usize>,
}

impl Run {
    /// Its first word, the plus included.
    pub(super) fn first(&self) -> usize {
        self.plus.or(self.digits.first().map(|digit| digit.token)).unwrap_or(0)
    }

    /// Its last word.
    pub(super) fn last(&self) -> usize {
        self.digits.last().map_or(0, |digit| digit.token)
    }

    pub(super) fn text(&self) -> String {
        text_of(&self.digits)
    }
}

/// Digits as they are written.
pub(super) fn text_of(digits: &[Digit]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit.value)).collect()
}

/// All runs of a call, in order.
pub(super) fn runs(reading: &Reading<'_>) -> Vec<Run> {
    let mut runs = Vec::new();
    for speaker in 0..reading.speakers.len() {
        let mut open = Open::default();
        // What the others said since this one last spoke.
        let mut others = 0;
        for (at, token) in reading.tokens.iter().enumerate() {
            if reading.speaker_of[token.segment as usize] != speaker {
                let raw = &reading.transcript.segments[token.segment as usize].text[token.bytes.clone()];
                // Repeating the digits is listening.
                others += usize::from(!token.folded.is_empty() && heard(&token.folded, raw).is_none());
                continue;
            }
            if others > BACK_CHANNEL_WORDS_MAX || open.until_ms.is_some_and(|end| token.start_ms > end + PAUSE_MS_MAX) {
                open.close(&mut runs);
            }
            others = 0;
            let raw = &reading.transcript.segments[token.segment as usize].text[token.bytes.clone()];
            if raw.starts_with('+') && token.folded.starts_with(|c: char| c.is_ascii_digit()) {
                open.close(&mut runs);
                open.plus(at);
            }
            match heard(&token.folded, raw) {
                Some(part) => open.take(part, at, token.end_ms, &mut runs),
                None if token.folded.is_empty() => {}
                None if FILLERS.contains(&token.folded.as_str()) && open.fillers < FILLERS_MAX => open.fillers += 1,
                None => open.close(&mut runs),
            }
        }
        open.close(&mut runs);
    }
    runs.sort_by_key(Run::first);
    runs
}

/// A run being read.
#[derive(Default)]
struct Open {
    run: Run,
    /// The hundreds just said, whose tens and units may follow.
    hundreds: Option<(char, usize)>,
    /// The tens just said, whose unit may follow.
    tens: Option<(char, usize)>,
    times: Option<(usize, usize)>,
    fillers: usize,
    until_ms: Option<u64>,
}

impl Open {
    fn plus(&mut self, at: usize) {
        self.run.plus = Some(at);
    }

    fn take(&mut self, part: Heard, at: usize, end_ms: u64, runs: &mut Vec<Run>) {
        match part {
            Heard::Digits(digits) => {
                if let Some((tens, token)) = self.tens.take() {
                    // "forty two" is 42; "forty ten" is 40 10.
                    let is_unit = digits.len() == 1 && digits != "0";
                    self.push_hundreds(0);
                    self.push(&tens.to_string(), token);
                    if !is_unit {
                        self.push("0", token);
                    }
                } else {
                    // "six hundred twelve" is 612 and "six hundred two" 602; more digits than that begin anew.
                    let is_part = digits.len() <= 2 && !digits.starts_with('0');
                    self.push_hundreds(if is_part { 2 - digits.len() } else { 2 });
                }
                let times = self.times.take().map_or(1, |(times, _)| times);
                self.push(&digits.repeat(if digits.len() == 1 { times } else { 1 }), at);
            }
            Heard::Tens(tens) => {
                self.settle_tens();
                self.tens = Some((tens, at));
                self.fillers = 0;
            }
            Heard::Hundreds(hundreds) => {
                self.settle();
                self.hundreds = Some((hundreds, at));
                self.fillers = 0;
            }
            Heard::Times(times) => {
                self.settle();
                self.times = Some((times, at));
            }
            Heard::Plus if self.run.digits.is_empty() && self.tens.is_none() && self.hundreds.is_none() => {
                self.plus(at);
            }
            Heard::Plus => {
                self.close(runs);
                self.plus(at);
            }
            Heard::Joint if self.run.digits.is_empty() && self.tens.is_none() && self.hundreds.is_none() => {}
            Heard::Joint => self.fillers += 1,
        }
        if !matches!(self.fillers, 0..=FILLERS_MAX) {
            self.close(runs);
        }
        self.until_ms = Some(end_ms);
    }

    /// Hundreds and tens without what may follow: "six hundred", "forty".
    fn settle(&mut self) {
        self.settle_tens();
        self.push_hundreds(2);
    }

    fn settle_tens(&mut self) {
        if let Some((tens, token)) = self.tens.take() {
            self.push_hundreds(0);
            self.push(&format!("{tens}0"), token);
        }
    }

    fn push_hundreds(&mut self, zeros: usize) {
        if let Some((hundreds, token)) = self.hundreds.take() {
            self.push(&format!("{hundreds}{}", "0".repeat(zeros)), token);
        }
    }

    fn push(&mut self, digits: &str, token: usize) {
        self.fillers = 0;
        self.run.digits.extend(digits.bytes().map(|digit| Digit { value: digit - b'0', token }));
    }

    fn close(&mut self, runs: &mut Vec<Run>) {
        self.settle();
        if !self.run.digits.is_empty() {
            runs.push(std::mem::take(&mut self.run));
        }
        *self = Self::default();
    }
}
