//! The sound of a window's speech, every 10 ms: how loud, how bright. And where its pauses are.
//!
//! Time runs over speech alone: the stretches of a window follow each other without the pauses, and a position in it is
//! a *boundary*, from 0 to the number of frames.

use std::ops::Range;

use super::super::windows::{SAMPLES_PER_MS, Window};

/// Distance of frames.
pub const FRAME_MS: u64 = 10;
const FRAME_SAMPLES: u64 = FRAME_MS * SAMPLES_PER_MS;
/// Added to energies so that digital silence has a logarithm: -90 dB below full scale.
const ENERGY_MIN: f32 = 1e-9;
/// Share of a window's quietest frames that stand for its noise: windows have 200 ms of pause on both sides.
const NOISE_SHARE: usize = 20;
/// Share of the loudest frames above the level that counts as the speaker's full voice.
const FULL_VOICE_SHARE: usize = 20;

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Level in dB.
    pub level_db: f32,
    /// Level of the sample-to-sample difference over the level, in dB: about twice the logarithm of the frequency that
    /// carries most of the sound.
    pub brightness_db: f32,
}

/// One stretch of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// Its first and last boundary.
    from: usize,
    to: usize,
    /// Its place in the call, in samples.
    call_start: u64,
    call_end: u64,
    /// Its place in the window, in samples.
    window_start: u64,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Every 10 ms of speech; levels relative to the speaker's full voice.
    pub frames: Vec<Frame>,
    /// What the window's pauses sound like, levels likewise.
    pub noise: Frame,
    stretches: Vec<Stretch>,
}

impl Track {
    /// Measures the speech of a window. `samples` may be shorter than the window; what is missing is silence.
    pub fn new(window: &Window, samples: &[f32]) -> Self {
        let mut frames = Vec::new();
        let mut stretches = Vec::new();
        for span in &window.spans {
            let window_start = window.to_window(span.start);
            let count = ((span.end - span.start + FRAME_SAMPLES / 2) / FRAME_SAMPLES).max(1);
            let from = frames.len();
            frames.extend((0..count).map(|i| measure(samples, window_start + i * FRAME_SAMPLES)));
            let (call_start, call_end) = (span.start, span.end);
            stretches.push(Stretch { from, to: frames.len(), call_start, call_end, window_start });
        }
        let mut track = Self { noise: noise(samples), frames, stretches };
        let full_voice = track.full_voice_db();
        for frame in track.frames.iter_mut().chain([&mut track.noise]) {
            frame.level_db -= full_voice;
        }
        track
    }

    fn full_voice_db(&self) -> f32 {
        let mut levels: Vec<f32> = self.frames.iter().map(|frame| frame.level_db).collect();
        levels.sort_by(|a, b| b.total_cmp(a));
        levels.get(levels.len() / FULL_VOICE_SHARE).copied().unwrap_or_default()
    }

    /// Boundaries where a pause was left out: no word reaches over them.
    pub fn pauses(&self) -> impl Iterator<Item = usize> {
        self.stretches.iter().skip(1).map(|stretch| stretch.from)
    }

    /// Ranges in proportion to `lengths`, each on one side of every pause: what is left when the text cannot be aligned.
    pub fn spread(&self, lengths: &[f32]) -> Vec<Range<usize>> {
        let total: f32 = lengths.iter().sum::<f32>().max(1.0);
        let mut passed = 0.0;
        let mut start = 0;
        lengths
            .iter()
            .map(|length| {
                passed += length;
                let end = ((passed / total * self.frames.len() as f32) as usize).clamp(start, self.frames.len());
                let whole = start..end;
                start = end;
                match self.pauses().find(|pause| whole.contains(pause) && *pause > whole.start) {
                    Some(pause) if pause - whole.start >= whole.end - pause => whole.start..pause,
                    // A second pause inside so short a text is not worth a look: the end falls to its speech.
                    Some(pause) => {
                        pause..self.pauses().find(|next| *next > pause).map_or(whole.end, |next| next.min(whole.end))
                    }
                    None => whole,
                }
            })
            .collect()
    }

    /// Where in the call a word begins that begins at this boundary, in ms.
    pub fn start_ms(&self, boundary: usize) -> u64 {
        let next = self.stretches.iter().find(|stretch| boundary < stretch.to).or(self.stretches.last());
        next.map_or(0, |stretch| stretch.call_at(boundary)) / SAMPLES_PER_MS
    }

    /// Where in the call a word ends that ends at this boundary, in ms.
    pub fn end_ms(&self, boundary: usize) -> u64 {
        let before = self.stretches.iter().find(|stretch| boundary <= stretch.to).or(self.stretches.last());
        before.map_or(0, |stretch| stretch.call_at(boundary)).div_ceil(SAMPLES_PER_MS)
    }

    /// The boundary nearest to a time of the window; times in a pause belong to the speech after it.
    pub fn boundary_at(&self, window_ms: u64) -> usize {
        let sample = window_ms * SAMPLES_PER_MS;
        let in_or_after = self.stretches.iter().find(|s| sample < s.window_start + (s.call_end - s.call_start));
        in_or_after.map_or(self.frames.len(), |stretch| {
            stretch.from + (sample.saturating_sub(stretch.window_start) / FRAME_SAMPLES) as usize
        })
    }
}

impl Stretch {
    fn call_at(&self, boundary: usize) -> u64 {
        match boundary {
            last if last >= self.to => self.call_end,
            inner => (self.call_start + inner.saturating_sub(self.from) as u64 * FRAME_SAMPLES).min(self.call_end),
        }
    }
}

/// The 20 ms around the frame that begins at `start`.
fn measure(samples: &[f32], start: u64) -> Frame {
    let from = (start.saturating_sub(FRAME_SAMPLES / 2) as usize).min(samples.len());
    let to = ((start + FRAME_SAMPLES + FRAME_SAMPLES / 2) as usize).min(samples.len());
    let part = &samples[from..to];
    let count = part.len().max(1) as f32;
    let energy = part.iter().map(|x| x * x).sum::<f32>() / count + ENERGY_MIN;
    let change = part.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f32>() / count + ENERGY_MIN / 10.0;
    Frame { level_db: 10.0 * energy.log10(), brightness_db: 10.0 * (change / energy).log10() }
}

/// The mean of the window's quietest frames, speech or not.
fn noise(samples: &[f32]) -> Frame {
    let mut frames: Vec<Frame> =
        (0..samples.len() as u64 / FRAME_SAMPLES).map(|i| measure(samples, i * FRAME_SAMPLES)).collect();
    frames.sort_by(|a, b| a.level_db.total_cmp(&b.level_db));
    frames.truncate((frames.len() / NOISE_SHARE).max(1));
    let count = frames.len().max(1) as f32;
    Frame {
        level_db: frames.iter().map(|frame| frame.level_db).sum::<f32>() / count,
        brightness_db: frames.iter().map(|frame| frame.brightness_db).sum::<f32>() / count,
    }
}
