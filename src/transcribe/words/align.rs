//! Lays the sounds of a text on the sound of a window: forced alignment, small enough to need no model of its own.
//!
//! A dynamic programme finds the most likely boundaries of all sounds at once: each sound has a usual length (scaled to
//! the pace of the window) and a usual level and brightness. How loud and bright the classes are on this line and in
//! this voice is learnt from a first alignment, and the second one uses it. Speech pauses hold no word, and where the
//! recogniser says where a word begins, a deviation from that costs, up to a limit: it may be wrong.
//!
//! Pure: sees the measured frames and the expected sounds, knows neither text nor call time.

use std::ops::Range;

use super::phones::{Break, Phone, Sound};
use super::track::{FRAME_MS, Frame, Track};

/// Shortest and longest sound, in frames.
const PHONE_FRAMES_MIN: usize = 2;
const PHONE_FRAMES_MAX: usize = 100;
/// No sound is longer than this many times what is expected of it, though always up to [`ELASTIC_FRAMES`].
const PHONE_STRETCH_MAX: f32 = 6.0;
const ELASTIC_FRAMES: usize = 6;
/// Spread of lengths: standard deviation of the logarithm. Measured lengths of English phones spread by 0.4 to 0.6.
const LENGTH_SPREAD: f32 = 0.5;
/// Pace against the usual one beyond which a text does not belong to the audio and lengths are no longer scaled.
const PACE: Range<f32> = 0.4..2.5;
/// Weight of a frame's sound against lengths: neighbouring frames tell nearly the same. 0.2 to 0.4 give the same times.
const SOUND_WEIGHT: f32 = 0.3;
/// Most that one frame can speak against a sound: outliers are a matter of course.
const FRAME_COST_MAX: f32 = 8.0;
/// What a sound of unknown kind costs in each frame, about what a fitting one does.
const UNKNOWN_COST: f32 = 1.0;
/// Cost of a short pause or other sound between words that voice activity did not part; after punctuation it is expected.
const PAUSE_COST: f32 = 6.0;
const PAUSE_COST_AT_BREAK: f32 = 2.0;
/// Times the classes are learnt anew. One already gives nearly all there is to gain.
const ROUNDS: usize = 2;
/// Frames that the classes' usual sound counts for when they are learnt: half a second.
const PRIOR_FRAMES: f32 = 50.0;
/// Deviation from the recogniser's word start that is ordinary, in ms, and where the cost stops growing (in deviations
/// squared and halved): at about 250 ms it is the recogniser that is wrong.
const GUIDE_SPREAD_MS: f32 = 100.0;
const GUIDE_COST_MAX: f32 = 3.0;

/// A word to be laid on the sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// Its sounds; at least one.
    pub phones: Vec<Phone>,
    /// The pause its punctuation announces.
    pub break_after: Break,
    /// The boundary where the recogniser heard it begin.
    pub guide: Option<usize>,
}

/// The boundaries of every word, rising; `None` when the speech is too short for the text.
pub fn align(track: &Track, words: &[Script]) -> Option<Vec<Range<usize>>> {
    let states = states(track, words);
    let usual = Voice::USUAL.in_noise(track.noise);
    let mut voice = usual.clone();
    let mut path = best_path(track, &states, &voice)?;
    for _ in 0..ROUNDS {
        voice = usual.learnt(track, &states, &path);
        path = best_path(track, &states, &voice)?;
    }
    let mut ranges: Vec<Option<Range<usize>>> = vec![None; words.len()];
    for (state, taken) in states.iter().zip(path) {
        if let Kind::Sound { word, .. } = state.kind {
            let range = ranges[word].get_or_insert(taken.clone());
            range.end = taken.end;
        }
    }
    ranges.into_iter().collect()
}

/// One step of the text.
#[derive(Debug, Clone)]
struct State {
    kind: Kind,
    /// Cost of beginning on each side of a speech pause and elsewhere: see `entry`.
    after: Break,
    guide: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Silence or any other sound between words; may be left out.
    Between,
    /// A sound of a word, with its expected length in frames.
    Sound { sound: Sound, frames: f32, word: usize, is_first: bool },
}

/// The text as a chain, its lengths at the pace of the window.
fn states(track: &Track, words: &[Script]) -> Vec<State> {
    let usual_ms: f32 = words.iter().flat_map(|word| &word.phones).map(|phone| phone.usual_ms).sum();
    let speech_ms = (track.frames.len() as u64 * FRAME_MS) as f32;
    let pace = (speech_ms / usual_ms.max(1.0)).clamp(PACE.start, PACE.end);
    let mut after = Break::Sentence;
    let mut states = vec![State { kind: Kind::Between, after: Break::None, guide: None }];
    for (word, script) in words.iter().enumerate() {
        for (index, phone) in script.phones.iter().enumerate() {
            let frames = phone.usual_ms * pace / FRAME_MS as f32;
            let is_first = index == 0;
            let kind = Kind::Sound { sound: phone.sound, frames, word, is_first };
            states.push(State { kind, after, guide: script.guide.filter(|_| is_first) });
        }
        after = script.break_after;
        states.push(State { kind: Kind::Between, after, guide: None });
    }
    states
}

