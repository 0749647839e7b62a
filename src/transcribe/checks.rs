//! Is this text speech? Checks on what the recogniser wrote for one window or one segment.
//!
//! Pure: text and scores in, reasons out. A window with reasons is decoded again with more effort; a segment that keeps
//! reasons goes to the suspect ledger. The thresholds for probability and no speech are those of the Whisper reference
//! code (-1.0, 0.6); the others say why beside them.

use std::sync::LazyLock;

use regex::Regex;

use super::engine::Decoded;
use super::windows::{SAMPLES_PER_MS, Window};
use crate::call::SuspectReason;

/// Mean log-probability below which the model was guessing (Whisper reference code).
pub const LOGPROB_MIN: f32 = -1.0;
/// No-speech probability above which doubt in the words decides (Whisper reference code).
pub const NO_SPEECH_MAX: f32 = 0.6;
/// Words a second nobody speaks for long: auctioneers reach six.
pub const WORDS_PER_S_MAX: f32 = 8.0;
/// How often a phrase may stand in a row; five times the same sentence is a loop.
pub const REPEATS_MAX: u32 = 4;
/// The same for a phrase of a word or two: "No, no, no, no, no, I did not order that" is speech. Loops run to the limit of
/// tokens.
const SHORT_REPEATS_MAX: u32 = 8;
const SHORT_PHRASE_WORDS: usize = 2;
/// Longest phrase looked for in loops, in words.
const PHRASE_WORDS_MAX: usize = 8;
/// Digits and short words repeat in numbers ("5 5 5 5 5"): a loop of single digits needs this many.
const DIGIT_REPEATS_MAX: u32 = 9;
/// Bytes of text for a byte compressed, above which text is a loop (Whisper reference code: 2.4, by zlib). Distinct
/// four-letter groups stand in for zlib; text of ordinary speech has at most 1.6 letters for a distinct group.
const GROUP_RATIO_MAX: f32 = 3.0;
/// Shortest text the ratio says anything about, in letters.
const GROUP_LETTERS_MIN: usize = 60;
/// Tokens a second of window beyond which decoding is cut off. A word of English is little more than one token, of Telugu
/// nearly fifteen.
const TOKENS_PER_S_MAX: f32 = 40.0;

/// What Whisper is known to write over silence, music and noise: end titles of the videos it learnt from. Nobody says
/// these on a telephone, so alone in a window they are not speech.
const STOCK_PHRASES: [&str; 22] = [
    "thanks for watching",
    "thank you for watching",
    "thank you so much for watching",
    "please subscribe",
    "subscribe to my channel",
    "dont forget to like and subscribe",
    "subtitles by the amara org community",
    "subtitles by",
    "transcription by castingwords",
    "transcribed by",
    "the end",
    "see you in the next video",
    "ill see you in the next one",
    "subtítulos realizados por la comunidad de amara org",
    "subtítulos por la comunidad de amara org",
    "gracias por ver el video",
    "suscríbete al canal",
    "sous titres réalisés par la communauté damara org",
    "untertitel der amara org community",
    "untertitel im auftrag des zdf",
    "ご視聴ありがとうございました",
    "продолжение следует",
];

/// Most tokens a window of this many samples may hold.
pub fn tokens_max(samples: u64) -> usize {
    let seconds = samples as f32 / (1000 * SAMPLES_PER_MS) as f32;
    (TOKENS_PER_S_MAX * seconds) as usize + 16
}

