//! What a stretch of audio sounds like: level, steadiness of the spectrum, voicing, flatness, telephone key tones.
//!
//! Pure measurement; what follows from it is decided in `regions`.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::decode::channels::power_dbfs;

/// Samples from one frame to the next: 16 ms, the step of the built-in detector.
pub const FRAME_SAMPLES: usize = 256;
/// Samples from one level to the next: 8 ms, fine enough for word edges.
pub const LEVEL_SAMPLES: usize = 128;
/// Levels in a frame.
pub const LEVELS_PER_FRAME: usize = FRAME_SAMPLES / LEVEL_SAMPLES;
/// Length of a frame in milliseconds.
pub const FRAME_MS: usize = FRAME_SAMPLES / 16;
/// Length of a level in milliseconds.
pub const LEVEL_MS: usize = LEVEL_SAMPLES / 16;
/// Samples under one spectrum: 64 ms, so that neighbouring notes (6 % apart) fall into different bins above 260 Hz.
const SPECTRUM_SAMPLES: usize = 1024;
/// Frames between the two spectra that are compared: 64 ms, so that they share no samples.
const STEADY_FRAMES: usize = SPECTRUM_SAMPLES / FRAME_SAMPLES;
/// Frames at the start of a window whose spectra reach out of it.
const EDGE_FRAMES: usize = SPECTRUM_SAMPLES / FRAME_SAMPLES / 2;
/// Frames at the start that the end of another window does not tell: their own spectra, or those they are compared with,
/// reach out of the window.
const FIRST_FRAMES: usize = EDGE_FRAMES + STEADY_FRAMES;
/// Cosine from which a frame counts as steady.
const STEADY_COSINE: f32 = 0.92;
/// Width of a bin in hertz.
pub const BIN_HZ: f32 = 16_000.0 / SPECTRUM_SAMPLES as f32;
/// The telephone band in bins: 125 to 3750 Hz.
const BAND: std::ops::Range<usize> = 8..240;
/// Magnitudes up to this many times the median of their spectrum count as noise; of white noise 6 % are above.
const NOISE_OVER_MEDIAN: f32 = 2.0;
/// Pitch periods looked for, in samples: 400 Hz down to 67 Hz.
const PERIODS: std::ops::Range<usize> = 40..240;
/// The tones of the low and the high group of telephone keys, in hertz (ITU-T Q.23).
const KEY_LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const KEY_HIGH_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// Bins in which the ringing of every country lies, 400 to 480 Hz (ITU-T E.180), with the width of a line.
const RING_BINS: std::ops::Range<usize> = 23..34;
/// Bins on both sides of a line that hold its energy.
const LINE_BINS: usize = 2;
/// Bins to another line at least.
const LINE_APART_BINS: usize = 3;
/// Bands of 500 Hz up to 8 kHz.
pub const BANDS: usize = 16;
/// Bins in a band.
const BAND_BINS: usize = SPECTRUM_SAMPLES / 2 / BANDS;

/// One frame, measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct SoundFrame {
    /// Cosine between this spectrum and the one 64 ms earlier (lines above the noise only): 1 for a steady tone.
    pub steadiness: f32,
    /// Height of the strongest pitch peak in the autocorrelation, 0 to 1.
    pub voicing: f32,
    /// Geometric over arithmetic mean of the power spectrum: 0.56 for white noise, under 0.1 for speech.
    pub flatness: f32,
    /// Share of the energy in one low and one high telephone key tone, 0 to 1.
    pub key_tone: f32,
    /// Share of the energy where the network's ringing lies, 0 to 1.
    pub ring_share: f32,
    /// Bin of the strongest line, from 0 Hz.
    pub line: u16,
    /// Bin of the strongest line that is another one.
    pub second_line: u16,
    /// Share of the energy in the strongest line, 0 to 1.
    pub line_share: f32,
    /// Share of the energy in both.
    pub pair_share: f32,
    /// Power in bands of 500 Hz from 0 on.
    pub bands: [f32; BANDS],
}

impl SoundFrame {
    /// Whether the spectrum stood still for the last 64 ms.
    pub fn is_steady(&self) -> bool {
        self.steadiness > STEADY_COSINE
    }
}

/// Power of `samples` in dB below full scale.
pub fn level_dbfs(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    power_dbfs(f64::from(power))
}

/// Measures frames; holds plans and buffers only.
pub struct SoundMeter {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    taper: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Power of the band's bins, their magnitudes, and these in order.
    power: Vec<f32>,
    magnitudes: Vec<f32>,
    ordered: Vec<f32>,
    lines: Vec<f32>,
    /// Lines of the last four spectra.
    roots: [Vec<f32>; STEADY_FRAMES],
    whole: Vec<Complex32>,
    autocorrelation: Vec<f32>,
}

