//! Personal data against the labelled set, and masking.

use std::collections::BTreeMap;
use std::path::Path;

use callscribe::call::{PiiKind, PiiSpan, Transcript};
use callscribe::config::Config;
use callscribe::understand::pii::Pii;
use callscribe::understand::pii::mask::{masked, places_in_masked};
use callscribe::understand::pii::retold::Retold;

use crate::transcript;

struct Case {
    part: String,
    text: String,
    call: Transcript,
    /// Kind, segment, first and last byte.
    meant: Vec<(PiiKind, u32, u32, u32)>,
}

fn case(line: &str) -> Case {
    let fields: Vec<&str> = line.split('\t').collect();
    let [part, language, text] = fields[..] else { panic!("{line}") };
    let mut meant = Vec::new();
    let mut turns: Vec<(u16, u64, u64, String)> = Vec::new();
    for (at, turn) in (0..).zip(text.split(" // ")) {
        let mut plain = String::new();
        for piece in turn.split('{') {
            match piece.split_once('}') {
                None => plain.push_str(piece),
                Some((marked, rest)) => {
                    let (kind, words) = marked.split_once('|').unwrap();
                    let from = plain.len() as u32;
                    meant.push((kind.parse().unwrap(), at, from, from + words.len() as u32));
                    plain.push_str(words);
                    plain.push_str(rest);
                }
            }
        }
        turns.push(((at % 2) as u16, u64::from(at) * 6_000, u64::from(at) * 6_000 + 5_000, plain));
    }
    let turns: Vec<(u16, u64, u64, &str)> = turns.iter().map(|(a, b, c, text)| (*a, *b, *c, text.as_str())).collect();
    Case { part: part.to_owned(), text: text.to_owned(), call: transcript(Some(language), &turns), meant }
}

