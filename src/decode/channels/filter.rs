//! The high-pass filter that stands before every measurement of sound.

/// Corner against offset and mains hum, in hertz; telephone speech starts at 300.
const CORNER_HZ: f32 = 120.0;
/// Steps under this are set to zero, so that a decaying filter never works on denormal numbers.
const TINY: f32 = 1e-20;

/// Second-order Butterworth high-pass at 120 Hz for audio at 16 kHz.
#[derive(Debug, Clone)]
pub struct HighPass {
    forward: [f32; 3],
    back: [f32; 2],
    state: [f32; 2],
}

impl Default for HighPass {
    fn default() -> Self {
        let w = std::f32::consts::TAU * CORNER_HZ / super::super::SAMPLE_RATE_HZ as f32;
        let alpha = w.sin() / std::f32::consts::SQRT_2;
        let scale = 1.0 + alpha;
        let edge = f32::midpoint(1.0, w.cos()) / scale;
        Self {
            forward: [edge, -2.0 * edge, edge],
            back: [-2.0 * w.cos() / scale, (1.0 - alpha) / scale],
            state: [0.0; 2],
        }
    }
}

impl HighPass {
    /// Filters the next samples.
    pub fn run(&mut self, samples: &[f32]) -> Vec<f32> {
        let mut audio = Vec::new();
        self.run_into(samples, &mut audio);
        audio
    }

    /// Filters the next samples in the place of what is in `audio`.
    pub fn run_into(&mut self, samples: &[f32], audio: &mut Vec<f32>) {
        audio.clear();
        audio.extend(samples.iter().map(|&sample| self.step(sample)));
    }

    fn step(&mut self, x: f32) -> f32 {
        let y = self.forward[0] * x + self.state[0];
        self.state[0] = self.forward[1] * x - self.back[0] * y + self.state[1];
        self.state[1] = self.forward[2] * x - self.back[1] * y;
        for state in &mut self.state {
            if state.abs() < TINY {
                *state = 0.0;
            }
        }
        y
    }
}

/// A sample that can be measured: not a number becomes silence, the rest is held within full scale.
pub fn sane(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}
