//! A copy of a recording in which stretches are silent.
//!
//! Plain samples (PCM, float, G.711, with or without a header) are overwritten where they lie: every other byte of the
//! file stays what it was, so its length does too. Anything else is decoded and written as 16-bit PCM at
//! [`SAMPLE_RATE_HZ`]. Memory does not grow with the length of the call. Runs only in the worker child.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::sniff::{Content, sniff};
use super::wav::{self, Layout, Wave};
use super::{Block, DecodeError, DecodeLimits, Decoder, SAMPLE_RATE_HZ};
use crate::call::{AudioFormatFacts, RawAudio, Silence};

/// Bytes overwritten at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Bytes before the samples in a WAV file of ours.
const HEADER_BYTES: u32 = 44;

/// Writes `audio` to `out`, which is there and empty, with `silences` silent. Answers what `out` holds.
///
/// # Errors
///
/// As [`Decoder::open`] and [`Decoder::next_block`]; [`DecodeError::Io`] names `out` when it cannot be written.
pub fn silenced(
    audio: &Path,
    raw: Option<RawAudio>,
    silences: &[Silence],
    out: &Path,
) -> Result<AudioFormatFacts, DecodeError> {
    let failed = |source| DecodeError::Io { path: audio.to_owned(), source };
    let unwritten = |source| DecodeError::Io { path: out.to_owned(), source };
    // Checks everything there is to check, whatever becomes of the bytes.
    let decoder = Decoder::open(audio, raw, &DecodeLimits::default())?;
    let source = File::open(audio).map_err(failed)?;
    let len = source.metadata().map_err(failed)?.len();
    let layout = match sniff(&source, len, audio, raw, failed)? {
        Content::Wave => match wav::read_header(&source, len, failed)? {
            Wave::Plain(layout) => Some(layout),
            Wave::Mp3 { .. } => None,
        },
        Content::Raw(raw) => Some(Layout::raw(&raw, len)?),
        _ => None,
    };
    let target = File::options().read(true).write(true).truncate(true).open(out).map_err(unwritten)?;
    match layout.filter(Layout::is_plain) {
        Some(layout) => {
            io::copy(&mut &source, &mut &target).map_err(unwritten)?;
            for silence in silences {
                overwrite(&target, &layout, silence).map_err(unwritten)?;
            }
            target.sync_all().map_err(unwritten)?;
            Ok(decoder.format().clone())
        }
        None => rewrite(decoder, silences, target, out),
    }
}

/// Puts silence over a stretch of plain samples.
fn overwrite(target: &File, layout: &Layout, silence: &Silence) -> io::Result<()> {
    let frame = |ms: u64| ms.saturating_mul(u64::from(layout.sample_rate_hz)) / 1000;
    // One more, so that no part of a sample's time is left.
    let (first, last) = (frame(silence.start_ms), frame(silence.end_ms).saturating_add(1).min(layout.frames()));
    let (sample_bytes, frame_bytes) = (layout.sample_bytes() as usize, layout.frame_bytes() as usize);
    let known = silence.channel.filter(|channel| *channel < layout.channel_count).map(usize::from);
    let quiet = known.map_or(0..frame_bytes, |channel| channel * sample_bytes..(channel + 1) * sample_bytes);
    let mut piece = vec![0; PIECE_BYTES / frame_bytes * frame_bytes];
    let (mut at, end) = (layout.offset(first), layout.offset(last.max(first)));
    while at < end {
        let piece = &mut piece[..((end - at) as usize).min(PIECE_BYTES / frame_bytes * frame_bytes)];
        target.read_exact_at(piece, at)?;
        for frame in piece.chunks_exact_mut(frame_bytes) {
            frame[quiet.clone()].fill(layout.zero());
        }
        target.write_all_at(piece, at)?;
        at += piece.len() as u64;
    }
    Ok(())
}

/// Decodes to 16-bit PCM, silence included.
fn rewrite(
    mut decoder: Decoder,
    silences: &[Silence],
    target: File,
    out: &Path,
) -> Result<AudioFormatFacts, DecodeError> {
    let unwritten = |source| DecodeError::Io { path: out.to_owned(), source };
    let channel_count = decoder.format().channel_count;
    let mut writer = BufWriter::new(target);
    writer.write_all(&header(channel_count, 0)).map_err(unwritten)?;
    let (mut at_frame, mut bytes) = (0, 0_u64);
    while let Some(mut block) = decoder.next_block()? {
        let frames = block.first().map_or(0, Vec::len);
        hush(&mut block, at_frame, silences);
        for frame in 0..frames {
            for plane in &block {
                let sample = (plane[frame] * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
                writer.write_all(&sample.to_le_bytes()).map_err(unwritten)?;
            }
        }
        at_frame += frames as u64;
        bytes += frames as u64 * u64::from(channel_count) * 2;
    }
    let mut target = writer.into_inner().map_err(|error| unwritten(error.into_error()))?;
    target.seek(SeekFrom::Start(0)).map_err(unwritten)?;
    // What is longer than a header can say is read to its end.
    let data_bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes < u32::MAX - HEADER_BYTES).unwrap_or(u32::MAX);
    target.write_all(&header(channel_count, data_bytes)).map_err(unwritten)?;
    target.sync_all().map_err(unwritten)?;
    Ok(AudioFormatFacts {
        container: "wav".to_owned(),
        codec: "pcm_s16le".to_owned(),
        sample_rate_hz: SAMPLE_RATE_HZ,
        channel_count,
    })
}

/// Silences what of a block, whose first frame is `at`, lies in a stretch.
fn hush(block: &mut Block, at: u64, silences: &[Silence]) {
    let frames = block.first().map_or(0, Vec::len);
    let place = |ms: u64| {
        let frame = ms.saturating_mul(u64::from(SAMPLE_RATE_HZ)) / 1000;
        usize::try_from(frame.saturating_sub(at)).unwrap_or(usize::MAX).min(frames)
    };
    for silence in silences {
        let (from, to) = (place(silence.start_ms), place(silence.end_ms.saturating_add(1)));
        let known = silence.channel.filter(|channel| usize::from(*channel) < block.len());
        for (channel, plane) in (0..).zip(block.iter_mut()) {
            if known.is_none_or(|known| known == channel) {
                plane[from..to.max(from)].fill(0.0);
            }
        }
    }
}

fn header(channel_count: u16, data_bytes: u32) -> [u8; HEADER_BYTES as usize] {
    let mut header = [0; HEADER_BYTES as usize];
    let block_bytes = channel_count * 2;
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"RIFF");
    put(4, &data_bytes.saturating_add(HEADER_BYTES - 8).to_le_bytes());
    put(8, b"WAVEfmt ");
    put(16, &16_u32.to_le_bytes());
    put(20, &1_u16.to_le_bytes());
    put(22, &channel_count.to_le_bytes());
    put(24, &SAMPLE_RATE_HZ.to_le_bytes());
    put(28, &(SAMPLE_RATE_HZ * u32::from(block_bytes)).to_le_bytes());
    put(32, &block_bytes.to_le_bytes());
    put(34, &16_u16.to_le_bytes());
    put(36, b"data");
    put(40, &data_bytes.to_le_bytes());
    header
}
