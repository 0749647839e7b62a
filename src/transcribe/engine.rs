//! The seam to a speech recogniser: one set of weights, several decoder states.
//!
//! Knows nothing of files, channels or calls: an engine is given at most one window of speech and answers with tokens
//! on the time of that window. Whisper is the engine that is wired; the seam is here so that another can be.

use serde::{Deserialize, Serialize};

use super::windows::ContextFit;
use crate::call::Language;

/// Loaded weights. Cheap to share; all states use the one copy.
pub trait Engine: Send + Sync {
    /// True when the model knows more than English.
    fn is_multilingual(&self) -> bool;

    /// The languages the model knows.
    fn languages(&self) -> Vec<Language>;

    /// A decoder state of its own, to be used by one thread.
    ///
    /// # Errors
    ///
    /// When memory for it cannot be had.
    fn session(&self) -> Result<Box<dyn Session>, EngineError>;
}

/// One decoder state.
pub trait Session: Send {
    /// Decodes one window of 16 kHz samples.
    ///
    /// # Errors
    ///
    /// [`EngineError::Cancelled`] after the cancel flag rose, else what the engine said.
    fn decode(&mut self, samples: &[f32], options: &DecodeOptions<'_>) -> Result<Decoded, EngineError>;
}

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// The most probable token each time: the first try.
    Greedy,
    /// Beam search.
    Beam {
        /// Hypotheses kept.
        width: u8,
    },
    /// Random sampling; the best of several.
    Sample {
        /// 0 is greedy, 1 the model's own distribution.
        temperature: f32,
        /// How many are drawn.
        best_of: u8,
    },
}

/// How one window is to be decoded.
#[derive(Debug, Clone)]
pub struct DecodeOptions<'a> {
    /// The language spoken; `None` for models that know only one.
    pub language: Option<&'a Language>,
    /// Translate to English.
    pub translate: bool,
    /// Text to prime the decoder with.
    pub prompt: Option<&'a str>,
    /// Also tell the languages the window could be in.
    pub probe_language: bool,
    /// How hard to try.
    pub effort: Effort,
    /// How much of the encoder's context to compute.
    pub fit: ContextFit,
    /// Most tokens the window may hold; reaching it means a loop.
    pub tokens_max: usize,
    /// Threads for this state.
    pub threads: usize,
}

/// One token of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its bytes; a character may be spread over several tokens.
    pub bytes: Vec<u8>,
    /// Probability, 0 to 1.
    pub probability: f32,
    /// Natural logarithm of the probability it had among all tokens; sharpened by the temperature when it was sampled.
    pub logprob: f32,
    /// Where it begins in the window, where alignment could tell.
    pub start_ms: Option<u64>,
}

/// What an engine heard in one window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Decoded {
    /// Text tokens in order.
    pub tokens: Vec<Token>,
    /// Probability that the window holds no speech, 0 to 1.
    pub no_speech_prob: f32,
    /// Languages with their probabilities, most probable first; empty unless asked for.
    pub languages: Vec<(Language, f32)>,
    /// The engine's limit of tokens ended the text, not the model: what came after in the window is missing.
    #[serde(default)]
    pub cut_off: bool,
}

impl Decoded {
    /// Mean log-probability of the tokens; 0 without tokens.
    pub fn avg_logprob(&self) -> f32 {
        if self.tokens.is_empty() {
            return 0.0;
        }
        self.tokens.iter().map(|token| token.logprob).sum::<f32>() / self.tokens.len() as f32
    }

    /// The text, trimmed; bytes that are not UTF-8 become the replacement character.
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.tokens.iter().flat_map(|token| token.bytes.iter().copied()).collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

/// The engine could not do it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The model's file cannot be used.
    #[error("The model {path} could not be loaded: {why}. Check it with `callscribe models verify`.")]
    Load {
        /// Which file.
        path: String,
        /// What the engine said.
        why: String,
    },
    /// The model does not know a language that was asked for.
    #[error("The model does not know the language '{0}'; take another model, or leave that language out.")]
    Language(Language),
    /// Decoding went wrong.
    #[error("Whisper failed on a window of {seconds:.1} s: {why}.")]
    Decode {
        /// Length of the window.
        seconds: f32,
        /// What the engine said.
        why: String,
    },
    /// The cancel flag rose.
    #[error("The transcription was cancelled.")]
    Cancelled,
}

impl EngineError {
    /// Something in the program itself broke on a window of so many samples.
    pub fn broken(samples: usize) -> Self {
        let seconds = samples as f32 / crate::decode::SAMPLE_RATE_HZ as f32;
        Self::Decode { seconds, why: "an error in callscribe itself (see the log)".to_owned() }
    }
}
