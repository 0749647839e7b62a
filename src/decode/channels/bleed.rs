//! When a channel carries nothing but another one that is heard through.

use std::ops::Range;

use super::level::power_dbfs;
use super::{BleedPath, ChannelMap, HighPass, LAG_MAX_SAMPLES, SILENCE_DBFS, sane};
use crate::decode::Block;

/// Samples from one verdict to the next: 32 ms.
const STEP_SAMPLES: usize = 512;
/// Samples a verdict looks at: 64 ms, two pitch periods of the lowest voice and more.
const LOOK_SAMPLES: usize = 1024;
/// Lags tried on both sides of the measured one, in samples: 1 ms of jitter.
const LAG_REACH: i32 = 16;
/// The source speaks from here above its floor, in dB.
const SOURCE_OVER_FLOOR_DB: f32 = 10.0;
/// The target is heard from here above its floor, in dB.
const HEARD_OVER_FLOOR_DB: f32 = 3.0;
/// Room above the expected level of the bleed, in dB: echo paths favour some pitches over others.
const LEVEL_ROOM_DB: f32 = 9.0;
/// Share of the target's power that the source has to explain when it arrives at full level: a voice of one's own may be
/// just under it, and what arrives that loud came by wire and is an exact copy.
const EXPLAINED_LOUD: f32 = 0.9;
/// The same when the source arrives faint: echo paths smear, and a voice of one's own is far above.
const EXPLAINED_FAINT: f32 = 0.5;
/// Attenuation from which the source counts as faint, in dB.
const FAINT_DB: f32 = 20.0;
/// What is left after taking the bleed off counts as noise up to here above the floor, in dB.
const REST_OVER_FLOOR_DB: f32 = 4.0;
/// Steps of something else that do not end a stretch of bleed (64 ms): shorter than any word.
const BRIDGE_STEPS: usize = 2;
/// Quiet steps inside a stretch of bleed that do not end it (320 ms): pauses between its words.
const QUIET_BRIDGE_STEPS: usize = 10;
/// Steps a stretch needs to be reported (96 ms).
const SPAN_STEPS_MIN: usize = 3;

/// What is heard on a channel in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    Quiet,
    Own,
    Bleed,
}

/// Turns verdicts into spans as they come.
#[derive(Debug, Default)]
struct Spans {
    spans: Vec<Range<u64>>,
    open: Option<Range<u64>>,
    own_steps: usize,
    quiet_steps: usize,
}

/// Listens a second time, with what the survey found.
#[derive(Debug)]
pub struct BleedMask {
    paths: Vec<BleedPath>,
    floors_dbfs: Vec<f32>,
    filters: Vec<HighPass>,
    /// Audio from `LAG_MAX_SAMPLES` before the next step on.
    audio: Vec<Vec<f32>>,
    spans: Vec<Spans>,
    step: u64,
    length: u64,
}

impl BleedMask {
    /// For the channels the survey described.
    pub fn new(map: &ChannelMap) -> Self {
        let count = map.sounds.len();
        Self {
            paths: map.paths.clone(),
            floors_dbfs: map.sounds.iter().map(|sound| sound.noise_floor_dbfs.unwrap_or(SILENCE_DBFS)).collect(),
            filters: vec![HighPass::default(); count],
            audio: vec![vec![0.0; reach()]; count],
            spans: (0..count).map(|_| Spans::default()).collect(),
            step: 0,
            length: 0,
        }
    }

    /// Takes the next block, the same audio the survey heard.
    pub fn push(&mut self, block: &Block) {
        self.length += block.first().map_or(0, Vec::len) as u64;
        if self.paths.is_empty() {
            return;
        }
        for ((channel, filter), audio) in block.iter().zip(&mut self.filters).zip(&mut self.audio) {
            let clean: Vec<f32> = channel.iter().map(|&sample| sane(sample)).collect();
            audio.extend(filter.run(&clean));
        }
        self.advance();
    }

    /// Ends the call: per channel the spans, in samples, in which everything that is heard came from another channel.
    pub fn finish(mut self) -> Vec<Vec<Range<u64>>> {
        if !self.paths.is_empty() {
            for audio in &mut self.audio {
                audio.extend(std::iter::repeat_n(0.0, LOOK_SAMPLES + reach()));
            }
            self.advance();
        }
        let length = self.length;
        self.spans.into_iter().map(|spans| spans.finish(length)).collect()
    }

    fn advance(&mut self) {
        let ready = self.audio.iter().map(Vec::len).min().unwrap_or(0);
        let mut at = reach();
        while at + LOOK_SAMPLES + reach() <= ready {
            self.decide(at);
            at += STEP_SAMPLES;
        }
        for audio in &mut self.audio {
            audio.drain(..at - reach());
        }
    }

