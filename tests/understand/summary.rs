use callscribe::call::Insight;
use callscribe::understand::summary::summarise;

use crate::{sample_call, transcript};

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
fn nothing_said_gives_nothing() {
    assert_eq!(summarise(&transcript(None, &[])), Insight::default());
    assert_eq!(summarise(&transcript(Some("en"), &[(0, 0, 0, ""), (1, 5, 5, " ")])), Insight::default());
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
fn words_that_do_not_fit_their_text_leave_the_segment_whole() {
    let mut call =
        transcript(Some("en"), &[(0, 700, 9_000, "The technician comes on Friday. The technician calls before.")]);
    call.segments[0].words[0].word = "Elsewhere".to_owned();
    let summary = summarise(&call).summary;
    assert_eq!((summary.len(), summary[0].start_ms), (1, 700));
    assert_eq!(summary[0].text, call.segments[0].text);
}
