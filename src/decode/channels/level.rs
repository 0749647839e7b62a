//! Levels of one channel, in histograms of fixed size.

/// Samples a level covers: 32 ms, a syllable's core.
const FRAME_SAMPLES: usize = 512;
/// Level of digital silence in dB below full scale; also the lower end of the histograms.
pub const SILENCE_DBFS: f32 = -120.0;
/// Bins of 1 dB from [`SILENCE_DBFS`] to 0.
const BINS: usize = 121;
/// Frames in a row that sound has to last (96 ms): shorter is a click.
const SUSTAINED_FRAMES: usize = 3;
/// From here a sample counts as clipped: the largest value of µ-law is 0.9803.
const FULL_SCALE: f32 = 0.98;
/// Share of the quietest frames that stand for the noise.
const FLOOR_SHARE: f64 = 0.1;
/// Below this a frame is silence of a codec, not noise of a line: half a step of 16 bits is at -96.
const DIGITAL_SILENCE_DBFS: f32 = -100.0;

/// A mean square in dB below full scale, never under [`SILENCE_DBFS`].
pub fn power_dbfs(power: f64) -> f32 {
    (10.0 * power.max(1e-12).log10()) as f32
}

/// Measures one channel.
#[derive(Debug, Clone)]
pub struct LevelMeter {
    samples: u64,
    sum: f64,
    power: f64,
    peak: f32,
    clipped: u64,
    frame_power: f64,
    frame_fill: usize,
    recent: [f32; SUSTAINED_FRAMES],
    frames: [u64; BINS],
    sustained: [u64; BINS],
}

impl Default for LevelMeter {
    fn default() -> Self {
        Self {
            samples: 0,
            sum: 0.0,
            power: 0.0,
            peak: 0.0,
            clipped: 0,
            frame_power: 0.0,
            frame_fill: 0,
            recent: [SILENCE_DBFS; SUSTAINED_FRAMES],
            frames: [0; BINS],
            sustained: [0; BINS],
        }
    }
}

impl LevelMeter {
    /// Takes the next samples as they are and after the high-pass.
    pub fn push(&mut self, raw: &[f32], filtered: &[f32]) {
        for (&sample, &audio) in raw.iter().zip(filtered) {
            let magnitude = sample.abs();
            self.sum += f64::from(sample);
            self.peak = self.peak.max(magnitude);
            self.clipped += u64::from(magnitude >= FULL_SCALE);
            let power = f64::from(audio * audio);
            self.power += power;
            self.frame_power += power;
            self.frame_fill += 1;
            if self.frame_fill == FRAME_SAMPLES {
                self.end_frame();
            }
        }
        self.samples += raw.len() as u64;
    }

    fn end_frame(&mut self) {
        let level = power_dbfs(self.frame_power / FRAME_SAMPLES as f64);
        self.recent.rotate_left(1);
        self.recent[SUSTAINED_FRAMES - 1] = level;
        let held = self.recent.iter().copied().fold(f32::MAX, f32::min);
        self.frames[bin(level)] += 1;
        self.sustained[bin(held)] += 1;
        self.frame_power = 0.0;
        self.frame_fill = 0;
    }

    /// Samples heard.
    pub fn duration_samples(&self) -> u64 {
        self.samples
    }

    /// Largest absolute sample.
    pub fn peak(&self) -> f32 {
        self.peak
    }

    /// Share of samples at full scale.
    pub fn clipped_share(&self) -> f32 {
        (self.clipped as f64 / self.samples.max(1) as f64) as f32
    }

    /// Mean of the samples.
    pub fn dc_offset(&self) -> f32 {
        (self.sum / self.samples.max(1) as f64) as f32
    }

    /// RMS over everything; absent for digital silence.
    pub fn rms_dbfs(&self) -> Option<f32> {
        let level = power_dbfs(self.power / self.samples.max(1) as f64);
        (level > SILENCE_DBFS).then_some(level)
    }

    /// Level of the quietest tenth; absent for digital silence.
    pub fn floor_dbfs(&self) -> Option<f32> {
        let wanted = (self.frames.iter().sum::<u64>() as f64 * FLOOR_SHARE) as u64;
        let mut below = 0;
        for (bin, count) in self.frames.iter().enumerate() {
            below += count;
            if below > wanted {
                let level = SILENCE_DBFS + bin as f32;
                return (level > DIGITAL_SILENCE_DBFS).then_some(level);
            }
        }
        None
    }

    /// Time in which sound above `level_dbfs` lasted, in milliseconds.
    pub fn sustained_ms(&self, level_dbfs: f32) -> u64 {
        let frames: u64 = self.sustained[bin(level_dbfs)..].iter().skip(1).sum();
        frames * 1000 * FRAME_SAMPLES as u64 / 16_000
    }
}

fn bin(level_dbfs: f32) -> usize {
    ((level_dbfs - SILENCE_DBFS).max(0.0) as usize).min(BINS - 1)
}
