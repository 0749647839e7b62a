//! The shape of a call's sound, for people to look at: how loud each channel is, a few thousand points over its length.
//!
//! Measured by a child of its own that knows no model: decoding belongs into a child, and the one that transcribes may be
//! busy for hours. The child reads one file and ends. Memory does not grow with the length of the call.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::TranscribeError;
use super::child::ask_child;
use super::protocol::{FromWorker, ToWorker};
use crate::call::RawAudio;
use crate::decode::{Block, DecodeError, DecodeLimits, Decoder, SAMPLE_RATE_HZ};

/// Most points a channel: two for each pixel of a wide screen. There are at least half as many in calls beyond 40 s.
const POINTS_MAX: usize = 4096;
/// Samples behind the first points; doubled whenever the points are full.
const SAMPLES_MIN: usize = SAMPLE_RATE_HZ as usize / 100;
/// Longest time one file may take: ten hours of a slow codec.
const DRAW_TIMEOUT: Duration = Duration::from_secs(120);

/// Loudness over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peaks {
    /// Length of the audio.
    pub duration_ms: u64,
    /// Milliseconds behind one point.
    pub point_ms: u64,
    /// Per channel the largest sample of each stretch, 0 to 255.
    pub channels: Vec<Vec<u8>>,
}

/// Gathers points of ever longer stretches, so that their number stays within bounds whatever the length.
struct Meter {
    channels: Vec<Vec<u8>>,
    /// Largest sample of the unfinished stretch, by channel.
    open: Vec<f32>,
    open_samples: usize,
    samples_per_point: usize,
    samples: u64,
}

impl Meter {
    const fn new() -> Self {
        Self { channels: Vec::new(), open: Vec::new(), open_samples: 0, samples_per_point: SAMPLES_MIN, samples: 0 }
    }

    fn push(&mut self, block: &Block) {
        self.channels.resize(block.len(), Vec::new());
        self.open.resize(block.len(), 0.0);
        let frames = block.first().map_or(0, Vec::len);
        self.samples += frames as u64;
        let mut from = 0;
        while from < frames {
            let to = frames.min(from + self.samples_per_point - self.open_samples);
            for (open, plane) in self.open.iter_mut().zip(block) {
                *open = plane[from..to].iter().fold(*open, |peak, sample| peak.max(sample.abs()));
            }
            self.open_samples += to - from;
            from = to;
            if self.open_samples == self.samples_per_point {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        for (points, open) in self.channels.iter_mut().zip(&mut self.open) {
            points.push((open.min(1.0) * 255.0).round() as u8);
            *open = 0.0;
        }
        self.open_samples = 0;
        if self.channels.first().is_some_and(|points| points.len() >= POINTS_MAX) {
            let halve = |points: &Vec<u8>| points.chunks(2).filter_map(|two| two.iter().max().copied()).collect();
            self.channels = self.channels.iter().map(halve).collect();
            self.samples_per_point *= 2;
        }
    }

    fn finish(mut self) -> Peaks {
        if self.open_samples > 0 {
            self.close();
        }
        let ms = |samples: u64| samples * 1000 / u64::from(SAMPLE_RATE_HZ);
        Peaks { duration_ms: ms(self.samples), point_ms: ms(self.samples_per_point as u64), channels: self.channels }
    }
}

/// Reads a file through; in the child.
pub(super) fn measure(audio: &Path, raw: Option<RawAudio>) -> Result<Peaks, DecodeError> {
    let mut decoder = Decoder::open(audio, raw, &DecodeLimits::default())?;
    let mut meter = Meter::new();
    while let Some(block) = decoder.next_block()? {
        meter.push(&block);
    }
    Ok(meter.finish())
}

/// Has a child draw the sound of a file.
///
/// # Errors
///
/// [`TranscribeError::Unreadable`] for the file's fault, [`TranscribeError::Worker`] when the child died or was too slow.
pub async fn draw(audio: PathBuf, raw: Option<RawAudio>) -> Result<Peaks, TranscribeError> {
    match ask_child(&ToWorker::Draw { audio, raw }, DRAW_TIMEOUT).await? {
        FromWorker::Drawn(peaks) => Ok(peaks),
        FromWorker::Failed(failure) => Err(failure.into()),
        _ => Err(TranscribeError::Worker("The worker process answered something else than the sound.".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seconds: usize) -> Peaks {
        let mut meter = Meter::new();
        for second in 0..seconds {
            let loud = if second == seconds / 2 { -0.5 } else { 0.1 };
            meter.push(&vec![vec![loud; SAMPLE_RATE_HZ as usize], vec![0.0; SAMPLE_RATE_HZ as usize]]);
        }
        meter.finish()
    }

    #[test]
    fn points_lie_where_the_sound_is() {
        let peaks = drawn(3);
        assert_eq!((peaks.duration_ms, peaks.point_ms, peaks.channels.len()), (3000, 10, 2));
        assert_eq!(peaks.channels[0].len(), 300);
        assert_eq!((peaks.channels[0][99], peaks.channels[0][100], peaks.channels[0][200]), (26, 128, 26));
        assert!(peaks.channels[1].iter().all(|point| *point == 0));
    }

    #[test]
    fn hours_take_no_more_points_than_minutes() {
        let peaks = drawn(7_200);
        assert!((POINTS_MAX / 2..=POINTS_MAX).contains(&peaks.channels[0].len()), "{}", peaks.channels[0].len());
        assert_eq!(peaks.channels[0].iter().max(), Some(&128));
        let place = peaks.channels[0].iter().position(|point| *point == 128).unwrap() as u64;
        assert!((place * peaks.point_ms).abs_diff(3_600_000) <= peaks.point_ms);
    }
}
