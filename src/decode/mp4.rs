//! What symphonia's MP4 demuxer does not tell: is there a picture, and where does the sound really begin.
//!
//! AAC encoders put a lead-in of 1024 samples or more before the first word; the edit list says how much. Without it
//! every word of an 8 kHz call would be 128 ms late. Layout: ISO/IEC 14496-12.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::DecodeError;
use super::foreign::{FFMPEG_EXTRACT, FFMPEG_WAV};
use super::source::read_full_at;

/// Boxes looked at on one level. A long fragmented recording has tens of thousands at the top, but its index comes
/// first.
const BOXES_MAX: usize = 4096;

/// What the index says about the audio track.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// The track to decode.
    pub track_id: u32,
    /// Lead-in to drop, in units of `timescale`.
    pub lead_in: u64,
    /// Units a second of the track.
    pub timescale: u32,
    /// Length to keep, and its units a second; None to keep everything.
    pub keep: Option<(u64, u32)>,
    /// Where the media data claims to end.
    pub claimed_end: u64,
}

struct Boxed {
    kind: [u8; 4],
    body: Range<u64>,
    /// Where the header says it ends, which may be behind the end of the file.
    claimed_end: u64,
}

struct Reader<'a, F> {
    file: &'a File,
    io: F,
}

/// Reads the index of an MP4 file of `len` bytes; an index longer than `index_bytes_max` is refused.
pub(super) fn survey(
    file: &File,
    len: u64,
    index_bytes_max: u64,
    io: impl Fn(io::Error) -> DecodeError,
) -> Result<Survey, DecodeError> {
    let reader = Reader { file, io };
    let top = reader.boxes(0..len, |_| false)?;
    let claimed_end =
        top.iter().filter(|found| &found.kind == b"mdat").map(|found| found.claimed_end).max().unwrap_or(len);
    if let Some(big) = top.iter().find(|found| {
        matches!(&found.kind, b"moov" | b"meta" | b"sidx") && found.body.end - found.body.start > index_bytes_max
    }) {
        let size = big.body.end - big.body.start;
        return Err(DecodeError::OverLimit {
            value: size,
            unit: "bytes of index",
            limit: format!("at most {index_bytes_max}"),
        });
    }
    let Some(moov) = top.iter().find(|found| &found.kind == b"moov") else {
        return Err(DecodeError::damaged("MP4", "its index (moov) is missing, so the recording was not finished"));
    };
    let inside = reader.boxes(moov.body.clone(), |_| false)?;
    let movie_timescale = match inside.iter().find(|found| &found.kind == b"mvhd") {
        Some(mvhd) => reader.timescale(&mvhd.body)?,
        None => 0,
    };
    let mut audio = None;
    for trak in inside.iter().filter(|found| &found.kind == b"trak") {
        match reader.track_kind(&trak.body)? {
            Some(kind) if &kind == b"vide" => {
                return Err(DecodeError::foreign("a video (MP4 with a picture track)", FFMPEG_EXTRACT));
            }
            Some(kind) if &kind == b"soun" && audio.is_none() => audio = Some(&trak.body),
            _ => {}
        }
    }
    let Some(trak) = audio else {
        return Err(DecodeError::foreign("an MP4 file without an audio track", "give callscribe the recording itself"));
    };
    let mut survey = reader.audio_track(trak, movie_timescale, claimed_end)?;
    // A fragmented recording goes on behind what its index knew when it was written.
    if inside.iter().any(|found| &found.kind == b"mvex") {
        survey.keep = None;
    }
    Ok(survey)
}

