//! Which language a call is in: every window that was probed votes, weighted by its speech.

use super::listen::allowed_languages;
use super::windows::Window;
use crate::call::Language;

/// Windows a channel that are probed before the language is settled. One is not enough: calls begin with announcements
/// and names; three spread over the call outvote them.
pub const PROBES_PER_CHANNEL: usize = 3;
/// Speech below which a window tells little about its language, in samples: one second.
const PROBE_SPEECH_MIN: u64 = crate::decode::SAMPLE_RATE_HZ as u64;
/// A channel whose own votes are less sure than this follows the call.
const CHANNEL_CONFIDENCE_MIN: f32 = 0.6;

/// Share of the votes that decides for the whole call.
const MAJORITY: f32 = 0.5;

/// Votes so far.
#[derive(Debug, Default)]
pub struct Ballot {
    votes: Vec<(u16, Language, f32)>,
}

/// A language with the share of votes it got.
#[derive(Debug, Clone, PartialEq)]
pub struct Elected {
    /// The winner.
    pub language: Language,
    /// Its share, 0 to 1.
    pub confidence: f32,
}

impl Ballot {
    /// Counts the probe of one window.
    pub fn vote(&mut self, window: &Window, ranked: &[(Language, f32)], allowed: &[Language]) {
        let weight = window.speech_len() as f32;
        for (language, probability) in allowed_languages(ranked, allowed) {
            // A hundred languages with nothing each would only cost time.
            if probability >= 0.01 {
                self.votes.push((window.channel, language, probability * weight));
            }
        }
    }

    /// The language of the whole call, if one has the majority. A single "hello" can sound like any of a hundred.
    pub fn winner(&self) -> Option<Elected> {
        let elected = elect(self.votes.iter().map(|(_, language, weight)| (language, *weight)));
        elected.filter(|elected| elected.confidence >= MAJORITY)
    }

    /// A language with its share of the votes.
    pub fn share_of(&self, language: Language) -> Elected {
        let all: f32 = self.votes.iter().map(|(_, _, weight)| weight).sum();
        let own: f32 = self.votes.iter().filter(|(_, of, _)| *of == language).map(|(_, _, weight)| weight).sum();
        Elected { language, confidence: if all > 0.0 { own / all } else { 0.0 } }
    }

    /// The language of one channel: its own votes, or the call's where they say little.
    pub fn channel(&self, channel: u16) -> Option<Language> {
        let own =
            elect(self.votes.iter().filter(|(c, ..)| *c == channel).map(|(_, language, weight)| (language, *weight)));
        own.filter(|elected| elected.confidence >= CHANNEL_CONFIDENCE_MIN)
            .or_else(|| self.winner())
            .map(|elected| elected.language)
    }
}

fn elect<'a>(votes: impl Iterator<Item = (&'a Language, f32)>) -> Option<Elected> {
    let mut totals: std::collections::BTreeMap<&Language, f32> = std::collections::BTreeMap::new();
    for (language, weight) in votes {
        *totals.entry(language).or_default() += weight;
    }
    let all: f32 = totals.values().sum();
    let (language, most) = totals.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (all > 0.0).then(|| Elected { language: language.clone(), confidence: most / all })
}

/// The windows to probe: a few of each channel, spread over the call, those in conversation and with enough speech first.
/// Announcements may be in another language than the people.
pub fn probes(windows: &[Window], is_conversation: impl Fn(&Window) -> bool) -> Vec<usize> {
    let mut chosen = Vec::new();
    let channels: std::collections::BTreeSet<u16> = windows.iter().map(|window| window.channel).collect();
    for channel in channels {
        let of_channel: Vec<usize> = (0..windows.len()).filter(|&i| windows[i].channel == channel).collect();
        let spoken: Vec<usize> = of_channel.iter().copied().filter(|&i| is_conversation(&windows[i])).collect();
        let of_channel = if spoken.is_empty() { of_channel } else { spoken };
        let long: Vec<usize> =
            of_channel.iter().copied().filter(|&i| windows[i].speech_len() >= PROBE_SPEECH_MIN).collect();
        let pool = if long.is_empty() { &of_channel } else { &long };
        // First, last and evenly between.
        chosen.extend(spread(pool, PROBES_PER_CHANNEL));
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// Up to `count` of the probes, first and last among them.
pub fn spread(probes: &[usize], count: usize) -> Vec<usize> {
    let count = count.max(1).min(probes.len());
    (0..count).map(|k| probes[if count == 1 { 0 } else { k * (probes.len() - 1) / (count - 1) }]).collect()
}
