//! From levels, scores and sound of one window to spans of speech. Pure.
//!
//! A *chunk* is sound between two pauses. The detector and the look of the spectrum decide what a chunk is; its ends come
//! from the level alone, so they sit where the sound really begins and ends.

use std::ops::Range;

use super::VadSettings;
use super::sound::{FRAME_SAMPLES, LEVEL_SAMPLES, SoundFrame};

/// Levels in a frame.
const LEVELS_PER_FRAME: usize = FRAME_SAMPLES / LEVEL_SAMPLES;
/// Share of the quietest levels that stand for the noise: pauses make up more than a tenth of half a minute.
const FLOOR_SHARE: f32 = 0.1;
/// Sound begins this far above the noise floor, in dB: 8 ms of steady noise stay within 3 dB of their mean.
const SOUND_OVER_FLOOR_DB: f32 = 7.0;
/// Sound below this is not looked at, in dBFS: the smallest step of µ-law is at -72.
const SOUND_MIN_DBFS: f32 = -68.0;
/// Ends of a chunk this far under its loudest level are cut off, in dB: line echo and reverberation, not words.
const TAIL_UNDER_PEAK_DB: f32 = 38.0;
/// Levels a run of sound needs (24 ms): shorter ones are clicks.
const SOUND_LEVELS_MIN: usize = 3;
/// Frames after a chunk's start that cannot be steady yet, because their comparison lies in the silence before.
const STEADY_BLIND_FRAMES: usize = 5;
/// Cosine between spectra 64 ms apart from which a frame counts as steady.
const STEADY_COSINE: f32 = 0.95;
/// Share of steady frames that makes a second of sound a tone or music. Measured over a second: speech at most 0.28
/// (95th percentile, the most monotonous voice), tones and music at least 0.38.
const TONAL_SHARE: f32 = 0.40;
/// The same for chunks under a second, where one long vowel weighs more.
const TONAL_SHARE_SHORT: f32 = 0.60;
/// Frames over which tonality is judged inside a long chunk: one second.
const TONAL_FRAMES: usize = 63;
/// Share of energy in one pair of key tones from which a frame is a key press.
const KEY_TONE_SHARE: f32 = 0.80;
/// Mean flatness from which a chunk is noise: white 0.56, pink 0.39, speech at most 0.13.
const NOISE_FLATNESS: f32 = 0.30;
/// Spread of levels under which half a second of sound is steady, in dB: carriers and hiss 0.1 to 1.4, speech from 2.5.
const STEADY_SPREAD_DB: f32 = 1.5;
/// Voicing from which a frame counts as voiced.
const VOICED: f32 = 0.4;

/// One window, measured: two levels a frame.
pub struct WindowSound {
    /// Level of each 8 ms in dBFS.
    pub levels: Vec<f32>,
    /// What each 16 ms sounds like.
    pub frames: Vec<SoundFrame>,
    /// The detector's score for each 16 ms.
    pub scores: Vec<f32>,
}

/// Speech inside a window, in levels from its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// From the first to the last level with sound.
    pub levels: Range<usize>,
    /// Highest score.
    pub peak_score: f32,
    /// Taken because it sounds like speech although the detector said no.
    pub by_energy: bool,
}

/// What a window holds.
pub struct Regions {
    /// Speech, in order.
    pub speech: Vec<Region>,
    /// Sound that is no speech, in order.
    pub other: Vec<Range<usize>>,
}

impl WindowSound {
    /// Noise floor in dBFS: the level under which the quietest tenth lies.
    pub fn floor_dbfs(&self) -> f32 {
        let mut sorted = self.levels.clone();
        sorted.sort_by(f32::total_cmp);
        sorted.get((sorted.len() as f32 * FLOOR_SHARE) as usize).copied().unwrap_or(super::sound::SILENCE_DBFS)
    }

