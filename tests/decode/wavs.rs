//! WAV files made on the spot: the container from its parts, the sound from `signal`.

use std::io::Write as _;

use tempfile::NamedTempFile;

use crate::signal::interleaved;

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
    Alaw,
    Mulaw,
}

impl Coding {
    pub const ALL: [Self; 8] =
        [Self::U8, Self::S16, Self::S24, Self::S32, Self::F32, Self::F64, Self::Alaw, Self::Mulaw];

    pub fn tag(self) -> u16 {
        match self {
            Self::U8 | Self::S16 | Self::S24 | Self::S32 => 1,
            Self::F32 | Self::F64 => 3,
            Self::Alaw => 6,
            Self::Mulaw => 7,
        }
    }

    pub fn bytes(self) -> u16 {
        match self {
            Self::U8 | Self::Alaw | Self::Mulaw => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub fn codec(self) -> &'static str {
        match self {
            Self::U8 => "pcm_u8",
            Self::S16 => "pcm_s16le",
            Self::S24 => "pcm_s24le",
            Self::S32 => "pcm_s32le",
            Self::F32 => "pcm_f32le",
            Self::F64 => "pcm_f64le",
            Self::Alaw => "alaw",
            Self::Mulaw => "mulaw",
        }
    }

    /// Writes one sample of -1..=1.
    pub fn write(self, sample: f64, out: &mut Vec<u8>) {
        let scaled = |bits: u32| (sample * (2_f64.powi(bits as i32 - 1) - 1.0)).round() as i64;
        match self {
            Self::U8 => out.push((scaled(8) + 128) as u8),
            Self::S16 => out.extend(&scaled(16).to_le_bytes()[..2]),
            Self::S24 => out.extend(&scaled(24).to_le_bytes()[..3]),
            Self::S32 => out.extend(&scaled(32).to_le_bytes()[..4]),
            Self::F32 => out.extend((sample as f32).to_le_bytes()),
            Self::F64 => out.extend(sample.to_le_bytes()),
            Self::Alaw => out.push(alaw(scaled(16) as i16)),
            Self::Mulaw => out.push(mulaw(scaled(16) as i16)),
        }
    }
}

/// G.711 A-law, from the recommendation's table of segments.
fn alaw(sample: i16) -> u8 {
    let magnitude = (i32::from(sample).abs() >> 3).min(4095);
    let segment = (27 - (magnitude | 0x1F).leading_zeros()).min(7);
    let step = if segment < 2 { magnitude >> 1 } else { magnitude >> segment };
    let code = (segment << 4) as u8 | (step & 0x0F) as u8;
    (if sample >= 0 { code | 0x80 } else { code }) ^ 0x55
}

/// G.711 µ-law, from the recommendation's table of segments.
fn mulaw(sample: i16) -> u8 {
    let magnitude = (i32::from(sample).abs() >> 2).min(8158) + 33;
    let segment = 26 - magnitude.leading_zeros();
    let code = (segment << 4) as u8 | (magnitude >> (segment + 1) & 0x0F) as u8;
    !(if sample < 0 { code | 0x80 } else { code })
}

/// A WAV file in parts, so that a test can bend one of them.
#[derive(Debug, Clone)]
pub struct Wav {
    pub tag: u16,
    pub is_extensible: bool,
    pub channels: u16,
    pub rate_hz: u32,
    pub bits: u16,
    pub block_align: u16,
    pub data: Vec<u8>,
    /// Data size to declare instead of the true one.
    pub declared_size: Option<u32>,
    /// Chunks between format and data.
    pub extra: Vec<u8>,
}

impl Wav {
    /// The sound.
    pub fn of_sound(coding: Coding, channels: u16, rate_hz: u32) -> Self {
        Self::of_samples(coding, channels, rate_hz, &interleaved(usize::from(channels), rate_hz))
    }

    pub fn of_samples(coding: Coding, channels: u16, rate_hz: u32, samples: &[f64]) -> Self {
        let mut data = Vec::new();
        samples.iter().for_each(|sample| coding.write(*sample, &mut data));
        Self {
            tag: coding.tag(),
            is_extensible: false,
            channels,
            rate_hz,
            bits: coding.bytes() * 8,
            block_align: coding.bytes() * channels,
            data,
            declared_size: None,
            extra: Vec::new(),
        }
    }

    pub fn extensible(mut self) -> Self {
        self.is_extensible = true;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut fmt = Vec::new();
        fmt.extend(if self.is_extensible { 0xFFFE } else { self.tag }.to_le_bytes());
        fmt.extend(self.channels.to_le_bytes());
        fmt.extend(self.rate_hz.to_le_bytes());
        fmt.extend(self.rate_hz.wrapping_mul(u32::from(self.block_align)).to_le_bytes());
        fmt.extend(self.block_align.to_le_bytes());
        fmt.extend(self.bits.to_le_bytes());
        if self.is_extensible {
            fmt.extend(22_u16.to_le_bytes());
            fmt.extend(self.bits.to_le_bytes());
            fmt.extend(((1_u32 << self.channels.min(18)) - 1).to_le_bytes());
            fmt.extend(self.tag.to_le_bytes());
            fmt.extend(b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71");
        }
        let mut out = b"RIFF\xFF\xFF\xFF\xFFWAVE".to_vec();
        out.extend(chunk(b"fmt ", &fmt));
        out.extend(&self.extra);
        out.extend(b"data");
        out.extend(self.declared_size.unwrap_or(self.data.len() as u32).to_le_bytes());
        out.extend(&self.data);
        out
    }

    pub fn file(&self) -> NamedTempFile {
        file_of(&self.bytes(), ".wav")
    }
}

pub fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    out.extend(vec![0; body.len() & 1]);
    out
}

/// A temporary file of `bytes`, its name ending in `suffix`.
pub fn file_of(bytes: &[u8], suffix: &str) -> NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(suffix).tempfile().expect("temporary file");
    file.write_all(bytes).expect("temporary file takes the bytes");
    file.flush().expect("temporary file takes the bytes");
    file
}
