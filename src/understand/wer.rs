//! Word error rate: how far a transcript is from what was truly said.
//!
//! Both texts are brought to the same spelling first:
//!
//! - lower case (Unicode, not locale dependent);
//! - apostrophes vanish (`it's` is `its`), every other character that is neither letter nor digit separates words, so
//!   punctuation and hyphens never count;
//! - every digit is a word of its own: `5550123`, `555-0123` and `5 5 5 0 1 2 3` are the same seven words;
//! - accents stay: `está` and `esta` are two words. Number words stay: `five` is not `5`.
//!
//! Texts are taken to be in Unicode's composed form, as Whisper writes.

use std::ops::Add;

use crate::call::Transcript;

/// Edits that turn the reference into the hypothesis, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wer {
    /// Words heard as another word.
    pub substitutions: u32,
    /// Words that nobody said.
    pub insertions: u32,
    /// Words that were missed.
    pub deletions: u32,
    /// Words of the reference.
    pub words: u32,
}

impl Wer {
    /// All edits.
    pub const fn errors(&self) -> u32 {
        self.substitutions + self.insertions + self.deletions
    }

    /// Errors for a word of the reference: 0 is perfect, beyond 1 is possible. Against an empty reference every
    /// inserted word counts as one whole reference.
    pub fn rate(&self) -> f64 {
        f64::from(self.errors()) / f64::from(self.words.max(1))
    }
}

impl Add for Wer {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            substitutions: self.substitutions + other.substitutions,
            insertions: self.insertions + other.insertions,
            deletions: self.deletions + other.deletions,
            words: self.words + other.words,
        }
    }
}

impl std::iter::Sum for Wer {
    fn sum<I: Iterator<Item = Self>>(wers: I) -> Self {
        wers.fold(Self::default(), Add::add)
    }
}

/// The words of a text as they are compared.
pub fn normalised_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars().flat_map(char::to_lowercase) {
        let last = words.len() - 1;
        match c {
            '\'' | '’' | 'ʼ' => {}
            _ if c.is_numeric() => words.extend([c.to_string(), String::new()]),
            _ if c.is_alphanumeric() || is_mark(c) => words[last].push(c),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Combining marks belong to the letter before them.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}

/// The smallest number of edits between two texts. Of equal ways the one with more substitutions is told.
pub fn word_error_rate(reference: &str, hypothesis: &str) -> Wer {
    let (reference, hypothesis) = (normalised_words(reference), normalised_words(hypothesis));
    // One row of the edit table at a time: a call of hours would need gigabytes for all of it.
    let mut row: Vec<Wer> =
        (0..=hypothesis.len()).map(|insertions| Wer { insertions: count(insertions), ..Wer::default() }).collect();
    for (said_before, said) in reference.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = Wer { deletions: count(said_before + 1), ..Wer::default() };
        for (column, heard) in hypothesis.iter().enumerate() {
            let (above, left) = (row[column + 1], row[column]);
            let substitution = if said == heard { 0 } else { 1 };
            let ways = [
                Wer { substitutions: diagonal.substitutions + substitution, ..diagonal },
                Wer { deletions: above.deletions + 1, ..above },
                Wer { insertions: left.insertions + 1, ..left },
            ];
            diagonal = above;
            row[column + 1] = ways.into_iter().min_by_key(Wer::errors).unwrap_or(left);
        }
    }
    Wer { words: count(reference.len()), ..row[hypothesis.len()] }
}

/// The sum over the channels of a call. `turns` are what was said on which channel, in order; words that are published
/// on the wrong channel count against both.
pub fn call_error_rate<'a>(turns: impl IntoIterator<Item = (u16, &'a str)>, transcript: &Transcript) -> Wer {
    let turns: Vec<(u16, &str)> = turns.into_iter().collect();
    let spoken = transcript.segments.iter().map(|segment| (segment.channel, segment.text.as_str()));
    let channels = turns.iter().map(|turn| turn.0).chain(spoken.clone().map(|turn| turn.0));
    let mut channels: Vec<u16> = channels.collect();
    channels.sort_unstable();
    channels.dedup();
    channels
        .into_iter()
        .map(|channel| {
            let said = join(turns.iter().copied(), channel);
            word_error_rate(&said, &join(spoken.clone(), channel))
        })
        .sum()
}

fn join<'a>(turns: impl Iterator<Item = (u16, &'a str)>, channel: u16) -> String {
    turns.filter(|turn| turn.0 == channel).map(|turn| turn.1).collect::<Vec<_>>().join(" ")
}

/// A call has far fewer words than `u32` counts.
fn count(words: usize) -> u32 {
    u32::try_from(words).unwrap_or(u32::MAX)
}
