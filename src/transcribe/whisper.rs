//! Whisper through whisper-rs (whisper.cpp, ggml): the only file with `unsafe`.
//!
//! Loads weights once, hands out decoder states, gives one window to one state at a time. Never cuts audio and never
//! judges text: that is done around it.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::path::Path;
use std::sync::Arc;

use whisper_rs::{
    DtwMode, DtwModelPreset, DtwParameters, FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters,
    WhisperState,
};

use super::engine::{DecodeOptions, Decoded, Effort, Engine, EngineError, Session, Token};
use super::pulse::Pulse;
use super::windows::{ContextFit, SAMPLES_PER_MS};
use crate::call::Language;

/// Encoder positions a second of audio: two mel frames of 10 ms each.
const CONTEXT_PER_S: usize = 50;

/// Shortest window whisper.cpp is given. It drops anything under 100 ms, and its word alignment needs more than seven
/// positions (140 ms) or aborts; a second leaves room for both.
const WINDOW_MS_MIN: u64 = 1000;

/// Where a word begins can be read from cross-attention, in the heads known to follow the audio: known by the name of
/// the model, if its number of decoder layers fits the name (whisper.cpp aborts on heads that are not there).
///
/// In a model whose heads nobody has looked at it is not tried. Guessed heads cost a decoder pass and mislead: the upper
/// half of the miniature's layers has a median error of 300 ms, its best single head 240 ms.
fn alignment_heads(model: &str, text_layers: u32) -> DtwMode<'static> {
    let presets = [
        ("tiny.en", 4, DtwModelPreset::TinyEn),
        ("tiny", 4, DtwModelPreset::Tiny),
        ("base.en", 6, DtwModelPreset::BaseEn),
        ("base", 6, DtwModelPreset::Base),
        ("small.en", 12, DtwModelPreset::SmallEn),
        ("small", 12, DtwModelPreset::Small),
        ("medium.en", 24, DtwModelPreset::MediumEn),
        ("medium", 24, DtwModelPreset::Medium),
        ("large-v3-turbo", 4, DtwModelPreset::LargeV3Turbo),
        ("large-v1", 32, DtwModelPreset::LargeV1),
        ("large-v2", 32, DtwModelPreset::LargeV2),
        ("large-v3", 32, DtwModelPreset::LargeV3),
    ];
    let is_named = |name: &str| model == name || model.strip_prefix(name).is_some_and(|rest| rest.starts_with("-q"));
    presets
        .into_iter()
        .find(|(name, layers, _)| is_named(name) && *layers == text_layers)
        .map_or(DtwMode::None, |(_, _, model_preset)| DtwMode::ModelPreset { model_preset })
}

/// Loaded weights.
#[derive(Debug)]
pub struct WhisperEngine {
    context: WhisperContext,
    pulse: Arc<Pulse>,
}

impl WhisperEngine {
    /// Loads the weights of `path`. `name` is the catalogue's name, which tells the alignment heads; `text_layers` is
    /// the number of decoder layers from the file's header. Decoding beats `pulse` and stops soon
    /// after it is cancelled.
    ///
    /// # Errors
    ///
    /// [`EngineError::Load`] when whisper.cpp refuses the file.
    pub fn load(path: &Path, name: &str, text_layers: u32, pulse: Arc<Pulse>) -> Result<Self, EngineError> {
        let dtw_parameters = DtwParameters { mode: alignment_heads(name, text_layers), ..DtwParameters::default() };
        let parameters = WhisperContextParameters { dtw_parameters, ..WhisperContextParameters::default() };
        let context = WhisperContext::new_with_params(path, parameters).map_err(|error| EngineError::Load {
            path: path.display().to_string(),
            why: error.to_string().trim_end_matches('.').to_owned(),
        })?;
        Ok(Self { context, pulse })
    }

