//! Translations beside the transcripts: wished for, claimed, kept, outdated and forgotten, through kills.

use callscribe::call::{
    Language, RecordingId, Step, Translation, TranslationFacts, TranslationPolicy, TranslationState, Translator,
};
use callscribe::store::{StepOutcome, Store, StoreError, WishClaim, WishEnd};

use crate::support::*;

const WHISPER: Translator = Translator::Whisper;

fn english() -> Language {
    Language::new("en")
}

fn german() -> Language {
    Language::new("de")
}

fn policy(to: &[&str]) -> TranslationPolicy {
    TranslationPolicy { to: to.iter().map(|code| Language::new(code)).collect(), english_by: WHISPER }
}

/// Does everything that is due; what is heard is in Spanish.
fn drain_in_spanish(store: &Store, s: i64) {
    while let Some(claim) = callscribe::store::Lane::ALL.iter().find_map(|l| store.claim(at(s), &request(*l)).unwrap())
    {
        let outcome = match claim.step {
            Step::DetectLanguage => {
                let result =
                    callscribe::store::StepResult::Language { language: Some(Language::new("es")), confidence: 0.9 };
                StepOutcome::Completed { result, version: None }
            }
            _ => done(&claim),
        };
        store.finish(&claim, outcome, at(s)).unwrap();
    }
}

fn in_spanish(to: &[&str]) -> (Fixture, RecordingId) {
    let fixture = Fixture::new();
    fixture.store.translate(policy(to));
    let id = fixture.insert("a", 0);
    drain_in_spanish(&fixture.store, 1);
    (fixture, id)
}

fn take(store: &Store, s: i64) -> Option<WishClaim> {
    store.take_wish(WHISPER, BOOT, ATTEMPTS_MAX, at(s)).unwrap()
}

fn translated(text: &str) -> Translation {
    let facts = TranslationFacts {
        by: WHISPER,
        made_with: "mini".to_owned(),
        is_of_miniature: true,
        version: "test".to_owned(),
        from: Some(Language::new("es")),
        made_at: at(0),
        doubtful: Vec::new(),
        is_stale: false,
    };
    Translation { facts, words: transcript(text) }
}

fn keep(store: &Store, s: i64, text: &str) {
    let claim = take(store, s).unwrap();
    store.keep_translation(&claim, translated(text), at(s)).unwrap().unwrap();
}

fn states(store: &Store, id: RecordingId) -> Vec<(String, &'static str)> {
    let standings = store.translations(id).unwrap().into_iter();
    standings.map(|standing| (standing.language.to_string(), standing.state.name())).collect()
}

fn text_of(store: &Store, id: RecordingId) -> String {
    store.translation(id, &english()).unwrap().unwrap().words.text()
}

#[test]
fn every_call_in_another_language_is_wished_for_once_its_language_is_known() {
    let (fixture, id) = in_spanish(&["en", "es"]);
    assert_eq!(states(&fixture.store, id), [("en".to_owned(), "waiting")]);
    assert_eq!(fixture.get(id).steps.next(), None, "it holds nothing up");
    keep(&fixture.store, 2, "hello");
    assert_eq!(states(&fixture.store, id), [("en".to_owned(), "made")]);
    assert_eq!((text_of(&fixture.store, id), fixture.get(id).translations), ("hello".to_owned(), vec![english()]));
    assert_eq!((take(&fixture.store, 3), fixture.store.next_wish(WHISPER).unwrap()), (None, None));
    // The transcript itself is as it was.
    assert_eq!(fixture.store.transcript(id).unwrap().unwrap().text(), "hello from the test");
    assert_whole(&fixture.store);
}

#[test]
fn a_call_that_is_in_the_language_already_is_not() {
    let fixture = Fixture::new();
    fixture.store.translate(policy(&["en"]));
    let id = fixture.insert("a", 0);
    drain(&fixture.store, 1);
    assert!(states(&fixture.store, id).is_empty());
    // Asked for all the same, it ends with a sentence.
    fixture.store.wish_translation(id, &english(), "test", at(2)).unwrap();
    assert_eq!(take(&fixture.store, 3), None);
    let state = fixture.store.translations(id).unwrap()[0].state.clone();
    assert!(matches!(state, TranslationState::Failed { ref error, .. } if error.contains("'en' itself")), "{state:?}");
    assert_whole(&fixture.store);
}

#[test]
fn a_kill_between_claim_and_result_is_counted_and_ends_the_wish_in_time() {
    let (mut fixture, id) = in_spanish(&["en"]);
    for attempt in 1..=ATTEMPTS_MAX {
        let claim = take(&fixture.store, 2).unwrap();
        assert_eq!(claim.attempt, attempt);
        assert_eq!(states(&fixture.store, id), [("en".to_owned(), "running")]);
        fixture = fixture.reopen();
        fixture.store.translate(policy(&["en"]));
        assert_eq!(fixture.store.rescue_wishes(at(2), NEXT_BOOT).unwrap(), 1);
        assert!(matches!(fixture.store.end_wish(&claim, &WishEnd::Released, at(3)), Err(StoreError::ClaimLost(_))));
    }
    assert_eq!(take(&fixture.store, 4), None);
    let state = fixture.store.translations(id).unwrap()[0].state.clone();
    let TranslationState::Failed { error, attempts, .. } = state else { panic!("{state:?}") };
    assert_eq!((error.as_str(), attempts), ("Given up after 3 attempts. The daemon ended while it was being made.", 3));
    // Whoever asks again gets as many tries again.
    fixture.store.wish_translation(id, &english(), "test", at(5)).unwrap();
    keep(&fixture.store, 6, "hello");
    assert_whole(&fixture.store);
}

