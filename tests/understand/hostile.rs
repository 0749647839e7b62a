//! Transcripts that no call should have: whatever is in them, an insight comes out whose every place exists.

use std::time::Instant;

use callscribe::call::{CategoryRule, Insight, Language, PiiKind, Transcript};
use callscribe::understand::categories::Categories;
use callscribe::understand::insight::{Rules, draw};
use callscribe::understand::pii::mask::masked;
use proptest::prelude::*;

use crate::{sample_call, transcript};

fn rules() -> Rules {
    let rule = CategoryRule {
        name: "rule".to_owned(),
        any: vec!["refund".to_owned(), "the call may be recorded".to_owned()],
        near: vec!["a".to_owned(), "number".to_owned()],
        near_s: 10,
        fuzzy: true,
        party: Some("agent".to_owned()),
        ..CategoryRule::default()
    };
    Rules { categories: Categories::of(&[rule]), ..Rules::default() }
}

/// Every sentence stands in its segment, every index is one of the transcript.
fn check(call: &Transcript, insight: &Insight) {
    let text = |segment: u32| call.segments[segment as usize].text.as_str();
    let items = insight.summary.iter().chain(&insight.points).map(|sentence| (sentence.segment, &sentence.text));
    let actions = insight.action_items.iter().map(|action| (action.segment, &action.text));
    let questions = insight.open_questions.iter().map(|question| (question.segment, &question.text));
    let intent = insight.intent.iter().map(|intent| (intent.segment, &intent.text));
    for (segment, sentence) in items.chain(actions).chain(questions).chain(intent) {
        assert!(text(segment).contains(sentence.as_str()), "{sentence:?} not in {:?}", text(segment));
    }
    for keyword in &insight.keywords {
        let words = keyword.text.split(' ');
        let spoken = text(keyword.segment).to_lowercase();
        assert!(words.into_iter().all(|word| spoken.contains(word)), "{keyword:?} not in {spoken:?}");
    }
    for hit in insight.categories.iter().flat_map(|result| &result.hits) {
        assert!((hit.segment as usize) < call.segments.len() && hit.start_ms <= hit.end_ms);
    }
    for span in &insight.pii {
        assert!(text(span.segment).get(span.from as usize..span.to as usize).is_some(), "{span:?}");
        assert!(span.first_word <= span.last_word && span.start_ms <= span.end_ms);
    }
    assert_eq!(insight.nothing_because.is_some(), insight.summary.is_empty());
    if let Some(sentiment) = &insight.sentiment {
        assert!((-1.0..=1.0).contains(&sentiment.score) && sentiment.course.len() == 10);
    }
}

const PIECES: [&str; 26] = [
    "refund",
    "I will call you",
    "on Friday",
    "?",
    "…",
    "4242 4242 4242 4242",
    "four two four two",
    "double",
    "plus",
    "at",
    "dot com",
    "ana@example.com",
    "ES91 2100 0418 4502 0005 1332",
    "date of birth",
    "March tenth 1980",
    "<b>markup</b>",
    "&amp; {\"a\":1}",
    "no",
    "terrible",
    "¿Cuándo llega?",
    "le llamaré mañana",
    "请问",
    "ß İ ǆ",
    "\u{200b}",
    "E S 9 1",
    "mil",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn whatever_is_said_every_place_exists(
        turns in prop::collection::vec(
            (0..3_u16, prop::collection::vec(prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), "\\PC{0,12}"], 0..8), any::<bool>()),
            0..8,
        ),
        language in prop::sample::select(vec![None, Some("en"), Some("es"), Some("de"), Some("zz")]),
        start_ms in prop::collection::vec(0..100_000_u64, 8),
    ) {
        let texts: Vec<String> = turns.iter().map(|(_, pieces, _)| pieces.join(" ")).collect();
        let spoken: Vec<(u16, u64, u64, &str)> = turns
            .iter()
            .zip(&texts)
            .zip(&start_ms)
            .map(|(((channel, ..), text), start)| (*channel, *start, start + 3_000, text.as_str()))
            .collect();
        let mut call = transcript(language, &spoken);
        for (segment, (_, _, keep_words)) in call.segments.iter_mut().zip(&turns) {
            if !keep_words {
                segment.words.truncate(1);
            }
        }
        let insight = draw(&call, &rules());
        check(&call, &insight);
        prop_assert_eq!(&insight, &draw(&call, &rules()), "the same words give the same insight");
        let without = masked(&call, &PiiKind::ALL, &rules().pii);
        prop_assert_eq!(without.segments.len(), call.segments.len());
    }
}

#[test]
fn one_sided_wrong_language_and_markup_calls_give_something_sensible() {
    let mut one_sided = sample_call("en-refund");
    one_sided.segments.retain(|segment| segment.channel == 1);
    let insight = draw(&one_sided, &rules());
    check(&one_sided, &insight);
    assert!(!insight.summary.is_empty() && insight.open_questions.is_empty());

    let mut wrong = sample_call("es-tarjeta");
    wrong.language = Some(Language::new("en"));
    check(&wrong, &draw(&wrong, &rules()));

    let markup = transcript(
        Some("en"),
        &[(0, 0, 9_000, "<script>alert(1)</script> & I want a <b>refund</b> for my invoice today.")],
    );
    let insight = draw(&markup, &rules());
    check(&markup, &insight);
    assert_eq!(insight.summary.len(), 1);
}

#[test]
fn an_insight_of_an_older_program_opens() {
    let old = r#"{"summary":[{"text":"I want a refund.","segment":1,"start_ms":1500}],"topics":["refund"]}"#;
    let insight: Insight = serde_json::from_str(old).unwrap();
    assert_eq!((insight.summary.len(), insight.rules_version, insight.pii.len()), (1, 0, 0));
    let again: Insight = serde_json::from_str(&serde_json::to_string(&insight).unwrap()).unwrap();
    assert_eq!(again, insight);
}

#[test]
fn the_whole_path_for_ten_minutes_and_for_three_hours() {
    let sample = sample_call("en-complaint");
    for (name, length_ms) in [("10 minutes", 600_000), ("3 hours", 10_800_000)] {
        let own_ms = sample.duration_ms + 1_000;
        let mut call = sample.clone();
        call.segments.clear();
        for round in 0..length_ms / own_ms {
            for segment in &sample.segments {
                let mut segment = segment.clone();
                segment.start_ms += round * own_ms;
                segment.end_ms += round * own_ms;
                for word in &mut segment.words {
                    word.start_ms += round * own_ms;
                    word.end_ms += round * own_ms;
                }
                call.segments.push(segment);
            }
        }
        call.duration_ms = length_ms;
        let rules = rules();
        let started = Instant::now();
        let insight = draw(&call, &rules);
        println!("{name}, {} words: insight in {:?}", call.words().count(), started.elapsed());
        check(&call, &insight);
    }
}
