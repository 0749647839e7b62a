//! Sound that is gone in the middle: runs of digital zeros with sound right before and right after them.
//!
//! Speech never falls to zero between two samples; a lost packet does. Quiet that a recorder writes as zeros between words
//! is no dropout, because the sound fades before it.

use crate::call::Dropouts;

/// Samples under this are as good as zero, -80 dBFS: the resampler rings on for some milliseconds into zeros, so a dropout
/// is measured short by that much.
const ZERO: f32 = 1e-4;
/// Zeros that make a dropout, in samples: 8 ms. Packets carry 10, 20 or 30 ms, and the ringing takes a part of their ends.
const RUN_MIN: u64 = 8 * 16;
/// Zeros beyond this are a pause, in samples: 2 s.
const RUN_MAX: u64 = 2 * 16_000;
/// Samples right before and after in which there is sound: 16 ms, longer than the ringing.
const EDGE: usize = 256;
/// Mean power of that sound at least: -40 dBFS.
const EDGE_POWER_MIN: f32 = 1e-4;

/// Counts them.
#[derive(Debug, Clone)]
pub struct DropoutMeter {
    /// Squares of the last samples that were not zero, in a ring.
    before: [f32; EDGE],
    at: usize,
    /// Power right before the run of zeros that goes on or has just ended.
    power_before: f32,
    run: u64,
    /// A run that ended, and what has come since.
    ended: Option<u64>,
    after: f32,
    after_count: usize,
    found: Dropouts,
    total_samples: u64,
    longest_samples: u64,
}

impl Default for DropoutMeter {
    fn default() -> Self {
        Self {
            before: [0.0; EDGE],
            at: 0,
            power_before: 0.0,
            run: 0,
            ended: None,
            after: 0.0,
            after_count: 0,
            found: Dropouts::default(),
            total_samples: 0,
            longest_samples: 0,
        }
    }
}

impl DropoutMeter {
    /// Takes the next samples as they are.
    pub fn push(&mut self, samples: &[f32]) {
        for &sample in samples {
            if sample.abs() < ZERO {
                self.zero();
            } else {
                self.sound(sample * sample);
            }
        }
    }

    fn zero(&mut self) {
        if self.run == 0 {
            self.power_before = self.before.iter().sum::<f32>() / EDGE as f32;
        }
        self.run += 1;
    }

    fn sound(&mut self, power: f32) {
        if self.run >= RUN_MIN {
            // Two runs closer than an edge: the first is not judged, the second takes its place.
            let is_sound = self.power_before >= EDGE_POWER_MIN;
            self.ended = (is_sound && self.run <= RUN_MAX).then_some(self.run);
            (self.after, self.after_count) = (0.0, 0);
        }
        self.run = 0;
        self.before[self.at] = power;
        self.at = (self.at + 1) % EDGE;
        if let Some(run) = self.ended {
            self.after += power;
            self.after_count += 1;
            if self.after_count == EDGE {
                self.ended = None;
                if self.after / EDGE as f32 >= EDGE_POWER_MIN {
                    self.found.count += 1;
                    self.total_samples += run;
                    self.longest_samples = self.longest_samples.max(run);
                }
            }
        }
    }

    /// What was found so far.
    pub fn dropouts(&self) -> Dropouts {
        Dropouts { total_ms: self.total_samples / 16, longest_ms: self.longest_samples / 16, ..self.found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone of a second at 16 kHz with zeros from `start_ms` for `length_ms`.
    fn tone_with_hole(start_ms: usize, length_ms: usize) -> Vec<f32> {
        let hole = start_ms * 16..(start_ms + length_ms) * 16;
        let sound = |n: usize| 0.2 * (n as f32 * 0.1).sin() + 1e-3;
        (0..16_000).map(|n| if hole.contains(&n) { 0.0 } else { sound(n) }).collect()
    }

    fn dropouts(samples: &[f32]) -> Dropouts {
        let mut meter = DropoutMeter::default();
        samples.chunks(700).for_each(|part| meter.push(part));
        meter.dropouts()
    }

    #[test]
    fn a_lost_packet_counts_with_its_length() {
        assert_eq!(dropouts(&tone_with_hole(400, 20)), Dropouts { count: 1, total_ms: 20, longest_ms: 20 });
        assert_eq!(dropouts(&tone_with_hole(400, 0)), Dropouts::default());
    }

    #[test]
    fn zeros_that_sound_fades_into_are_a_pause() {
        let mut samples = tone_with_hole(400, 300);
        for (n, sample) in samples[220 * 16..400 * 16].iter_mut().enumerate() {
            *sample *= (-(n as f32) / 250.0).exp();
        }
        assert_eq!(dropouts(&samples), Dropouts::default());
    }
}
