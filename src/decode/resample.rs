//! Any rate to 16 kHz, in pieces, without moving a sample in time.
//!
//! The filter's delay is cut from the front and its tail flushed at the end, so `n` frames in give
//! `ceil(n * 16000 / rate)` frames out, whatever the pieces were.

use audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Indexing, Resampler as _};

use super::SAMPLE_RATE_HZ;

/// Length of the anti-alias filter. At 8 kHz that is 256 taps: flat up to about 3.8 kHz, above the telephone band.
const FILTER_MS: u32 = 32;

/// Streaming converter for all channels of one file.
pub(super) struct Resampler {
    /// None when the rate is already right.
    fft: Option<Fft<f32>>,
    rate_in_hz: u32,
    pending: Vec<Vec<f32>>,
    scratch: Vec<Vec<f32>>,
    frames_in: u64,
    frames_out: u64,
    delay_frames: usize,
}

impl Resampler {
    /// A converter; the reason when the library refuses the rate.
    pub(super) fn new(rate_in_hz: u32, channels: usize) -> Result<Self, String> {
        let mut this = Self {
            fft: None,
            rate_in_hz,
            pending: vec![Vec::new(); channels],
            scratch: Vec::new(),
            frames_in: 0,
            frames_out: 0,
            delay_frames: 0,
        };
        if rate_in_hz != SAMPLE_RATE_HZ {
            let chunk = (rate_in_hz * FILTER_MS / 1000).max(1) as usize;
            let fft = Fft::new_custom(
                rate_in_hz as usize,
                SAMPLE_RATE_HZ as usize,
                chunk,
                1,
                channels,
                rubato::WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            )
            .map_err(|err| err.to_string())?;
            this.delay_frames = fft.output_delay();
            this.scratch = vec![vec![0.0; fft.output_frames_max()]; channels];
            this.fft = Some(fft);
        }
        Ok(this)
    }

    /// Takes `planes` (all of one length) and appends what is ready to `out`.
    pub(super) fn push(&mut self, planes: &[Vec<f32>], out: &mut [Vec<f32>]) -> Result<(), String> {
        let frames = planes.first().map_or(0, Vec::len);
        self.frames_in += frames as u64;
        let Some(chunk) = self.fft.as_ref().map(rubato::Resampler::input_frames_next) else {
            for (from, to) in planes.iter().zip(out) {
                to.extend_from_slice(from);
            }
            self.frames_out += frames as u64;
            return Ok(());
        };
        for (from, to) in planes.iter().zip(&mut self.pending) {
            to.extend_from_slice(from);
        }
        let available = self.pending.first().map_or(0, Vec::len);
        let mut used = 0;
        while available - used >= chunk {
            self.convert(used, chunk, u64::MAX, out)?;
            used += chunk;
        }
        for plane in &mut self.pending {
            plane.drain(..used);
        }
        Ok(())
    }

    /// Appends the rest to `out`; the converter is spent.
    pub(super) fn finish(&mut self, out: &mut [Vec<f32>]) -> Result<(), String> {
        if self.fft.is_none() {
            return Ok(());
        }
        let expected = (self.frames_in * u64::from(SAMPLE_RATE_HZ)).div_ceil(u64::from(self.rate_in_hz));
        let mut left = self.pending.first().map_or(0, Vec::len);
        while self.frames_out < expected {
            self.convert(0, left, expected, out)?;
            left = 0;
        }
        Ok(())
    }

    /// One chunk of the pending input, silence after `frames` of it; output stops at `frames_out_max` in all.
    fn convert(
        &mut self,
        offset: usize,
        frames: usize,
        frames_out_max: u64,
        out: &mut [Vec<f32>],
    ) -> Result<(), String> {
        let Some(fft) = self.fft.as_mut() else { return Ok(()) };
        let channels = self.pending.len();
        let capacity = self.scratch.first().map_or(0, Vec::len);
        let input =
            SequentialSliceOfVecs::new(&self.pending, channels, offset + frames).map_err(|err| err.to_string())?;
        let mut output =
            SequentialSliceOfVecs::new_mut(&mut self.scratch, channels, capacity).map_err(|err| err.to_string())?;
        let indexing = Indexing::new().input_offset(offset).partial_len(frames);
        let (_, made) = fft.process_into_buffer(&input, &mut output, Some(&indexing)).map_err(|err| err.to_string())?;

        let skip = self.delay_frames.min(made);
        self.delay_frames -= skip;
        let keep = ((made - skip) as u64).min(frames_out_max.saturating_sub(self.frames_out)) as usize;
        for (from, to) in self.scratch.iter().zip(out) {
            to.extend(from[skip..skip + keep].iter().map(|sample| sample.clamp(-1.0, 1.0)));
        }
        self.frames_out += keep as u64;
        Ok(())
    }
}
