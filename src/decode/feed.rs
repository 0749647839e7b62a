//! Packets to planes of samples at the file's own rate, with every loss made good in time.
//!
//! A packet that does not decode becomes silence of its length, and a jump in the time stamps becomes silence too, so
//! that what follows keeps its place in the call. The library's panics end here: a packet that causes one is a corrupt
//! packet.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

use super::mpeg::{CHANGED_FRAMES, FrameHeader};
use super::open;
use super::trim::Trimmer;
use super::wav::PlainPackets;
use super::{DecodeError, DecodeHealth};
use crate::call::AudioFormatFacts;

/// Time stamps may be this far ahead of the samples before silence is put in; rounding in containers stays below.
const GAP_MS_MIN: u64 = 20;
/// Longest silence put in for one jump of the time stamps; a longer jump is taken for a broken stamp.
const GAP_MS_MAX: u64 = 10 * 60 * 1000;
/// Silence put in altogether, so that a hostile file cannot make hours of work out of nothing.
const GAP_MS_TOTAL_MAX: u64 = 60 * 60 * 1000;
/// Longest silence for one corrupt packet; no codec here has longer packets.
const CORRUPT_MS_MAX: u64 = 10_000;
/// Frames of silence handed out in one piece.
const SILENCE_FRAMES: u64 = 8192;
/// Demuxer errors in a row after which the rest of the file is given up.
const ERRORS_IN_A_ROW_MAX: u32 = 100;
/// Packets seen before the share of corrupt ones is judged.
const PACKETS_TO_JUDGE: u64 = 100;

/// Stands for a panic of the library; its state cannot be trusted after one.
const DEMUXER_FAILED: &str = "the demuxer failed on it";

/// Where packets come from.
pub(super) enum Packets {
    Plain(PlainPackets),
    Library(Box<dyn FormatReader>),
    /// A file with a header and no audio.
    None,
}

/// What [`open`] finds out about a file.
pub(super) struct Opened {
    pub packets: Packets,
    pub track_id: u32,
    pub time_base: Option<TimeBase>,
    pub params: AudioCodecParameters,
    pub facts: AudioFormatFacts,
    pub trim: super::trim::Trim,
    /// True where the codec itself drops lead-in, so that time stamps below zero yield no samples.
    pub codec_trims: bool,
    pub declared_frames: Option<u64>,
}

/// Decodes one file.
pub(super) struct Feed {
    path: PathBuf,
    packets: Packets,
    codec: Option<Box<dyn AudioDecoder>>,
    params: AudioCodecParameters,
    facts: AudioFormatFacts,
    track_id: u32,
    time_base: Option<TimeBase>,
    codec_trims: bool,
    trimmer: Trimmer,
    /// Frames that came out of the codec or were put in for it.
    position: u64,
    /// Time stamp that belongs to position 0; None before the first packet of a stream.
    origin: Option<i128>,
    silence_left: u64,
    silence_total: u64,
    waiting: Option<Packet>,
    packets_seen: u64,
    packets_decoded: u64,
    changed_frames: u32,
    cause: Option<String>,
    health: DecodeHealth,
    is_finished: bool,
}

impl Feed {
    pub(super) fn new(path: PathBuf, opened: Opened) -> Result<Self, DecodeError> {
        let codec = match opened.packets {
            Packets::None => None,
            _ => Some(open::codec(&opened.params, &opened.facts)?),
        };
        let channels = usize::from(opened.facts.channel_count);
        Ok(Self {
            path,
            packets: opened.packets,
            codec,
            params: opened.params,
            facts: opened.facts,
            track_id: opened.track_id,
            time_base: opened.time_base,
            codec_trims: opened.codec_trims,
            trimmer: Trimmer::new(opened.trim, channels),
            position: 0,
            origin: None,
            silence_left: 0,
            silence_total: 0,
            waiting: None,
            packets_seen: 0,
            packets_decoded: 0,
            changed_frames: 0,
            cause: None,
            health: DecodeHealth::default(),
            is_finished: false,
        })
    }

    pub(super) fn facts(&self) -> &AudioFormatFacts {
        &self.facts
    }

    pub(super) fn health(&self) -> DecodeHealth {
        self.health
    }

