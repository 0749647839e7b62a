//! The detectors behind [`SpeechFinder`](super::SpeechFinder): audio in, one score a frame out.

use std::fmt;
use std::path::{Path, PathBuf};

use earshot::Detector;
use whisper_rs::{WhisperVadContext, WhisperVadContextParams};

/// A voice activity detector.
pub trait VoiceActivity: Send {
    /// Samples a score covers, at 16 kHz.
    fn frame_samples(&self) -> usize;

    /// Scores from 0 (no voice) to 1, one for each whole frame of `window`. Every window starts from a fresh state, so a
    /// caller gives some context in front of what it wants to know.
    fn scores(&mut self, window: &[f32]) -> Vec<f32>;
}

/// Why a detector cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("The voice activity weights {path} cannot be loaded; give a Silero model in ggml form or leave `vad_model` out.", path = .0.display())]
pub struct DetectorError(PathBuf);

/// The detector that is built in: earshot, with its weights in the program.
#[derive(Default)]
pub struct Earshot;

impl fmt::Debug for Earshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Earshot")
    }
}

impl Earshot {
    /// Samples in a frame of earshot.
    pub const FRAME_SAMPLES: usize = 256;
}

impl VoiceActivity for Earshot {
    fn frame_samples(&self) -> usize {
        Self::FRAME_SAMPLES
    }

    fn scores(&mut self, window: &[f32]) -> Vec<f32> {
        let mut detector = Detector::default_boxed();
        window.chunks_exact(Self::FRAME_SAMPLES).map(|frame| detector.predict_f32(frame)).collect()
    }
}

/// Silero through whisper.cpp, for those who put its weights beside the program.
#[derive(Debug)]
pub struct Silero {
    context: WhisperVadContext,
}

impl Silero {
    /// Samples in a frame of Silero at 16 kHz.
    const FRAME_SAMPLES: usize = 512;

    /// Loads the weights; one thread, because a score costs less than waking a second one.
    ///
    /// # Errors
    ///
    /// When the file is missing or no Silero model in ggml form.
    pub fn open(path: &Path) -> Result<Self, DetectorError> {
        let refuse = || DetectorError(path.to_owned());
        // whisper.cpp prints to standard error and may abort on what is no model at all, so a missing file stops here.
        if !path.is_file() {
            return Err(refuse());
        }
        let name = path.to_str().filter(|name| !name.contains('\0')).ok_or_else(refuse)?;
        let mut params = WhisperVadContextParams::new();
        params.set_n_threads(1);
        let context = WhisperVadContext::new(name, params).map_err(|_| refuse())?;
        Ok(Self { context })
    }
}

impl VoiceActivity for Silero {
    fn frame_samples(&self) -> usize {
        Self::FRAME_SAMPLES
    }

    fn scores(&mut self, window: &[f32]) -> Vec<f32> {
        let frames = window.len() / Self::FRAME_SAMPLES;
        if frames == 0 || self.context.detect_speech(window).is_err() {
            return vec![0.0; frames];
        }
        let mut scores = self.context.probabilities().to_vec();
        scores.resize(frames, 0.0);
        scores
    }
}
