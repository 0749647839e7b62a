//! One window, one decoder state: decodes, checks, tries harder where the text looks wrong.
//!
//! A first try depends on the window, the options and the weights alone. Second tries draw on random numbers of the
//! decoder state, so their text may differ with the windows the state had before.

use serde::{Deserialize, Serialize};

use super::checks;
use super::engine::{DecodeOptions, Decoded, Effort, EngineError, Session};
use super::protocol::ModelProfile;
use super::windows::{ContextFit, Window};
use super::words;
use crate::call::{Language, SuspectReason, Word};

/// Tries beyond the first for one window. A window never costs more than this many times its greedy decode, whatever
/// the audio: one beam search and one sampling.
pub const EXTRA_TRIES_MAX: usize = 2;
/// Hypotheses in the beam: five, as in the Whisper reference code.
const BEAM_WIDTH: u8 = 5;
/// Temperature and draws of the last try: enough to leave a loop, not enough to wander.
const SAMPLE_TEMPERATURE: f32 = 0.4;
const SAMPLE_BEST_OF: u8 = 3;
/// Probability from which a single window may overrule the language of its channel.
const SWITCH_PROBABILITY: f32 = 0.9;
/// Speech a window needs to overrule it, in samples: two seconds.
const SWITCH_SPEECH_MIN: u64 = 2 * crate::decode::SAMPLE_RATE_HZ as u64;

/// What is asked of every window of a call.
#[derive(Debug, Clone)]
pub struct Listening<'a> {
    /// What the model wants.
    pub profile: &'a ModelProfile,
    /// Languages the call may be in; empty means any.
    pub languages: &'a [Language],
    /// Translate to English.
    pub translate: bool,
    /// Threads for one state.
    pub threads: usize,
}

/// What was heard in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// The text with its scores.
    pub decoded: Decoded,
    /// The language it was decoded in.
    pub language: Option<Language>,
    /// True when the window itself was sure of that language, whatever its channel speaks.
    pub insisted: bool,
    /// What still speaks against it.
    pub reasons: Vec<SuspectReason>,
    /// How often it was decoded in that language.
    pub tries: u32,
    /// Mean log-probability that says how sure the model was. Not that of a sampled try: sampling sharpens it.
    #[serde(default)]
    pub sureness: f32,
    /// Its words at their place in the call.
    pub words: Vec<Word>,
}

impl Heard {
    /// Two halves of one window, put together again.
    fn joined(self, other: Self) -> Self {
        let tokens = (self.decoded.tokens.len(), other.decoded.tokens.len());
        let total = (tokens.0 + tokens.1).max(1) as f32;
        let mut joined = self;
        joined.sureness = (joined.sureness * tokens.0 as f32 + other.sureness * tokens.1 as f32) / total;
        joined.decoded.tokens.extend(other.decoded.tokens);
        joined.decoded.no_speech_prob = joined.decoded.no_speech_prob.max(other.decoded.no_speech_prob);
        joined.decoded.cut_off |= other.decoded.cut_off;
        joined.insisted &= other.insisted;
        joined.reasons.extend(other.reasons);
        joined.tries = joined.tries.max(other.tries);
        joined.words.extend(other.words);
        joined
    }
}

