//! Frame headers of MPEG audio and of AAC in ADTS, just enough to tell them from noise.
//!
//! ADTS is also walked through once before decoding: symphonia's demuxer drops its headers, and with them the length
//! and any change of format.
//!
//! Layouts: ISO/IEC 11172-3 clause 2.4.1.3, ISO/IEC 13818-3 (lower rates), ISO/IEC 14496-3 table 1.A.5 (ADTS).

use std::io::{self, BufReader, ErrorKind, Read as _};

use super::source::Source;

/// Bytes of an MPEG frame header.
const MPEG_HEADER_BYTES: usize = 4;
/// Bytes of the fixed and variable ADTS header that are read here.
const ADTS_HEADER_BYTES: usize = 6;
/// Headers in a row that make a stream.
const CHAIN: usize = 3;
/// Frames of another format in a row that are a change of format rather than noise.
pub(super) const CHANGED_FRAMES: u32 = 4;

const KBPS_V1_L3: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBPS_V1_L2: [u32; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
const KBPS_V2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const ADTS_RATES_HZ: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// What one frame header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// 2 or 3 for MPEG layers II and III, 0 for AAC.
    pub layer: u8,
    pub sample_rate_hz: u32,
    /// 0 where AAC says it elsewhere.
    pub channel_count: u16,
    frame_bytes: usize,
}

impl FrameHeader {
    /// Reads an MPEG audio header of layer II or III.
    pub(super) fn mpeg(bytes: &[u8]) -> Option<Self> {
        let word = u32::from_be_bytes(*bytes.first_chunk::<MPEG_HEADER_BYTES>()?);
        if word >> 21 != 0x7FF {
            return None;
        }
        let version = word >> 19 & 3;
        let rate_divisor = match version {
            3 => 1,
            2 => 2,
            0 => 4,
            _ => return None,
        };
        let base_rate_hz = *[44_100, 48_000, 32_000].get((word >> 10 & 3) as usize)?;
        let sample_rate_hz: u32 = base_rate_hz / rate_divisor;
        let (layer, kbps_table, slots) = match (word >> 17 & 3, version) {
            (1, 3) => (3, &KBPS_V1_L3, 144),
            (1, _) => (3, &KBPS_V2, 72),
            (2, 3) => (2, &KBPS_V1_L2, 144),
            (2, _) => (2, &KBPS_V2, 144),
            _ => return None,
        };
        let kbps = *kbps_table.get((word >> 12 & 15) as usize)?;
        if kbps == 0 {
            return None;
        }
        let frame_bytes = (slots * kbps * 1000 / sample_rate_hz + (word >> 9 & 1)) as usize;
        let channel_count = if word >> 6 & 3 == 3 { 1 } else { 2 };
        Some(Self { layer, sample_rate_hz, channel_count, frame_bytes })
    }

    /// Reads an ADTS header.
    pub(super) fn adts(bytes: &[u8]) -> Option<Self> {
        let head = bytes.first_chunk::<ADTS_HEADER_BYTES>()?;
        if head[0] != 0xFF || head[1] & 0xF6 != 0xF0 {
            return None;
        }
        let sample_rate_hz = *ADTS_RATES_HZ.get(usize::from(head[2] >> 2 & 15))?;
        let channel_count = u16::from(head[2] & 1) << 2 | u16::from(head[3] >> 6);
        let frame_bytes = usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
        (frame_bytes > ADTS_HEADER_BYTES).then_some(Self { layer: 0, sample_rate_hz, channel_count, frame_bytes })
    }

    fn belongs_with(&self, other: &Self) -> bool {
        self.layer == other.layer && self.sample_rate_hz == other.sample_rate_hz
    }
}

/// The first header of a stream that begins exactly at the head of `bytes`: [`CHAIN`] frames follow one another, or the
/// frames run up to `file_left`, the bytes that the file has from there on.
pub(super) fn stream_at(bytes: &[u8], file_left: u64, parse: fn(&[u8]) -> Option<FrameHeader>) -> Option<FrameHeader> {
    let first = parse(bytes)?;
    let mut at = first.frame_bytes;
    for _ in 1..CHAIN {
        if at as u64 >= file_left {
            return Some(first);
        }
        let next = parse(bytes.get(at..)?)?;
        if !next.belongs_with(&first) {
            return None;
        }
        at += next.frame_bytes;
    }
    Some(first)
}

/// What the headers of an ADTS file say together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AdtsSurvey {
    /// Frames of 1024 samples.
    pub frames: u64,
    /// The header of another format that the file goes over to, with the number of frames before it.
    pub change: Option<(FrameHeader, u64)>,
}

/// Reads every header of an ADTS stream that begins like `first`.
pub(super) fn survey_adts(source: Source, first: FrameHeader) -> io::Result<AdtsSurvey> {
    let mut reader = BufReader::with_capacity(64 * 1024, source);
    let mut survey = AdtsSurvey { frames: 0, change: None };
    let mut changed = 0;
    loop {
        let mut bytes = [0; ADTS_HEADER_BYTES];
        match reader.read_exact(&mut bytes) {
            Err(err) if err.kind() == ErrorKind::UnexpectedEof => return Ok(survey),
            other => other?,
        }
        let Some(header) = FrameHeader::adts(&bytes) else {
            // Out of step: try again one byte on.
            reader.seek_relative(1 - ADTS_HEADER_BYTES as i64)?;
            continue;
        };
        let is_same = header.belongs_with(&first) && header.channel_count == first.channel_count;
        changed = if is_same { 0 } else { changed + 1 };
        if changed == CHANGED_FRAMES {
            let before = survey.frames + 1 - u64::from(CHANGED_FRAMES);
            survey.change = Some((header, before));
            return Ok(survey);
        }
        survey.frames += 1;
        reader.seek_relative((header.frame_bytes - ADTS_HEADER_BYTES) as i64)?;
    }
}
