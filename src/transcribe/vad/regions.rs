//! From levels, scores and sound of one window to spans of speech. Pure.
//!
//! A *chunk* is sound between two pauses. The detector and the look of the spectrum decide what a chunk is; its ends come
//! from the level, so they sit where the sound really begins and ends.

use std::ops::Range;

use super::VadSettings;
use super::chunk::{Chunk, Kind, frames_of, runs};
use super::other::{SoundKind, kind_of};
use super::sound::{FRAME_MS, LEVEL_MS, SoundFrame};
use crate::decode::channels::SILENCE_DBFS;

/// Share of the quietest levels that stand for the noise: pauses make up more than a tenth of half a minute.
const FLOOR_SHARE: f32 = 0.1;
/// The share that shows, against the first, how much the noise fluctuates.
const QUIETEST_SHARE: f32 = 0.02;
/// Standard deviations between the two shares of a normal distribution (1.28 and 2.05 below its mean).
const FLOOR_DEVIATIONS: f32 = 1.28;
const QUIETEST_DEVIATIONS: f32 = 2.05;
/// Bounds of the noise's standard deviation over 24 ms, in dB: white noise has 0.5.
const DEVIATION_MIN_DB: f32 = 0.5;
const DEVIATION_MAX_DB: f32 = 1.5;
/// Noise of a line that nobody could measure because the call began with music, in dBFS.
const USUAL_NOISE_DBFS: f32 = -60.0;
/// A chunk holds a level this many standard deviations above the noise.
const CORE_DEVIATIONS: f32 = 7.0;
/// A chunk reaches as far as the level stays this many above it: onsets and endings of words are faint.
const EDGE_DEVIATIONS: f32 = 4.0;
/// Sound below this is not looked at, in dBFS: half a step of 16 bits is at -96, the smallest step of µ-law at -72.
const SOUND_MIN_DBFS: f32 = -76.0;
/// A faint sound this long at most and this close to speech belongs to it: the release of a stop, a last vowel.
const SATELLITE_MS: usize = 300;
const SATELLITE_GAP_MS: usize = 350;
/// Speech shorter than this between tones is a tone that was misheard.
const LONELY_MS: usize = 600;
/// How far the sound around it is looked at for that.
const COMPANY_MS: usize = 1_000;

/// One window, measured.
pub struct WindowSound {
    /// Level of each 8 ms in dBFS.
    pub levels: Vec<f32>,
    /// What each 16 ms sounds like.
    pub frames: Vec<SoundFrame>,
    /// The detector's score for each 16 ms.
    pub scores: Vec<f32>,
    /// What counts as silence and as sound.
    pub noise: Noise,
}

/// The noise of a line over 24 ms.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    /// Mean in dBFS.
    pub mean_dbfs: f32,
    /// Standard deviation in dB.
    pub deviation_db: f32,
}

impl Noise {
    /// Measures the noise of one window. While music plays there is nothing to measure, so what was `before` holds on.
    pub fn measure(levels: &[f32], frames: &[SoundFrame], before: Option<Self>) -> Self {
        let smooth = smooth(levels);
        let (floor, quietest) = (percentile(&smooth, FLOOR_SHARE), percentile(&smooth, QUIETEST_SHARE));
        let deviation_db =
            ((floor - quietest) / (QUIETEST_DEVIATIONS - FLOOR_DEVIATIONS)).clamp(DEVIATION_MIN_DB, DEVIATION_MAX_DB);
        let measured = Self { mean_dbfs: floor + FLOOR_DEVIATIONS * deviation_db, deviation_db };
        let steady = frames.iter().filter(|frame| frame.is_steady()).count();
        let before = before.unwrap_or(Self { mean_dbfs: USUAL_NOISE_DBFS, deviation_db: DEVIATION_MAX_DB });
        if steady * 2 > frames.len() && before.mean_dbfs < measured.mean_dbfs { before } else { measured }
    }

