//! First pass over a file: what each channel is and where its speech lies. Nothing is kept but positions.
//!
//! Reads the file through `decode` block by block, so memory does not grow with the call; the windows planned from its
//! findings are cut in a second pass.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::phases::{Heard, phases};
use super::pulse::Pulse;
use super::vad::{DetectorError, Silero, Speech, SpeechFinder, SpeechSpan, VadSettings};
use super::windows::{SAMPLES_PER_MS, Window};
use crate::call::{
    AudioFormatFacts, Bandwidth, ChannelFacts, ChannelHealth, ChannelRole, Phase, PhaseKind, RawAudio, Stretch,
};
use crate::decode::channels::{BleedMask, ChannelMap, ChannelSurvey, Relation, power_dbfs};
use crate::decode::{DecodeError, DecodeLimits, Decoder};

/// Share of a stretch of speech that must be explained by another channel for it to count as that channel's.
const EXPLAINED_SHARE: f32 = 0.7;

/// What the first pass found.
pub struct Survey {
    /// What the bytes turned out to be.
    pub format: AudioFormatFacts,
    /// Length in samples at 16 kHz.
    pub len: u64,
    /// What each channel is.
    pub channels: Vec<ChannelFacts>,
    /// Speech of each channel; empty for channels whose words are taken from elsewhere.
    pub spans: Vec<Vec<SpeechSpan>>,
    /// What goes on when.
    pub phases: Vec<Phase>,
    /// Packets the decoder had to skip and samples it had to mend.
    pub health: crate::decode::DecodeHealth,
}

impl Survey {
    /// Length of the call.
    pub const fn duration_ms(&self) -> u64 {
        self.len / SAMPLES_PER_MS
    }

    /// Whether most of what a window holds was said in conversation.
    pub fn is_conversation(&self, window: &Window) -> bool {
        let conversation: Vec<Stretch> =
            self.phases.iter().filter(|phase| phase.kind == PhaseKind::Conversation).map(Phase::stretch).collect();
        let within = |span: &SpeechSpan| conversation.iter().map(|part| part.shared_ms(&stretch(span))).sum::<u64>();
        let said: u64 = window.spans.iter().map(within).sum();
        2 * said * SAMPLES_PER_MS > window.speech_len()
    }

    /// Speech on all channels together.
    pub fn speech_ms(&self) -> u64 {
        self.channels.iter().map(|channel| channel.speech_ms).sum()
    }
}

/// How speech is found.
#[derive(Debug, Clone, Default)]
pub struct Voice {
    /// Thresholds.
    pub settings: VadSettings,
    /// Silero weights; the detector that is built in without.
    pub silero: Option<PathBuf>,
}

impl Voice {
    fn finder(&self) -> Result<SpeechFinder, DetectorError> {
        Ok(match &self.silero {
            Some(weights) => SpeechFinder::with_detector(&self.settings, Box::new(Silero::open(weights)?)),
            None => SpeechFinder::new(&self.settings),
        })
    }
}

/// Why the first pass ended early.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The file is not audio we can read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The voice activity weights cannot be used.
    #[error(transparent)]
    Vad(#[from] DetectorError),
    /// The cancel flag rose.
    #[error("The transcription was cancelled.")]
    Cancelled,
}

/// Opens the file and hands every block to `each`, stopping when the pulse says so.
pub fn each_block(
    path: &Path,
    raw: Option<RawAudio>,
    limits: &DecodeLimits,
    pulse: &Pulse,
    mut each: impl FnMut(&crate::decode::Block) -> Result<(), SurveyError>,
) -> Result<Decoder, SurveyError> {
    let mut decoder = Decoder::open(path, raw, limits)?;
    while let Some(block) = decoder.next_block()? {
        if pulse.is_cancelled() {
            return Err(SurveyError::Cancelled);
        }
        pulse.beat();
        each(&block)?;
    }
    Ok(decoder)
}