    /// Finds speech.
    pub fn regions(&self, settings: &VadSettings) -> Regions {
        let threshold = (self.floor_dbfs() + SOUND_OVER_FLOOR_DB).max(SOUND_MIN_DBFS);
        let voice = self.voice(settings);
        let mut found = Regions { speech: Vec::new(), other: Vec::new() };
        for chunk in self.chunks(threshold, settings) {
            let tonal = self.tonal(&chunk);
            self.judge(chunk, &voice, &tonal, settings, &mut found);
        }
        found
    }

    /// Frames that the detector calls voice, with hysteresis.
    fn voice(&self, settings: &VadSettings) -> Vec<bool> {
        let mut inside = false;
        let switch = |score: &f32| {
            inside = *score >= if inside { settings.leave_score } else { settings.enter_score };
            inside
        };
        self.scores.iter().map(switch).collect()
    }

    /// Sound between pauses, in levels.
    fn chunks(&self, threshold: f32, settings: &VadSettings) -> Vec<Range<usize>> {
        let pause = settings.pause_ms as usize / 8;
        let mut chunks: Vec<Range<usize>> = Vec::new();
        for run in runs(self.levels.len(), |i| self.levels[i] > threshold) {
            if run.len() < SOUND_LEVELS_MIN {
                continue;
            }
            match chunks.last_mut() {
                Some(last) if run.start - last.end < pause => last.end = run.end,
                _ => chunks.push(run),
            }
        }
        chunks
    }

    /// Frames of a chunk that belong to a tone or to music; indexed from the chunk's first frame.
    fn tonal(&self, chunk: &Range<usize>) -> Vec<bool> {
        let frames = frames_of(chunk);
        let steady: Vec<bool> = frames.clone().map(|k| self.frames[k].steadiness > STEADY_COSINE).collect();
        let keys: Vec<bool> = frames.clone().map(|k| self.frames[k].key_tone > KEY_TONE_SHARE).collect();
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        if frames.len() <= TONAL_FRAMES {
            let heard = &steady[STEADY_BLIND_FRAMES.min(steady.len())..];
            let share = count(heard) as f32 / heard.len().max(1) as f32;
            let limit =
                TONAL_SHARE_SHORT + (TONAL_SHARE - TONAL_SHARE_SHORT) * frames.len() as f32 / TONAL_FRAMES as f32;
            let key_press = count(&keys) * 2 >= frames.len();
            return vec![(heard.len() > STEADY_BLIND_FRAMES && share >= limit) || key_press; frames.len()];
        }
        (0..steady.len())
            .map(|k| {
                let start = k.saturating_sub(TONAL_FRAMES / 2).min(steady.len() - TONAL_FRAMES);
                let around = start..start + TONAL_FRAMES;
                count(&steady[around.clone()]) as f32 >= TONAL_SHARE * TONAL_FRAMES as f32
                    || count(&keys[around]) * 3 >= TONAL_FRAMES
            })
            .collect()
    }

    fn judge(&self, chunk: Range<usize>, voice: &[bool], tonal: &[bool], settings: &VadSettings, found: &mut Regions) {
        let frames = frames_of(&chunk);
        let steady_noise = self.is_noise(&frames, &chunk);
        let speech: Vec<bool> =
            frames.clone().zip(tonal).map(|(k, &tone)| voice[k] && !tone && !steady_noise).collect();
        let voiced_ms = speech.iter().filter(|&&s| s).count() as u32 * 16;
        if voiced_ms >= settings.speech_min_ms {
            self.push_speech(&chunk, &speech, tonal, false, settings, found);
        } else if !steady_noise && self.sounds_like_speech(&frames, tonal, settings) {
            let all: Vec<bool> = tonal.iter().map(|tone| !tone).collect();
            self.push_speech(&chunk, &all, tonal, true, settings, found);
        } else {
            found.other.push(chunk);
        }
    }