impl Listening<'_> {
    /// Decodes one window in `language`; when the window itself is sure of another allowed one, in that.
    ///
    /// # Errors
    ///
    /// What the engine says.
    pub fn listen(
        &self,
        session: &mut dyn Session,
        window: &Window,
        samples: &[f32],
        language: Option<&Language>,
        prompt: Option<&str>,
    ) -> Result<Heard, EngineError> {
        let mut heard = self.first_try(session, window, samples, language, prompt)?;
        if let Some(other) = self.overruling(window, &heard) {
            let again = self.first_try(session, window, samples, Some(&other), prompt)?;
            if again.decoded.avg_logprob() > heard.decoded.avg_logprob() {
                heard = Heard { insisted: true, ..again };
            }
        }
        let mut heard = self.escalate(session, window, samples, prompt, heard)?;
        let is_loop = heard.reasons.iter().any(|reason| matches!(reason, SuspectReason::Loop { .. }));
        if let (true, false, Some((first, second))) = (heard.decoded.cut_off, is_loop, window.halves()) {
            // More was said than the decoder can write down at once.
            let (one, two) = samples.split_at((first.len() as usize).min(samples.len()));
            let one = self.listen(session, &first, one, language, prompt)?;
            let two = self.listen(session, &second, two, language, prompt)?;
            return Ok(one.joined(two));
        }
        let english = Language::new("en");
        let written = if self.translate { Some(&english) } else { heard.language.as_ref() };
        heard.words = words::place(window, samples, &heard.decoded, written);
        Ok(heard)
    }

    /// What speaks against a text that was decoded with `prompt`.
    fn doubts(window: &Window, decoded: &Decoded, prompt: Option<&str>) -> Vec<SuspectReason> {
        let mut reasons = checks::of_window(window, decoded);
        reasons.extend(prompt.and_then(|prompt| checks::echo(prompt, decoded)));
        reasons
    }

    fn options<'b>(
        &self,
        window: &Window,
        language: Option<&'b Language>,
        prompt: Option<&'b str>,
    ) -> DecodeOptions<'b> {
        DecodeOptions {
            language,
            translate: self.translate,
            prompt,
            probe_language: true,
            effort: Effort::Greedy,
            fit: ContextFit::Fitted { margin: self.profile.context_margin },
            tokens_max: checks::tokens_max(window.len()),
            threads: self.threads,
        }
    }

    fn first_try(
        &self,
        session: &mut dyn Session,
        window: &Window,
        samples: &[f32],
        language: Option<&Language>,
        prompt: Option<&str>,
    ) -> Result<Heard, EngineError> {
        let decoded = session.decode(samples, &self.options(window, language, prompt))?;
        let reasons = Self::doubts(window, &decoded, prompt);
        let (sureness, language) = (decoded.avg_logprob(), language.cloned());
        Ok(Heard { decoded, language, insisted: false, reasons, tries: 1, sureness, words: Vec::new() })
    }

    /// The language this window is surely in, when that is not the one it was decoded in.
    fn overruling(&self, window: &Window, heard: &Heard) -> Option<Language> {
        let ranked = allowed_languages(&heard.decoded.languages, self.languages);
        let (best, probability) = ranked.into_iter().next()?;
        let sure = probability >= SWITCH_PROBABILITY && window.speech_len() >= SWITCH_SPEECH_MIN;
        (sure && heard.language.as_ref() != Some(&best)).then_some(best)
    }

    /// Tries harder while something speaks against the text; keeps the best try.
    fn escalate(
        &self,
        session: &mut dyn Session,
        window: &Window,
        samples: &[f32],
        prompt: Option<&str>,
        mut best: Heard,
    ) -> Result<Heard, EngineError> {
        let language = best.language.clone();
        let efforts = [
            Effort::Beam { width: BEAM_WIDTH },
            Effort::Sample { temperature: SAMPLE_TEMPERATURE, best_of: SAMPLE_BEST_OF },
        ];
        for effort in efforts.into_iter().take(EXTRA_TRIES_MAX) {
            if best.reasons.is_empty() {
                break;
            }
            // A context cut too close is one cause of loops, so a second look takes all of it. The prompt may be another.
            let prompt = prompt.filter(|_| matches!(effort, Effort::Beam { .. }));
            let options =
                DecodeOptions { effort, fit: ContextFit::Full, ..self.options(window, language.as_ref(), prompt) };
            let decoded = session.decode(samples, &options)?;
            let mut reasons = Self::doubts(window, &decoded, prompt);
            let mut sureness = decoded.avg_logprob();
            if matches!(effort, Effort::Sample { .. }) {
                // Scores of a sampled text are sharpened: it can cure a loop, but not the model's doubt.
                sureness = sureness.min(best.sureness);
                reasons.retain(|reason| !is_doubt(reason));
                reasons.extend(best.reasons.iter().filter(|reason| is_doubt(reason)).cloned());
            }
            let tries = best.tries + 1;
            let better = (reasons.len(), -decoded.avg_logprob()) < (best.reasons.len(), -best.decoded.avg_logprob());
            if better {
                best = Heard { decoded, reasons, sureness, ..best };
            }
            best.tries = tries;
        }
        Ok(best)
    }
}

/// Whether a reason says that the model was unsure, not that the text is odd.
const fn is_doubt(reason: &SuspectReason) -> bool {
    matches!(reason, SuspectReason::LowProbability { .. } | SuspectReason::NoSpeech { .. })
}

/// The ranked languages that are allowed, their probabilities scaled to sum to one.
pub fn allowed_languages(ranked: &[(Language, f32)], allowed: &[Language]) -> Vec<(Language, f32)> {
    let kept: Vec<_> =
        ranked.iter().filter(|(language, _)| allowed.is_empty() || allowed.contains(language)).cloned().collect();
    let total: f32 = kept.iter().map(|(_, p)| p).sum();
    kept.into_iter().map(|(language, p)| (language, if total > 0.0 { p / total } else { 0.0 })).collect()
}
