//! RIFF/WAVE, RF64 and headerless G.711: find the samples, cut them into packets.
//!
//! The header is read here rather than by symphonia's own WAV demuxer because recorders leave sizes at 0 or 0xFFFFFFFF,
//! and because that demuxer (0.6.1) refuses WAVE_FORMAT_EXTENSIBLE µ-law: its sub-format constant begins with 4, not 7.
//! The samples themselves are decoded by symphonia's codecs. Layouts: Microsoft's `mmreg.h`, EBU Tech 3306 (RF64).

use std::fs::File;
use std::io;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS, CODEC_ID_PCM_ALAW, CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64LE,
    CODEC_ID_PCM_MULAW, CODEC_ID_PCM_S16LE, CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32LE, CODEC_ID_PCM_U8,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::DecodeError;
use super::foreign::{FFMPEG_WAV, wave_tag_name};
use super::source::read_full_at;
use crate::call::{RawAudio, RawLaw};

/// Chunks looked at before the file counts as damaged; real files have a handful.
const CHUNKS_MAX: usize = 4096;
/// Bytes of a `fmt ` chunk that mean something here; longer ones carry codec tables that are not needed.
const FMT_BYTES_MAX: usize = 64;
/// Frames handed to the codec at once for codecs without blocks.
const PACKET_FRAMES: u64 = 4096;
/// A size that says "unknown": what a recorder writes first and, if it is killed, last.
const SIZE_UNKNOWN: u32 = u32::MAX;

/// Where plain samples lie in a file and how to read them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// `wav` or `raw`.
    pub container: &'static str,
    /// Name of the codec in the crate's vocabulary.
    pub codec_name: &'static str,
    pub codec: AudioCodecId,
    pub sample_rate_hz: u32,
    pub channel_count: u16,
    /// Bytes of one block; a frame for codecs without blocks.
    block_bytes: u64,
    frames_per_block: u64,
    start: u64,
    end: u64,
    /// Frames the header vouches for, where the last block is only partly used.
    frames: u64,
}

/// What a WAV file holds.
pub(super) enum Wave {
    /// Samples cut into packets here.
    Plain(Layout),
    /// An MP3 stream in the data chunk.
    Mp3 { start: u64, end: u64 },
}

struct Fmt {
    tag: u16,
    channel_count: u16,
    sample_rate_hz: u32,
    block_align: u16,
    bits: u16,
}

/// Reads the header of a WAV file of `len` bytes.
pub(super) fn read_header(file: &File, len: u64, io: impl Fn(io::Error) -> DecodeError) -> Result<Wave, DecodeError> {
    let chunks = find_chunks(file, len, io)?;
    let Some(fmt) = chunks.fmt else {
        return Err(DecodeError::damaged("WAV", "it has no complete format chunk"));
    };
    let Some((start, end)) = chunks.data else {
        return Err(DecodeError::damaged("WAV", "it has no data chunk, so the recording never began or was cut off"));
    };
    if fmt.tag == 0x55 {
        return Ok(Wave::Mp3 { start, end });
    }
    let mut layout = layout_of(&fmt)?;
    layout.start = start;
    layout.end = end;
    layout.frames = layout.frames_between(chunks.fact_frames);
    Ok(Wave::Plain(layout))
}

#[derive(Default)]
struct Chunks {
    fmt: Option<Fmt>,
    data: Option<(u64, u64)>,
    fact_frames: Option<u64>,
}

