//! What one stretch of sound between two pauses is.

use std::ops::Range;

use super::VadSettings;
use super::regions::{WindowSound, frames_in};
use super::sound::{LEVEL_MS, LEVELS_PER_FRAME};

/// Levels this far under the chunk's loudest say nothing about what it is, in dB.
const TELLING_DB: f32 = 25.0;
/// Neither do levels closer to the noise than this many of its standard deviations.
const TELLING_DEVIATIONS: f32 = 12.0;
/// But levels this close to the chunk's loudest always do, in dB.
const TELLING_PEAK_DB: f32 = 6.0;
/// Ends this far under the loudest level are cut off, in dB: line echo and reverberation, not words.
const TAIL_DB: f32 = 40.0;
/// Frames after a chunk's start that cannot be steady yet, because their comparison lies in the silence before.
const STEADY_BLIND_FRAMES: usize = 5;
/// Share of steady frames that makes a second of sound a tone or music.
const TONAL_SHARE: f32 = 0.48;
/// The same for a short chunk, where one long vowel weighs more.
const TONAL_SHARE_SHORT: f32 = 0.65;
/// Frames over which tonality is judged inside a long chunk: one second.
const TONAL_FRAMES: usize = 63;
/// Share of energy in one pair of key tones from which a frame is a key press.
const KEY_TONE_SHARE: f32 = 0.80;
/// A silence this long, this near to where a tone ends, is where it ended: tonality is judged over a second and blurs.
const BREATH_MS: usize = 64;
const BREATH_REACH_MS: usize = 480;
/// Levels up to this many standard deviations above the noise are such a silence.
const BREATH_DEVIATIONS: f32 = 5.0;
/// Mean flatness from which a chunk is noise: white 0.56, pink 0.39, speech at most 0.13.
const NOISE_FLATNESS: f32 = 0.30;
/// Spread of levels under which half a second of sound is steady, in dB: carriers and hiss 0.1 to 1.4, speech from 2.5.
const STEADY_SPREAD_DB: f32 = 1.5;
const STEADY_MIN_MS: usize = 500;
/// Voicing from which a frame counts as voiced, and the share of such frames that speech has at least.
const VOICED: f32 = 0.4;
const VOICED_SHARE: f32 = 0.12;

/// What a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The detector hears speech.
    Speech,
    /// The detector hears none, but it sounds like it.
    Unheard,
    /// Music, ringing, keys.
    Tone,
    /// Hiss, a carrier, a knock.
    Noise,
    /// Too short or too faint to say.
    Unsure,
}

/// Sound between two pauses.
#[derive(Debug)]
pub struct Chunk {
    /// Where it is, in levels.
    pub levels: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// The speech in it, in levels.
    pub speech: Vec<Range<usize>>,
    /// For each frame, whether it belongs to a tone.
    tonal: Vec<bool>,
}

impl Chunk {
    /// Looks at one stretch of sound.
    pub fn judge(window: &WindowSound, levels: Range<usize>, voice: &[bool], settings: &VadSettings) -> Self {
        let frames = frames_of(&levels);
        let telling = telling(window, &levels);
        let tonal = tonal(window, &frames, &telling);
        let noise = is_noise(window, &levels, &telling);
        let spoken: Vec<bool> = frames.clone().zip(&tonal).map(|(k, &tone)| voice[k] && !tone && !noise).collect();
        let free: Vec<bool> = tonal.iter().map(|tone| !tone).collect();
        let mut chunk = Self { levels, kind: Kind::Unsure, speech: Vec::new(), tonal };
        if count(&spoken) >= frames_in(settings.speech_min_ms) {
            chunk.kind = Kind::Speech;
            chunk.speech = chunk.cut(window, &spoken, settings);
        } else if noise {
            chunk.kind = Kind::Noise;
        } else if chunk.is_mostly_tonal() {
            chunk.kind = Kind::Tone;
        } else if count(&free) >= frames_in(settings.unheard_min_ms) && is_voiced(window, &frames) {
            chunk.kind = Kind::Unheard;
            chunk.speech = chunk.cut(window, &free, settings);
        }
        if chunk.speech.is_empty() && matches!(chunk.kind, Kind::Speech | Kind::Unheard) {
            chunk.kind = if chunk.is_mostly_tonal() { Kind::Tone } else { Kind::Unsure };
        }
        chunk
    }