/// Runs the first pass.
///
/// # Errors
///
/// See [`SurveyError`].
pub fn survey(
    path: &Path,
    raw: Option<RawAudio>,
    limits: &DecodeLimits,
    hearing: &Voice,
    speakers: &[String],
    pulse: &Pulse,
) -> Result<Survey, SurveyError> {
    let mut channels: Option<ChannelSurvey> = None;
    let mut finders: Vec<SpeechFinder> = Vec::new();
    let mut len = 0;
    let decoder = each_block(path, raw, limits, pulse, |block| {
        if channels.is_none() {
            channels = Some(ChannelSurvey::new(block.len()));
            finders = block.iter().map(|_| hearing.finder()).collect::<Result<_, _>>()?;
        }
        len += block.first().map_or(0, Vec::len) as u64;
        let heard = channels.iter_mut().flat_map(|channels| channels.push(block));
        for (finder, audio) in finders.iter_mut().zip(heard) {
            finder.push(audio);
        }
        Ok(())
    })?;
    let count = usize::from(decoder.format().channel_count);
    let map = channels.unwrap_or_else(|| ChannelSurvey::new(count)).finish();
    let mut speech: Vec<Speech> = finders.into_iter().map(SpeechFinder::finish).collect();
    speech.resize_with(map.sounds.len(), Speech::default);
    let mut explained = vec![Vec::new(); speech.len()];
    if map.sounds.iter().any(|sound| matches!(sound.relation, Relation::Bleed { .. })) {
        explained = bleed(path, raw, limits, &map, pulse)?;
        drop_bleed(&mut speech, &explained);
    }
    let channels: Vec<ChannelFacts> = map
        .sounds
        .iter()
        .zip(speech.iter().zip(&explained))
        .enumerate()
        .map(|(i, (sound, (speech, explained)))| {
            let health = health(sound, speech, explained);
            facts(i, sound, speech, speakers, health)
        })
        .collect();
    let phases = phases(&heard(&channels, &speech));
    let spans = channels
        .iter()
        .zip(speech)
        .map(|(facts, speech)| if facts.role == ChannelRole::Party { speech.spans } else { Vec::new() })
        .collect();
    Ok(Survey { format: decoder.format().clone(), len, channels, spans, phases, health: decoder.health() })
}

/// What tells the phases: copies would say everything twice.
fn heard(channels: &[ChannelFacts], speech: &[Speech]) -> Vec<Heard> {
    let counts = |facts: &ChannelFacts| matches!(facts.role, ChannelRole::Party | ChannelRole::NoSpeech);
    let one = |speech: &Speech| {
        let sure: Vec<&SpeechSpan> = speech.spans.iter().filter(|span| !span.by_energy).collect();
        Heard::of(sure.into_iter().map(stretch).collect(), &speech.other)
    };
    channels.iter().zip(speech).filter(|(facts, _)| counts(facts)).map(|(_, speech)| one(speech)).collect()
}

/// A span in milliseconds.
pub const fn stretch(span: &SpeechSpan) -> Stretch {
    Stretch::new(span.start / SAMPLES_PER_MS, span.end / SAMPLES_PER_MS)
}

/// Where each channel only repeats another one. A pass of its own, made only for files that have bleed.
fn bleed(
    path: &Path,
    raw: Option<RawAudio>,
    limits: &DecodeLimits,
    map: &ChannelMap,
    pulse: &Pulse,
) -> Result<Vec<Vec<Range<u64>>>, SurveyError> {
    let mut mask = BleedMask::new(map);
    each_block(path, raw, limits, pulse, |block| {
        mask.push(block);
        Ok(())
    })?;
    Ok(mask.finish())
}

