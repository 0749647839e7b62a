//! Finds where one channel speaks.
//!
//! Takes samples at 16 kHz of any length and hands out spans with tight ends; the caller pads them. It never decides
//! what is said and keeps half a minute of audio at most, however long the call.
//!
//! Audio is measured in windows of half a minute that end in their quietest moment. Per window the level is brought to
//! what the detector was trained on, so that quiet speech is found; the detector says *whether* a chunk of sound is
//! speech, the level says *where* it begins and ends. Detectors take tones and music for speech, so chunks whose spectrum
//! stands still are taken out; chunks that look like speech and were rejected are kept and marked.

mod chunk;
mod detector;
mod other;
mod regions;
mod sound;

use crate::decode::channels::{SILENCE_DBFS, power_dbfs};

use self::regions::{Noise, Region, WindowSound};
use self::sound::{BANDS, FRAME_SAMPLES, LEVEL_SAMPLES, LEVELS_PER_FRAME, SoundFrame, SoundMeter};

pub use self::detector::{DetectorError, Earshot, Silero, VoiceActivity};
pub use self::other::{OTHER_SOUNDS_MAX, OtherSound, SoundKind};

/// Audio looked at together: half a minute holds pauses enough to know the noise.
const WINDOW_SAMPLES: usize = 30 * 16_000;
/// Audio kept in front of a window so that the detector and the spectra have settled: one second.
const CONTEXT_SAMPLES: usize = 64 * FRAME_SAMPLES;
/// A window is cut at the quietest moment after this: the later the cut, the less is measured twice.
const CUT_AFTER_SAMPLES: usize = 18 * 16_000;
/// Longest span: with its padding it fits a window of any Whisper model (28 s), which hears nothing beyond 30 s.
const SPAN_SAMPLES_MAX: u64 = 27 * 16_000;
/// Length of the quiet moment a window is cut at, in levels (200 ms).
const CUT_LEVELS: usize = 25;
/// Level that speech is brought to before the detector, in dBFS.
const SPEECH_TARGET_DBFS: f32 = -20.0;
/// Most gain given to a quiet channel, in dB.
const GAIN_MAX_DB: f32 = 40.0;
/// Most attenuation given to a loud channel, in dB.
const GAIN_MIN_DB: f32 = -10.0;
/// Share of the loudest levels that is left out when the level of speech is measured.
const LOUD_SHARE: f32 = 0.05;
/// Width of a band in which power is summed up, in hertz.
const BAND_HZ: u32 = 8000 / BANDS as u32;
/// Power that a band of speech has at least beside the strongest: 40 dB less; the hiss of an `s` is 20 to 35 below a vowel.
const BAND_POWER_MIN: f64 = 1e-4;

/// How speech is told from the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct VadSettings {
    /// Score at which voice begins.
    pub enter_score: f32,
    /// Score under which it ends.
    pub leave_score: f32,
    /// Voice a chunk needs to count as speech.
    pub speech_min_ms: u32,
    /// Sound a chunk needs to be taken although the detector rejected it.
    pub unheard_min_ms: u32,
    /// Quiet that splits a span.
    pub pause_ms: u32,
    /// Time around voice inside a chunk that still belongs to it.
    pub hangover_ms: u32,
}

impl Default for VadSettings {
    fn default() -> Self {
        Self {
            enter_score: 0.6,
            leave_score: 0.35,
            speech_min_ms: 64,
            unheard_min_ms: 250,
            pause_ms: 200,
            hangover_ms: 320,
        }
    }
}

/// A stretch of speech, in samples at 16 kHz from the start of the channel.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechSpan {
    /// Where the sound begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The detector's highest score, 0 to 1.
    pub peak_score: f32,
    /// RMS in dB below full scale.
    pub level_dbfs: f32,
    /// The detector rejected it, but it sounds like speech.
    pub by_energy: bool,
}

/// Everything found on one channel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Speech {
    /// In order, without overlap.
    pub spans: Vec<SpeechSpan>,
    /// RMS of the quiet between, in dB below full scale; absent for digital silence.
    pub noise_floor_dbfs: Option<f32>,
    /// Sound that is no speech.
    pub other_sound_ms: u64,
    /// What it is, where that can be said, in order.
    pub other: Vec<OtherSound>,
    /// Highest frequency that speech reaches, in steps of 500 Hz; absent without speech.
    pub bandwidth_hz: Option<u32>,
}

/// Listens to one channel.
pub struct SpeechFinder {
    settings: VadSettings,
    detector: Box<dyn VoiceActivity>,
    meter: SoundMeter,
    /// Audio from `base` on.
    audio: Vec<f32>,
    /// What the window before measured of it.
    known: Vec<SoundFrame>,
    base: u64,
    /// Everything before this has been decided.
    decided: u64,
    found: Speech,
    noise: Option<Noise>,
    other_levels: u64,
    quiet_power: f64,
    quiet_levels: u64,
    speech_bands: Spectrum,
    quiet_bands: Spectrum,
}