    /// The languages the model knows, each with its token.
    fn language_tokens(&self) -> Vec<(Language, usize)> {
        if !self.context.is_multilingual() {
            return vec![(Language::new("en"), 0)];
        }
        // Language tokens stand between "start of transcript" and "translate".
        (0..=whisper_rs::get_lang_max_id())
            .map(|id| (id, self.context.token_lang(id)))
            .filter(|(_, token)| *token < self.context.token_translate())
            .filter_map(|(id, token)| {
                Some((Language::new(whisper_rs::get_lang_str(id)?), usize::try_from(token).ok()?))
            })
            .collect()
    }
}

impl Engine for WhisperEngine {
    fn is_multilingual(&self) -> bool {
        self.context.is_multilingual()
    }

    fn languages(&self) -> Vec<Language> {
        self.language_tokens().into_iter().map(|(language, _)| language).collect()
    }

    fn session(&self) -> Result<Box<dyn Session>, EngineError> {
        let state = self.context.create_state().map_err(|error| EngineError::Decode {
            seconds: 0.0,
            why: format!("no memory for a decoder state ({error})"),
        })?;
        Ok(Box::new(WhisperSession {
            state,
            pulse: Arc::clone(&self.pulse),
            end_of_text: self.context.token_eot(),
            context_max: usize::try_from(self.context.n_audio_ctx()).unwrap_or_default(),
            start_of_transcript: self.context.token_sot(),
            no_speech: self.context.token_nosp(),
            languages: self.language_tokens(),
        }))
    }
}

struct WhisperSession {
    state: WhisperState,
    pulse: Arc<Pulse>,
    end_of_text: i32,
    context_max: usize,
    start_of_transcript: i32,
    no_speech: i32,
    languages: Vec<(Language, usize)>,
}

/// Called by ggml between graph nodes; true stops it. `pulse` is the [`Pulse`] that the session keeps alive.
extern "C" fn is_cancelled(pulse: *mut c_void) -> bool {
    // SAFETY: made from the `Arc<Pulse>` of the session whose `full` call is running.
    let pulse = unsafe { &*pulse.cast::<Pulse>() };
    pulse.beat();
    pulse.is_cancelled()
}

