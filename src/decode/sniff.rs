//! What a file is, from its bytes; the name counts only for headerless audio, which has nothing else to go by.

use std::fs::File;
use std::io;
use std::path::Path;

use super::DecodeError;
use super::foreign::{self, FFMPEG_EXTRACT, FFMPEG_WAV};
use super::mpeg::{FrameHeader, stream_at};
use super::source::read_full_at;
use crate::call::{RawAudio, RawLaw};

/// Bytes looked at; also how much junk may stand before the first MP3 frame.
const HEAD_BYTES: usize = 64 * 1024;
/// ID3v2 tags skipped one after another; writers that append instead of replacing leave two or three.
const TAGS_MAX: usize = 16;
/// Bytes of an ID3v1 tag at the end of a file.
const ID3V1_BYTES: u64 = 128;
/// Bytes of an APEv2 footer.
const APE_FOOTER_BYTES: u64 = 32;

/// What a file holds, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Wave,
    Flac { start: u64 },
    Ogg { start: u64 },
    Mp4,
    Mp3 { start: u64, end: u64 },
    Adts { start: u64, end: u64, first: FrameHeader },
    Raw(RawAudio),
}

/// Tells what `file` of `len` bytes is. `raw` decides when the bytes carry no known marker.
pub(super) fn sniff(
    file: &File,
    len: u64,
    path: &Path,
    raw: Option<RawAudio>,
    io: impl Fn(io::Error) -> DecodeError,
) -> Result<Content, DecodeError> {
    if len == 0 {
        return Err(DecodeError::Empty);
    }
    let mut head = vec![0; HEAD_BYTES];
    let mut start = 0;
    for _ in 0..TAGS_MAX {
        head.resize(HEAD_BYTES, 0);
        let have = read_full_at(file, &mut head, start).map_err(&io)?;
        head.truncate(have);
        match id3v2_bytes(&head) {
            Some(tag_bytes) => start += tag_bytes,
            None => break,
        }
    }
    if head.is_empty() {
        return Err(DecodeError::damaged("MP3", "it holds a tag and no audio"));
    }
    if let Some(content) = by_marker(&head, start)? {
        return Ok(content);
    }
    if let Some(raw) = raw.or_else(|| raw_by_name(path)) {
        return Ok(Content::Raw(raw));
    }
    let end = audio_end(file, len).map_err(&io)?;
    match by_frames(&head, start, end)? {
        Some(content) => Ok(content),
        None => Err(foreign::by_look(&head, head.len() as u64 == len)),
    }
}

/// Formats with a marker of four bytes or more.
fn by_marker(head: &[u8], start: u64) -> Result<Option<Content>, DecodeError> {
    let at = |offset: usize, bytes: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    if start == 0 && (at(0, b"RIFF") || at(0, b"RF64") || at(0, b"BW64")) && at(8, b"WAVE") {
        return Ok(Some(Content::Wave));
    }
    if at(0, b"fLaC") {
        return Ok(Some(Content::Flac { start }));
    }
    if at(0, b"OggS") {
        return ogg(head, start).map(Some);
    }
    if start == 0 && at(4, b"ftyp") {
        return Ok(Some(Content::Mp4));
    }
    if at(4, b"moov") || at(4, b"mdat") || at(4, b"wide") {
        return Err(DecodeError::foreign("an old QuickTime file", FFMPEG_EXTRACT));
    }
    match foreign::by_magic(head).or_else(|| foreign::markup(head)) {
        Some(found) => Err(found),
        None => Ok(None),
    }
}