#[test]
fn what_fails_leaves_an_earlier_translation_alone() {
    let (fixture, id) = in_spanish(&["en"]);
    keep(&fixture.store, 2, "hello");
    fixture.store.wish_translation(id, &english(), "test", at(3)).unwrap();
    let claim = take(&fixture.store, 4).unwrap();
    let retry = WishEnd::Retry { until: at(10), error: "The worker died.".to_owned() };
    fixture.store.end_wish(&claim, &retry, at(4)).unwrap();
    assert_eq!((take(&fixture.store, 9), fixture.store.next_wish(WHISPER).unwrap()), (None, Some(at(10))));
    let claim = take(&fixture.store, 10).unwrap();
    assert_eq!(claim.attempt, 2);
    fixture.store.end_wish(&claim, &WishEnd::Failed { error: "No.".to_owned() }, at(11)).unwrap();
    let standing = &fixture.store.translations(id).unwrap()[0];
    assert_eq!((standing.state.name(), standing.made.as_ref().unwrap().is_stale), ("failed", false));
    assert_eq!(text_of(&fixture.store, id), "hello");
    // Waiting for a person and being handed on use up no try.
    fixture.store.wish_translation(id, &english(), "test", at(12)).unwrap();
    for end in [
        WishEnd::Waiting { until: at(13), reason: "There is no model.".to_owned() },
        WishEnd::Released,
        WishEnd::HandedOn(Translator::LanguageModel),
    ] {
        let claim = take(&fixture.store, 13).unwrap();
        assert_eq!(claim.attempt, 1);
        fixture.store.end_wish(&claim, &end, at(13)).unwrap();
    }
    assert_eq!(take(&fixture.store, 14), None);
    assert_eq!(fixture.store.next_wish(Translator::LanguageModel).unwrap(), Some(at(13)));
    assert_whole(&fixture.store);
}

#[test]
fn words_that_are_heard_anew_are_translated_anew_and_the_earlier_translation_says_so() {
    let (fixture, id) = in_spanish(&[]);
    fixture.store.wish_translation(id, &english(), "test", at(2)).unwrap();
    let late = take(&fixture.store, 2).unwrap();
    fixture.store.reset(id, &[Step::Transcribe], at(3)).unwrap();
    drain_in_spanish(&fixture.store, 4);
    // Of words that are gone: it is made again instead.
    assert_eq!(fixture.store.keep_translation(&late, translated("late"), at(5)).unwrap(), None);
    keep(&fixture.store, 5, "hello");

    fixture.store.reset(id, &[Step::Transcribe], at(6)).unwrap();
    fixture.store.wish_translation(id, &german(), "test", at(6)).unwrap();
    assert_eq!(fixture.store.take_wish(Translator::LanguageModel, BOOT, 3, at(7)).unwrap(), None, "words are coming");
    assert_eq!(states(&fixture.store, id), [("de".to_owned(), "waiting"), ("en".to_owned(), "made")]);
    drain_in_spanish(&fixture.store, 8);
    let standings = fixture.store.translations(id).unwrap();
    assert_eq!((standings[1].state.name(), standings[1].made.as_ref().unwrap().is_stale), ("waiting", true));
    assert!(fixture.store.take_wish(Translator::LanguageModel, BOOT, 3, at(9)).unwrap().is_some());
    assert!(fixture.store.translation(id, &english()).unwrap().unwrap().facts.is_stale);
    keep(&fixture.store, 9, "hello again");
    assert_eq!(text_of(&fixture.store, id), "hello again");
    assert_whole(&fixture.store);
}

#[test]
fn a_removed_recording_takes_its_translations_and_wishes_along() {
    let (fixture, id) = in_spanish(&["en"]);
    keep(&fixture.store, 2, "hello");
    fixture.store.wish_translation(id, &german(), "test", at(3)).unwrap();
    fixture.store.wish_translation(id, &english(), "test", at(3)).unwrap();
    let claim = take(&fixture.store, 4).unwrap();
    fixture.store.soft_delete(id, "operator", at(5)).unwrap();
    assert!(!fixture.store.is_wished(&claim).unwrap());
    let lost = fixture.store.keep_translation(&claim, translated("late"), at(6));
    assert!(matches!(lost, Err(StoreError::ClaimLost(_))));
    assert!(fixture.store.translations(id).unwrap().is_empty());
    assert_eq!(fixture.store.translation(id, &english()).unwrap(), None);
    for by in Translator::ALL {
        assert_eq!(fixture.store.next_wish(by).unwrap(), None);
    }
    assert!(matches!(fixture.store.wish_translation(id, &english(), "test", at(7)), Err(StoreError::WrongState(_))));
    assert_whole(&fixture.store);
}
