//! From a path to packets and a codec: which demuxer, which track, how much lead-in.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::RegisterableAudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::{AdtsReader, FlacReader, IsoMp4Reader, MpaReader, OggReader};
use symphonia_adapter_libopus::OpusDecoder;

use super::feed::{Opened, Packets, check_uniform, guarded, is_disk_trouble};
use super::foreign::FFMPEG_WAV;
use super::mpeg::{AdtsSurvey, survey_adts};
use super::sniff::{Content, sniff};
use super::source::{Source, read_full_at};
use super::trim::{Padding, Trim};
use super::wav::{Layout, PlainPackets, Wave};
use super::{DecodeError, DecodeLimits, mp4, wav};
use crate::call::{AudioFormatFacts, RawAudio};

/// Lead-in of an MP3 that does not declare it: 576 frames of the usual encoder, 529 of every decoder.
const MP3_LEAD_IN_FRAMES: u64 = 576 + 529;
/// Samples a channel in one frame of AAC-LC.
const AAC_FRAME: u64 = 1024;
/// Lead-in of AAC that cannot declare it (ADTS): the half window that every encoder needs before its first sample.
const AAC_LEAD_IN_FRAMES: u64 = 1024;
/// Metadata blocks skipped in a FLAC file; real ones have a handful.
const FLAC_BLOCKS_MAX: usize = 1024;
/// Bytes of a FLAC stream description.
const STREAMINFO_BYTES: usize = 34;

/// Opens `file` of `len` bytes.
pub(super) fn open(
    file: File,
    len: u64,
    path: &Path,
    raw: Option<RawAudio>,
    limits: &DecodeLimits,
) -> Result<Opened, DecodeError> {
    let io = |source: io::Error| DecodeError::Io { path: path.to_owned(), source };
    let opened = match sniff(&file, len, path, raw, io)? {
        Content::Wave => match wav::read_header(&file, len, io)? {
            Wave::Plain(layout) => plain(file, layout),
            Wave::Mp3 { start, end } => mp3(Source::window(file, start, end), "wav", path)?,
        },
        Content::Raw(raw) => plain(file, Layout::raw(&raw, len)?),
        Content::Flac { start } => flac(file, start, len, path)?,
        Content::Ogg { start } => ogg(Source::window(file, start, len), path)?,
        Content::Mp4 => {
            let survey = mp4::survey(&file, len, limits.index_bytes_max, io)?;
            m4a(Source::window(file, 0, len).claiming(survey.claimed_end), &survey, path)?
        }
        Content::Mp3 { start, end } => mp3(Source::window(file, start, end), "mp3", path)?,
        Content::Adts { start, end, first } => {
            let again = file.try_clone().map_err(io)?;
            let survey = survey_adts(Source::window(again, start, end), first).map_err(io)?;
            adts(Source::window(file, start, end), &survey, path)?
        }
    };
    check_limits(&opened, limits)?;
    Ok(opened)
}

fn check_limits(opened: &Opened, limits: &DecodeLimits) -> Result<(), DecodeError> {
    let facts = &opened.facts;
    let over = |value: u64, unit, limit: String| Err(DecodeError::OverLimit { value, unit, limit });
    if facts.channel_count == 0 || facts.channel_count > limits.channels_max {
        return over(facts.channel_count.into(), "channels", format!("1 to {}", limits.channels_max));
    }
    let (min, max) = (limits.sample_rate_hz_min, limits.sample_rate_hz_max);
    if facts.sample_rate_hz < min || facts.sample_rate_hz > max {
        return over(facts.sample_rate_hz.into(), "Hz sample rate", format!("{min} to {max}"));
    }
    // Only plain samples are as many as the file says; other headers may lie, and are checked while decoding.
    if let (Packets::Plain(_), Some(frames)) = (&opened.packets, opened.declared_frames) {
        let duration_ms = frames.saturating_mul(1000) / u64::from(facts.sample_rate_hz);
        if duration_ms > limits.duration_ms_max {
            return over(duration_ms, "ms of audio", format!("at most {}", limits.duration_ms_max));
        }
    }
    Ok(())
}

fn plain(file: File, layout: Layout) -> Opened {
    Opened {
        track_id: 0,
        time_base: None,
        params: layout.codec_params(),
        facts: AudioFormatFacts {
            container: layout.container.into(),
            codec: layout.codec_name.into(),
            sample_rate_hz: layout.sample_rate_hz,
            channel_count: layout.channel_count,
        },
        trim: Trim { keep: Some(layout.frames()), ..Trim::default() },
        codec_trims: false,
        declared_frames: Some(layout.frames()),
        packets: Packets::Plain(PlainPackets::new(file, layout)),
    }
}

