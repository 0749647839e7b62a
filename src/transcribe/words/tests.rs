use super::super::vad::SpeechSpan;
use super::super::windows::{PAD_MS, PackRules, SAMPLES_PER_MS, pack};
use super::phones::Sound;
use super::*;

/// Says `sounds` by class and length; the same call gives the same samples.
fn say(sounds: &[(Sound, u64)]) -> Vec<f32> {
    let mut noise = 1_u32;
    let mut samples = Vec::new();
    for &(sound, ms) in sounds {
        for i in 0..ms * SAMPLES_PER_MS {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (noise >> 8) as f32 / 8_388_608.0 - 1.0;
            let tone = |hz: f32| (i as f32 / 16_000.0 * hz * std::f32::consts::TAU).sin();
            samples.push(match sound {
                Sound::Vowel => 0.2 * (tone(200.0) + tone(800.0) + 0.5 * tone(1600.0)),
                Sound::Sonorant => 0.12 * tone(250.0),
                Sound::Hiss => 0.05 * hiss,
                Sound::Breath => 0.012 * hiss,
                Sound::Stop | Sound::Unknown => 0.0005 * hiss,
            });
        }
    }
    samples
}

/// A window of stretches of speech with a second between them, with its samples.
fn window_of(stretches: &[Vec<f32>]) -> (Window, Vec<f32>) {
    let mut spans = Vec::new();
    let mut call = vec![0.0; 1000 * SAMPLES_PER_MS as usize];
    for speech in stretches {
        let start = call.len() as u64;
        call.extend(speech);
        let end = call.len() as u64;
        spans.push(SpeechSpan { start, end, peak_score: 1.0, level_dbfs: -20.0, by_energy: false });
        call.resize(call.len() + 1000 * SAMPLES_PER_MS as usize, 0.0);
    }
    let rules = PackRules { window_ms_max: 28_000, pause_ms_max: 10_000 };
    let window = pack(0, &spans, call.len() as u64, rules).remove(0);
    let cut = window.pieces.iter().flat_map(|piece| &call[piece.call_start as usize..][..piece.len as usize]);
    let samples = cut.copied().collect();
    (window, samples)
}

fn decoded(tokens: &[(&str, Option<u64>)]) -> Decoded {
    let token = |&(text, start_ms): &(&str, Option<u64>)| Token {
        bytes: text.as_bytes().to_vec(),
        probability: 0.9,
        logprob: -0.1,
        start_ms,
    };
    Decoded { tokens: tokens.iter().map(token).collect(), ..Decoded::default() }
}

fn text(words: &str) -> Decoded {
    let words: Vec<String> = words.split_whitespace().map(|word| format!(" {word}")).collect();
    decoded(&words.iter().map(|word| (word.as_str(), None)).collect::<Vec<_>>())
}

fn placed(stretches: &[Vec<f32>], decoded: &Decoded, language: &str) -> Vec<Word> {
    let (window, samples) = window_of(stretches);
    place(&window, &samples, decoded, Some(&Language::new(language)))
}

/// In order, without overlap, each inside one stretch of speech.
fn assert_sound(words: &[Word], stretches: &[Vec<f32>]) {
    let (window, _) = window_of(stretches);
    assert!(words.windows(2).all(|pair| pair[0].end_ms <= pair[1].start_ms), "{words:?}");
    for word in words {
        let inside = |span: &SpeechSpan| {
            span.start / SAMPLES_PER_MS <= word.start_ms && word.end_ms <= span.end.div_ceil(SAMPLES_PER_MS)
        };
        assert!(word.start_ms <= word.end_ms && window.spans.iter().any(inside), "{word:?}");
    }
}

/// "sasa" or "mama" with vowels of a given length.
fn word(consonant: Sound, vowel_ms: u64) -> Vec<(Sound, u64)> {
    [(consonant, 80), (Sound::Vowel, vowel_ms)].repeat(2)
}

#[test]
fn a_word_begins_where_it_sounds_however_unevenly_one_speaks() {
    let speech = say(&[word(Sound::Hiss, 60), word(Sound::Sonorant, 220), word(Sound::Hiss, 90)].concat());
    let stretches = [speech];
    let words = placed(&stretches, &text("sasa mama sasa"), "es");
    assert_sound(&words, &stretches);
    for (word, truth_ms) in words.iter().zip([1000, 1280, 1880]) {
        assert!(word.start_ms.abs_diff(truth_ms) <= 30, "{word:?} should begin at {truth_ms}");
    }
}

