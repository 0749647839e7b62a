//! Topics and keywords against calls whose subjects a person named, in the words that were said.

use std::collections::BTreeSet;

use callscribe::call::Insight;
use callscribe::understand::insight::{Rules, draw};

use crate::transcript;

const CALLS: &str = include_str!("data/topics.tsv");

/// One call of the set.
struct Labelled {
    part: &'static str,
    language: &'static str,
    /// The words of each label.
    labels: Vec<BTreeSet<String>>,
    turns: Vec<&'static str>,
}

fn words(text: &str) -> BTreeSet<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

fn calls() -> Vec<Labelled> {
    let lines = CALLS.lines().filter(|line| !line.starts_with('#'));
    let call = |line: &'static str| {
        let [part, language, labels, turns] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Labelled {
            part,
            language,
            labels: labels.split('|').map(words).collect(),
            turns: turns.split(" // ").collect(),
        }
    };
    lines.map(call).collect()
}

impl Labelled {
    fn insight(&self) -> Insight {
        let turn =
            |(n, text): (usize, &&'static str)| ((n % 2) as u16, n as u64 * 8_000, n as u64 * 8_000 + 7_000, *text);
        let turns: Vec<_> = self.turns.iter().enumerate().map(turn).collect();
        draw(&transcript(Some(self.language), &turns), &Rules::default())
    }

    /// Whether a word or phrase names a label: the one says what the other says, or a part of it.
    fn names(label: &BTreeSet<String>, text: &str) -> bool {
        let said = words(text);
        said.is_subset(label) || label.is_subset(&said)
    }
}

/// Topics that name a label, topics, labels that a keyword names, labels.
#[derive(Default)]
struct Score {
    right: usize,
    topics: usize,
    found: usize,
    labels: usize,
}

impl Score {
    fn add(&mut self, call: &Labelled, insight: &Insight) {
        self.topics += insight.topics.len();
        self.right +=
            insight.topics.iter().filter(|topic| call.labels.iter().any(|label| Labelled::names(label, topic))).count();
        self.labels += call.labels.len();
        let is_found =
            |label: &&BTreeSet<String>| insight.keywords.iter().any(|keyword| Labelled::names(label, &keyword.text));
        self.found += call.labels.iter().filter(is_found).count();
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.topics.max(1) as f64
    }

    fn recall(&self) -> f64 {
        self.found as f64 / self.labels.max(1) as f64
    }
}

#[test]
fn names_of_people_and_places_stand_behind_what_is_talked_about() {
    let turns = "Hello, Norvale Clinic, Janice here. // Hello Janice, it is about my hearing aid. // The hearing aid, yes, \
                 Peter? // Yes, Janice. The hearing aid whistles. // Thank you, Peter. // Thank you, Janice.";
    let call = Labelled { part: "", language: "en", labels: Vec::new(), turns: turns.split(" // ").collect() };
    assert_eq!(call.insight().topics, ["hearing aid", "janice", "peter"]);
}

/// `cargo test --test understand -- --nocapture topics` prints the figures.
#[test]
fn topics_name_what_calls_are_about() {
    for part in ["tune", "held"] {
        let (mut all, mut lines) = (Score::default(), Vec::new());
        for language in [&["en"][..], &["es"], &["de", "fr", "it", "pt", "nl", "pl"]] {
            let mut score = Score::default();
            for call in calls().iter().filter(|call| call.part == part && language.contains(&call.language)) {
                let insight = call.insight();
                if part == "tune" {
                    lines.push(format!("  {}: {:?}", call.language, insight.topics));
                }
                score.add(call, &insight);
                all.add(call, &insight);
            }
            println!(
                "{part} {language:?}: precision of topics {:.2}, recall of keywords {:.2}",
                score.precision(),
                score.recall()
            );
        }
        println!("{part}: precision {:.2}, recall {:.2}\n{}", all.precision(), all.recall(), lines.join("\n"));
        assert!(all.precision() > 0.5 && all.recall() > 0.85, "{part}");
    }
}
