//! How far models are from corrected transcripts, added up by model, channel and language.

use serde::Serialize;

use super::reference::Call;
use crate::call::{Language, Transcript};
use crate::understand::wer::{Cer, Wer, character_error_rate, word_error_rate};

/// Errors of some calls together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Score {
    /// In words.
    pub words: Wer,
    /// In characters.
    pub characters: Cer,
}

impl Score {
    fn of(said: &str, heard: &str) -> Self {
        Self { words: word_error_rate(said, heard), characters: character_error_rate(said, heard) }
    }

    fn add(&mut self, other: Self) {
        self.words = self.words + other.words;
        self.characters = self.characters + other.characters;
    }
}

/// Scores as they are printed.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Rates {
    /// Word error rate: errors for a spoken word.
    pub wer: f64,
    /// Character error rate.
    pub cer: f64,
    /// Words that were spoken.
    pub words: u32,
    /// Words heard as others.
    pub substitutions: u32,
    /// Words that nobody said.
    pub insertions: u32,
    /// Words that were missed.
    pub deletions: u32,
}

impl From<Score> for Rates {
    fn from(score: Score) -> Self {
        let Wer { substitutions, insertions, deletions, words } = score.words;
        let four_places = |rate: f64| (rate * 10_000.0).round() / 10_000.0;
        let (wer, cer) = (four_places(score.words.rate()), four_places(score.characters.rate()));
        Self { wer, cer, words, substitutions, insertions, deletions }
    }
}

/// One call as one model heard it.
#[derive(Debug)]
pub(super) struct Heard {
    /// The model.
    pub model: String,
    /// The call.
    pub call: String,
    /// All of it.
    pub score: Score,
    /// By channel and who is on it; empty where the corrected transcript does not tell.
    pub channels: Vec<(u16, String, Score)>,
    /// With the two channels of the corrected transcript exchanged; absent where there are not two.
    pub swapped: Option<Score>,
    /// The language that was heard.
    pub language: Option<Language>,
    /// The one it is in.
    pub expected: Option<Language>,
    /// Length of the call and time of the work.
    pub duration_ms: u64,
    /// Time of the work.
    pub wall_ms: u64,
    /// What was wrong with the sound.
    pub poor_because: Option<String>,
}

impl Heard {
    /// Compares a transcript with what was said.
    pub(super) fn new(model: &str, call: &Call, transcript: &Transcript) -> Self {
        let said = call.by_channel(transcript);
        let channels = said.as_deref().map(|said| by_channel(said, transcript)).unwrap_or_default();
        let swapped = said.as_deref().and_then(|said| swapped(said, transcript));
        let mut score = Score::default();
        match channels.as_slice() {
            [] => score = Score::of(&call.text(), &transcript.text()),
            channels => channels.iter().for_each(|(_, _, of_channel)| score.add(*of_channel)),
        }
        Self {
            model: model.to_owned(),
            call: call.name.clone(),
            score,
            channels,
            swapped,
            language: transcript.language.clone(),
            expected: call.language.clone(),
            duration_ms: transcript.duration_ms,
            wall_ms: transcript.timings.wall_ms,
            poor_because: transcript.sound.as_ref().and_then(|sound| sound.poor_because.clone()),
        }
    }
}

fn by_channel(said: &[(u16, &str)], transcript: &Transcript) -> Vec<(u16, String, Score)> {
    let heard: Vec<(u16, &str)> = transcript.segments.iter().map(|s| (s.channel, s.text.as_str())).collect();
    let mut channels: Vec<u16> = said.iter().chain(&heard).map(|turn| turn.0).collect();
    channels.sort_unstable();
    channels.dedup();
    let scored = |channel: u16| {
        let speaker = transcript.channels.iter().find(|facts| facts.channel == channel);
        let speaker = speaker.map_or_else(String::new, |facts| facts.speaker.clone());
        (channel, speaker, Score::of(&join(said, channel), &join(&heard, channel)))
    };
    channels.into_iter().map(scored).collect()
}

fn swapped(said: &[(u16, &str)], transcript: &Transcript) -> Option<Score> {
    let two =
        said.iter().any(|turn| turn.0 == 0) && said.iter().all(|turn| turn.0 < 2) && transcript.channels.len() == 2;
    let exchanged: Vec<(u16, &str)> = said.iter().map(|&(channel, text)| (1 - channel.min(1), text)).collect();
    let mut total = Score::default();
    by_channel(&exchanged, transcript).into_iter().for_each(|(_, _, score)| total.add(score));
    two.then_some(total)
}

fn join(turns: &[(u16, &str)], channel: u16) -> String {
    turns.iter().filter(|turn| turn.0 == channel).map(|turn| turn.1).collect::<Vec<_>>().join(" ")
}

/// Scores added up under a name, in order of appearance.
pub(super) fn sums<'a, K: PartialEq>(items: impl Iterator<Item = (K, &'a Score)>) -> Vec<(K, Score)> {
    let mut sums: Vec<(K, Score)> = Vec::new();
    for (key, score) in items {
        match sums.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => sum.add(*score),
            None => sums.push((key, *score)),
        }
    }
    sums
}