impl fmt::Debug for SoundMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoundMeter").finish_non_exhaustive()
    }
}

impl Default for SoundMeter {
    fn default() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(SPECTRUM_SAMPLES);
        let inverse = planner.plan_fft_inverse(SPECTRUM_SAMPLES);
        let step = std::f32::consts::TAU / SPECTRUM_SAMPLES as f32;
        let taper = (0..SPECTRUM_SAMPLES).map(|i| 0.5 - 0.5 * (step * (i as f32 + 0.5)).cos()).collect();
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            taper,
            input: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            scratch: vec![Complex32::default(); scratch],
            power: Vec::with_capacity(BAND.len()),
            magnitudes: Vec::with_capacity(BAND.len()),
            ordered: Vec::with_capacity(BAND.len()),
            lines: Vec::with_capacity(BAND.len()),
            roots: Default::default(),
            whole: inverse.make_input_vec(),
            autocorrelation: inverse.make_output_vec(),
            forward,
            inverse,
        }
    }
}

impl SoundMeter {
    /// Every whole frame of `window`; the spectrum of a frame is centred on it. `known` is what another window that begins
    /// at the same sample and ends earlier measured: of what lies inside both, nothing is measured twice.
    pub fn measure(&mut self, window: &[f32], known: &[SoundFrame]) -> Vec<SoundFrame> {
        let count = window.len() / FRAME_SAMPLES;
        let mut frames = Vec::with_capacity(count);
        let known = known.get(FIRST_FRAMES..known.len().saturating_sub(EDGE_FRAMES)).unwrap_or_default();
        while frames.len() < count {
            if frames.len() == FIRST_FRAMES && known.len() > STEADY_FRAMES {
                frames.extend_from_slice(known);
                for index in frames.len() - STEADY_FRAMES..frames.len() {
                    // Only for its lines, which the next frames are compared with.
                    self.spectrum(window, index);
                }
            } else {
                frames.push(self.frame(window, frames.len()));
            }
        }
        frames
    }

    fn frame(&mut self, window: &[f32], index: usize) -> SoundFrame {
        let steadiness = self.spectrum(window, index);
        let total = self.power.iter().sum::<f32>();
        let frame = SoundFrame {
            steadiness,
            voicing: self.voicing(),
            flatness: flatness(&self.power, total),
            key_tone: key_tone(&self.power, total),
            bands: self.bands(),
            ..SoundFrame::default()
        };
        with_lines(frame, &self.power, total)
    }

    /// Measures a spectrum and its lines; answers how steady they are against those of the fourth spectrum before it.
    fn spectrum(&mut self, window: &[f32], index: usize) -> f32 {
        self.transform(window, index);
        self.power.clear();
        self.power.extend(self.spectrum[BAND].iter().map(|bin| bin.norm_sqr() + 1e-9));
        self.lines();
        let earlier = &mut self.roots[index % STEADY_FRAMES];
        let steadiness = if index < STEADY_FRAMES { 0.0 } else { cosine(&self.lines, earlier) };
        std::mem::swap(earlier, &mut self.lines);
        steadiness
    }

    fn transform(&mut self, window: &[f32], index: usize) {
        let start = (index * FRAME_SAMPLES + FRAME_SAMPLES / 2) as isize - (SPECTRUM_SAMPLES / 2) as isize;
        let inside = usize::try_from(start).ok().and_then(|start| window.get(start..start + SPECTRUM_SAMPLES));
        if let Some(samples) = inside {
            for (slot, (sample, weight)) in self.input.iter_mut().zip(samples.iter().zip(&self.taper)) {
                *slot = sample * weight;
            }
        } else {
            for (i, (slot, weight)) in self.input.iter_mut().zip(&self.taper).enumerate() {
                let at = usize::try_from(start + i as isize).ok();
                *slot = at.and_then(|at| window.get(at)).map_or(0.0, |sample| sample * weight);
            }
        }
        self.forward
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers come from the plan");
    }

    /// Square roots of the magnitudes that stand out of the noise between them; the roots let faint lines count.
    fn lines(&mut self) {
        self.magnitudes.clear();
        self.magnitudes.extend(self.power.iter().map(|power| power.sqrt()));
        self.ordered.clone_from(&self.magnitudes);
        let middle = self.ordered.len() / 2;
        let (_, median, _) = self.ordered.select_nth_unstable_by(middle, f32::total_cmp);
        let noise = NOISE_OVER_MEDIAN * *median;
        self.lines.clear();
        self.lines.extend(self.magnitudes.iter().map(|magnitude| (magnitude - noise).max(0.0).sqrt()));
    }