    /// Speech in it, in levels.
    pub fn speech_levels(&self) -> usize {
        self.speech.iter().map(ExactSizeIterator::len).sum()
    }

    /// The short silence nearest to where speech seems to change into something else: the change is there.
    fn breath(&self, window: &WindowSound, at: usize) -> Option<Range<usize>> {
        let reach = BREATH_REACH_MS / LEVEL_MS;
        let near = at.saturating_sub(reach).max(self.levels.start)..(at + reach).min(self.levels.end);
        let silent = window.noise.above_dbfs(BREATH_DEVIATIONS);
        let breaths = runs(near.len(), |i| window.levels[near.start + i] <= silent);
        let longest =
            breaths.into_iter().filter(|b| b.len() * LEVEL_MS >= BREATH_MS).max_by_key(ExactSizeIterator::len)?;
        Some(near.start + longest.start..near.start + longest.end)
    }

    /// Moves the end of its last speech.
    pub fn extend_to(&mut self, end: usize) {
        if let Some(last) = self.speech.last_mut() {
            last.end = end;
        }
    }

    /// Moves the start of its first speech.
    pub fn extend_from(&mut self, start: usize) {
        if let Some(first) = self.speech.first_mut() {
            first.start = start;
        }
    }

    /// Whether more than half of it is tone.
    pub fn is_mostly_tonal(&self) -> bool {
        count(&self.tonal) * 2 > self.tonal.len()
    }

    /// Whether more than half of a part of it is tone.
    pub fn is_tonal_in(&self, levels: &Range<usize>) -> bool {
        let first = self.levels.start / LEVELS_PER_FRAME;
        let frames = frames_of(levels);
        let part = frames.start.saturating_sub(first)..frames.end.saturating_sub(first).min(self.tonal.len());
        self.tonal.get(part).is_some_and(|part| !part.is_empty() && count(part) * 2 > part.len())
    }

    /// Cuts the chunk to its speech; one that is speech from end to end keeps its acoustic ends.
    fn cut(&self, window: &WindowSound, spoken: &[bool], settings: &VadSettings) -> Vec<Range<usize>> {
        let first = self.levels.start / LEVELS_PER_FRAME;
        let hangover = frames_in(settings.hangover_ms);
        let near = |k: usize| spoken[k.saturating_sub(hangover)..(k + hangover + 1).min(spoken.len())].contains(&true);
        let mut speech = Vec::new();
        for run in runs(spoken.len(), |k| near(k) && !self.tonal[k]) {
            let mut levels = ((first + run.start) * LEVELS_PER_FRAME).max(self.levels.start)
                ..((first + run.end) * LEVELS_PER_FRAME).min(self.levels.end);
            if run.start > 0 {
                levels.start = self.breath(window, levels.start).map_or(levels.start, |breath| breath.end);
            }
            if run.end < spoken.len() {
                levels.end = self.breath(window, levels.end).map_or(levels.end, |breath| breath.start);
            }
            if levels.is_empty() {
                continue;
            }
            let levels = without_tails(window, levels);
            if levels.len() * LEVEL_MS >= settings.speech_min_ms as usize {
                speech.push(levels);
            }
        }
        speech
    }
}

/// For each frame of a chunk, whether it is loud enough to say what the chunk is.
fn telling(window: &WindowSound, levels: &Range<usize>) -> Vec<bool> {
    let peak = loudest(window, levels);
    let enough = (peak - TELLING_DB).max(window.noise.above_dbfs(TELLING_DEVIATIONS)).min(peak - TELLING_PEAK_DB);
    frames_of(levels).map(|k| window.levels[k * LEVELS_PER_FRAME] > enough).collect()
}

