//! The languages Whisper knows.

use crate::call::Language;

/// Whisper's 100 language codes in the order of its tokens; `yue` came with large-v3.
const CODES: [&str; 100] = [
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it", "id", "hi", "fi",
    "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur", "hr", "bg", "lt", "la", "mi", "ml",
    "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn", "et", "mk", "br", "eu", "is", "hy", "ne", "mn", "bs",
    "kk", "sq", "sw", "gl", "mr", "pa", "si", "km", "sn", "yo", "so", "af", "oc", "ka", "be", "tg", "sd", "gu", "am",
    "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl", "mg", "as", "tt", "haw", "ln",
    "ha", "ba", "jw", "su", "yue",
];

/// Takes a code Whisper knows, in any case.
///
/// # Errors
///
/// A sentence that says what a code looks like.
pub(crate) fn known_language(code: &str) -> Result<Language, String> {
    let language = Language::new(code);
    if CODES.contains(&language.as_str()) {
        return Ok(language);
    }
    Err(format!("Whisper knows no language '{code}'. Codes are those of ISO 639-1, like \"en\", \"es\", \"de\"."))
}