#[test]
fn words_beside_a_pause_end_and_begin_with_the_speech() {
    let stretches = [say(&word(Sound::Hiss, 100)), say(&[word(Sound::Sonorant, 100), word(Sound::Hiss, 100)].concat())];
    let words = placed(&stretches, &text("sasa mama sasa"), "es");
    assert_sound(&words, &stretches);
    assert_eq!((words[0].start_ms, words[0].end_ms), (1000, 1360));
    assert_eq!((words[1].start_ms, words[2].end_ms), (2360, 3080));
}

#[test]
fn a_sentence_ends_at_the_pause_even_when_it_is_short() {
    let drawn_out = say(&[(Sound::Vowel, 700)]);
    let stretches = [drawn_out, say(&[word(Sound::Sonorant, 60), word(Sound::Sonorant, 60)].concat())];
    let words = placed(&stretches, &text("Oh. Mama mama."), "en");
    assert_sound(&words, &stretches);
    assert_eq!((words[0].end_ms, words[1].start_ms), (1700, 2700));
}

#[test]
fn one_word_over_two_stretches_lies_in_one_of_them() {
    let stretches = [say(&[(Sound::Stop, 60)]), say(&word(Sound::Hiss, 100))];
    let words = placed(&stretches, &text("sasa"), "es");
    assert_sound(&words, &stretches);
    assert!(words[0].start_ms >= 2060);
}

#[test]
fn a_text_too_long_for_its_speech_is_spread_in_order() {
    let stretches = [say(&word(Sound::Hiss, 20)), say(&word(Sound::Hiss, 20))];
    let words = placed(&stretches, &text(&"catastrophe ".repeat(40)), "en");
    assert_eq!(words.len(), 40);
    assert_sound(&words, &stretches);
}

#[test]
fn tokens_are_words_in_languages_without_spaces() {
    let stretches = [say(&[word(Sound::Stop, 150), word(Sound::Stop, 150)].concat())];
    let words = placed(&stretches, &decoded(&[("你", None), ("好", None), ("。", None), ("再见", None)]), "zh");
    assert_eq!(words.iter().map(|word| word.word.as_str()).collect::<Vec<_>>(), ["你", "好。", "再见"]);
    assert_sound(&words, &stretches);
}

#[test]
fn the_recogniser_tells_where_sound_alone_does_not() {
    let hum = [say(&[(Sound::Vowel, 2000)])];
    let guided = |ms| placed(&hum, &decoded(&[(" אבג", Some(PAD_MS)), (" דהו", Some(PAD_MS + ms))]), "he")[1].start_ms;
    assert!(guided(800) < guided(1200));
    assert!(guided(1200).abs_diff(2200) <= 100, "{}", guided(1200));
}

#[test]
fn the_sound_overrules_a_recogniser_that_is_far_off() {
    let stretches = [say(&[word(Sound::Hiss, 100), word(Sound::Sonorant, 100), word(Sound::Hiss, 100)].concat())];
    let heard = decoded(&[(" sasa", Some(200)), (" mama", Some(1200)), (" sasa", Some(1200))]);
    let words = placed(&stretches, &heard, "es");
    assert!(words[1].start_ms.abs_diff(1360) <= 30, "{words:?}");
}

#[test]
fn no_words_and_no_speech_give_no_words() {
    assert!(placed(&[say(&word(Sound::Hiss, 100))], &text(""), "en").is_empty());
    let window = Window { channel: 0, pieces: Vec::new(), spans: Vec::new() };
    assert!(place(&window, &[], &text("hello"), None).is_empty());
}

proptest::proptest! {
    #[test]
    fn whatever_the_text_and_the_sound_words_keep_their_order_and_out_of_pauses(
        words in "( [a-zñ0-9世]{1,9}[,.]?){1,12}",
        lengths in proptest::collection::vec(1_u64..900, 1..5),
        class in 0_usize..3,
    ) {
        let sound = [Sound::Vowel, Sound::Hiss, Sound::Stop][class];
        let stretches: Vec<Vec<f32>> = lengths.iter().map(|ms| say(&[(sound, *ms)])).collect();
        let words = placed(&stretches, &text(&words), "es");
        assert_sound(&words, &stretches);
    }
}