    /// Replaces `planes` by the next samples, which may be none; false at the end.
    pub(super) fn next(&mut self, planes: &mut Vec<Vec<f32>>) -> Result<bool, DecodeError> {
        planes.resize(usize::from(self.facts.channel_count), Vec::new());
        planes.iter_mut().for_each(Vec::clear);
        if self.is_finished {
            return Ok(false);
        }
        if self.silence_left > 0 {
            let frames = self.silence_left.min(SILENCE_FRAMES);
            self.silence_left -= frames;
            self.put_silence(planes, frames);
        } else if let Some(packet) = self.waiting.take() {
            self.decode(&packet, planes)?;
        } else {
            let packet = if self.trimmer.is_done() { None } else { self.next_packet()? };
            let Some(packet) = packet else {
                self.is_finished = true;
                self.judge(true)?;
                self.trimmer.finish(planes);
                return Ok(true);
            };
            self.packets_seen += 1;
            self.silence_left = self.gap_before(&packet);
            self.silence_total += self.silence_left;
            self.waiting = Some(packet);
            return Ok(true);
        }
        self.position += planes.first().map_or(0, |plane| plane.len() as u64);
        self.trimmer.cut(planes);
        Ok(true)
    }

    fn put_silence(&self, planes: &mut [Vec<f32>], frames: u64) {
        for plane in planes {
            plane.clear();
            plane.resize(frames as usize, 0.0);
        }
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        for _ in 0..ERRORS_IN_A_ROW_MAX {
            let step = match &mut self.packets {
                Packets::Plain(plain) => plain.next_packet().map_err(Error::IoError),
                Packets::Library(reader) => guarded(|| own_packet(reader.as_mut(), self.track_id)),
                Packets::None => Ok(None),
            };
            match step {
                Ok(packet) => return Ok(packet),
                Err(Error::IoError(err)) if is_disk_trouble(&err) => {
                    return Err(DecodeError::Io { path: self.path.clone(), source: err });
                }
                // Every other I/O error of the library means that the file ends here.
                Err(Error::IoError(_)) => return Ok(None),
                Err(Error::ResetRequired) => self.next_stream()?,
                Err(Error::DecodeError(DEMUXER_FAILED)) => {
                    self.note_corrupt(&Error::DecodeError(DEMUXER_FAILED))?;
                    return Ok(None);
                }
                Err(err) => self.note_corrupt(&err)?,
            }
        }
        Ok(None)
    }

    /// Another stream begins in the same Ogg file: recorders append one for every resumed recording.
    fn next_stream(&mut self) -> Result<(), DecodeError> {
        let Packets::Library(reader) = &self.packets else { return Ok(()) };
        let next = open::track(reader.as_ref(), None, &self.facts.container)?;
        self.check_uniform(next.facts.sample_rate_hz, next.facts.channel_count)?;
        self.codec = Some(open::codec(&next.params, &next.facts)?);
        self.params = next.params;
        self.track_id = next.track_id;
        self.time_base = next.time_base;
        self.trimmer.skip(next.trim.lead_in);
        self.origin = None;
        Ok(())
    }

    fn check_uniform(&self, sample_rate_hz: u32, channel_count: u16) -> Result<(), DecodeError> {
        check_uniform(&self.facts, sample_rate_hz, channel_count, self.position)
    }

    /// Frames of silence that the packet's time stamp asks for before it.
    fn gap_before(&mut self, packet: &Packet) -> u64 {
        let pts = self.frames_of(packet.pts.get());
        let pts = if self.codec_trims { pts.max(0) } else { pts };
        let origin = *self.origin.get_or_insert(pts - i128::from(self.position));
        let gap = pts - origin - i128::from(self.position);
        if gap <= i128::from(self.frames_in(GAP_MS_MIN)) {
            return 0;
        }
        let room = self.frames_in(GAP_MS_TOTAL_MAX).saturating_sub(self.silence_total);
        let gap_max = self.frames_in(GAP_MS_MAX).min(room);
        match u64::try_from(gap) {
            Ok(gap) if gap <= gap_max => gap,
            _ => {
                self.origin = Some(pts - i128::from(self.position));
                0
            }
        }
    }

    /// A time stamp or duration of the container in frames.
    fn frames_of(&self, units: i64) -> i128 {
        match self.time_base {
            Some(base) => {
                let rate = i128::from(self.facts.sample_rate_hz);
                i128::from(units) * i128::from(base.numer.get()) * rate / i128::from(base.denom.get())
            }
            None => i128::from(units),
        }
    }

    fn frames_in(&self, ms: u64) -> u64 {
        ms * u64::from(self.facts.sample_rate_hz) / 1000
    }

    fn decode(&mut self, packet: &Packet, planes: &mut Vec<Vec<f32>>) -> Result<(), DecodeError> {
        let outcome = match self.frame_changed(packet)? {
            true => Err(Error::DecodeError("frame of another format")),
            false => self.run_codec(packet, planes),
        };
        match outcome {
            Ok((sample_rate_hz, channel_count, frames)) => {
                // Codecs that have not produced anything yet may not know their format either.
                if frames > 0 {
                    self.check_uniform(sample_rate_hz, channel_count)?;
                }
                self.packets_decoded += 1;
                self.clean(planes);
                Ok(())
            }
            Err(err) => {
                let units = i64::try_from(packet.dur.get()).unwrap_or(i64::MAX);
                let frames = u64::try_from(self.frames_of(units)).unwrap_or(0).min(self.frames_in(CORRUPT_MS_MAX));
                planes.resize(usize::from(self.facts.channel_count), Vec::new());
                self.put_silence(planes, frames);
                self.note_corrupt(&err)
            }
        }
    }

