//! A transcript laid out for looking things up: its words in order, folded, each with its place and time, and the
//! sentences they make. Built once for a call; everything that is drawn from the words reads this.

use std::ops::Range;

use super::fold::fold;
use crate::call::{Language, Segment, Transcript};

/// Words read; people say some 30 000 in three hours, and a transcript beyond this is no call. What masks must not show what
/// was not read, see [`Reading::read_segments`].
const TOKENS_MAX: usize = 400_000;
/// Characters that end a sentence.
const ENDS: [char; 10] = ['.', '?', '!', '…', '。', '？', '！', '؟', '।', '۔'];
/// Written with a dot inside a sentence.
const ABBREVIATIONS: [&str; 14] =
    ["mr", "mrs", "ms", "dr", "st", "sr", "sra", "srta", "dra", "ud", "uds", "no", "num", "vs"];

/// One word.
pub(super) struct Token {
    /// Index of its segment.
    pub(super) segment: u32,
    /// Its index in the segment.
    pub(super) word: u32,
    /// Its bytes in the segment's text.
    pub(super) bytes: Range<usize>,
    /// As compared; empty when it is all punctuation.
    pub(super) folded: String,
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
}

/// One sentence, inside one segment.
pub(super) struct Sentence {
    pub(super) segment: u32,
    /// Its words.
    pub(super) tokens: Range<usize>,
    /// Its bytes in the segment's text.
    pub(super) bytes: Range<usize>,
    pub(super) start_ms: u64,
    pub(super) is_question: bool,
}

/// A call's words in order.
pub(super) struct Reading<'t> {
    pub(super) transcript: &'t Transcript,
    pub(super) tokens: Vec<Token>,
    /// What machines say among them, see [`Reading::conversation`].
    pub(super) sentences: Vec<Sentence>,
    /// Index of each segment's speaker in `speakers`.
    pub(super) speaker_of: Vec<usize>,
    /// Of each segment, whether it is what people say to each other.
    is_conversation: Vec<bool>,
    /// Names in the order they first speak.
    pub(super) speakers: Vec<&'t str>,
    /// Of each segment that was read, whether its words have times of their own.
    pub(super) has_words: Vec<bool>,
    /// How many segments were read; those behind them hold words that nobody looked at.
    pub(super) read_segments: usize,
}

impl<'t> Reading<'t> {
    pub(super) fn of(transcript: &'t Transcript) -> Self {
        let mut reading = Self {
            transcript,
            tokens: Vec::new(),
            sentences: Vec::new(),
            speaker_of: Vec::new(),
            is_conversation: transcript.in_conversation(),
            speakers: Vec::new(),
            has_words: Vec::new(),
            read_segments: 0,
        };
        for (index, segment) in (0..).zip(&transcript.segments) {
            let known = reading.speakers.iter().position(|speaker| *speaker == segment.speaker);
            let speaker = known.unwrap_or(reading.speakers.len());
            if known.is_none() {
                reading.speakers.push(&segment.speaker);
            }
            reading.speaker_of.push(speaker);
            if reading.tokens.len() < TOKENS_MAX {
                reading.add(index, segment);
                reading.read_segments += 1;
            }
        }
        reading
    }

    fn add(&mut self, index: u32, segment: &Segment) {
        let first = self.tokens.len();
        let ranges = segment.word_ranges().filter(|ranges| !ranges.is_empty());
        self.has_words.push(ranges.is_some());
        match ranges {
            Some(ranges) => {
                let of_word = |(word, (range, heard)): (u32, (Range<usize>, &crate::call::Word))| Token {
                    segment: index,
                    word,
                    folded: fold(&segment.text[range.clone()]),
                    bytes: range,
                    start_ms: heard.start_ms,
                    end_ms: heard.end_ms.max(heard.start_ms),
                };
                self.tokens.extend((0..).zip(ranges.into_iter().zip(&segment.words)).map(of_word));
            }
            None => self.tokens.extend(spread(index, segment)),
        }
        self.cut(index, segment, first);
    }