fn cases() -> Vec<Case> {
    let path = format!("{}/tests/understand/data/pii.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(case).collect()
}

/// With the national numbers of the configuration's defaults.
fn pii() -> Pii {
    let defaults = Config::default_for(Path::new("/var/lib/callscribe"));
    Pii::of(&defaults.privacy.national_ids)
}

/// What README says of the lines that nothing was tuned on, held and fresh together: precision and recall from which on down
/// it would be untrue.
const FLOORS: [(PiiKind, f64, f64); 6] = [
    (PiiKind::Card, 0.95, 1.0),
    (PiiKind::Phone, 0.97, 0.97),
    (PiiKind::Email, 0.95, 1.0),
    (PiiKind::Iban, 0.95, 1.0),
    (PiiKind::BirthDate, 0.95, 0.92),
    (PiiKind::NationalId, 0.95, 0.97),
];

#[derive(Default)]
struct Tally {
    meant: u32,
    covered: u32,
    told: u32,
    right: u32,
}

#[test]
fn personal_data_is_found_and_other_numbers_are_not() {
    let cases = cases();
    assert!(cases.len() >= 200);
    println!("personal data: {} cases", cases.len());
    let pii = pii();
    let mut tallies: BTreeMap<(String, PiiKind), Tally> = BTreeMap::new();
    for Case { part, text, call, meant } in cases {
        let told = pii.find(&call);
        let is_shown = part == "tune" || std::env::var_os("CALLSCRIBE_SHOW_HELD").is_some();
        // All of it, or something leaks.
        let covers = |span: &PiiSpan, (kind, segment, from, to): &(PiiKind, u32, u32, u32)| {
            span.kind == *kind && span.segment == *segment && span.from <= *from && span.to >= *to
        };
        let touches = |span: &PiiSpan, (kind, segment, from, to): &(PiiKind, u32, u32, u32)| {
            span.kind == *kind && span.segment == *segment && span.from < *to && span.to > *from
        };
        for one in &meant {
            let tally = tallies.entry((part.clone(), one.0.clone())).or_default();
            let is_covered = told.iter().any(|span| covers(span, one));
            tally.meant += 1;
            tally.covered += u32::from(is_covered);
            if !is_covered && is_shown {
                println!("missed {}: {text}", one.0);
            }
        }
        for span in &told {
            let tally = tallies.entry((part.clone(), span.kind.clone())).or_default();
            let is_right = meant.iter().any(|one| touches(span, one));
            tally.told += 1;
            tally.right += u32::from(is_right);
            if !is_right && is_shown {
                println!("wrong {}: {text}", span.kind);
            }
        }
    }
    let mut fallen_short = Vec::new();
    let share = |a: u32, b: u32| f64::from(a) / f64::from(b.max(1));
    for (kind, precision, recall) in FLOORS {
        let untuned = || tallies.iter().filter(|((part, of), _)| part != "tune" && *of == kind).map(|(_, tally)| tally);
        let sum = |count: fn(&Tally) -> u32| untuned().map(count).sum::<u32>();
        let right = share(sum(|tally| tally.right), sum(|tally| tally.told));
        let covered = share(sum(|tally| tally.covered), sum(|tally| tally.meant));
        println!("personal data held and fresh {kind}: precision {right:.3}, recall {covered:.3}");
        if right < precision || covered < recall {
            fallen_short.push(format!("{kind}, as README has it"));
        }
    }
    for ((part, kind), Tally { meant, covered, told, right }) in tallies {
        let (precision, recall) = (share(right, told), share(covered, meant));
        println!("personal data {part} {kind}: {meant} meant, precision {precision:.3}, recall {recall:.3}");
        if precision < 0.9 || recall < 0.8 {
            fallen_short.push(format!("{part} {kind}"));
        }
    }
    assert!(fallen_short.is_empty(), "{fallen_short:?}");
}

fn call(turns: &[(u16, u64, u64, &str)]) -> Transcript {
    transcript(Some("en"), turns)
}

#[test]
fn a_card_said_over_three_turns_is_one_card_in_three_places() {
    let spans = Pii::default().find(&call(&[
        (1, 0, 4_000, "It is four two four two four two"),
        (0, 4_000, 5_000, "Okay."),
        (1, 5_000, 9_000, "four two four two four two"),
        (0, 9_000, 9_500, "Mhm."),
        (1, 10_000, 14_000, "four two four two, thank you."),
    ]));
    let places: Vec<(u32, u32, u32, u32, u64)> =
        spans.iter().map(|span| (span.entity, span.segment, span.first_word, span.last_word, span.start_ms)).collect();
    assert_eq!(places, [(0, 0, 2, 7, 1_000), (0, 2, 0, 5, 5_000), (0, 4, 0, 3, 10_000)]);
    assert!(spans.iter().all(|span| span.kind == PiiKind::Card && span.end_ms > span.start_ms));
}

#[test]
fn what_is_masked_is_gone_from_text_and_words_and_the_rest_stays() {
    let call = call(&[
        (1, 0, 8_000, "My card is 4242 4242 4242 4242, thanks."),
        (0, 9_000, 12_000, "And your email is ana@example.com?"),
    ]);
    let pii = Pii::default();
    let without = masked(&call, &[PiiKind::Card], &pii);
    assert_eq!(without.segments[0].text, "My card is [card], thanks.");
    let words: Vec<&str> = without.segments[0].words.iter().map(|word| word.word.as_str()).collect();
    assert_eq!(words, ["My", "card", "is", "[card],", "thanks."]);
    assert!(without.segments[0].word_ranges().is_some());
    assert_eq!(without.segments[1], call.segments[1], "addresses were not asked for");
    assert_eq!(masked(&call, &[], &pii), call);
    assert_eq!(masked(&call, &PiiKind::ALL, &pii).segments[1].text, "And your email is [email]?");
}

#[test]
fn a_number_in_a_segment_without_its_words_is_masked_all_the_same() {
    let mut call = call(&[(1, 0, 8_000, "My card is 4242 4242 4242 4242, thanks.")]);
    call.segments[0].words.clear();
    let without = masked(&call, &[PiiKind::Card], &Pii::default());
    assert_eq!(without.segments[0].text, "My card is [card], thanks.");
}

#[test]
fn no_number_of_numbers_ends_the_masking() {
    let cards = vec!["The card is 4242 4242 4242 4242, okay."; 6_000].join(" ");
    let call = call(&[(1, 0, 9_000_000, &cards), (1, 9_000_000, 9_010_000, "My card is 5555 5555 5555 4444.")]);
    let without = masked(&call, &[PiiKind::Card], &Pii::default());
    assert!(!without.text().contains("4242") && !without.text().contains("4444"));
    assert_eq!(without.text().matches("[card]").count(), 6_001);
}

#[test]
fn what_is_too_much_to_be_read_is_withheld_and_says_so() {
    let much = "well ".repeat(400_000);
    let call = call(&[(1, 0, 9_000_000, much.trim()), (1, 9_000_000, 9_010_000, "My card is 4242 4242 4242 4242.")]);
    let without = masked(&call, &[PiiKind::Card], &Pii::default());
    assert_eq!((without.segments[1].text.as_str(), without.segments[1].words.len()), ("[withheld]", 0));
    assert_eq!(without.notes, ["1 turns at the end are withheld: too much was said to look them through."]);
}

#[test]
fn a_number_that_shares_digits_with_another_is_masked_too() {
    let without = masked(
        &call(&[
            (1, 0, 6_000, "My first card is 4242 4242 4242 4242."),
            (0, 6_000, 8_000, "So 4444, right, and the other one?"),
            (1, 8_000, 14_000, "The second is 5555 5555 5555 4444."),
            (0, 14_000, 16_000, "And 4242, thanks."),
        ]),
        &[PiiKind::Card],
        &Pii::default(),
    );
    assert!(!without.text().contains("4242") && !without.text().contains("4444"), "{}", without.text());
}

#[test]
fn words_that_leave_out_some_of_the_text_hide_nothing_in_it() {
    let mut call = call(&[(1, 0, 8_000, "My card is 4242 4242 4242 4242, thanks.")]);
    call.segments[0].words.retain(|word| !word.word.contains('4'));
    let without = masked(&call, &[PiiKind::Card], &Pii::default());
    assert_eq!(without.segments[0].text, "My card is [card], thanks.");
}

#[test]
fn places_follow_the_words_that_stand_for_what_was_masked() {
    let call = call(&[(1, 0, 9_000, "Card 4242 4242 4242 4242, mail ana@example.com, call me at 917 555 0163.")]);
    let pii = Pii::default();
    let spans = pii.find(&call);
    let kinds = [PiiKind::Card, PiiKind::Phone];
    let shown = masked(&call, &kinds, &pii);
    let words: Vec<&str> = shown.segments[0].text.split(' ').collect();
    let places = places_in_masked(&spans, &call, &kinds);
    let told = places.iter().map(|place| {
        let of_text = &shown.segments[0].text[place.from as usize..place.to as usize];
        (of_text, words[place.first_word as usize], place.last_word - place.first_word)
    });
    let expected =
        [("[card],", "[card],", 0), ("ana@example.com,", "ana@example.com,", 0), ("[phone].", "[phone].", 0)];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn a_call_told_in_other_words_is_told_without_its_numbers() {
    let call = call(&[
        (1, 0, 6_000, "My card is four two four two, four two four two, four two four two, four two four two."),
        (1, 6_000, 9_000, "I am mariela dot quintx at example dot org, born on March 14, 1987."),
    ]);
    let (pii, kinds) = (Pii::default(), [PiiKind::Card, PiiKind::Email, PiiKind::BirthDate]);
    let mut texts = [
        "The customer paid with the card ending in 4242 on a second try.".to_owned(),
        "She gave the card XXXX4242 and can be written to at Mariela.Quintx (example).".to_owned(),
        "She was born in 1987 and wants 14 days to pay.".to_owned(),
    ];
    assert!(Retold::of(&call, &kinds, &pii).mask(texts.iter_mut().collect()));
    assert_eq!(texts[0], "The customer paid with the card ending in [card] on a second try.");
    assert_eq!(texts[1], "She gave the card [card] and can be written to at [email] (example).");
    assert_eq!(texts[2], "She was born in [birth_date] and wants 14 days to pay.");
    let mut german =
        ["Der Kunde hat seine Karte genannt und möchte das Geld so bald wie möglich zurück haben.".to_owned()];
    assert!(!Retold::of(&call, &kinds, &pii).mask(german.iter_mut().collect()), "its numbers cannot be told");
}
