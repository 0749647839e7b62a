use callscribe::call::{Insight, Transcript};
use callscribe::understand::insight::{Rules, draw};

use crate::{sample_call, transcript};

fn summarise(call: &Transcript) -> Insight {
    draw(call, &Rules::default())
}

#[test]
fn the_sample_calls_in_short() {
    let lines = |name: &str| {
        let Insight { summary, topics, .. } = summarise(&sample_call(name));
        let sentences = summary.iter().map(|s| format!("{} @{} ms: {}", s.segment, s.start_ms, s.text));
        let told: Vec<String> = sentences.chain([format!("topics: {}", topics.join(", "))]).collect();
        format!("{name}\n{}\n", told.join("\n"))
    };
    let calls: Vec<String> = ["en-refund", "en-complaint", "es-tarjeta"].map(lines).to_vec();
    insta::assert_snapshot!(calls.join("\n"));
}

#[test]
fn every_sentence_stands_in_the_segment_it_names() {
    for name in ["en-refund", "en-complaint", "es-tarjeta"] {
        let call = sample_call(name);
        for sentence in summarise(&call).summary {
            let segment = &call.segments[sentence.segment as usize];
            assert!(segment.text.contains(&sentence.text), "{sentence:?} not in {segment:?}");
            assert!((segment.start_ms..segment.end_ms).contains(&sentence.start_ms));
        }
    }
}

#[test]
fn a_summary_follows_the_order_of_the_call_and_is_short() {
    let call = sample_call("en-complaint");
    let summary = summarise(&call).summary;
    assert!((2..=3).contains(&summary.len()));
    assert!(summary.is_sorted_by_key(|sentence| (sentence.segment, sentence.start_ms)));
}

#[test]
fn a_sentence_inside_a_turn_has_its_own_time() {
    let text = "Good morning. My router stopped working and the router light is red.";
    let summary = summarise(&transcript(Some("en"), &[(0, 10_000, 22_000, text)])).summary;
    assert_eq!(summary.len(), 1);
    assert_eq!(summary[0].text, "My router stopped working and the router light is red.");
    assert_eq!(summary[0].start_ms, 12_000, "its first word is the third of twelve");
}

#[test]
fn nothing_said_gives_nothing_and_says_so() {
    for call in [transcript(None, &[]), transcript(Some("en"), &[(0, 0, 0, ""), (1, 5, 5, " ")])] {
        let insight = summarise(&call);
        assert_eq!(insight.nothing_because.as_deref(), Some("Nothing was said."));
        assert_eq!(insight, Insight { nothing_because: insight.nothing_because.clone(), ..bare(&call) });
    }
    let one_word = summarise(&transcript(Some("en"), &[(0, 0, 400, "Hello?")]));
    assert_eq!(one_word.nothing_because.as_deref(), Some("Too little was said to sum up."));
}

/// An insight that says nothing of a call but by which rules.
fn bare(call: &Transcript) -> Insight {
    let Insight { rules_version, rules_language, .. } = summarise(call);
    Insight { rules_version, rules_language, ..Insight::default() }
}

#[test]
fn courtesies_are_no_topics() {
    let polite = [
        (0, 0, 1000, "Hello, thank you for calling."),
        (1, 1000, 2000, "Hello, thank you. Thank you very much, goodbye."),
    ];
    assert_eq!(summarise(&transcript(Some("en"), &polite)).topics, Vec::<String>::new());
}

#[test]
fn a_language_without_a_list_falls_back_on_long_words() {
    let german = [
        (1, 0, 4000, "Die Rechnung ist falsch und ich möchte die Rechnung nicht so bezahlen."),
        (0, 4000, 6000, "Ich schicke die neue Rechnung."),
    ];
    let insight = summarise(&transcript(Some("de"), &german));
    assert_eq!(insight.topics, ["rechnung"]);
    assert_eq!(insight.summary[0].segment, 0);
}

#[test]
fn words_that_do_not_fit_their_text_are_timed_by_their_place_in_it() {
    let text = "The technician comes on Friday. The technician calls before.";
    let mut call = transcript(Some("en"), &[(0, 6_000, 12_000, text)]);
    call.segments[0].words[0].word = "Elsewhere".to_owned();
    let insight = summarise(&call);
    let sentences: Vec<(&str, u64)> =
        insight.summary.iter().map(|sentence| (sentence.text.as_str(), sentence.start_ms)).collect();
    assert_eq!(sentences, [("The technician comes on Friday.", 6_000)]);
}
