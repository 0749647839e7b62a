//! The sound that every golden file holds, computed at any rate, and the ruler that decoded audio is held against.
//!
//! Each channel sweeps slowly over a band of its own in bursts of uneven length: the band tells channels apart, the
//! sweep and the bursts leave only one place where it fits in time.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use callscribe::call::{AudioFormatFacts, RawAudio};
use callscribe::decode::{BLOCK_FRAMES_MAX, DecodeError, DecodeHealth, DecodeLimits, Decoder, SAMPLE_RATE_HZ};

/// Length of the sound. A whole number of frames at every usual rate.
pub const DURATION_MS: u64 = 1520;
/// Alignment that is asked for: 5 ms.
const LAG_FRAMES_MAX: i64 = 80;

const BURSTS_S: [(f64, f64); 5] = [(0.05, 0.21), (0.27, 0.34), (0.50, 0.83), (0.90, 1.02), (1.15, 1.47)];

/// The value of channel `channel` at `seconds`.
pub fn value(channel: usize, seconds: f64) -> f64 {
    let envelope: f64 = BURSTS_S
        .iter()
        .filter(|(from, to)| (*from..*to).contains(&seconds))
        .map(|(from, to)| (TAU / 2.0 * (seconds - from) / (to - from)).sin())
        .sum();
    let base_hz = 330.0 + 170.0 * channel as f64;
    let sweep_hz_per_s = 80.0;
    0.5 * envelope * (TAU * (base_hz * seconds + sweep_hz_per_s / 2.0 * seconds * seconds)).sin()
}

/// One channel of the sound at `rate_hz`.
pub fn plane(channel: usize, rate_hz: u32) -> Vec<f64> {
    let frames = DURATION_MS * u64::from(rate_hz) / 1000;
    (0..frames).map(|frame| value(channel, frame as f64 / f64::from(rate_hz))).collect()
}

/// All channels, frame by frame.
pub fn interleaved(channels: usize, rate_hz: u32) -> Vec<f64> {
    let planes: Vec<_> = (0..channels).map(|channel| plane(channel, rate_hz)).collect();
    (0..planes[0].len()).flat_map(|frame| planes.iter().map(move |plane| plane[frame])).collect()
}

/// A file decoded to its end.
#[derive(Debug)]
pub struct Decoded {
    pub format: AudioFormatFacts,
    pub declared_duration_ms: Option<u64>,
    pub health: DecodeHealth,
    pub planes: Vec<Vec<f32>>,
}

impl Decoded {
    pub fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len)
    }

    pub fn duration_ms(&self) -> f64 {
        self.frames() as f64 * 1000.0 / f64::from(SAMPLE_RATE_HZ)
    }
}

pub fn decode(path: &Path) -> Result<Decoded, DecodeError> {
    decode_as(path, None)
}

/// Decodes a file and checks, on the way, what holds for every block.
pub fn decode_as(path: &Path, raw: Option<RawAudio>) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::open(path, raw, &DecodeLimits::default())?;
    let channels = usize::from(decoder.format().channel_count);
    let mut planes = vec![Vec::new(); channels];
    let mut is_last = false;
    while let Some(block) = decoder.next_block()? {
        assert!(!is_last, "only the last block may be short");
        assert_eq!(block.len(), channels);
        assert!(!block[0].is_empty() && block[0].len() <= BLOCK_FRAMES_MAX);
        assert!(block.iter().all(|plane| plane.len() == block[0].len()), "channels of unequal length");
        assert!(block.iter().flatten().all(|sample| (-1.0..=1.0).contains(sample)), "a sample outside -1..=1");
        is_last = block[0].len() < BLOCK_FRAMES_MAX;
        planes.iter_mut().zip(block).for_each(|(all, more)| all.extend(more));
    }
    Ok(Decoded {
        format: decoder.format().clone(),
        declared_duration_ms: decoder.declared_duration_ms(),
        health: decoder.health(),
        planes,
    })
}

/// Directory of the committed files.
pub fn audio(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode/audio").join(name)
}

/// Asserts that the planes are the sound: every channel in its place, in time to 5 ms, at its level to `level_db`.
pub fn assert_is_the_sound(decoded: &Decoded, level_db: f64) {
    let references: Vec<Vec<f64>> = (0..decoded.planes.len()).map(|channel| plane(channel, SAMPLE_RATE_HZ)).collect();
    for (channel, plane) in decoded.planes.iter().enumerate() {
        let (lag, likeness) = best_lag(plane, &references[channel]);
        assert!(likeness > 0.9, "channel {channel} is not its sound: likeness {likeness:.3} at lag {lag}");
        assert!(lag.abs() <= LAG_FRAMES_MAX, "channel {channel} is {lag} frames off");
        for (other, reference) in references.iter().enumerate().filter(|(other, _)| *other != channel) {
            let stray = likeness_at(plane, reference, lag).abs();
            assert!(stray < 0.3, "channel {channel} sounds like channel {other}: {stray:.3}");
        }
        let level =
            20.0 * (rms(plane.iter().map(|s| f64::from(*s))) / rms(references[channel].iter().copied())).log10();
        assert!(level.abs() <= level_db, "channel {channel} is {level:.2} dB off");
    }
}

/// The lag with the highest normalised correlation, looked for well beyond what is allowed.
pub fn best_lag(plane: &[f32], reference: &[f64]) -> (i64, f64) {
    let reach = 3 * LAG_FRAMES_MAX;
    let lags = (-reach..=reach).map(|lag| (lag, product_at(plane, reference, lag)));
    let (lag, product) = lags.max_by(|(_, a), (_, b)| a.total_cmp(b)).expect("the range is not empty");
    (lag, product / norm(plane, reference))
}

fn likeness_at(plane: &[f32], reference: &[f64], lag: i64) -> f64 {
    product_at(plane, reference, lag) / norm(plane, reference)
}

fn norm(plane: &[f32], reference: &[f64]) -> f64 {
    let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|sample| sample * sample).sum::<f64>();
    let both = power(&mut plane.iter().map(|a| f64::from(*a))) * power(&mut reference.iter().copied());
    both.sqrt().max(f64::MIN_POSITIVE)
}

fn product_at(plane: &[f32], reference: &[f64], lag: i64) -> f64 {
    let shift = usize::try_from(lag.abs()).expect("lags are small");
    let (late, early) =
        if lag >= 0 { (plane.get(shift..).unwrap_or_default(), reference) } else { (plane, &reference[shift..]) };
    late.iter().zip(early).map(|(a, b)| f64::from(*a) * b).sum()
}

fn rms(samples: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = samples.len().max(1) as f64;
    (samples.map(|sample| sample * sample).sum::<f64>() / count).sqrt()
}