    /// Gives every channel its verdict for the step at `at` in the buffers.
    fn decide(&mut self, at: usize) {
        let levels: Vec<f32> = self.audio.iter().map(|audio| level(&audio[at..at + LOOK_SAMPLES])).collect();
        let mut verdicts: Vec<Verdict> = levels
            .iter()
            .zip(&self.floors_dbfs)
            .map(|(level, floor)| if *level > floor + HEARD_OVER_FLOOR_DB { Verdict::Own } else { Verdict::Quiet })
            .collect();
        for path in &self.paths {
            if verdicts[path.to] == Verdict::Own
                && verdicts[path.from] != Verdict::Bleed
                && self.is_louder(path, &levels)
                && self.explains(path, at, levels[path.to])
            {
                verdicts[path.to] = Verdict::Bleed;
            }
        }
        let start = self.step * STEP_SAMPLES as u64;
        // A look is twice a step; its middle half is what the verdict is about.
        let about = start + (LOOK_SAMPLES - STEP_SAMPLES) as u64 / 2;
        for (spans, verdict) in self.spans.iter_mut().zip(verdicts) {
            spans.push(about, verdict);
        }
        self.step += 1;
    }

    /// Of two channels that are heard on each other only the quieter one may be masked, so that no word is lost on both.
    fn is_louder(&self, path: &BleedPath, levels: &[f32]) -> bool {
        let mutual = self.paths.iter().any(|back| back.from == path.to && back.to == path.from);
        !mutual || (levels[path.from], path.to) >= (levels[path.to], path.from)
    }

    /// Whether what is heard on the target at `at` is the source and no more.
    fn explains(&self, path: &BleedPath, at: usize, target_dbfs: f32) -> bool {
        let target = &self.audio[path.to][at..at + LOOK_SAMPLES];
        let (likeness, source_dbfs) = self.likeness(path, at, target);
        let floor = self.floors_dbfs[path.to];
        let expected_dbfs = source_dbfs - path.attenuation_db;
        let active = source_dbfs > self.floors_dbfs[path.from] + SOURCE_OVER_FLOOR_DB;
        if !active || target_dbfs > sum_dbfs(expected_dbfs, floor) + LEVEL_ROOM_DB {
            return false;
        }
        let faint = (path.attenuation_db / FAINT_DB).clamp(0.0, 1.0);
        let wanted = EXPLAINED_LOUD + (EXPLAINED_FAINT - EXPLAINED_LOUD) * faint;
        let signal = 10f32.powf((expected_dbfs - floor) / 10.0);
        let rest_dbfs = target_dbfs + 10.0 * (1.0 - likeness * likeness).max(1e-6).log10();
        likeness * likeness >= wanted * signal / (1.0 + signal) || rest_dbfs <= floor + REST_OVER_FLOOR_DB
    }

    /// Largest absolute correlation near the measured lag, and the source's level there.
    fn likeness(&self, path: &BleedPath, at: usize, target: &[f32]) -> (f32, f32) {
        let target_power: f32 = target.iter().map(|s| s * s).sum();
        let mut best = (0.0f32, SILENCE_DBFS);
        for lag in path.lag_samples - LAG_REACH..=path.lag_samples + LAG_REACH {
            let from = (at as i64 - i64::from(lag)) as usize;
            let source = &self.audio[path.from][from..from + LOOK_SAMPLES];
            let (mut dot, mut power) = (0.0f32, 0.0f32);
            for (s, t) in source.iter().zip(target) {
                dot += s * t;
                power += s * s;
            }
            let likeness = dot.abs() / (power * target_power).sqrt().max(1e-9);
            if likeness >= best.0 {
                best = (likeness.min(1.0), power_dbfs(f64::from(power) / LOOK_SAMPLES as f64));
            }
        }
        best
    }
}

impl Spans {
    fn push(&mut self, start: u64, verdict: Verdict) {
        let end = start + STEP_SAMPLES as u64;
        match verdict {
            Verdict::Bleed => {
                let from = self.open.take().map_or(start, |open| open.start);
                self.open = Some(from..end);
                (self.own_steps, self.quiet_steps) = (0, 0);
            }
            Verdict::Own => self.own_steps += 1,
            Verdict::Quiet => self.quiet_steps += 1,
        }
        if self.own_steps > BRIDGE_STEPS || self.quiet_steps > QUIET_BRIDGE_STEPS {
            self.close();
        }
    }

    fn close(&mut self) {
        (self.own_steps, self.quiet_steps) = (0, 0);
        let long_enough = |span: &Range<u64>| span.end - span.start >= (SPAN_STEPS_MIN * STEP_SAMPLES) as u64;
        self.spans.extend(self.open.take().filter(long_enough));
    }

    fn finish(mut self, length: u64) -> Vec<Range<u64>> {
        self.close();
        let clip = |span: Range<u64>| span.start.min(length)..span.end.min(length);
        self.spans.into_iter().map(clip).filter(|span| !span.is_empty()).collect()
    }
}

/// Samples needed on both sides of a look.
const fn reach() -> usize {
    LAG_MAX_SAMPLES + LAG_REACH as usize
}

fn level(samples: &[f32]) -> f32 {
    power_dbfs(samples.iter().map(|s| f64::from(s * s)).sum::<f64>() / samples.len().max(1) as f64)
}

/// The level of two unrelated sounds together.
fn sum_dbfs(a: f32, b: f32) -> f32 {
    10.0 * (10f32.powf(a / 10.0) + 10f32.powf(b / 10.0)).log10()
}