/// What speaks against the text of a whole window.
pub fn of_window(window: &Window, decoded: &Decoded) -> Vec<SuspectReason> {
    let text = normalised(&decoded.text());
    if text.is_empty() {
        return Vec::new();
    }
    let words: Vec<&str> = text.split(' ').collect();
    // Somebody who listens says "yes", "mm-hmm", "okay" for minutes, once in each stretch of speech.
    let stretches = window.spans.len();
    let mut reasons = Vec::new();
    let avg_logprob = decoded.avg_logprob();
    if avg_logprob < LOGPROB_MIN {
        reasons.push(SuspectReason::LowProbability { avg_logprob });
    }
    if decoded.no_speech_prob > NO_SPEECH_MAX && avg_logprob < LOGPROB_MIN / 2.0 {
        let voiced_share = window.speech_len() as f32 / window.len().max(1) as f32;
        reasons.push(SuspectReason::NoSpeech { no_speech_prob: decoded.no_speech_prob, voiced_share });
    }
    let speech_s = window.speech_len() as f32 / (1000 * SAMPLES_PER_MS) as f32;
    let words_per_s = words.len() as f32 / speech_s.max(0.2);
    if words_per_s > WORDS_PER_S_MAX {
        reasons.push(SuspectReason::TooFast { words_per_s });
    }
    reasons.extend(loops(&words, stretches as u32));
    let is_running_speech = words.len() > 2 * stretches;
    if let Some(ratio) = group_ratio(&text).filter(|ratio| is_running_speech && *ratio > GROUP_RATIO_MAX) {
        reasons.push(SuspectReason::Compression { ratio });
    }
    if STOCK_PHRASES.contains(&text.as_str()) {
        reasons.push(SuspectReason::StockPhrase);
    }
    reasons
}

/// The text is a piece of the prompt: over a cough or a click the model writes down what it was told to expect. One word
/// of it may well have been said.
pub fn echo(prompt: &str, decoded: &Decoded) -> Option<SuspectReason> {
    let (prompt, text) = (normalised(prompt), normalised(&decoded.text()));
    let is_piece = text.contains(' ') && format!(" {prompt} ").contains(&format!(" {text} "));
    is_piece.then_some(SuspectReason::PromptEcho)
}

/// Whether a text holds a phrase that was found in a loop.
pub fn holds(text: &str, phrase: &str) -> bool {
    format!(" {} ", normalised(text)).contains(&format!(" {phrase} "))
}

/// Lower case, words only, single spaces. Marks belong to the letter they stand on, apostrophes to their word.
fn normalised(text: &str) -> String {
    static GAPS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[^\p{L}\p{N}\p{M}]+").ok());
    let plain = text.to_lowercase().replace(['\'', '’'], "");
    let spaced = GAPS.as_ref().map_or_else(|| plain.as_str().into(), |gaps| gaps.replace_all(&plain, " "));
    spaced.trim().to_owned()
}

/// The phrase that repeats most often in a row, when that is too often. Each stretch of speech may hold it once.
fn loops(words: &[&str], stretches: u32) -> Option<SuspectReason> {
    let mut worst: Option<(u32, String)> = None;
    for length in 1..=PHRASE_WORDS_MAX.min(words.len() / 2) {
        for start in 0..words.len() - length {
            let phrase = &words[start..start + length];
            let repeats = words[start..].chunks(length).take_while(|chunk| *chunk == phrase).count() as u32;
            let digits = phrase.iter().all(|word| word.chars().all(|c| c.is_ascii_digit()));
            let allowed = match length {
                _ if digits => DIGIT_REPEATS_MAX,
                ..=SHORT_PHRASE_WORDS => SHORT_REPEATS_MAX,
                _ => REPEATS_MAX,
            };
            let allowed = allowed.max(stretches);
            if repeats > allowed && worst.as_ref().is_none_or(|(times, _)| repeats > *times) {
                worst = Some((repeats, phrase.join(" ")));
            }
        }
    }
    worst.map(|(times, phrase)| SuspectReason::Loop { phrase, times })
}