    /// Bin by bin of all bands at once: sums that do not wait for each other.
    fn bands(&self) -> [f32; BANDS] {
        let mut bands = [0.0; BANDS];
        for bin in 0..BAND_BINS {
            for (sum, bins) in bands.iter_mut().zip(self.spectrum.chunks_exact(BAND_BINS)) {
                *sum += bins[bin].norm_sqr();
            }
        }
        bands
    }

    fn voicing(&mut self) -> f32 {
        self.whole.fill(Complex32::default());
        for (slot, bin) in self.whole[BAND].iter_mut().zip(&self.spectrum[BAND]) {
            // In double precision the squares are exact, so this is what `hypot` gives, without a call.
            let (re, im) = (f64::from(bin.re), f64::from(bin.im));
            slot.re = (re * re + im * im).sqrt() as f32;
        }
        self.inverse
            .process_with_scratch(&mut self.whole, &mut self.autocorrelation, &mut self.scratch)
            .expect("the buffers come from the plan and the first bin is real");
        let r = &self.autocorrelation;
        let peaks = PERIODS.filter(|&lag| r[lag] > r[lag - 1] && r[lag] >= r[lag + 1]);
        peaks.map(|lag| r[lag]).fold(0.0, f32::max) / r[0].max(1e-9)
    }
}

/// Finds the two strongest lines.
fn with_lines(frame: SoundFrame, power: &[f32], total: f32) -> SoundFrame {
    let strongest = |bins: std::ops::Range<usize>| {
        bins.max_by(|&a, &b| power[a].total_cmp(&power[b])).filter(|&bin| bin < power.len())
    };
    let around =
        |bin: usize| power[bin.saturating_sub(LINE_BINS)..(bin + LINE_BINS + 1).min(power.len())].iter().sum::<f32>();
    let first = strongest(0..power.len()).unwrap_or(0);
    let below = strongest(0..first.saturating_sub(LINE_APART_BINS));
    let above = strongest((first + LINE_APART_BINS + 1).min(power.len())..power.len());
    let second = below.into_iter().chain(above).max_by(|&a, &b| power[a].total_cmp(&power[b])).unwrap_or(first);
    let ring = power[RING_BINS.start - BAND.start..RING_BINS.end - BAND.start].iter().sum::<f32>();
    let (line, other) = (around(first), if second == first { 0.0 } else { around(second) });
    SoundFrame {
        ring_share: ring / total,
        line: (first + BAND.start) as u16,
        second_line: (second + BAND.start) as u16,
        line_share: (line / total).min(1.0),
        pair_share: ((line + other) / total).min(1.0),
        ..frame
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        dot += x * y;
        aa += x * x;
        bb += y * y;
    }
    dot / (aa * bb).sqrt().max(1e-12)
}

fn flatness(power: &[f32], total: f32) -> f32 {
    let count = power.len() as f32;
    // One logarithm for sixteen: their product is far within what a double holds.
    let log = |powers: &[f32]| powers.iter().copied().map(f64::from).product::<f64>().ln();
    let log_mean = (power.chunks(16).map(log).sum::<f64>() / f64::from(count)) as f32;
    log_mean.exp() / (total / count)
}

/// Share of the energy within 1.5 bins of the strongest tone of each group; 0 when one group is 12 dB under the other.
fn key_tone(power: &[f32], total: f32) -> f32 {
    let near = |hz: f32| -> f32 {
        let centre = (hz / BIN_HZ).round() as usize - BAND.start;
        power[centre - 2..=centre + 2].iter().sum()
    };
    let strongest = |group: &[f32]| group.iter().map(|&hz| near(hz)).fold(0.0, f32::max);
    let (low, high) = (strongest(&KEY_LOW_HZ), strongest(&KEY_HIGH_HZ));
    if low > 16.0 * high || high > 16.0 * low {
        return 0.0;
    }
    (low + high) / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_windows_share_is_measured_once_and_comes_out_the_same() {
        let mut rng = fastrand::Rng::with_seed(1);
        let audio: Vec<f32> = (0..64 * FRAME_SAMPLES).map(|n| (n as f32 * 0.1).sin() * rng.f32()).collect();
        let mut meter = SoundMeter::default();
        let mut known = meter.measure(&audio[..48 * FRAME_SAMPLES], &[]);
        known.drain(..9);
        let shown = |frames: Vec<SoundFrame>| frames.iter().map(|frame| format!("{frame:?}")).collect::<Vec<_>>();
        let window = &audio[9 * FRAME_SAMPLES..];
        assert_eq!(shown(meter.measure(window, &known)), shown(SoundMeter::default().measure(window, &[])));
    }
}