    /// Rate, channels and frames of the decoded packet.
    fn run_codec(&mut self, packet: &Packet, planes: &mut Vec<Vec<f32>>) -> Result<(u32, u16, usize), Error> {
        let Some(codec) = self.codec.as_mut() else { return Err(Error::DecodeError("no codec")) };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let buffer = codec.decode(packet)?;
            buffer.copy_to_vecs_planar(planes);
            let channels = u16::try_from(buffer.spec().channels().count()).unwrap_or(u16::MAX);
            Ok((buffer.spec().rate(), channels, buffer.frames()))
        }));
        outcome.unwrap_or_else(|_| {
            // Its state cannot be trusted any more.
            self.codec = open::codec(&self.params, &self.facts).ok();
            Err(Error::DecodeError("the codec failed on it"))
        })
    }

    /// True when an MP3 frame is of another rate or channel count than the file; an error when that lasts.
    fn frame_changed(&mut self, packet: &Packet) -> Result<bool, DecodeError> {
        if self.facts.codec != "mp3" {
            return Ok(false);
        }
        let Some(header) = FrameHeader::mpeg(&packet.data) else { return Ok(false) };
        let same =
            header.sample_rate_hz == self.facts.sample_rate_hz && header.channel_count == self.facts.channel_count;
        self.changed_frames = if same { 0 } else { self.changed_frames + 1 };
        if self.changed_frames >= CHANGED_FRAMES {
            self.check_uniform(header.sample_rate_hz, header.channel_count)?;
        }
        Ok(!same)
    }

    /// Makes every sample a finite number in -1..=1.
    fn clean(&mut self, planes: &mut [Vec<f32>]) {
        // Codecs overshoot a little on loud passages; only in float PCM is a value outside the range somebody's
        // mistake.
        let is_float_pcm = self.facts.codec.starts_with("pcm_f");
        for sample in planes.iter_mut().flatten() {
            if !sample.is_finite() {
                *sample = 0.0;
                self.health.bad_samples += 1;
            } else if sample.abs() > 1.0 {
                *sample = sample.clamp(-1.0, 1.0);
                self.health.bad_samples += u64::from(is_float_pcm);
            }
        }
    }

    fn note_corrupt(&mut self, err: &Error) -> Result<(), DecodeError> {
        self.health.corrupt_packets += 1;
        self.cause.get_or_insert_with(|| err.to_string());
        self.judge(false)
    }

    /// An error when too much is corrupt to go on.
    fn judge(&self, at_end: bool) -> Result<(), DecodeError> {
        let corrupt = self.health.corrupt_packets;
        let packets = self.packets_seen.max(corrupt);
        let hopeless = packets >= PACKETS_TO_JUDGE && corrupt * 2 > packets;
        if hopeless || (at_end && self.packets_decoded == 0 && corrupt > 0) {
            let cause = self.cause.clone().unwrap_or_default();
            return Err(DecodeError::TooCorrupt { corrupt, packets, cause });
        }
        Ok(())
    }
}

/// An error when what comes at frame `position` is of another format than the file began with.
pub(super) fn check_uniform(
    facts: &AudioFormatFacts,
    sample_rate_hz: u32,
    channel_count: u16,
    position: u64,
) -> Result<(), DecodeError> {
    if sample_rate_hz == facts.sample_rate_hz && channel_count == facts.channel_count {
        return Ok(());
    }
    let say = |rate: u32, channels: u16| format!("{rate} Hz with {channels} channel(s)");
    Err(DecodeError::FormatChanges {
        from: say(facts.sample_rate_hz, facts.channel_count),
        to: say(sample_rate_hz, channel_count),
        at_ms: position * 1000 / u64::from(facts.sample_rate_hz),
    })
}

/// The next packet of one track.
fn own_packet(reader: &mut dyn FormatReader, track_id: u32) -> Result<Option<Packet>, Error> {
    loop {
        match reader.next_packet()? {
            Some(packet) if packet.track_id != track_id => {}
            other => return Ok(other),
        }
    }
}

/// Runs the library, turning a panic into an error of its own kind.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::DecodeError(DEMUXER_FAILED)))
}

/// True for errors of the operating system; the library makes its own for files that end early.
pub(super) fn is_disk_trouble(err: &io::Error) -> bool {
    err.raw_os_error().is_some()
}