impl<F: Fn(io::Error) -> DecodeError> Reader<'_, F> {
    /// The boxes in `range`, up to the first that `is_last` names.
    fn boxes(&self, range: Range<u64>, is_last: impl Fn(&[u8; 4]) -> bool) -> Result<Vec<Boxed>, DecodeError> {
        let mut found = Vec::new();
        let mut at = range.start;
        while at + 8 <= range.end && found.len() < BOXES_MAX {
            let head: [u8; 16] = self.bytes(at)?;
            let kind = [head[4], head[5], head[6], head[7]];
            let (head_bytes, size) = match be32(&head) {
                0 => (8, range.end - at),
                1 => (16, u64::from(be32(&head[8..])) << 32 | u64::from(be32(&head[12..]))),
                size => (8, u64::from(size)),
            };
            if size < head_bytes {
                break;
            }
            let claimed_end = at.saturating_add(size);
            let end = claimed_end.min(range.end);
            let stop = is_last(&kind);
            found.push(Boxed { kind, body: (at + head_bytes).min(end)..end, claimed_end });
            if stop {
                break;
            }
            at = end;
        }
        Ok(found)
    }

    fn child(&self, range: &Range<u64>, kind: &[u8; 4]) -> Result<Option<Range<u64>>, DecodeError> {
        Ok(self
            .boxes(range.clone(), |seen| seen == kind)?
            .pop()
            .filter(|last| &last.kind == kind)
            .map(|last| last.body))
    }

    fn descend(&self, range: &Range<u64>, path: &[&[u8; 4]]) -> Result<Option<Range<u64>>, DecodeError> {
        let mut here = range.clone();
        for kind in path {
            match self.child(&here, kind)? {
                Some(body) => here = body,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// `N` bytes from `at`, zeros where the file ends.
    fn bytes<const N: usize>(&self, at: u64) -> Result<[u8; N], DecodeError> {
        let mut bytes = [0; N];
        read_full_at(self.file, &mut bytes, at).map_err(&self.io)?;
        Ok(bytes)
    }

    fn track_kind(&self, trak: &Range<u64>) -> Result<Option<[u8; 4]>, DecodeError> {
        let Some(hdlr) = self.descend(trak, &[b"mdia", b"hdlr"])? else { return Ok(None) };
        let bytes: [u8; 12] = self.bytes(hdlr.start)?;
        Ok(Some([bytes[8], bytes[9], bytes[10], bytes[11]]))
    }

    /// Units a second from a `mvhd` or `mdhd`.
    fn timescale(&self, header: &Range<u64>) -> Result<u32, DecodeError> {
        let bytes: [u8; 24] = self.bytes(header.start)?;
        Ok(be32(&bytes[if bytes[0] == 1 { 20 } else { 12 }..]))
    }

    fn audio_track(&self, trak: &Range<u64>, movie_timescale: u32, claimed_end: u64) -> Result<Survey, DecodeError> {
        if let Some(stsd) = self.descend(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])? {
            let bytes: [u8; 16] = self.bytes(stsd.start)?;
            let entry = [bytes[12], bytes[13], bytes[14], bytes[15]];
            if &entry != b"mp4a" {
                return Err(DecodeError::foreign(format!("{} audio in an MP4 file", entry_name(entry)), FFMPEG_WAV));
            }
        }
        let mut survey = Survey { claimed_end, ..Survey::default() };
        if let Some(tkhd) = self.child(trak, b"tkhd")? {
            let bytes: [u8; 24] = self.bytes(tkhd.start)?;
            survey.track_id = be32(&bytes[if bytes[0] == 1 { 20 } else { 12 }..]);
        }
        if let Some(mdhd) = self.descend(trak, &[b"mdia", b"mdhd"])? {
            survey.timescale = self.timescale(&mdhd)?;
        }
        if let Some(elst) = self.descend(trak, &[b"edts", b"elst"])? {
            self.edit_list(&elst, movie_timescale, &mut survey)?;
        }
        Ok(survey)
    }

    /// The one real edit of a recording: `media_time` is the lead-in, the duration what is to be heard.
    fn edit_list(&self, elst: &Range<u64>, movie_timescale: u32, survey: &mut Survey) -> Result<(), DecodeError> {
        let head: [u8; 8] = self.bytes(elst.start)?;
        let (is_wide, entry_bytes) = if head[0] == 1 { (true, 20) } else { (false, 12) };
        let mut edits = Vec::new();
        for entry in 0..u64::from(be32(&head[4..])).min(2) {
            let bytes: [u8; 16] = self.bytes(elst.start + 8 + entry * entry_bytes)?;
            let (duration, media_time) = if is_wide {
                let wide = |at: usize| u64::from(be32(&bytes[at..])) << 32 | u64::from(be32(&bytes[at + 4..]));
                (wide(0), wide(8).cast_signed())
            } else {
                (u64::from(be32(&bytes)), i64::from(be32(&bytes[4..]).cast_signed()))
            };
            if media_time >= 0 {
                edits.push((duration, media_time.unsigned_abs()));
            }
        }
        if let [(duration, lead_in)] = edits[..] {
            survey.lead_in = lead_in;
            survey.keep = (duration > 0 && movie_timescale > 0).then_some((duration, movie_timescale));
        }
        Ok(())
    }
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.first_chunk::<4>().map_or(0, |head| u32::from_be_bytes(*head))
}

fn entry_name(entry: [u8; 4]) -> String {
    match &entry {
        b"alac" => "Apple Lossless".into(),
        b"samr" => "AMR narrow-band".into(),
        b"sawb" => "AMR wide-band".into(),
        b"enca" | b"drms" => "encrypted (DRM)".into(),
        b"ac-3" | b"ec-3" => "Dolby Digital".into(),
        b"Opus" => "Opus".into(),
        b"fLaC" => "FLAC".into(),
        other => format!("'{}'", other.escape_ascii()),
    }
}
