//! Sounds that are no speech, and calls made from the sample calls.

use std::f32::consts::TAU;
use std::fs;
use std::path::Path;

/// Samples a second of everything made here.
pub const RATE: usize = 8000;

/// Writes channels of equal length as 32-bit float WAV, which can also hold NaN.
pub fn write_wav(path: &Path, channels: &[Vec<f32>]) {
    let frames = channels[0].len();
    let (count, rate) = (channels.len() as u16, RATE as u32);
    let data_len = (frames * channels.len() * 4) as u32;
    let mut bytes = Vec::with_capacity(data_len as usize + 44);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + data_len).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    bytes.extend_from_slice(&3u16.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate * u32::from(count) * 4).to_le_bytes());
    bytes.extend_from_slice(&(count * 4).to_le_bytes());
    bytes.extend_from_slice(&32u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data_len.to_le_bytes());
    for frame in 0..frames {
        for channel in channels {
            bytes.extend_from_slice(&channel[frame].to_le_bytes());
        }
    }
    fs::write(path, bytes).unwrap();
}

/// The two channels of a sample call, decoded from µ-law by the formula of G.711.
pub fn sample_call(name: &str) -> Vec<Vec<f32>> {
    let bytes = fs::read(crate::ear::call_file(&format!("{name}.wav"))).unwrap();
    let start = bytes.windows(4).position(|tag| tag == b"data").unwrap() + 8;
    let mut channels = vec![Vec::new(), Vec::new()];
    for frame in bytes[start..].chunks_exact(2) {
        for (channel, byte) in channels.iter_mut().zip(frame) {
            let code = i32::from(!byte);
            let magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4);
            let value = if code & 0x80 == 0 { magnitude - 0x84 } else { 0x84 - magnitude };
            channel.push(value as f32 / 32_768.0);
        }
    }
    channels
}

pub fn tone(seconds: f32, value: impl Fn(f32) -> f32) -> Vec<f32> {
    (0..(seconds * RATE as f32) as usize).map(|n| value(n as f32 / RATE as f32)).collect()
}

pub fn silence(seconds: f32) -> Vec<f32> {
    tone(seconds, |_| 0.0)
}

/// 440 and 480 Hz, two seconds of six.
pub fn ring_tone(seconds: f32) -> Vec<f32> {
    tone(seconds, |t| if t % 6.0 < 2.0 { 0.2 * ((TAU * 440.0 * t).sin() + (TAU * 480.0 * t).sin()) } else { 0.0 })
}

/// Keys pressed, five a second.
pub fn dtmf(seconds: f32) -> Vec<f32> {
    let (low, high) = ([697.0, 770.0, 852.0, 941.0], [1209.0, 1336.0, 1477.0]);
    tone(seconds, |t| {
        let key = (t * 5.0) as usize;
        let on = (t * 5.0) % 1.0 < 0.6;
        let (f, g) = (low[key % 4], high[key * 7 % 3]);
        if on { 0.25 * ((TAU * f * t).sin() + (TAU * g * t).sin()) } else { 0.0 }
    })
}

/// A melody of decaying notes with a fifth above, as on hold.
pub fn hold_music(seconds: f32) -> Vec<f32> {
    let notes = [262.0, 294.0, 330.0, 349.0, 392.0, 440.0, 494.0, 523.0];
    tone(seconds, |t| {
        let (beat, within) = ((t / 0.4) as usize, t % 0.4);
        let f: f32 = notes[beat * 5 % 8];
        0.2 * ((TAU * f * t).sin() * (-4.0 * within).exp() + 0.5 * (TAU * 1.5 * f * t).sin() * (-5.0 * within).exp())
    })
}

/// White noise at a level in dB below full scale.
pub fn noise(seconds: f32, dbfs: f32, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let scale = 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
    silence(seconds).into_iter().map(|_| scale * (2.0 * random.f32() - 1.0)).collect()
}

/// Mains hum with its harmonics.
pub fn hum(seconds: f32) -> Vec<f32> {
    tone(seconds, |t| 0.1 * ((TAU * 50.0 * t).sin() + 0.5 * (TAU * 150.0 * t).sin() + 0.3 * (TAU * 250.0 * t).sin()))
}

pub fn scaled(samples: &[f32], db: f32) -> Vec<f32> {
    let gain = 10f32.powf(db / 20.0);
    samples.iter().map(|sample| sample * gain).collect()
}

/// The sum, as long as the first.
pub fn mixed(base: &[f32], added: &[f32]) -> Vec<f32> {
    base.iter().enumerate().map(|(n, sample)| sample + added.get(n).copied().unwrap_or(0.0)).collect()
}

/// Later by so many samples, as long as before.
pub fn delayed(samples: &[f32], by: usize) -> Vec<f32> {
    std::iter::repeat_n(0.0, by).chain(samples.iter().copied()).take(samples.len()).collect()
}
