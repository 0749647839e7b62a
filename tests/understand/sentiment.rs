//! Sentiment against the labelled set, and what it must not get wrong.

use std::collections::BTreeMap;

use callscribe::call::{Language, SentimentLabel};
use callscribe::understand::insight::{Rules, draw};
use callscribe::understand::sentiment::{Lexicon, label};

use crate::{sample_call, transcript};

struct Labelled {
    part: String,
    language: Language,
    label: String,
    text: String,
}

fn labelled_set() -> Vec<Labelled> {
    let path = format!("{}/tests/understand/data/sentiment.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [part, language, label, text] = fields[..] else { panic!("{line}") };
        let (part, label, text) = (part.to_owned(), label.to_owned(), text.to_owned());
        Labelled { part, language: Language::new(language), label, text }
    };
    text.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

/// Accuracy and the mean F1 of the three labels.
fn measure(pairs: &[(String, String)]) -> (f64, f64) {
    let right = pairs.iter().filter(|(meant, told)| meant == told).count();
    let f1 = |label: &str| {
        let both = pairs.iter().filter(|(meant, told)| meant == label && told == label).count() as f64;
        let either =
            pairs.iter().map(|(meant, told)| f64::from(u8::from(meant == label)) + f64::from(u8::from(told == label)));
        2.0 * both / either.sum::<f64>().max(1.0)
    };
    let mean = ["positive", "neutral", "negative"].iter().map(|label| f1(label)).sum::<f64>() / 3.0;
    (right as f64 / pairs.len() as f64, mean)
}

#[test]
fn utterances_are_labelled_as_people_would() {
    let set = labelled_set();
    assert!(set.len() >= 200);
    let mut groups: BTreeMap<(String, String), Vec<(String, String)>> = BTreeMap::new();
    for Labelled { part, language, label: meant, text } in set {
        let score = Lexicon::of(&language).unwrap().score(&text);
        let told = label(score).as_str();
        if meant != told && (part == "tune" || std::env::var_os("CALLSCRIBE_SHOW_HELD").is_some()) {
            println!("{part} {language} meant {meant}, told {told} ({score:.2}): {text}");
        }
        groups.entry((part, language.to_string())).or_default().push((meant, told.to_owned()));
    }
    for ((part, language), pairs) in groups {
        let (accuracy, f1) = measure(&pairs);
        println!("sentiment {part} {language}: {} utterances, accuracy {accuracy:.3}, macro-F1 {f1:.3}", pairs.len());
        assert!(accuracy >= 0.7 && f1 >= 0.7, "{part} {language}: {accuracy:.3}, {f1:.3}");
    }
}

#[test]
fn lexicons_are_large_and_nothing_is_guessed_without_one() {
    for language in ["en", "es"] {
        let count = Lexicon::of(&Language::new(language)).unwrap().len();
        println!("sentiment lexicon {language}: {count} entries");
        assert!(count > 300);
    }
    assert!(Lexicon::of(&Language::new("de")).is_none());
    let german = transcript(Some("de"), &[(0, 0, 2000, "Das ist schrecklich.")]);
    assert_eq!(draw(&german, &Rules::default()).sentiment, None);
    assert_eq!(draw(&transcript(Some("en"), &[]), &Rules::default()).sentiment, None);
}

#[test]
fn negation_and_intensity_count() {
    let english = Lexicon::of(&Language::new("en")).unwrap();
    let score = |text| english.score(text);
    assert!(score("It is good.") > 0.0 && score("It is not good.") < 0.0);
    assert!(score("It is very good.") > score("It is good."));
    assert!(score("It is bad.") < 0.0 && score("It is not bad.") > 0.0);
    assert!(score("It was slow, but it works great.") > 0.0);
    assert!(score("It works great, but it was awful to install.") < 0.0);
    let spanish = Lexicon::of(&Language::new("es")).unwrap();
    assert!(spanish.score("No estoy contenta.") < 0.0 && spanish.score("Estoy contenta.") > 0.0);
}

#[test]
fn a_call_has_a_score_for_each_party_and_over_time() {
    let call = transcript(
        Some("en"),
        &[
            (1, 0, 9_000, "Your service is terrible. I am furious. I have waited for weeks."),
            (0, 10_000, 19_000, "Let me look at that. The invoice is from March."),
            (1, 90_000, 99_000, "Wonderful, thank you so much. You have been very helpful. That is excellent."),
        ],
    );
    let sentiment = draw(&call, &Rules::default()).sentiment.unwrap();
    let scores: Vec<Option<f32>> = sentiment.course.iter().map(|point| point.score).collect();
    assert_eq!(scores.len(), 10);
    assert!(scores[0].unwrap() < -0.3 && scores[9].unwrap() > 0.3, "{scores:?}");
    assert_eq!((scores[1], scores[5]), (Some(0.0), None), "said nothing of worth; said nothing");
    assert_eq!(sentiment.parties[1].label, SentimentLabel::Neutral);
    assert_eq!((sentiment.parties[1].speaker.as_str(), sentiment.parties[1].segment), ("Speaker 1", None));
    assert!(sentiment.course.windows(2).all(|pair| pair[0].end_ms == pair[1].start_ms));
}

#[test]
fn the_complaint_goes_worse_than_the_refund() {
    let score = |name: &str| draw(&sample_call(name), &Rules::default()).sentiment.unwrap();
    let (refund, complaint) = (score("en-refund"), score("en-complaint"));
    assert!(complaint.score < refund.score, "{} {}", complaint.score, refund.score);
    assert_eq!(complaint.label, SentimentLabel::Negative);
}