/// Letters for each distinct group of four letters: 1 when nothing repeats, large in a loop.
fn group_ratio(text: &str) -> Option<f32> {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() < GROUP_LETTERS_MIN {
        return None;
    }
    let groups: std::collections::HashSet<&[char]> = letters.windows(4).collect();
    Some(letters.len() as f32 / groups.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcribe::engine::Token;
    use crate::transcribe::vad::SpeechSpan;
    use crate::transcribe::windows::Piece;

    fn window(seconds: u64) -> Window {
        let len = seconds * 1000 * SAMPLES_PER_MS;
        let span = SpeechSpan { start: 0, end: len, peak_score: 1.0, level_dbfs: -20.0, by_energy: false };
        Window { channel: 0, pieces: vec![Piece { call_start: 0, window_start: 0, len }], spans: vec![span] }
    }

    fn decoded(text: &str, logprob: f32, no_speech_prob: f32) -> Decoded {
        let token = Token { bytes: text.as_bytes().to_vec(), probability: logprob.exp(), logprob, start_ms: None };
        Decoded { tokens: vec![token], no_speech_prob, ..Decoded::default() }
    }

    fn reasons(text: &str) -> Vec<SuspectReason> {
        of_window(&window(10), &decoded(text, -0.2, 0.0))
    }

    #[test]
    fn ordinary_speech_passes() {
        let text = "Thank you for calling, how can I help you? No, no, no. My number is 5 5 5 5 0 1 2 3.";
        assert_eq!(reasons(text), []);
        assert_eq!(reasons("Thank you."), []);
        assert_eq!(reasons(""), []);
    }

    #[test]
    fn a_loop_of_one_word_or_of_a_phrase_is_caught() {
        let you = "you ".repeat(12);
        assert!(matches!(&reasons(&you)[..], [SuspectReason::Loop { times: 12, .. }, ..]));
        let phrase = "I will call you back. ".repeat(6);
        assert!(reasons(&phrase).iter().any(|reason| matches!(reason, SuspectReason::Loop { times: 6, .. })));
    }

    #[test]
    fn a_listener_may_say_the_same_word_in_every_stretch_of_speech() {
        let mut window = window(28);
        window.spans = vec![window.spans[0].clone(); 30];
        let text = "Yes. Mm-hmm. Okay. ".repeat(10) + &"Yeah. ".repeat(20);
        assert_eq!(of_window(&window, &decoded(&text, -0.3, 0.1)), []);
        assert_eq!(reasons("No, no, no, no, no, I did not order that. Bye-bye. Bye-bye. Bye."), []);
    }

    #[test]
    fn marks_and_apostrophes_make_no_words() {
        assert_eq!(normalised("J’ai dit: don't!"), "jai dit dont");
        assert_eq!(normalised("நன்றி, உங்கள் ஆர்டர் எண் என்ன?").split(' ').count(), 5);
    }

    #[test]
    fn a_piece_of_the_prompt_is_an_echo_and_one_word_of_it_is_not() {
        let said = |text| echo("Acme, Zyntrix, Dr. Halloran", &decoded(text, -0.1, 0.0));
        assert_eq!(said("Zyntrix, Dr. Halloran"), Some(SuspectReason::PromptEcho));
        assert_eq!((said("Zyntrix."), said("Ask Dr. Halloran."), said("")), (None, None, None));
    }

    #[test]
    fn a_loop_with_small_changes_is_caught_by_its_letters() {
        let text = (0..24).map(|i| if i % 5 == 4 { "and so on " } else { "and so forth " }).collect::<String>();
        assert!(reasons(&text).iter().any(|reason| matches!(reason, SuspectReason::Compression { .. })));
    }

    #[test]
    fn end_titles_are_not_speech() {
        assert_eq!(reasons("Thanks for watching!"), [SuspectReason::StockPhrase]);
    }

    #[test]
    fn guessing_over_no_speech_is_caught() {
        let found = of_window(&window(3), &decoded("Bye.", -1.4, 0.9));
        assert!(matches!(&found[..], [SuspectReason::LowProbability { .. }, SuspectReason::NoSpeech { .. }]));
    }

    #[test]
    fn more_words_than_anyone_can_say_are_caught() {
        let text: Vec<String> = (0..60).map(|i| format!("word{i}")).collect();
        let found = of_window(&window(2), &decoded(&text.join(" "), -0.2, 0.0));
        assert!(found.iter().any(|reason| matches!(reason, SuspectReason::TooFast { .. })));
    }
}
