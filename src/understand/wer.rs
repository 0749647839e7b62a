//! Word and character error rate: how far a transcript is from what was truly said.
//!
//! Both texts are brought to the same spelling first:
//!
//! - lower case (Unicode, not locale dependent);
//! - apostrophes vanish (`it's` is `its`), every other character that is neither letter nor digit separates words, so
//!   punctuation and hyphens never count;
//! - every digit is a word of its own: `5550123`, `555-0123` and `5 5 5 0 1 2 3` are the same seven words;
//! - accents stay: `está` and `esta` are two words. Number words stay: `five` is not `5`.
//!
//! Characters are those of the words so brought; the spaces between count as nothing.
//!
//! Texts are taken to be in Unicode's composed form, as Whisper writes.

use std::collections::HashMap;
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

/// Edits that turn the reference into the hypothesis, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cer {
    /// Characters heard as others, invented or missed.
    pub errors: u32,
    /// Characters of the reference.
    pub characters: u32,
}

impl Cer {
    /// Errors for a character of the reference; against an empty one every invented character counts as a whole one.
    pub fn rate(&self) -> f64 {
        f64::from(self.errors) / f64::from(self.characters.max(1))
    }
}

impl Add for Cer {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { errors: self.errors + other.errors, characters: self.characters + other.characters }
    }
}

/// The smallest number of edits between the characters of two texts.
pub fn character_error_rate(reference: &str, hypothesis: &str) -> Cer {
    let characters = |text: &str| normalised_words(text).concat().chars().collect::<Vec<char>>();
    let (reference, hypothesis) = (characters(reference), characters(hypothesis));
    Cer { errors: count(edits(&reference, &hypothesis)), characters: count(reference.len()) }
}

/// One step of 64 rows of the edit table.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// Rows one above which the table grows by one, and by minus one.
    grows: u64,
    shrinks: u64,
}

/// Rows in a block.
const BLOCK_ROWS: usize = u64::BITS as usize;

/// The edit distance, 64 rows at a time (Myers 1999, in Hyyrö's blocks): the characters of a call of hours would need
/// minutes one by one.
fn edits(reference: &[char], hypothesis: &[char]) -> usize {
    if reference.is_empty() {
        return hypothesis.len();
    }
    let count = reference.len().div_ceil(BLOCK_ROWS);
    let mut places: HashMap<char, Vec<u64>> = HashMap::new();
    for (row, &character) in reference.iter().enumerate() {
        let rows = places.entry(character).or_insert_with(|| vec![0; count]);
        rows[row / BLOCK_ROWS] |= 1 << (row % BLOCK_ROWS);
    }
    let mut blocks = vec![Block { grows: u64::MAX, shrinks: 0 }; count];
    let last_row = 1 << ((reference.len() - 1) % BLOCK_ROWS);
    let mut distance = reference.len();
    for character in hypothesis {
        let rows = places.get(character);
        let mut carried = Carry::Up;
        for (index, block) in blocks.iter_mut().enumerate() {
            let bottom = if index + 1 == count { last_row } else { 1 << (BLOCK_ROWS - 1) };
            carried = block.advance(rows.map_or(0, |rows| rows[index]), carried, bottom);
        }
        match carried {
            Carry::Up => distance += 1,
            Carry::Down => distance -= 1,
            Carry::Level => {}
        }
    }
    distance
}

/// How the table changes from one column to the next at a block's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carry {
    Up,
    Level,
    Down,
}

impl Block {
    fn advance(&mut self, same: u64, carried: Carry, bottom: u64) -> Carry {
        let Self { grows, shrinks } = *self;
        let vertical = same | shrinks;
        let same = same | u64::from(carried == Carry::Down);
        let horizontal = ((same & grows).wrapping_add(grows) ^ grows) | same;
        let (up, down) = (shrinks | !(horizontal | grows), grows & horizontal);
        let out = match (up & bottom != 0, down & bottom != 0) {
            (true, _) => Carry::Up,
            (_, true) => Carry::Down,
            _ => Carry::Level,
        };
        let up = up << 1 | u64::from(carried == Carry::Up);
        let down = down << 1 | u64::from(carried == Carry::Down);
        self.grows = down | !(vertical | up);
        self.shrinks = up & vertical;
        out
    }
}

fn join<'a>(turns: impl Iterator<Item = (u16, &'a str)>, channel: u16) -> String {
    turns.filter(|turn| turn.0 == channel).map(|turn| turn.1).collect::<Vec<_>>().join(" ")
}

/// A call has far fewer words than `u32` counts.
fn count(words: usize) -> u32 {
    u32::try_from(words).unwrap_or(u32::MAX)
}