    /// Noise or a carrier: flat spectrum, or a level that does not move.
    fn is_noise(&self, frames: &Range<usize>, chunk: &Range<usize>) -> bool {
        let flatness = mean(frames.clone().map(|k| self.frames[k].flatness));
        let spread_db = spread(&self.levels[chunk.clone()]);
        flatness > NOISE_FLATNESS || (frames.len() * 16 >= 500 && spread_db < STEADY_SPREAD_DB)
    }

    /// What speech that the detector missed looks like: long enough, voiced here and there, moving, not a tone.
    fn sounds_like_speech(&self, frames: &Range<usize>, tonal: &[bool], settings: &VadSettings) -> bool {
        let free = tonal.iter().filter(|&&tone| !tone).count();
        let voiced = frames.clone().filter(|&k| self.frames[k].voicing > VOICED).count();
        free as u32 * 16 >= settings.unheard_min_ms && free * 2 > tonal.len() && voiced * 8 >= frames.len()
    }

    /// Cuts a chunk to its speech: a chunk that is speech from end to end keeps its acoustic ends.
    fn push_speech(
        &self,
        chunk: &Range<usize>,
        speech: &[bool],
        tonal: &[bool],
        by_energy: bool,
        settings: &VadSettings,
        found: &mut Regions,
    ) {
        let first_frame = chunk.start / LEVELS_PER_FRAME;
        let hangover = settings.hangover_ms as usize / 16;
        for run in runs(speech.len(), |k| {
            speech[k.saturating_sub(hangover)..(k + hangover + 1).min(speech.len())].contains(&true)
        }) {
            let trimmed = trim(&run, tonal);
            let levels = ((first_frame + trimmed.start) * LEVELS_PER_FRAME).max(chunk.start)
                ..((first_frame + trimmed.end) * LEVELS_PER_FRAME).min(chunk.end);
            let levels = self.tighten(levels);
            if levels.len() * 8 < settings.speech_min_ms as usize {
                continue;
            }
            let peak_score = frames_of(&levels).map(|k| self.scores[k]).fold(0.0, f32::max);
            found.speech.push(Region { levels, peak_score, by_energy });
        }
        let covered: usize = found.speech.iter().map(|r| overlap(&r.levels, chunk)).sum();
        if chunk.len() > covered + settings.pause_ms as usize / 8 {
            found.other.push(chunk.start..chunk.end - covered);
        }
    }

    /// Takes off ends that are far under the loudest level.
    fn tighten(&self, levels: Range<usize>) -> Range<usize> {
        let peak = self.levels[levels.clone()].iter().copied().fold(f32::MIN, f32::max);
        let heard = |&i: &usize| self.levels[i] > peak - TAIL_UNDER_PEAK_DB;
        let start = levels.clone().find(heard).unwrap_or(levels.start);
        let end = levels.clone().rev().find(heard).map_or(levels.end, |last| last + 1);
        start..end
    }
}

/// Takes music off the ends of a run that a hangover let in.
fn trim(run: &Range<usize>, tonal: &[bool]) -> Range<usize> {
    let start = run.clone().find(|&k| !tonal[k]).unwrap_or(run.start);
    let end = run.clone().rev().find(|&k| !tonal[k]).map_or(run.end, |last| last + 1);
    start..end
}

/// The frames that a range of levels touches.
fn frames_of(levels: &Range<usize>) -> Range<usize> {
    levels.start / LEVELS_PER_FRAME..levels.end.div_ceil(LEVELS_PER_FRAME)
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

/// Runs of indices under `len` for which `holds`.
fn runs(len: usize, holds: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for i in (0..len).filter(|&i| holds(i)) {
        match runs.last_mut() {
            Some(run) if run.end == i => run.end = i + 1,
            _ => runs.push(i..i + 1),
        }
    }
    runs
}

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = values.len().max(1) as f32;
    values.sum::<f32>() / count
}

fn spread(values: &[f32]) -> f32 {
    let centre = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - centre).powi(2))).sqrt()
}
