use callscribe::call::Language;
use callscribe::understand::language::{LanguageGuess, detect};
use proptest::prelude::*;

use crate::sample_call;

fn languages(codes: &[&str]) -> Vec<Language> {
    codes.iter().map(|code| Language::new(code)).collect()
}

fn code(guess: Option<LanguageGuess>) -> Option<String> {
    guess.map(|guess| guess.language.to_string())
}

#[test]
fn the_sample_calls_are_told_apart_with_confidence() {
    for (name, language) in [("en-refund", "en"), ("en-complaint", "en"), ("es-tarjeta", "es")] {
        let guess = detect(&sample_call(name).text(), &[]).unwrap();
        assert_eq!(guess.language.as_str(), language, "{name}");
        assert!(guess.confidence > 0.5, "{name}: {guess:?}");
    }
}

#[test]
fn codes_are_the_ones_whisper_uses() {
    for (text, language) in [
        ("请问您的订单号码是多少？我马上帮您查询。", "zh"),
        ("お電話ありがとうございます。ご注文の番号をお願いします。", "ja"),
        ("Guten Tag, ich habe eine Frage zu meiner Rechnung vom letzten Monat, die mir zu hoch vorkommt.", "de"),
        ("God dag, jeg har et spørsmål om regningen min, den er høyere enn det vi ble enige om på telefonen.", "no"),
        ("Здравствуйте, у меня вопрос по счёту за прошлый месяц, он слишком большой.", "ru"),
        ("שלום, יש לי שאלה לגבי החשבון שקיבלתי בחודש שעבר, הוא גבוה מדי.", "he"),
    ] {
        assert_eq!(code(detect(text, &[])).as_deref(), Some(language), "{text}");
    }
}

#[test]
fn too_little_text_is_not_guessed_at() {
    for text in ["", "   ", "Okay.", "Thank you very much.", "5 5 5 0 1 2 3 4 7 1 9 4 5 3 9 1 4 8 8 0 3 4 3", "?!…"] {
        assert_eq!(detect(text, &[]), None, "{text}");
    }
}

#[test]
fn only_allowed_languages_are_answered() {
    let text = sample_call("es-tarjeta").text();
    assert_eq!(code(detect(&text, &languages(&["es", "en"]))).as_deref(), Some("es"));
    assert_eq!(code(detect(&text, &languages(&["pt", "fr"]))).filter(|code| code != "pt" && code != "fr"), None);
    assert_eq!(detect(&text, &languages(&["th"])), None, "not even the script fits");
    assert_eq!(detect(&text, &languages(&["gl"])), None, "the detector does not know Galician");
    let thai = "สวัสดีครับ ผมมีคำถามเกี่ยวกับใบแจ้งหนี้";
    assert_eq!(detect(thai, &languages(&["en"])), None);
}

proptest! {
    #[test]
    fn any_text_gets_an_answer_within_bounds(text in "\\PC{0,400}", restrict in any::<bool>()) {
        let allowed = if restrict { languages(&["en", "es", "ja"]) } else { Vec::new() };
        if let Some(guess) = detect(&text, &allowed) {
            prop_assert!((0.0..=1.0).contains(&guess.confidence));
            prop_assert!(allowed.is_empty() || allowed.contains(&guess.language));
        }
    }
}