/// For each frame of a chunk, whether it belongs to a tone or to music.
fn tonal(window: &WindowSound, frames: &Range<usize>, telling: &[bool]) -> Vec<bool> {
    let telling: Vec<bool> =
        telling.iter().enumerate().map(|(at, &tells)| tells && at >= STEADY_BLIND_FRAMES).collect();
    let steady: Vec<bool> =
        frames.clone().zip(&telling).map(|(k, &tells)| tells && window.frames[k].is_steady()).collect();
    let keys: Vec<bool> = frames.clone().map(|k| window.frames[k].key_tone > KEY_TONE_SHARE).collect();
    let is_tone = |around: Range<usize>, limit: f32| {
        let told = count(&telling[around.clone()]);
        let key_press = count(&keys[around.clone()]) * 5 >= around.len() * 2;
        key_press || (told > STEADY_BLIND_FRAMES && count(&steady[around]) as f32 >= limit * told as f32)
    };
    if frames.len() <= TONAL_FRAMES {
        let limit = TONAL_SHARE_SHORT + (TONAL_SHARE - TONAL_SHARE_SHORT) * frames.len() as f32 / TONAL_FRAMES as f32;
        return vec![is_tone(0..frames.len(), limit); frames.len()];
    }
    (0..frames.len())
        .map(|k| {
            let start = k.saturating_sub(TONAL_FRAMES / 2).min(frames.len() - TONAL_FRAMES);
            is_tone(start..start + TONAL_FRAMES, TONAL_SHARE)
        })
        .collect()
}

/// Noise or a carrier: a flat spectrum, or a level that does not move.
fn is_noise(window: &WindowSound, levels: &Range<usize>, telling: &[bool]) -> bool {
    let told = frames_of(levels).zip(telling).filter(|(_, tells)| **tells);
    let flatness: Vec<f32> = told.map(|(k, _)| window.frames[k].flatness).collect();
    let spread_db = spread(&window.levels[levels.clone()]);
    let long = levels.len() * LEVEL_MS >= STEADY_MIN_MS;
    mean(flatness.into_iter()) > NOISE_FLATNESS || (long && spread_db < STEADY_SPREAD_DB)
}

fn is_voiced(window: &WindowSound, frames: &Range<usize>) -> bool {
    let voiced = frames.clone().filter(|&k| window.frames[k].voicing > VOICED).count();
    voiced as f32 >= VOICED_SHARE * frames.len() as f32
}

/// Takes off ends that are far under the loudest level.
fn without_tails(window: &WindowSound, levels: Range<usize>) -> Range<usize> {
    let heard = loudest(window, &levels) - TAIL_DB;
    let start = levels.clone().find(|&i| window.levels[i] > heard).unwrap_or(levels.start);
    let end = levels.clone().rev().find(|&i| window.levels[i] > heard).map_or(levels.end, |last| last + 1);
    start..end
}

fn loudest(window: &WindowSound, levels: &Range<usize>) -> f32 {
    window.levels[levels.clone()].iter().copied().fold(f32::MIN, f32::max)
}

/// The frames that a range of levels touches.
pub fn frames_of(levels: &Range<usize>) -> Range<usize> {
    levels.start / LEVELS_PER_FRAME..levels.end.div_ceil(LEVELS_PER_FRAME)
}

/// Runs of indices under `len` for which `holds`.
pub fn runs(len: usize, holds: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for i in (0..len).filter(|&i| holds(i)) {
        match runs.last_mut() {
            Some(run) if run.end == i => run.end = i + 1,
            _ => runs.push(i..i + 1),
        }
    }
    runs
}

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|&&flag| flag).count()
}

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = values.len().max(1) as f32;
    values.sum::<f32>() / count
}

fn spread(values: &[f32]) -> f32 {
    let centre = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - centre).powi(2))).sqrt()
}
