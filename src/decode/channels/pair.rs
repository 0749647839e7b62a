//! How much two channels sound alike, a quarter of a second at a time.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::LAG_MAX_SAMPLES;
use super::level::power_dbfs;

/// Samples compared at once: 256 ms, long enough that two voices never agree by chance (see `relation`).
pub const SEGMENT_SAMPLES: usize = 4096;
/// The segment with the largest lag on both sides, rounded up to a power of two.
const FFT_SAMPLES: usize = 8192;
/// Records kept for a pair: four and a half hours of sound. When full, every other one goes.
const RECORDS_MAX: usize = 65_536;
/// Segments quieter than this on both channels are not kept, in dBFS: the smallest step of µ-law is at -72.
const QUIET_DBFS: f32 = -76.0;

/// One segment of one pair.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Level of the first channel in dBFS.
    pub first_dbfs: f32,
    /// Level of the second channel in dBFS.
    pub second_dbfs: f32,
    /// Largest absolute correlation over all lags, 0 to 1.
    pub likeness: f32,
    /// How much later the second channel is at that lag, in samples.
    pub lag: i16,
}

/// Compares every pair of channels.
pub struct PairMeter {
    channel_count: usize,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// The last `SEGMENT_SAMPLES + 2 * LAG_MAX_SAMPLES` samples and what has come since.
    audio: Vec<Vec<f32>>,
    records: Vec<Vec<Record>>,
    /// Every how many segments a record is kept, per pair.
    strides: Vec<u64>,
    segment: u64,
}

impl fmt::Debug for PairMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairMeter").field("channel_count", &self.channel_count).finish_non_exhaustive()
    }
}

/// Spectra of one channel's segment.
struct Spectra {
    /// The segment alone.
    core: Vec<Complex32>,
    /// The segment with the largest lag on both sides.
    wide: Vec<Complex32>,
    /// Running sum of power over the wide stretch.
    power: Vec<f64>,
}

impl PairMeter {
    pub fn new(channel_count: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let pairs = channel_count * channel_count.saturating_sub(1) / 2;
        Self {
            channel_count,
            forward: planner.plan_fft_forward(FFT_SAMPLES),
            inverse: planner.plan_fft_inverse(FFT_SAMPLES),
            audio: vec![vec![0.0; LAG_MAX_SAMPLES]; channel_count],
            records: vec![Vec::new(); pairs],
            strides: vec![1; pairs],
            segment: 0,
        }
    }

    /// Records of channels `first < second`.
    pub fn records(&self, first: usize, second: usize) -> &[Record] {
        &self.records[self.index(first, second)]
    }

    fn index(&self, first: usize, second: usize) -> usize {
        first * (2 * self.channel_count - first - 1) / 2 + second - first - 1
    }

    /// Takes the next samples of every channel.
    pub fn push(&mut self, block: &[Vec<f32>]) {
        if self.channel_count < 2 {
            return;
        }
        for (audio, samples) in self.audio.iter_mut().zip(block) {
            audio.extend_from_slice(samples);
        }
        let wide = SEGMENT_SAMPLES + 2 * LAG_MAX_SAMPLES;
        let ready = self.audio.iter().map(Vec::len).min().unwrap_or(0);
        let mut done = 0;
        while ready - done >= wide {
            self.compare(done);
            done += SEGMENT_SAMPLES;
        }
        for audio in &mut self.audio {
            audio.drain(..done);
        }
    }

    /// Compares all pairs over the wide stretch that starts at `start`.
    fn compare(&mut self, start: usize) {
        self.segment += 1;
        let core = start + LAG_MAX_SAMPLES..start + LAG_MAX_SAMPLES + SEGMENT_SAMPLES;
        let levels: Vec<f32> = self.audio.iter().map(|audio| level(&audio[core.clone()])).collect();
        let spectra: Vec<Option<Spectra>> =
            (0..self.channel_count).map(|c| (levels[c] > QUIET_DBFS).then(|| self.spectra(c, start))).collect();
        for first in 0..self.channel_count {
            for second in first + 1..self.channel_count {
                let (likeness, lag) = match (&spectra[first], &spectra[second]) {
                    (None, None) => continue,
                    (Some(a), Some(b)) => self.likeness(a, b, levels[second]),
                    _ => (0.0, 0),
                };
                self.keep(
                    first,
                    second,
                    Record { first_dbfs: levels[first], second_dbfs: levels[second], likeness, lag },
                );
            }
        }
    }

    fn spectra(&self, channel: usize, start: usize) -> Spectra {
        let stretch = &self.audio[channel][start..start + SEGMENT_SAMPLES + 2 * LAG_MAX_SAMPLES];
        let transform = |samples: &[f32]| {
            let mut input = self.forward.make_input_vec();
            input[..samples.len()].copy_from_slice(samples);
            let mut output = self.forward.make_output_vec();
            self.forward.process(&mut input, &mut output).expect("the buffers come from the plan");
            output
        };
        let mut power = Vec::with_capacity(stretch.len() + 1);
        power.push(0.0);
        let mut sum = 0.0;
        for sample in stretch {
            sum += f64::from(sample * sample);
            power.push(sum);
        }
        Spectra {
            core: transform(&stretch[LAG_MAX_SAMPLES..LAG_MAX_SAMPLES + SEGMENT_SAMPLES]),
            wide: transform(stretch),
            power,
        }
    }

    /// Best absolute correlation between the second channel's segment and the first one shifted against it, and how
    /// much later the second is there.
    fn likeness(&self, first: &Spectra, second: &Spectra, second_dbfs: f32) -> (f32, i16) {
        let mut cross: Vec<Complex32> = first.wide.iter().zip(&second.core).map(|(a, b)| a * b.conj()).collect();
        let mut correlation = self.inverse.make_output_vec();
        // The first and the last bin of a real signal are real; rounding may leave a trace that the plan would refuse.
        cross[0].im = 0.0;
        cross[FFT_SAMPLES / 2].im = 0.0;
        self.inverse.process(&mut cross, &mut correlation).expect("the buffers come from the plan");
        let second_power = 10f64.powf(f64::from(second_dbfs) / 10.0) * SEGMENT_SAMPLES as f64;
        let mut best = (0.0f32, 0i16);
        for (shift, product) in correlation.iter().enumerate().take(2 * LAG_MAX_SAMPLES + 1) {
            let first_power = first.power[shift + SEGMENT_SAMPLES] - first.power[shift];
            let scale = (first_power * second_power).sqrt().max(1e-9);
            let likeness = ((f64::from(*product) / FFT_SAMPLES as f64).abs() / scale) as f32;
            if likeness > best.0 {
                best = (likeness, (LAG_MAX_SAMPLES as i32 - shift as i32) as i16);
            }
        }
        (best.0.min(1.0), best.1)
    }

    fn keep(&mut self, first: usize, second: usize, record: Record) {
        let index = self.index(first, second);
        if !self.segment.is_multiple_of(self.strides[index]) {
            return;
        }
        let records = &mut self.records[index];
        records.push(record);
        if records.len() >= RECORDS_MAX {
            let mut odd = false;
            records.retain(|_| {
                odd = !odd;
                odd
            });
            self.strides[index] *= 2;
        }
    }
}

fn level(samples: &[f32]) -> f32 {
    power_dbfs(samples.iter().map(|s| f64::from(s * s)).sum::<f64>() / samples.len().max(1) as f64)
}
