//! The operator's rules: what is said, by whom, when, how near, and how badly it may be misheard.

use std::time::Instant;

use callscribe::call::{CategoryResult, CategoryRule, Language, PrivacyPolicy, Transcript};
use callscribe::understand::categories::Categories;
use callscribe::understand::insight::{Rules, draw};

use crate::transcript;

fn rule(any: &[&str]) -> CategoryRule {
    CategoryRule { name: "rule".to_owned(), any: texts(any), ..CategoryRule::default() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn apply(rule: CategoryRule, call: &Transcript) -> CategoryResult {
    let rules = Rules { categories: Categories::of(&[rule]), ..Rules::default() };
    draw(call, &rules).categories.remove(0)
}

fn matches(rule: CategoryRule, call: &Transcript) -> bool {
    apply(rule, call).matched
}

/// An agent on channel 0, a customer on channel 1.
fn call() -> Transcript {
    let mut call = transcript(
        Some("en"),
        &[
            (0, 0, 4_000, "Thank you for calling. This call may be recorded."),
            (1, 5_000, 9_000, "I want to cancel my contract, the price is too high."),
            (0, 40_000, 44_000, "I understand. May I offer you a discount?"),
            (1, 50_000, 54_000, "No, I will call my lawyer."),
            (0, 90_000, 95_000, "Thank you for your time. Goodbye."),
        ],
    );
    for segment in &mut call.segments {
        segment.speaker = ["agent", "customer"][usize::from(segment.channel)].to_owned();
    }
    call
}

#[test]
fn a_hit_has_its_words_and_its_place() {
    let result = apply(rule(&["cancel my contract", "lawyer"]), &call());
    assert!(result.matched);
    let hits: Vec<(&str, u32, u64, u64)> =
        result.hits.iter().map(|hit| (hit.words.as_str(), hit.segment, hit.start_ms, hit.end_ms)).collect();
    assert_eq!(hits, [("cancel my contract,", 1, 6_090, 7_181), ("lawyer.", 3, 53_333, 54_000)]);
    assert!(!matches(rule(&["close my account"]), &call()));
}

#[test]
fn what_must_be_said_and_was_not_is_a_hit() {
    let greeting = |within_first_s| CategoryRule {
        absent: true,
        party: Some("agent".to_owned()),
        within_first_s: Some(within_first_s),
        ..rule(&["call may be recorded", "call is being recorded"])
    };
    let said = apply(greeting(30), &call());
    assert!(!said.matched && said.absent);
    assert_eq!(said.hits[0].words, "call may be recorded.", "it is shown where it was said");
    assert!(matches(greeting(1), &call()), "it was said too late");
    assert!(matches(greeting(30), &transcript(Some("en"), &[(0, 0, 900, "Hello, what do you want?")])));
}

#[test]
fn a_party_is_known_by_name_by_role_or_by_what_it_says() {
    let by = |party: &str| CategoryRule { party: Some(party.to_owned()), ..rule(&["thank you for calling"]) };
    assert!(matches(by("agent"), &call()) && matches(by("operator"), &call()));
    assert!(!matches(by("customer"), &call()));
    let nameless = transcript(
        Some("es"),
        &[(0, 0, 900, "Hola."), (1, 1000, 4000, "Gracias por llamar, ¿en qué puedo ayudarle? Le hablo con gusto.")],
    );
    let polite = |party: &str| CategoryRule { party: Some(party.to_owned()), ..rule(&["con gusto"]) };
    assert!(matches(polite("agente"), &nameless) && matches(polite("Speaker 2"), &nameless));
    assert!(!matches(polite("cliente"), &nameless));
}

#[test]
fn windows_are_measured_from_both_ends() {
    let late = |seconds| CategoryRule { within_last_s: Some(seconds), ..rule(&["thank you for your time"]) };
    assert!(matches(late(10), &call()) && !matches(late(4), &call()));
    let early = CategoryRule { within_first_s: Some(30), ..rule(&["goodbye"]) };
    assert!(!matches(early, &call()));
}

#[test]
fn all_may_be_anywhere_and_near_must_be_near() {
    let all = |phrases: &[&str]| CategoryRule { all: texts(phrases), ..rule(&[]) };
    assert!(matches(all(&["lawyer", "cancel"]), &call()));
    assert!(!matches(all(&["lawyer", "refund"]), &call()));
    let near = |near_s| CategoryRule { near: texts(&["cancel", "discount"]), near_s, ..rule(&[]) };
    assert!(matches(near(60), &call()) && !matches(near(10), &call()));
    let both = CategoryRule { any: texts(&["price"]), ..near(60) };
    assert!(matches(both, &call()));
}

#[test]
fn case_accents_and_punctuation_do_not_matter() {
    let call = transcript(Some("es"), &[(0, 0, 3000, "Esta LLAMADA, será grabada.")]);
    assert!(matches(rule(&["llamada sera grabada"]), &call));
    assert!(matches(rule(&["Llamada será grabada"]), &call));
}

#[test]
fn a_misheard_word_is_forgiven_only_when_asked_for() {
    let call = transcript(Some("en"), &[(0, 0, 3000, "this coal may be recorded for trainings")]);
    let fuzzy = |phrase: &str| CategoryRule { fuzzy: true, ..rule(&[phrase]) };
    assert!(!matches(rule(&["call may be recorded"]), &call));
    assert!(matches(fuzzy("call may be recorded"), &call), "one word of four");
    assert!(matches(fuzzy("recordet for training"), &call), "letters");
    assert!(matches(fuzzy("that coal may be recorded"), &call), "a first word may be misheard too");
    assert!(!matches(fuzzy("calls are not recorded"), &call));
    assert!(!matches(fuzzy("may we"), &call), "short phrases must be right");
}

#[test]
fn a_phrase_goes_on_in_the_next_segment_of_the_same_speaker() {
    let turns = [(0, 0, 900, "this call may"), (1, 400, 600, "yes"), (0, 1000, 2000, "be recorded")];
    let result = apply(rule(&["call may be recorded"]), &transcript(Some("en"), &turns));
    assert!(result.matched);
    assert_eq!(result.hits[0].segment, 0);
    assert!(!matches(rule(&["may yes"]), &transcript(Some("en"), &turns)));
}

#[test]
fn a_hit_over_two_turns_holds_no_word_of_the_other_party() {
    let turns =
        [(0, 0, 2_000, "I will call"), (1, 2_100, 6_000, "4539 1488 0343 6467"), (0, 6_100, 7_000, "back today.")];
    let result = apply(rule(&["call back"]), &transcript(Some("en"), &turns));
    assert_eq!(result.hits[0].words, "call back");
}

#[test]
fn a_rule_for_other_languages_says_nothing() {
    let spanish = CategoryRule { languages: vec![Language::new("es")], absent: true, ..rule(&["gracias"]) };
    let rules = Rules { categories: Categories::of(&[spanish]), ..Rules::default() };
    assert_eq!(draw(&call(), &rules).categories, []);
}

#[test]
fn three_hours_and_fifty_rules() {
    let words = ["invoice", "account", "the", "please", "refund", "contract", "recorded", "we", "monday", "number"];
    let mut rng = 7_u64;
    let mut next = || {
        rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (rng >> 33) as usize
    };
    let texts_of_turns: Vec<String> = (0..2_700)
        .map(|_| {
            (0..11)
                .map(|_| format!("{}{}", words[next() % 10], ["", "s", "x"][next() % 3]))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let turns: Vec<(u16, u64, u64, &str)> = (0..)
        .zip(&texts_of_turns)
        .map(|(at, text)| ((at % 2) as u16, at * 4_000, at * 4_000 + 3_900, text.as_str()))
        .collect();
    let call = transcript(Some("en"), &turns);
    let rules: Vec<CategoryRule> = (0..50)
        .map(|at| CategoryRule {
            near: texts(&["refund", "invoice account"]),
            near_s: 20,
            fuzzy: true,
            name: format!("rule {at}"),
            ..rule(&[words[at % 10], "this call may be recorded", "cancel my contract please"])
        })
        .collect();
    let categories = Categories::of(&rules);
    let none = Rules::default();
    let without = Instant::now();
    let plain = draw(&call, &none);
    let without = without.elapsed();
    let rules = Rules { categories, ..Rules::default() };
    let with = Instant::now();
    let insight = draw(&call, &rules);
    println!("3 hours, {} words: {without:?} without rules, {:?} with 50", call.words().count(), with.elapsed());
    assert_eq!((plain.categories.len(), insight.categories.len()), (0, 50));
    assert!(insight.categories.iter().all(|result| result.hits.len() <= 20));
}

#[test]
fn rules_are_told_apart_by_their_digest() {
    let digest = |rules: &[CategoryRule], national_ids: &[&str]| {
        let national_ids = texts(national_ids);
        Rules::of(rules, &PrivacyPolicy { national_ids, ..PrivacyPolicy::default() }).digest
    };
    let plain = digest(&[rule(&["refund"])], &[]);
    assert_eq!((plain.len(), &plain), (8, &digest(&[rule(&["refund"])], &[])));
    let others = [
        digest(&[], &[]),
        digest(&[rule(&["refunds"])], &[]),
        digest(&[CategoryRule { fuzzy: true, ..rule(&["refund"]) }], &[]),
        digest(&[rule(&["refund"])], &[r"ssn => \d{9}"]),
    ];
    assert!(others.iter().all(|other| *other != plain), "{others:?}");
}