/// Mean power in bands of 500 Hz.
#[derive(Debug, Clone, Default)]
struct Spectrum {
    sums: [f64; BANDS],
    frames: u64,
}

impl Spectrum {
    fn add(&mut self, bands: &[f32; BANDS]) {
        for (sum, band) in self.sums.iter_mut().zip(bands) {
            *sum += f64::from(*band);
        }
        self.frames += 1;
    }

    fn mean(&self, band: usize) -> f64 {
        self.sums[band] / self.frames.max(1) as f64
    }
}

impl std::fmt::Debug for SpeechFinder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechFinder")
            .field("settings", &self.settings)
            .field("decided", &self.decided)
            .finish_non_exhaustive()
    }
}

impl SpeechFinder {
    /// Listens with the detector that is built in.
    pub fn new(settings: &VadSettings) -> Self {
        Self::with_detector(settings, Box::new(Earshot))
    }

    /// Listens with `detector`.
    pub fn with_detector(settings: &VadSettings, detector: Box<dyn VoiceActivity>) -> Self {
        Self {
            settings: settings.clone(),
            detector,
            meter: SoundMeter::default(),
            audio: Vec::new(),
            known: Vec::new(),
            base: 0,
            decided: 0,
            found: Speech::default(),
            noise: None,
            other_levels: 0,
            quiet_power: 0.0,
            quiet_levels: 0,
            speech_bands: Spectrum::default(),
            quiet_bands: Spectrum::default(),
        }
    }

    /// Takes the next samples behind the high-pass, as [`ChannelSurvey::push`](crate::decode::channels::ChannelSurvey::push)
    /// hands them out.
    pub fn push(&mut self, audio: &[f32]) {
        for part in audio.chunks(WINDOW_SAMPLES) {
            self.audio.extend_from_slice(part);
            while self.audio.len() >= CONTEXT_SAMPLES + WINDOW_SAMPLES {
                self.decide(false);
            }
        }
    }

    /// Ends the channel.
    pub fn finish(mut self) -> Speech {
        let ragged = self.audio.len() % FRAME_SAMPLES;
        if ragged > 0 {
            self.audio.resize(self.audio.len() + FRAME_SAMPLES - ragged, 0.0);
        }
        self.decide(true);
        self.found.other_sound_ms = self.other_levels * 1000 * LEVEL_SAMPLES as u64 / 16_000;
        if self.quiet_levels > 0 {
            let dbfs = power_dbfs(self.quiet_power / self.quiet_levels as f64);
            self.found.noise_floor_dbfs = (dbfs > SILENCE_DBFS).then_some(dbfs);
        }
        self.found.bandwidth_hz = self.bandwidth_hz();
        self.found
    }

    /// Measures what is there, keeps the spans up to a quiet moment and forgets the audio before it.
    fn decide(&mut self, last: bool) {
        let length = if last { self.audio.len() } else { CONTEXT_SAMPLES + WINDOW_SAMPLES };
        let window = &self.audio[..length - length % FRAME_SAMPLES];
        let levels: Vec<f32> = window.chunks_exact(LEVEL_SAMPLES).map(sound::level_dbfs).collect();
        let scores = scores(self.detector.as_mut(), window, &levels);
        let frames = self.meter.measure(window, &self.known);
        let noise = Noise::measure(&levels, &frames, self.noise);
        self.noise = Some(noise);
        let measured = WindowSound { levels, frames, scores, noise };
        let regions = measured.regions(&self.settings);

        let from = (self.decided - self.base) as usize / LEVEL_SAMPLES;
        let cut =
            if last { measured.levels.len() } else { quietest(&measured.levels, CUT_AFTER_SAMPLES / LEVEL_SAMPLES) };
        let clip = |range: &std::ops::Range<usize>| range.start.max(from)..range.end.min(cut);
        let mut sound = vec![false; measured.levels.len()];
        let mut voice = vec![false; measured.levels.len()];
        for region in regions.speech {
            let levels = clip(&region.levels);
            if !levels.is_empty() {
                sound[levels.clone()].fill(true);
                voice[levels.clone()].fill(true);
                for levels in parts(&measured.levels, levels) {
                    self.keep(&Region { levels, ..region });
                }
            }
        }
        for (other, kind) in &regions.other {
            let levels = clip(other);
            if !levels.is_empty() {
                self.other_levels += levels.len() as u64;
                sound[levels.clone()].fill(true);
                if let Some(kind) = kind {
                    self.keep_other(&levels, *kind);
                }
            }
        }
        for (k, frame) in measured.frames.iter().enumerate().take(cut / LEVELS_PER_FRAME).skip(from / LEVELS_PER_FRAME)
        {
            match (voice[k * LEVELS_PER_FRAME], sound[k * LEVELS_PER_FRAME]) {
                (true, _) => self.speech_bands.add(&frame.bands),
                (false, false) => self.quiet_bands.add(&frame.bands),
                (false, true) => {}
            }
        }
        for at in (from..cut).filter(|&at| !sound[at]) {
            self.quiet_power += 10f64.powf(f64::from(measured.levels[at]) / 10.0);
            self.quiet_levels += 1;
        }
        self.known = measured.frames;
        self.forget(cut * LEVEL_SAMPLES);
    }