impl WhisperSession {
    fn parameters<'a>(&self, options: &DecodeOptions<'a>, context: usize) -> FullParams<'a, 'static> {
        let strategy = match options.effort {
            Effort::Greedy => SamplingStrategy::Greedy { best_of: 1 },
            Effort::Beam { width } => SamplingStrategy::BeamSearch { beam_size: i32::from(width), patience: -1.0 },
            Effort::Sample { best_of, .. } => SamplingStrategy::Greedy { best_of: i32::from(best_of) },
        };
        let mut parameters = FullParams::new(strategy);
        parameters.set_n_threads(options.threads.max(1) as i32);
        parameters.set_language(options.language.map(Language::as_str).or(Some("en")));
        parameters.set_translate(options.translate);
        parameters.set_audio_ctx(context as i32);
        parameters.set_max_tokens(options.tokens_max as i32);
        // One window, one pass: no carry-over, no second look at a moved window, no fallback of whisper.cpp's own.
        parameters.set_no_context(true);
        parameters.set_single_segment(true);
        parameters.set_no_timestamps(true);
        parameters.set_temperature_inc(0.0);
        parameters.set_temperature(match options.effort {
            Effort::Sample { temperature, .. } => temperature,
            Effort::Greedy | Effort::Beam { .. } => 0.0,
        });
        // Keep everything: what is not speech is found by the checks and goes to the ledger, not into nothing.
        parameters.set_no_speech_thold(1.0);
        parameters.set_suppress_blank(true);
        parameters.set_suppress_nst(true);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_special(false);
        parameters.set_print_timestamps(false);
        if let Some(prompt) = options.prompt {
            // A NUL would panic in whisper-rs.
            parameters.set_initial_prompt(&prompt.replace('\0', " "));
        }
        // SAFETY: a plain function and a pointer into an `Arc` that this session owns and that outlives the call of
        // `full`. (The crate's safe setter reads a capturing closure from the wrong memory.)
        unsafe {
            parameters.set_abort_callback(Some(is_cancelled));
            parameters.set_abort_callback_user_data(Arc::as_ptr(&self.pulse).cast_mut().cast());
        }
        parameters
    }

    fn context(&self, samples: usize, fit: ContextFit) -> usize {
        match fit {
            ContextFit::Full => 0,
            ContextFit::Fitted { margin } => {
                let positions = (samples * CONTEXT_PER_S).div_ceil(crate::decode::SAMPLE_RATE_HZ as usize);
                // Multiples of 32 keep the matrix products on their fast path.
                let fitted = (positions + usize::from(margin)).next_multiple_of(32);
                if fitted >= self.context_max { 0 } else { fitted }
            }
        }
    }

    fn read(&self) -> Decoded {
        let mut decoded = Decoded::default();
        let mut has_ended = false;
        for segment in self.state.as_iter() {
            decoded.no_speech_prob = segment.no_speech_probability();
            for index in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(index) else { continue };
                let data = token.token_data();
                if data.id >= self.end_of_text {
                    has_ended |= data.id == self.end_of_text;
                    continue;
                }
                decoded.tokens.push(Token {
                    bytes: token.to_bytes().map(<[u8]>::to_vec).unwrap_or_default(),
                    probability: data.p,
                    logprob: data.plog,
                    start_ms: u64::try_from(data.t_dtw).ok().map(|centiseconds| centiseconds * 10),
                });
            }
        }
        decoded.cut_off = !(has_ended || decoded.tokens.is_empty());
        decoded
    }

    /// Asks the decoder, over the encoder output of the window just decoded, what would follow the very first token: the
    /// languages and "no speech". One decoder step, where whisper.cpp's own detection encodes the window a second time.
    fn probe(&mut self, decoded: &mut Decoded, threads: usize) -> Result<(), whisper_rs::WhisperError> {
        self.state.decode(&[self.start_of_transcript], 0, threads.max(1))?;
        let logits = self.state.get_logits()?;
        let total = softmax_denominator(logits.iter().copied());
        decoded.no_speech_prob = logits.get(self.no_speech as usize).map_or(0.0, |&logit| total.share(logit));
        let scored: Vec<(&Language, f32)> =
            self.languages.iter().filter_map(|(language, token)| Some((language, *logits.get(*token)?))).collect();
        let among_languages = softmax_denominator(scored.iter().map(|(_, logit)| *logit));
        decoded.languages =
            scored.into_iter().map(|(language, logit)| (language.clone(), among_languages.share(logit))).collect();
        decoded.languages.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(())
    }

    fn failure(&self, samples: usize, error: &whisper_rs::WhisperError) -> EngineError {
        if self.pulse.is_cancelled() {
            return EngineError::Cancelled;
        }
        let seconds = samples as f32 / crate::decode::SAMPLE_RATE_HZ as f32;
        EngineError::Decode { seconds, why: error.to_string() }
    }
}

/// The denominator of a softmax, kept with its largest exponent so that nothing overflows.
struct Softmax {
    largest: f32,
    sum: f32,
}

impl Softmax {
    fn share(&self, logit: f32) -> f32 {
        (logit - self.largest).exp() / self.sum
    }
}

fn softmax_denominator(logits: impl Iterator<Item = f32> + Clone) -> Softmax {
    let largest = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    Softmax { largest, sum: logits.map(|logit| (logit - largest).exp()).sum() }
}

/// At least [`WINDOW_MS_MIN`] of audio, silence behind it.
fn padded(samples: &[f32]) -> Vec<f32> {
    let mut padded = samples.to_vec();
    let shortest = (WINDOW_MS_MIN * SAMPLES_PER_MS) as usize;
    padded.resize(samples.len().max(shortest), 0.0);
    padded
}

impl Session for WhisperSession {
    fn decode(&mut self, samples: &[f32], options: &DecodeOptions<'_>) -> Result<Decoded, EngineError> {
        let samples = padded(samples);
        let parameters = self.parameters(options, self.context(samples.len(), options.fit));
        self.state.full(parameters, &samples).map_err(|error| self.failure(samples.len(), &error))?;
        if self.pulse.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let mut decoded = self.read();
        if options.probe_language {
            self.probe(&mut decoded, options.threads).map_err(|error| self.failure(samples.len(), &error))?;
        }
        Ok(decoded)
    }
}