fn find_chunks(file: &File, len: u64, io: impl Fn(io::Error) -> DecodeError) -> Result<Chunks, DecodeError> {
    let mut found = Chunks::default();
    let mut data_size_64 = None;
    let mut at = 12;
    for _ in 0..CHUNKS_MAX {
        let mut head = [0; 8];
        if at >= len || read_full_at(file, &mut head, at).map_err(&io)? < head.len() {
            return Ok(found);
        }
        let (id, size) = (&head[..4], u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        let body = at + 8;
        let mut end = body.saturating_add(u64::from(size));
        match id {
            b"fmt " => {
                let mut bytes = [0; FMT_BYTES_MAX];
                let want = FMT_BYTES_MAX.min(size as usize);
                let have = read_full_at(file, &mut bytes[..want], body).map_err(&io)?;
                found.fmt = parse_fmt(&bytes[..have]);
            }
            b"ds64" => {
                let mut bytes = [0; 16];
                if read_full_at(file, &mut bytes, body).map_err(&io)? == bytes.len() {
                    data_size_64 = Some(u64_le(&bytes[8..]));
                }
            }
            b"fact" => {
                let mut bytes = [0; 4];
                if read_full_at(file, &mut bytes, body).map_err(&io)? == bytes.len() {
                    found.fact_frames = Some(u64::from(u32::from_le_bytes(bytes)));
                }
            }
            b"data" => {
                end = match (size, data_size_64) {
                    (SIZE_UNKNOWN, Some(size)) => body.saturating_add(size),
                    (SIZE_UNKNOWN, None) => len,
                    (0, _) if !chunk_follows(file, body, len).map_err(&io)? => len,
                    _ => end,
                };
                found.data = Some((body, end.min(len)));
                // Chunks behind the samples can only matter if the format has not come yet.
                if found.fmt.is_some() {
                    return Ok(found);
                }
            }
            _ => {}
        }
        at = end.saturating_add(end & 1);
    }
    Err(DecodeError::damaged("WAV", format!("more than {CHUNKS_MAX} chunks before the audio")))
}

/// True when a well-formed chunk begins at `at`, or the file ends there: then a data size of 0 is the truth.
fn chunk_follows(file: &File, at: u64, len: u64) -> io::Result<bool> {
    let mut head = [0; 8];
    if at == len {
        return Ok(true);
    }
    if read_full_at(file, &mut head, at)? < head.len() {
        return Ok(false);
    }
    let size = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
    let name_like = head[..4].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ');
    Ok(name_like && at + 8 + size <= len)
}

fn parse_fmt(bytes: &[u8]) -> Option<Fmt> {
    let mut fmt = Fmt {
        tag: u16_le(bytes, 0)?,
        channel_count: u16_le(bytes, 2)?,
        sample_rate_hz: u32::from(u16_le(bytes, 4)?) | u32::from(u16_le(bytes, 6)?) << 16,
        block_align: u16_le(bytes, 12)?,
        bits: u16_le(bytes, 14)?,
    };
    // WAVE_FORMAT_EXTENSIBLE: the real tag leads the sub-format identifier.
    if fmt.tag == 0xFFFE
        && let Some(tag) = u16_le(bytes, 24)
    {
        fmt.tag = tag;
    }
    Some(fmt)
}

fn layout_of(fmt: &Fmt) -> Result<Layout, DecodeError> {
    let &Fmt { tag, channel_count, sample_rate_hz, block_align, bits } = fmt;
    if channel_count == 0 {
        return Err(DecodeError::damaged("WAV", "its header declares 0 channels"));
    }
    if block_align == 0 {
        return Err(DecodeError::damaged("WAV", "its header declares blocks of 0 bytes"));
    }
    let channels = u64::from(channel_count);
    let block_bytes = u64::from(block_align);
    // Samples of 12 or 20 bits sit at the top of a whole number of bytes.
    let sample_bytes = block_bytes / channels;
    let is_packed = block_bytes % channels == 0 && sample_bytes * 8 >= u64::from(bits);
    let (codec, codec_name, frames_per_block) = match (tag, sample_bytes) {
        (1, 1) if is_packed => (CODEC_ID_PCM_U8, "pcm_u8", 1),
        (1, 2) if is_packed => (CODEC_ID_PCM_S16LE, "pcm_s16le", 1),
        (1, 3) if is_packed => (CODEC_ID_PCM_S24LE, "pcm_s24le", 1),
        (1, 4) if is_packed => (CODEC_ID_PCM_S32LE, "pcm_s32le", 1),
        (3, 4) if is_packed => (CODEC_ID_PCM_F32LE, "pcm_f32le", 1),
        (3, 8) if is_packed => (CODEC_ID_PCM_F64LE, "pcm_f64le", 1),
        (6, 1) if is_packed => (CODEC_ID_PCM_ALAW, "alaw", 1),
        (7, 1) if is_packed => (CODEC_ID_PCM_MULAW, "mulaw", 1),
        (2, _) => (CODEC_ID_ADPCM_MS, "adpcm_ms", adpcm_frames(block_bytes, channels, 7, 2)?),
        (0x11, _) => (CODEC_ID_ADPCM_IMA_WAV, "adpcm_ima", adpcm_frames(block_bytes, channels, 4, 1)?),
        (1 | 3 | 6 | 7, _) => {
            let detail = format!("{bits} bits in blocks of {block_align} bytes do not fit {channel_count} channel(s)");
            return Err(DecodeError::damaged("WAV", detail));
        }
        _ => return Err(DecodeError::foreign(format!("{} in a WAV file", wave_tag_name(tag)), FFMPEG_WAV)),
    };
    Ok(Layout {
        container: "wav",
        codec_name,
        codec,
        sample_rate_hz,
        channel_count,
        block_bytes,
        frames_per_block,
        start: 0,
        end: 0,
        frames: 0,
    })
}

/// Frames in an ADPCM block with `head` bytes a channel, which hold the first `in_head` samples.
fn adpcm_frames(block_bytes: u64, channels: u64, head: u64, in_head: u64) -> Result<u64, DecodeError> {
    if channels > 2 {
        return Err(DecodeError::foreign(format!("ADPCM with {channels} channels"), FFMPEG_WAV));
    }
    match block_bytes.checked_sub(head * channels) {
        Some(body) if body > 0 => Ok(body * 2 / channels + in_head),
        _ => Err(DecodeError::damaged("WAV", format!("ADPCM blocks of {block_bytes} bytes are too small"))),
    }
}

impl Layout {
    /// Headerless G.711 over the whole file.
    pub(super) fn raw(raw: &RawAudio, len: u64) -> Result<Self, DecodeError> {
        let (codec, codec_name) = match raw.law {
            RawLaw::Mulaw => (CODEC_ID_PCM_MULAW, "mulaw"),
            RawLaw::Alaw => (CODEC_ID_PCM_ALAW, "alaw"),
        };
        let block_bytes = u64::from(raw.channel_count);
        if block_bytes == 0 {
            return Err(DecodeError::OverLimit { value: 0, unit: "channels", limit: "at least 1".into() });
        }
        Ok(Self {
            container: "raw",
            codec_name,
            codec,
            sample_rate_hz: raw.sample_rate_hz,
            channel_count: raw.channel_count,
            block_bytes,
            frames_per_block: 1,
            start: 0,
            end: len,
            frames: len / block_bytes,
        })
    }

    /// Frames in the whole and partial blocks; the `fact` chunk may cut into the last block but is not believed
    /// further.
    fn frames_between(&self, fact_frames: Option<u64>) -> u64 {
        let bytes = self.end - self.start;
        let possible = bytes / self.block_bytes * self.frames_per_block + self.partial_frames(bytes % self.block_bytes);
        match fact_frames {
            Some(fact) if fact <= possible && possible - fact < self.frames_per_block => fact,
            _ => possible,
        }
    }

    /// Frames in the first `bytes` of an unfinished block.
    fn partial_frames(&self, bytes: u64) -> u64 {
        if self.frames_per_block == 1 {
            return 0;
        }
        let channels = u64::from(self.channel_count);
        let (head, in_head) = if self.codec == CODEC_ID_ADPCM_MS { (7, 2) } else { (4, 1) };
        match bytes.checked_sub(head * channels) {
            // IMA interleaves stereo in groups of 8 frames.
            Some(body) if self.codec == CODEC_ID_ADPCM_IMA_WAV && channels == 2 => body / 8 * 8 + in_head,
            Some(body) => body * 2 / channels + in_head,
            None => 0,
        }
    }

    /// Whether every frame lies on its own, as bytes that can be overwritten.
    pub(super) fn is_plain(&self) -> bool {
        self.frames_per_block == 1
    }

    /// The byte that silence is made of.
    pub(super) fn zero(&self) -> u8 {
        match self.codec {
            CODEC_ID_PCM_U8 => 0x80,
            CODEC_ID_PCM_MULAW => 0xFF,
            CODEC_ID_PCM_ALAW => 0xD5,
            _ => 0,
        }
    }

    /// Bytes of one frame of plain samples.
    pub(super) fn frame_bytes(&self) -> u64 {
        self.block_bytes
    }

    /// Bytes of one sample of one channel.
    pub(super) fn sample_bytes(&self) -> u64 {
        self.block_bytes / u64::from(self.channel_count)
    }

    /// Where a frame of plain samples lies in the file.
    pub(super) fn offset(&self, frame: u64) -> u64 {
        self.start + frame * self.block_bytes
    }

    /// Length of the audio in frames.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// What the codec needs to know.
    pub(super) fn codec_params(&self) -> AudioCodecParameters {
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(self.codec)
            .with_sample_rate(self.sample_rate_hz)
            .with_channels(Channels::Discrete(self.channel_count))
            .with_frames_per_block(self.frames_per_block)
            .with_max_frames_per_packet(PACKET_FRAMES.max(self.frames_per_block));
        params
    }
}

/// Reads the packets of a [`Layout`] one after another.
pub(super) struct PlainPackets {
    file: File,
    layout: Layout,
    at: u64,
    next_frame: u64,
}

impl PlainPackets {
    pub(super) fn new(file: File, layout: Layout) -> Self {
        Self { file, at: layout.start, layout, next_frame: 0 }
    }

    /// The next packet; None at the end.
    pub(super) fn next_packet(&mut self) -> io::Result<Option<Packet>> {
        let layout = &self.layout;
        // One block a packet where blocks can be corrupt, so that a bad one costs no neighbour.
        let blocks = if layout.frames_per_block == 1 { PACKET_FRAMES } else { 1 };
        let want = (layout.end - self.at).min(blocks * layout.block_bytes);
        let mut data = vec![0; want as usize];
        let have = read_full_at(&self.file, &mut data, self.at)?;
        let whole = have.div_ceil(layout.block_bytes as usize) * layout.block_bytes as usize;
        // The codec wants whole blocks; what is missing from the last one is cut off again by `frames`.
        data.resize(if layout.frames_per_block == 1 { have } else { whole }, 0);
        let count = data.len() as u64 / layout.block_bytes * layout.frames_per_block;
        if count == 0 || self.next_frame >= layout.frames {
            return Ok(None);
        }
        let pts = Timestamp::new(self.next_frame as i64);
        self.at += have as u64;
        self.next_frame += count;
        Ok(Some(Packet::new(0, pts, Duration::new(count), data)))
    }
}

fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn u64_le(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
