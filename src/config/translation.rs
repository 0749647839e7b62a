//! `[translation]`: into which languages calls are put, beside their transcripts, and by whom.

use super::checks::{knows_english_only, multilingual};
use super::languages::known_language;
use super::reader::Section;
use crate::call::{TranslationPolicy, Translator};

/// Languages into which every call is translated: each costs as much as a transcription, or more.
const LANGUAGES_MAX: usize = 10;

pub(super) fn translation(section: &Section<'_>) -> TranslationPolicy {
    let mut to = section.list("to", "en", LANGUAGES_MAX, known_language);
    to.sort();
    to.dedup();
    let english_by = section.parsed("english_by", "whisper", |text| match text {
        "whisper" => Ok(Translator::Whisper),
        "language_model" => Ok(Translator::LanguageModel),
        _ => Err(format!(
            "'{text}' is neither \"whisper\" (from the sound) nor \"language_model\" (from the transcript)."
        )),
    });
    section.finish(|_| None);
    TranslationPolicy { to, english_by: english_by.unwrap_or(Translator::Whisper) }
}

/// Whether somebody is there who can do what is asked.
pub(super) fn possible(policy: &TranslationPolicy, section: &Section<'_>, model: &str, has_language_model: bool) {
    let by_model = policy.to.iter().find(|language| policy.translator(language) == Translator::LanguageModel);
    if let Some(language) = by_model.filter(|language| language.as_str() != "en" && !has_language_model) {
        let message = format!(
            "Whisper translates into English alone; '{language}' needs a language model, see [language_model]."
        );
        section.problem("to", message);
    }
    if policy.english_by == Translator::LanguageModel && !has_language_model {
        section.problem("english_by", "There is no language model; name one in [language_model], or use \"whisper\".");
    }
    let is_by_whisper = policy.english_by == Translator::Whisper && policy.to.iter().any(|one| one.as_str() == "en");
    if is_by_whisper && knows_english_only(model) {
        let message =
            format!("The model {model} knows English only and cannot translate; use {}.", multilingual(model));
        section.problem("to", message);
    }
}