fn mp3(source: Source, container: &str, path: &Path) -> Result<Opened, DecodeError> {
    let reader = guarded(|| MpaReader::try_new(stream(source), FormatOptions::default()));
    let reader = reader.map_err(|err| damaged("MP3", err, path))?;
    let (delay, padding, frames) = match reader.tracks() {
        [track, ..] => (track.delay, track.padding, track.num_frames),
        [] => (None, None, None),
    };
    let mut opened = track(&reader, None, container)?;
    opened.packets = Packets::Library(Box::new(reader));
    // Without an encoder's tag `num_frames` is a guess from the bit rate of the first frames.
    opened.declared_frames = None;
    opened.trim = Trim { lead_in: MP3_LEAD_IN_FRAMES, ..Trim::default() };
    if let (Some(delay @ 1..), Some(padding), Some(frames)) = (delay, padding, frames) {
        let (delay, padding) = (u64::from(delay), u64::from(padding));
        let total = frames + delay + padding;
        opened.trim = Trim { lead_in: delay, keep: None, padding: Some(Padding { frames: padding, total }) };
        opened.declared_frames = Some(frames);
    }
    Ok(opened)
}

fn adts(source: Source, survey: &AdtsSurvey, path: &Path) -> Result<Opened, DecodeError> {
    let reader = guarded(|| AdtsReader::try_new(stream(source), FormatOptions::default()));
    let reader = reader.map_err(|err| damaged("AAC", err, path))?;
    let mut opened = track(&reader, None, "aac")?;
    opened.packets = Packets::Library(Box::new(reader));
    if let Some((header, before)) = survey.change {
        let position = before * AAC_FRAME;
        check_uniform(&opened.facts, header.sample_rate_hz, header.channel_count, position)?;
    }
    opened.declared_frames = Some((survey.frames * AAC_FRAME).saturating_sub(AAC_LEAD_IN_FRAMES));
    opened.trim = Trim { lead_in: AAC_LEAD_IN_FRAMES, ..Trim::default() };
    Ok(opened)
}

/// The demuxer sees the stream description and the audio, and none of the pictures and comments between them.
fn flac(file: File, start: u64, len: u64, path: &Path) -> Result<Opened, DecodeError> {
    let io = |source: io::Error| DecodeError::Io { path: path.to_owned(), source };
    let short = || DecodeError::damaged("FLAC", "it ends within its header");
    let mut prefix = b"fLaC\x80\0\0\x22".to_vec();
    let mut at = start + 4;
    for block in 0..FLAC_BLOCKS_MAX {
        let mut bytes = [0; 4 + STREAMINFO_BYTES];
        let have = read_full_at(&file, &mut bytes, at).map_err(io)?;
        if have < 4 {
            return Err(short());
        }
        let size = u64::from(u32::from_be_bytes([0, bytes[1], bytes[2], bytes[3]]));
        if block == 0 {
            if have < bytes.len() || bytes[0] & 0x7F != 0 || size != STREAMINFO_BYTES as u64 {
                return Err(DecodeError::damaged("FLAC", "it has no stream description"));
            }
            prefix.extend_from_slice(&bytes[4..]);
        }
        at += 4 + size;
        if bytes[0] & 0x80 != 0 {
            return flac_audio(file, prefix, at..len, path);
        }
    }
    Err(DecodeError::damaged("FLAC", format!("more than {FLAC_BLOCKS_MAX} metadata blocks")))
}

fn flac_audio(file: File, prefix: Vec<u8>, audio: Range<u64>, path: &Path) -> Result<Opened, DecodeError> {
    if audio.is_empty() {
        return Ok(flac_without_audio(&prefix));
    }
    let source = Source::window(file, audio.start, audio.end).with_prefix(prefix);
    let reader = guarded(|| FlacReader::try_new(stream(source), FormatOptions::default()));
    let reader = reader.map_err(|err| damaged("FLAC", err, path))?;
    let mut opened = track(&reader, None, "flac")?;
    opened.packets = Packets::Library(Box::new(reader));
    Ok(opened)
}

/// A FLAC file of no samples: rate in 20 bits from byte 10 of the description, channels less one in the 3 after them.
fn flac_without_audio(prefix: &[u8]) -> Opened {
    let info = &prefix[8..];
    let sample_rate_hz = u32::from_be_bytes([0, info[10], info[11], info[12]]) >> 4;
    let channel_count = u16::from(info[12] >> 1 & 7) + 1;
    Opened {
        packets: Packets::None,
        track_id: 0,
        time_base: None,
        params: AudioCodecParameters::new(),
        facts: AudioFormatFacts { container: "flac".into(), codec: "flac".into(), sample_rate_hz, channel_count },
        trim: Trim::default(),
        codec_trims: false,
        declared_frames: Some(0),
    }
}

fn ogg(source: Source, path: &Path) -> Result<Opened, DecodeError> {
    let reader = guarded(|| OggReader::try_new(stream(source), FormatOptions::default()));
    let reader = reader.map_err(|err| damaged("Ogg", err, path))?;
    let mut opened = track(&reader, None, "ogg")?;
    opened.packets = Packets::Library(Box::new(reader));
    Ok(opened)
}