/// Mean and spread of one measure.
#[derive(Debug, Clone, Copy)]
struct Spread {
    mean: f32,
    deviation: f32,
}

impl Spread {
    fn log_likelihood(self, value: f32) -> f32 {
        let deviations = (value - self.mean) / self.deviation;
        // Three deviations off is as wrong as wrong gets.
        -0.5 * deviations.powi(2).min(9.0) - self.deviation.ln()
    }

    /// Pulled towards what was measured.
    fn learnt(self, values: &[f32]) -> Self {
        let weight = values.len() as f32 + PRIOR_FRAMES;
        let mean = (values.iter().sum::<f32>() + PRIOR_FRAMES * self.mean) / weight;
        let squares: f32 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let prior = self.deviation.powi(2) + (self.mean - mean).powi(2);
        Self { mean, deviation: ((squares + PRIOR_FRAMES * prior) / weight).sqrt() }
    }
}

/// What one class sounds like.
#[derive(Debug, Clone, Copy)]
struct Likeness {
    level: Spread,
    brightness: Spread,
}

/// What the classes sound like in one voice on one line, in the order of [`Voice::CLASSES`], silence last.
#[derive(Debug, Clone)]
struct Voice([Likeness; 6]);

impl Voice {
    const CLASSES: [Sound; 5] = [Sound::Vowel, Sound::Sonorant, Sound::Hiss, Sound::Breath, Sound::Stop];
    const SILENCE: usize = Self::CLASSES.len();

    /// Before anything is learnt, on telephone speech: level under full voice, brightness, in dB.
    const USUAL: Self = Self([
        likeness(-5.0, 5.0, -14.0, 3.0),
        likeness(-11.0, 6.0, -17.0, 3.0),
        likeness(-20.0, 7.0, -5.0, 4.0),
        likeness(-26.0, 8.0, -10.0, 5.0),
        likeness(-28.0, 10.0, -11.0, 5.0),
        likeness(-50.0, 8.0, -8.0, 4.0),
    ]);

    fn index(sound: Sound) -> Option<usize> {
        Self::CLASSES.iter().position(|class| *class == sound)
    }

    /// The same voice over noise: energies add.
    fn in_noise(&self, noise: Frame) -> Self {
        let power = |db: f32| 10f32.powf(db / 10.0);
        Self(self.0.map(|class| {
            let (level, brightness) = (class.level.mean, class.brightness.mean);
            let energy = power(level) + power(noise.level_db);
            let change = power(level + brightness) + power(noise.level_db + noise.brightness_db);
            Likeness {
                level: Spread { mean: 10.0 * energy.log10(), ..class.level },
                brightness: Spread { mean: 10.0 * (change / energy).log10(), ..class.brightness },
            }
        }))
    }

    /// This voice pulled towards what an alignment says its sounds are like. Silence stays: it may have none.
    fn learnt(&self, track: &Track, states: &[State], path: &[Range<usize>]) -> Self {
        let mut learnt = self.clone();
        for (index, class) in Self::CLASSES.iter().enumerate() {
            let frames: Vec<Frame> = states
                .iter()
                .zip(path)
                .filter(|(state, _)| matches!(state.kind, Kind::Sound { sound, .. } if sound == *class))
                .flat_map(|(_, range)| track.frames[range.clone()].iter().copied())
                .collect();
            let levels: Vec<f32> = frames.iter().map(|frame| frame.level_db).collect();
            let brightness: Vec<f32> = frames.iter().map(|frame| frame.brightness_db).collect();
            learnt.0[index] = Likeness {
                level: self.0[index].level.learnt(&levels),
                brightness: self.0[index].brightness.learnt(&brightness),
            };
        }
        learnt
    }

    /// For each class, silence and unknown the running sum of what the frames say for it: `[class][boundary]`.
    fn sums(&self, frames: &[Frame]) -> Vec<Vec<f32>> {
        let mut sums = vec![vec![0.0_f32]; self.0.len() + 1];
        for frame in frames {
            let scores = self.0.map(|class| {
                class.level.log_likelihood(frame.level_db) + class.brightness.log_likelihood(frame.brightness_db)
            });
            let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let costs = scores.iter().map(|score| (best - score).min(FRAME_COST_MAX)).chain([UNKNOWN_COST]);
            for (sum, cost) in sums.iter_mut().zip(costs) {
                sum.push(sum[sum.len() - 1] - SOUND_WEIGHT * cost);
            }
        }
        sums
    }
}

const fn likeness(level: f32, level_deviation: f32, brightness: f32, brightness_deviation: f32) -> Likeness {
    Likeness {
        level: Spread { mean: level, deviation: level_deviation },
        brightness: Spread { mean: brightness, deviation: brightness_deviation },
    }
}

/// Scores of having come through a state at each boundary, and the boundary where the state then began.
struct Column {
    scores: Vec<f32>,
    began: Vec<u32>,
}

