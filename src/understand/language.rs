//! The language of a text, from the text alone: a cross-check on what Whisper heard, and the only detection there is for
//! a transcript that came from a provider.

use whatlang::{Detector, Lang};

use crate::call::Language;

/// A language with how sure we are.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageGuess {
    /// The language, by the code Whisper uses.
    pub language: Language,
    /// 0 to 1; how far the best language is ahead of the second. With one language allowed it says only that the
    /// script fits.
    pub confidence: f32,
}

/// Letters below which trigrams are guesswork. "Thank you very much." has 16.
const LETTERS_MIN: usize = 24;
/// What one letter of a script with syllables or ideographs is worth in Latin ones, roughly.
const LETTERS_PER_DENSE_LETTER: usize = 4;
/// The first code point of the blocks with such scripts (Thai; then the rest of South-East and East Asia).
const DENSE_FROM: char = '\u{0E00}';
/// Characters looked at: far more than detection gains from, and a bound on its time.
const CHARS_MAX: usize = 20_000;

/// ISO 639-3 as whatlang names languages, ISO 639-1 as Whisper does (with its own `jw` for Javanese). Esperanto, Oriya,
/// Akan and Zulu are missing because Whisper does not know them.
const LANGUAGES: [(Lang, &str); 66] = [
    (Lang::Eng, "en"),
    (Lang::Rus, "ru"),
    (Lang::Cmn, "zh"),
    (Lang::Spa, "es"),
    (Lang::Por, "pt"),
    (Lang::Ita, "it"),
    (Lang::Ben, "bn"),
    (Lang::Fra, "fr"),
    (Lang::Deu, "de"),
    (Lang::Ukr, "uk"),
    (Lang::Kat, "ka"),
    (Lang::Ara, "ar"),
    (Lang::Hin, "hi"),
    (Lang::Jpn, "ja"),
    (Lang::Heb, "he"),
    (Lang::Yid, "yi"),
    (Lang::Pol, "pl"),
    (Lang::Amh, "am"),
    (Lang::Jav, "jw"),
    (Lang::Kor, "ko"),
    (Lang::Nob, "no"),
    (Lang::Dan, "da"),
    (Lang::Swe, "sv"),
    (Lang::Fin, "fi"),
    (Lang::Tur, "tr"),
    (Lang::Nld, "nl"),
    (Lang::Hun, "hu"),
    (Lang::Ces, "cs"),
    (Lang::Ell, "el"),
    (Lang::Bul, "bg"),
    (Lang::Bel, "be"),
    (Lang::Mar, "mr"),
    (Lang::Kan, "kn"),
    (Lang::Ron, "ro"),
    (Lang::Slv, "sl"),
    (Lang::Hrv, "hr"),
    (Lang::Srp, "sr"),
    (Lang::Mkd, "mk"),
    (Lang::Lit, "lt"),
    (Lang::Lav, "lv"),
    (Lang::Est, "et"),
    (Lang::Tam, "ta"),
    (Lang::Vie, "vi"),
    (Lang::Urd, "ur"),
    (Lang::Tha, "th"),
    (Lang::Guj, "gu"),
    (Lang::Uzb, "uz"),
    (Lang::Pan, "pa"),
    (Lang::Aze, "az"),
    (Lang::Ind, "id"),
    (Lang::Tel, "te"),
    (Lang::Pes, "fa"),
    (Lang::Mal, "ml"),
    (Lang::Mya, "my"),
    (Lang::Nep, "ne"),
    (Lang::Sin, "si"),
    (Lang::Khm, "km"),
    (Lang::Tuk, "tk"),
    (Lang::Sna, "sn"),
    (Lang::Afr, "af"),
    (Lang::Lat, "la"),
    (Lang::Slk, "sk"),
    (Lang::Cat, "ca"),
    (Lang::Tgl, "tl"),
    (Lang::Hye, "hy"),
    (Lang::Cym, "cy"),
];

/// The language of `text`, one of `allowed` (empty: any that both Whisper and the detector know). `None` when there is
/// too little text to tell, or when it is in none of them.
pub fn detect(text: &str, allowed: &[Language]) -> Option<LanguageGuess> {
    let text: String = text.chars().take(CHARS_MAX).collect();
    let weight = |c: char| if c >= DENSE_FROM { LETTERS_PER_DENSE_LETTER } else { 1 };
    if text.chars().filter(|c| c.is_alphabetic()).map(weight).sum::<usize>() < LETTERS_MIN {
        return None;
    }
    let is_allowed = |code: &str| allowed.is_empty() || allowed.iter().any(|language| language.as_str() == code);
    let candidates = LANGUAGES.iter().filter(|(_, code)| is_allowed(code)).map(|&(lang, _)| lang).collect();
    let info = Detector::with_allowlist(candidates).detect(&text)?;
    // A script that only one language uses is answered without a look at the allowed ones.
    let (_, code) = LANGUAGES.iter().find(|&&(lang, code)| lang == info.lang() && is_allowed(code))?;
    Some(LanguageGuess { language: Language::new(code), confidence: info.confidence().clamp(0.0, 1.0) as f32 })
}