/// Removes speech that another channel explains.
fn drop_bleed(speech: &mut [Speech], explained: &[Vec<Range<u64>>]) {
    for (speech, explained) in speech.iter_mut().zip(explained) {
        speech.spans.retain(|span| {
            let covered: u64 =
                explained.iter().map(|range| range.end.min(span.end).saturating_sub(range.start.max(span.start))).sum();
            (covered as f32) < EXPLAINED_SHARE * (span.end - span.start) as f32
        });
    }
}

fn facts(
    index: usize,
    sound: &crate::decode::channels::ChannelSound,
    speech: &Speech,
    speakers: &[String],
    health: ChannelHealth,
) -> ChannelFacts {
    let speech_ms = speech.spans.iter().map(|span| span.end - span.start).sum::<u64>() / SAMPLES_PER_MS;
    let role = match sound.relation {
        Relation::Dead => ChannelRole::Dead,
        Relation::CopyOf { channel, .. } => ChannelRole::CopyOf { channel: channel as u16 },
        Relation::Own | Relation::Bleed { .. } if speech_ms == 0 => ChannelRole::NoSpeech,
        Relation::Own | Relation::Bleed { .. } => ChannelRole::Party,
    };
    let (bleed_from, bleed_attenuation_db) = match sound.relation {
        Relation::Bleed { from, attenuation_db, .. } => (Some(from as u16), Some(attenuation_db)),
        _ => (None, None),
    };
    let level = speech.spans.iter().map(|span| span.level_dbfs).reduce(f32::max);
    ChannelFacts {
        channel: index as u16,
        speaker: speakers.get(index).cloned().unwrap_or_else(|| format!("Speaker {}", index + 1)),
        role,
        speech_level_dbfs: level,
        noise_level_dbfs: sound.noise_floor_dbfs,
        clipped_share: sound.clipped_share,
        speech_ms,
        other_sound_ms: speech.other_sound_ms,
        bleed_from,
        bleed_attenuation_db,
        health: Some(health),
    }
}

/// Speech above this many hertz is more than a telephone carries; below the other it is muffled.
const NARROWBAND_HZ_MAX: u32 = 4_000;
const MUFFLED_HZ_MAX: u32 = 2_500;
/// What is measured above this is the quiet between two numbers, in dB.
const SNR_DB_MAX: f32 = 90.0;

fn health(sound: &crate::decode::channels::ChannelSound, speech: &Speech, explained: &[Range<u64>]) -> ChannelHealth {
    let samples: u64 = speech.spans.iter().map(|span| span.end - span.start).sum();
    let power = |dbfs: f32| 10f64.powf(f64::from(dbfs) / 10.0);
    let sum: f64 = speech.spans.iter().map(|span| power(span.level_dbfs) * (span.end - span.start) as f64).sum();
    let mean = (samples > 0).then(|| sum / samples as f64);
    let snr_db = mean.zip(speech.noise_floor_dbfs).map(|(speech, noise)| {
        let noise = power(noise);
        power_dbfs((speech - noise).max(noise * 1e-2) / noise).clamp(-20.0, SNR_DB_MAX)
    });
    let bandwidth_hz = speech.bandwidth_hz.filter(|_| samples > 0);
    let bandwidth = bandwidth_hz.map(|hz| {
        if hz <= MUFFLED_HZ_MAX {
            Bandwidth::Muffled
        } else if hz <= NARROWBAND_HZ_MAX {
            Bandwidth::Narrowband
        } else {
            Bandwidth::Wideband
        }
    });
    let bleed_delay_ms = match sound.relation {
        Relation::Bleed { lag_samples, .. } => Some(lag_samples / SAMPLES_PER_MS as i32),
        _ => None,
    };
    ChannelHealth {
        speech_rms_dbfs: mean.map(power_dbfs),
        snr_db,
        bandwidth_hz,
        bandwidth,
        dropouts: sound.dropouts,
        bleed_ms: explained.iter().map(|range| range.end - range.start).sum::<u64>() / SAMPLES_PER_MS,
        bleed_delay_ms,
    }
}