/// The most likely range of every state; empty ranges for pauses left out.
fn best_path(track: &Track, states: &[State], voice: &Voice) -> Option<Vec<Range<usize>>> {
    let sums = voice.sums(&track.frames);
    let parted = Parted::new(track);
    let last = track.frames.len();
    let mut scores = vec![f32::NEG_INFINITY; last + 1];
    scores[0] = 0.0;
    let mut began = Vec::with_capacity(states.len());
    for state in states {
        let column = match state.kind {
            Kind::Between => between(&scores, &sums[Voice::SILENCE], state.after),
            Kind::Sound { sound, frames, is_first, .. } => {
                let sum = &sums[Voice::index(sound).unwrap_or(Voice::SILENCE + 1)];
                sounding(&entry(scores, state, is_first, &parted), sum, frames, &parted)
            }
        };
        scores = column.scores;
        began.push(column.began);
    }
    if scores[last] == f32::NEG_INFINITY {
        return None;
    }
    let mut end = last;
    let mut path: Vec<Range<usize>> = Vec::with_capacity(states.len());
    for began in began.iter().rev() {
        let start = began[end] as usize;
        path.push(start..end);
        end = start;
    }
    path.reverse();
    Some(path)
}

/// Where speech pauses were left out.
struct Parted {
    /// For each boundary, whether a pause lies there.
    here: Vec<bool>,
    /// For each boundary, the last pause before it, or 0.
    before: Vec<usize>,
}

impl Parted {
    fn new(track: &Track) -> Self {
        let mut here = vec![false; track.frames.len() + 1];
        for boundary in track.pauses() {
            here[boundary] = true;
        }
        let mut before = Vec::with_capacity(here.len());
        let mut latest = 0;
        for (boundary, parted) in here.iter().enumerate() {
            before.push(latest);
            if *parted {
                latest = boundary;
            }
        }
        Self { here, before }
    }
}

/// Scores from which a sound may begin: no pause inside a word, a pause before a word where the text expects one, a word
/// where the recogniser heard it.
fn entry(mut scores: Vec<f32>, state: &State, is_first: bool, parted: &Parted) -> Vec<f32> {
    let pause_cost = match state.after {
        _ if !is_first => f32::INFINITY,
        Break::None => PAUSE_COST,
        Break::Clause => PAUSE_COST_AT_BREAK,
        Break::Sentence => 0.0,
    };
    for (score, _) in scores.iter_mut().zip(&parted.here).filter(|(_, parted)| **parted) {
        *score -= pause_cost;
    }
    if let Some(guide) = state.guide {
        for (boundary, score) in scores.iter_mut().enumerate() {
            let deviations = (boundary.abs_diff(guide) as u64 * FRAME_MS) as f32 / GUIDE_SPREAD_MS;
            *score -= (0.5 * deviations.powi(2)).min(GUIDE_COST_MAX);
        }
    }
    scores
}

/// Silence of any length, or none.
fn between(scores: &[f32], silence: &[f32], after: Break) -> Column {
    let cost = if after == Break::None { PAUSE_COST } else { PAUSE_COST_AT_BREAK };
    let mut column = Column { scores: scores.to_vec(), began: (0..scores.len() as u32).collect() };
    let (mut best, mut best_start) = (f32::NEG_INFINITY, 0);
    for boundary in 0..scores.len() {
        let begun = scores[boundary] - cost - silence[boundary];
        if begun > best {
            (best, best_start) = (begun, boundary as u32);
        }
        if best + silence[boundary] > column.scores[boundary] {
            column.scores[boundary] = best + silence[boundary];
            column.began[boundary] = best_start;
        }
    }
    column
}

/// One sound of about the expected length, on one side of every pause.
fn sounding(scores: &[f32], sum: &[f32], expected_frames: f32, parted: &Parted) -> Column {
    let longest = ((expected_frames * PHONE_STRETCH_MAX) as usize).clamp(ELASTIC_FRAMES, PHONE_FRAMES_MAX);
    let length_costs: Vec<f32> = (0..=longest)
        .map(|frames| 0.5 * ((frames.max(1) as f32 / expected_frames).ln() / LENGTH_SPREAD).powi(2))
        .collect();
    let begun: Vec<f32> = scores.iter().zip(sum).map(|(score, sum)| score - sum).collect();
    let mut column = Column { scores: vec![f32::NEG_INFINITY; scores.len()], began: vec![0; scores.len()] };
    for end in PHONE_FRAMES_MIN..scores.len() {
        let reach = longest.min(end - parted.before[end]);
        let (mut best, mut best_frames) = (f32::NEG_INFINITY, 0);
        for frames in PHONE_FRAMES_MIN..=reach {
            let score = begun[end - frames] - length_costs[frames];
            if score > best {
                (best, best_frames) = (score, frames);
            }
        }
        column.scores[end] = best + sum[end];
        column.began[end] = (end - best_frames) as u32;
    }
    column
}