fn m4a(source: Source, survey: &mp4::Survey, path: &Path) -> Result<Opened, DecodeError> {
    let reader = guarded(|| IsoMp4Reader::try_new(stream(source), FormatOptions::default()));
    let reader = reader.map_err(|err| damaged("MP4", err, path))?;
    let mut opened = track(&reader, Some(survey.track_id), "m4a")?;
    opened.packets = Packets::Library(Box::new(reader));
    let rate = u128::from(opened.facts.sample_rate_hz);
    let frames = |units: u64, per_second: u32| {
        u64::try_from(u128::from(units) * rate / u128::from(per_second.max(1))).unwrap_or(u64::MAX)
    };
    opened.trim.lead_in = frames(survey.lead_in, survey.timescale);
    opened.trim.keep = survey.keep.map(|(units, per_second)| frames(units, per_second));
    opened.declared_frames = opened.trim.keep.or(opened.declared_frames);
    Ok(opened)
}

fn stream(source: Source) -> MediaSourceStream<'static> {
    MediaSourceStream::new(Box::new(source), Default::default())
}

fn damaged(container: &'static str, err: Error, path: &Path) -> DecodeError {
    match err {
        Error::IoError(source) if is_disk_trouble(&source) => DecodeError::Io { path: path.to_owned(), source },
        Error::IoError(_) => DecodeError::damaged(container, "it ends within its header"),
        err => DecodeError::damaged(container, err.to_string()),
    }
}

/// Picks the audio track (by id, or the first) and says how to read it; the packets are left to the caller.
pub(super) fn track(reader: &dyn FormatReader, id: Option<u32>, container: &str) -> Result<Opened, DecodeError> {
    let audio = |track: &Track| match &track.codec_params {
        Some(CodecParameters::Audio(params)) => Some(params.clone()),
        _ => None,
    };
    let found = reader.tracks().iter().filter(|track| id.is_none_or(|id| track.id == id));
    let Some((track, mut params)) = found.filter_map(|track| Some((track, audio(track)?))).next() else {
        return Err(DecodeError::foreign("a media file without an audio track", FFMPEG_WAV));
    };
    let Some(codec) = codec_name(params.codec) else {
        return Err(DecodeError::foreign(
            format!("audio of an unknown codec in a file of type {container}"),
            FFMPEG_WAV,
        ));
    };
    let facts = AudioFormatFacts {
        container: container.into(),
        codec: codec.into(),
        sample_rate_hz: params.sample_rate.unwrap_or(0),
        channel_count: params
            .channels
            .as_ref()
            .map_or(0, |channels| u16::try_from(channels.count()).unwrap_or(u16::MAX)),
    };
    let lead_in = if params.codec == CODEC_ID_OPUS { take_pre_skip(&mut params) } else { 0 };
    Ok(Opened {
        packets: Packets::None,
        track_id: track.id,
        time_base: track.time_base,
        trim: Trim { lead_in, ..Trim::default() },
        codec_trims: matches!(params.codec, CODEC_ID_OPUS | CODEC_ID_VORBIS),
        declared_frames: track.num_frames.filter(|frames| *frames > 0).map(|frames| frames.saturating_sub(lead_in)),
        params,
        facts,
    })
}

/// Moves the lead-in from the Opus header to us: the adapter drops it from the first packet only, which may be shorter.
fn take_pre_skip(params: &mut AudioCodecParameters) -> u64 {
    let Some(field) = params.extra_data.as_mut().and_then(|header| header.get_mut(10..12)) else { return 0 };
    let frames = u64::from(u16::from_le_bytes([field[0], field[1]]));
    field.fill(0);
    frames
}

fn codec_name(codec: AudioCodecId) -> Option<&'static str> {
    match codec {
        CODEC_ID_MP3 => Some("mp3"),
        CODEC_ID_AAC => Some("aac"),
        CODEC_ID_FLAC => Some("flac"),
        CODEC_ID_VORBIS => Some("vorbis"),
        CODEC_ID_OPUS => Some("opus"),
        _ => None,
    }
}

/// The codec for `params`.
pub(super) fn codec(
    params: &AudioCodecParameters,
    facts: &AudioFormatFacts,
) -> Result<Box<dyn AudioDecoder>, DecodeError> {
    // MP3 is cut here: the demuxer marks everything behind its own guess of the length as padding.
    let options = AudioDecoderOptions::default().gapless(params.codec != CODEC_ID_MP3);
    let made = guarded(|| match params.codec {
        CODEC_ID_OPUS => OpusDecoder::try_registry_new(params, &options),
        _ => symphonia::default::get_codecs().make_audio_decoder(params, &options),
    });
    made.map_err(|err| match err {
        Error::Unsupported(_) if params.codec == CODEC_ID_AAC => DecodeError::foreign(
            "AAC of another profile than LC (such as HE-AAC), or with more than two channels",
            FFMPEG_WAV,
        ),
        Error::Unsupported(_) => {
            DecodeError::foreign(format!("{} audio with {} channels", facts.codec, facts.channel_count), FFMPEG_WAV)
        }
        err => DecodeError::foreign(format!("{} audio that cannot be decoded ({err})", facts.codec), FFMPEG_WAV),
    })
}