/// The codecs of an Ogg file, from the first page of each stream in it.
fn ogg(head: &[u8], start: u64) -> Result<Content, DecodeError> {
    let mut rest = head;
    let mut unknown = None;
    // Every stream announces itself on a page flagged as its first, before any other page.
    while rest.starts_with(b"OggS") && rest.get(5).is_some_and(|flags| flags & 2 != 0) {
        let Some(lacing) = rest.get(26).and_then(|count| rest.get(27..27 + usize::from(*count))) else { break };
        let body_at = 27 + lacing.len();
        let body = rest.get(body_at..).unwrap_or_default();
        if body.starts_with(b"\x80theora") || body.starts_with(b"BBCD\0") {
            return Err(DecodeError::foreign("a video (Ogg with Theora)", FFMPEG_EXTRACT));
        }
        // libopus is bound for one and two channels; more come as several streams in one.
        if let Some(channels @ 3..) = body.strip_prefix(b"OpusHead").and_then(|fields| fields.get(1)) {
            return Err(DecodeError::foreign(format!("Opus audio with {channels} channels"), FFMPEG_WAV));
        }
        if body.starts_with(b"OpusHead") || body.starts_with(b"\x01vorbis") || body.starts_with(b"\x7FFLAC") {
            return Ok(Content::Ogg { start });
        }
        unknown = Some(if body.starts_with(b"Speex   ") { "Speex" } else { "unknown" });
        let body_bytes: usize = lacing.iter().map(|count| usize::from(*count)).sum();
        rest = rest.get(body_at + body_bytes..).unwrap_or_default();
    }
    match unknown {
        Some(codec) => Err(DecodeError::foreign(format!("{codec} audio in an Ogg file"), FFMPEG_WAV)),
        None => Err(DecodeError::damaged("Ogg", "it does not begin with the start of a stream")),
    }
}

/// MPEG audio and ADTS, known by frames that follow one another.
fn by_frames(head: &[u8], start: u64, end: u64) -> Result<Option<Content>, DecodeError> {
    for skipped in 0..head.len().saturating_sub(4) {
        if head[skipped] != 0xFF {
            continue;
        }
        let (rest, start) = (&head[skipped..], start + skipped as u64);
        let left = end.saturating_sub(start);
        // A frame or two at the very end of the search are too little evidence, unless the file begins with them.
        let left = if skipped == 0 { left } else { u64::MAX };
        if let Some(first) = stream_at(rest, left, FrameHeader::adts) {
            return Ok(Some(Content::Adts { start, end, first }));
        }
        match stream_at(rest, left, FrameHeader::mpeg) {
            Some(header) if header.layer == 3 => return Ok(Some(Content::Mp3 { start, end })),
            Some(_) => return Err(DecodeError::foreign("MPEG layer II audio (MP2)", FFMPEG_WAV)),
            None => {}
        }
    }
    Ok(None)
}

/// Length of the ID3v2 tag that `head` begins with.
fn id3v2_bytes(head: &[u8]) -> Option<u64> {
    let fields = head.strip_prefix(b"ID3")?.first_chunk::<7>()?;
    let size = fields[3..].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7F));
    let footer = if fields[2] & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

/// Where the audio ends: before the ID3v1 and APEv2 tags that may stand behind it.
fn audio_end(file: &File, len: u64) -> io::Result<u64> {
    let mut end = len;
    let mut tag = [0; 3];
    if len > ID3V1_BYTES && read_full_at(file, &mut tag, len - ID3V1_BYTES)? == 3 && &tag == b"TAG" {
        end -= ID3V1_BYTES;
    }
    let mut footer = [0; 16];
    if end > APE_FOOTER_BYTES
        && read_full_at(file, &mut footer, end - APE_FOOTER_BYTES)? == footer.len()
        && footer.starts_with(b"APETAGEX")
    {
        let tag_bytes = u64::from(u32::from_le_bytes([footer[12], footer[13], footer[14], footer[15]]));
        end -= tag_bytes.clamp(APE_FOOTER_BYTES, end);
    }
    Ok(end)
}

/// The usual name endings of headerless G.711: one channel, 8 kHz.
fn raw_by_name(path: &Path) -> Option<RawAudio> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let law = match ending.as_str() {
        "ulaw" | "mulaw" | "ul" | "mu" | "pcmu" => RawLaw::Mulaw,
        "alaw" | "al" | "pcma" => RawLaw::Alaw,
        _ => return None,
    };
    Some(RawAudio { law, sample_rate_hz: 8000, channel_count: 1 })
}