    /// Cuts the tokens from `first` on into sentences that together hold the whole text.
    fn cut(&mut self, index: u32, segment: &Segment, first: usize) {
        let (mut from, mut begin) = (0, first);
        for at in first..self.tokens.len() {
            let is_last = at + 1 == self.tokens.len();
            let token = &self.tokens[at];
            let raw = &segment.text[token.bytes.clone()];
            if !is_last && !(ends(raw) && !(raw.ends_with('.') && ABBREVIATIONS.contains(&token.folded.as_str()))) {
                continue;
            }
            let to = if is_last { segment.text.len() } else { token.bytes.end };
            let text = &segment.text[from..to];
            let start = from + (text.len() - text.trim_start().len());
            let bytes = start..start + text.trim().len();
            let is_question = text.trim_end_matches(['"', '\'', '”', ')', ' ']).ends_with(['?', '？', '؟']);
            let start_ms = self.tokens[begin].start_ms;
            self.sentences.push(Sentence { segment: index, tokens: begin..at + 1, bytes, start_ms, is_question });
            (from, begin) = (to, at + 1);
        }
    }

    /// What people say to each other: announcements and the like are left out, unless there is nothing else. Rules and masks,
    /// which may be about an announcement, read all words.
    pub(super) fn conversation(&self) -> impl Iterator<Item = &Sentence> {
        self.sentences.iter().filter(|sentence| self.is_conversation[sentence.segment as usize])
    }

    pub(super) fn text_of(&self, sentence: &Sentence) -> &'t str {
        &self.transcript.segments[sentence.segment as usize].text[sentence.bytes.clone()]
    }

    pub(super) fn tokens_of(&self, sentence: &Sentence) -> &[Token] {
        &self.tokens[sentence.tokens.clone()]
    }

    /// The folded words of a sentence, without what is all punctuation.
    pub(super) fn words_of(&self, sentence: &Sentence) -> Vec<&str> {
        self.tokens_of(sentence).iter().map(|token| token.folded.as_str()).filter(|word| !word.is_empty()).collect()
    }

    /// The text from one token to another, as it stands; over several segments joined by spaces.
    pub(super) fn text_between(&self, first: usize, last: usize) -> String {
        let voice = self.speaker_of[self.tokens[first].segment as usize];
        let mut text = String::new();
        let mut at = first;
        while at <= last {
            let segment = self.tokens[at].segment;
            let mut end = at;
            while end < last && self.tokens[end + 1].segment == segment {
                end += 1;
            }
            if self.speaker_of[segment as usize] == voice {
                let whole = &self.transcript.segments[segment as usize].text;
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(&whole[self.tokens[at].bytes.start..self.tokens[end].bytes.end]);
            }
            at = end + 1;
        }
        text
    }

    pub(super) fn speaker(&self, segment: u32) -> &'t str {
        self.speakers[self.speaker_of[segment as usize]]
    }

    pub(super) fn language(&self) -> Option<&'t str> {
        self.transcript.language.as_ref().map(Language::as_str)
    }
}

fn ends(raw: &str) -> bool {
    raw.trim_end_matches(['"', '\'', '”', ')', '»']).ends_with(ENDS)
}

/// The words between white space, timed by their place in the text: for a segment whose words are not found in it.
fn spread(index: u32, segment: &Segment) -> impl Iterator<Item = Token> {
    let length = segment.text.len().max(1) as u64;
    let at = move |byte: usize| segment.start_ms + segment.duration_ms() * byte as u64 / length;
    let mut from = 0;
    (0..).zip(segment.text.split_whitespace()).map(move |(word, raw)| {
        // It is there: it was split off this very text.
        let start = from + segment.text[from..].find(raw).unwrap_or(0);
        from = start + raw.len();
        let (start_ms, end_ms) = (at(start), at(from));
        Token { segment: index, word, folded: fold(raw), bytes: start..from, start_ms, end_ms }
    })
}