    /// Level that lies `deviations` above the noise.
    pub fn above_dbfs(&self, deviations: f32) -> f32 {
        (self.mean_dbfs + deviations * self.deviation_db).max(SOUND_MIN_DBFS)
    }
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
#[derive(Debug, Default)]
pub struct Regions {
    /// Speech, in order.
    pub speech: Vec<Region>,
    /// Sound that is no speech, in order, with what it is where that can be said.
    pub other: Vec<(Range<usize>, Option<SoundKind>)>,
}

impl WindowSound {
    /// Finds speech.
    pub fn regions(&self, settings: &VadSettings) -> Regions {
        let voice = self.voice(settings);
        let mut chunks: Vec<Chunk> = Vec::new();
        for levels in self.chunks(settings) {
            chunks.push(Chunk::judge(self, levels, &voice, settings));
        }
        silence_lonely(&mut chunks);
        adopt_satellites(&mut chunks);

        let mut found = Regions::default();
        for chunk in chunks {
            let mut rest = chunk.levels.start;
            // Speech that took in what stood before its chunk leaves nothing there.
            let mut other = |levels: Range<usize>| {
                if !levels.is_empty() {
                    let kind = kind_of(self, &levels, chunk.is_tonal_in(&levels));
                    found.other.push((levels, kind));
                }
            };
            for levels in chunk.speech.iter().cloned() {
                other(rest..levels.start);
                rest = levels.end;
                let peak_score = frames_of(&levels).map(|k| self.scores[k]).fold(0.0, f32::max);
                let region = Region { levels, peak_score, by_energy: chunk.kind == Kind::Unheard };
                found.speech.push(region);
            }
            other(rest..chunk.levels.end);
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
    fn chunks(&self, settings: &VadSettings) -> Vec<Range<usize>> {
        let smooth = smooth(&self.levels);
        let (edge, core) = (self.noise.above_dbfs(EDGE_DEVIATIONS), self.noise.above_dbfs(CORE_DEVIATIONS));
        let sounds = |i: usize| smooth[i] > edge;
        let pause = settings.pause_ms as usize / LEVEL_MS;
        let mut chunks: Vec<Range<usize>> = Vec::new();
        for run in runs(smooth.len(), sounds) {
            if !smooth[run.clone()].iter().any(|&level| level > core) {
                continue;
            }
            match chunks.last_mut() {
                Some(last) if run.start - last.end < pause => last.end = run.end,
                _ => chunks.push(run),
            }
        }
        chunks
    }
}

/// A short piece of speech with tones around it and no other speech is a tone.
fn silence_lonely(chunks: &mut [Chunk]) {
    let near = COMPANY_MS / LEVEL_MS;
    for at in 0..chunks.len() {
        let levels = chunks[at].levels.clone();
        if chunks[at].speech_levels() * LEVEL_MS >= LONELY_MS || chunks[at].speech.is_empty() {
            continue;
        }
        let company = |other: &&Chunk| other.levels.start < levels.end + near && other.levels.end + near > levels.start;
        let others = || chunks[..at].iter().chain(&chunks[at + 1..]).filter(company);
        let tones = chunks[at].is_mostly_tonal() || others().any(|other| other.kind == Kind::Tone);
        let speech = others().any(|other| other.speech_levels() * LEVEL_MS >= LONELY_MS);
        if tones && !speech {
            if chunks[at].is_mostly_tonal() {
                chunks[at].speech.clear();
                chunks[at].kind = Kind::Tone;
            } else {
                // "Hello?" after the ringing: heard, but only believed when the words are sure.
                chunks[at].kind = Kind::Unheard;
            }
        }
    }
}

/// Gives short sounds that nobody could judge to the speech beside them.
fn adopt_satellites(chunks: &mut [Chunk]) {
    let gap = SATELLITE_GAP_MS / LEVEL_MS;
    for at in 0..chunks.len() {
        let levels = chunks[at].levels.clone();
        if chunks[at].kind != Kind::Unsure || levels.len() * LEVEL_MS > SATELLITE_MS {
            continue;
        }
        let end_before = at.checked_sub(1).and_then(|before| chunks[before].speech.last()).map(|speech| speech.end);
        let start_after = chunks.get(at + 1).and_then(|after| after.speech.first()).map(|speech| speech.start);
        let leads = start_after.is_some_and(|start| start - levels.end <= gap);
        if end_before.is_some_and(|end| levels.start - end <= gap) {
            chunks[at - 1].extend_to(levels.end);
        } else if leads {
            chunks[at + 1].extend_from(levels.start);
        } else {
            continue;
        }
        chunks[at].levels.end = levels.start;
    }
}

/// Levels averaged (as power) over three neighbours.
fn smooth(levels: &[f32]) -> Vec<f32> {
    let power: Vec<f32> = levels.iter().map(|level| 10f32.powf(level / 10.0)).collect();
    let around = |i: usize| {
        let near = &power[i.saturating_sub(1)..(i + 2).min(power.len())];
        10.0 * (near.iter().sum::<f32>() / near.len() as f32).max(1e-12).log10()
    };
    (0..power.len()).map(around).collect()
}

fn percentile(levels: &[f32], share: f32) -> f32 {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get((sorted.len() as f32 * share) as usize).copied().unwrap_or(SILENCE_DBFS)
}

/// Frames in so many milliseconds.
pub const fn frames_in(ms: u32) -> usize {
    ms as usize / FRAME_MS
}