    fn keep(&mut self, region: &Region) {
        let samples = region.levels.start * LEVEL_SAMPLES..region.levels.end * LEVEL_SAMPLES;
        let start = self.base + samples.start as u64;
        let span = SpeechSpan {
            start,
            end: self.base + samples.end as u64,
            peak_score: region.peak_score,
            level_dbfs: sound::level_dbfs(&self.audio[samples]),
            by_energy: region.by_energy,
        };
        match self.found.spans.last_mut() {
            // A window was cut in the middle of a span because nobody paused.
            Some(previous) if previous.end == start && span.end - previous.start <= SPAN_SAMPLES_MAX => {
                previous.end = span.end;
                previous.peak_score = previous.peak_score.max(span.peak_score);
                previous.by_energy &= span.by_energy;
            }
            _ => self.found.spans.push(span),
        }
    }

    fn keep_other(&mut self, levels: &std::ops::Range<usize>, kind: SoundKind) {
        let at = |level: usize| self.base + (level * LEVEL_SAMPLES) as u64;
        let (start, end) = (at(levels.start), at(levels.end));
        let is_full = self.found.other.len() >= OTHER_SOUNDS_MAX;
        match self.found.other.last_mut() {
            Some(previous) if previous.end == start && previous.kind == kind => previous.end = end,
            _ if is_full => {}
            _ => self.found.other.push(OtherSound { start, end, kind }),
        }
    }

    /// How far up speech stands out of the noise and is not merely the filter's slope.
    fn bandwidth_hz(&self) -> Option<u32> {
        let own = |band: usize| self.speech_bands.mean(band) - self.quiet_bands.mean(band);
        let strongest = (0..BANDS).map(own).fold(0.0, f64::max);
        let reached = |&band: &usize| own(band) > strongest * BAND_POWER_MIN && own(band) > self.quiet_bands.mean(band);
        let highest = (0..BANDS).rev().find(reached).filter(|_| strongest > 0.0)?;
        Some((highest as u32 + 1) * BAND_HZ)
    }

    /// Drops audio up to a second before `cut` (samples from `base`), on whole frames.
    fn forget(&mut self, cut: usize) {
        self.decided = self.base + cut as u64;
        let gone = cut.saturating_sub(CONTEXT_SAMPLES) / FRAME_SAMPLES * FRAME_SAMPLES;
        self.audio.drain(..gone);
        self.known.drain(..gone / FRAME_SAMPLES);
        self.base += gone as u64;
    }
}

/// One score for each frame of 16 ms, after bringing the window's speech to the level the detector knows.
fn scores(detector: &mut dyn VoiceActivity, window: &[f32], levels: &[f32]) -> Vec<f32> {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f32::total_cmp);
    let loud = sorted.get((sorted.len() as f32 * (1.0 - LOUD_SHARE)) as usize).copied().unwrap_or(SPEECH_TARGET_DBFS);
    let gain_db = (SPEECH_TARGET_DBFS - loud).clamp(GAIN_MIN_DB, GAIN_MAX_DB);
    let gain = 10f32.powf(gain_db / 20.0);
    let scaled: Vec<f32> = window.iter().map(|sample| (sample * gain).clamp(-1.0, 1.0)).collect();
    let frame = detector.frame_samples();
    let scores = detector.scores(&scaled);
    (0..window.len() / FRAME_SAMPLES).map(|k| scores.get(k * FRAME_SAMPLES / frame).copied().unwrap_or(0.0)).collect()
}

/// A region cut at quiet moments, so that no part is longer than a span may be.
fn parts(levels: &[f32], mut region: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
    let longest = SPAN_SAMPLES_MAX as usize / LEVEL_SAMPLES;
    let mut parts = Vec::new();
    while region.len() > longest {
        let cut = quietest(&levels[..region.start + longest], region.start + longest / 2);
        parts.push(region.start..cut);
        region.start = cut;
    }
    parts.push(region);
    parts
}

/// The middle of the quietest moment after `from`, in levels.
fn quietest(levels: &[f32], from: usize) -> usize {
    let loudness = |at: usize| levels[at..at + CUT_LEVELS].iter().copied().fold(f32::MIN, f32::max);
    let best = (from..levels.len() - CUT_LEVELS).min_by(|&a, &b| loudness(a).total_cmp(&loudness(b)));
    best.map_or(levels.len(), |at| at + CUT_LEVELS / 2)
}
