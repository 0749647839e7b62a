//! What machines say before and between is no part of how a call went, nor of what it was about.

use callscribe::call::{CallSound, CategoryRule, Insight, Phase, PhaseKind, Stretch, Transcript};
use callscribe::understand::insight::{Rules, draw};

use crate::transcript;

const ANNOUNCEMENT: &str = "We are very sorry about this terrible outage. Our parcel tracking is broken, and parcel \
    tracking stays broken until Monday. This call may be recorded. Please write to outage@example.com before Tuesday.";
const PEOPLE: [(u16, u64, u64, &str); 3] = [
    (0, 20_000, 24_000, "Thank you for holding, this is the dental practice of Ada Holm."),
    (1, 24_000, 30_000, "I would love an appointment with Doctor Holm, my last appointment was wonderful."),
    (0, 30_000, 36_000, "Perfect, I will send you the appointment by e-mail on Friday."),
];

/// A call in which so much is said, with those phases.
fn call(turns: &[(u16, u64, u64, &str)], phases: &[(PhaseKind, u64, u64)]) -> Transcript {
    let phase = |&(kind, start_ms, end_ms): &(PhaseKind, u64, u64)| Phase { kind, start_ms, end_ms };
    let phases = phases.iter().map(phase).collect();
    let sound = CallSound { speech: vec![vec![Stretch::new(0, 36_000)]; 2], phases, ..CallSound::default() };
    Transcript { sound: Some(sound), ..transcript(Some("en"), turns) }
}

/// The conversation with an announcement before it that is one of these phases.
fn announced(kind: PhaseKind) -> Transcript {
    let turns: Vec<_> = [(0, 0, 18_000, ANNOUNCEMENT)].into_iter().chain(PEOPLE).collect();
    call(&turns, &[(kind, 0, 19_000), (PhaseKind::Conversation, 20_000, 36_000)])
}

fn insight(call: &Transcript) -> Insight {
    draw(call, &Rules::default())
}

#[test]
fn an_announcement_moves_neither_sentiment_nor_summary_nor_topics() {
    let people = insight(&call(&PEOPLE, &[]));
    for kind in [PhaseKind::Announcement, PhaseKind::Ring, PhaseKind::Hold, PhaseKind::Beep] {
        let told = insight(&announced(kind));
        let texts = |insight: &Insight| {
            let sentences = insight.summary.iter().chain(&insight.points).map(|sentence| sentence.text.clone());
            let actions = insight.action_items.iter().map(|action| action.text.clone());
            sentences.chain(actions).chain(insight.topics.clone()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&told), texts(&people), "{kind:?}");
        let label = |insight: &Insight| insight.intent.as_ref().map(|intent| intent.label.clone());
        assert_eq!(label(&told), label(&people));
        let (told, people) = (told.sentiment.unwrap(), people.sentiment.clone().unwrap());
        assert_eq!((told.score, told.label), (people.score, people.label));
        let scores = |parties: &[callscribe::call::PartySentiment]| parties.iter().map(|p| p.score).collect::<Vec<_>>();
        assert_eq!(scores(&told.parties), scores(&people.parties));
        assert!(told.course.iter().all(|point| point.end_ms > 19_000 || point.score.is_none()), "{:?}", told.course);
    }
    let heard = insight(&announced(PhaseKind::Conversation));
    assert!(heard.topics.contains(&"parcel tracking".to_owned()), "said by people, it counts: {:?}", heard.topics);
    assert_ne!(heard.sentiment.unwrap().score, people.sentiment.unwrap().score);
}

#[test]
fn places_are_those_of_the_whole_transcript() {
    let call = announced(PhaseKind::Announcement);
    let told = insight(&call);
    assert!(!told.summary.is_empty() && !told.action_items.is_empty() && !told.keywords.is_empty());
    for sentence in told.summary.iter().chain(&told.points) {
        assert!(call.segments[sentence.segment as usize].text.contains(&sentence.text), "{sentence:?}");
    }
    let action = &told.action_items[0];
    assert!(call.segments[action.segment as usize].text.contains(&action.text), "{action:?}");
    let keyword = &told.keywords[0];
    assert!(call.segments[keyword.segment as usize].text.to_lowercase().contains(&keyword.text), "{keyword:?}");
    assert!(told.sentiment.unwrap().parties.iter().all(|party| party.segment != Some(0)));
}

#[test]
fn rules_and_personal_data_look_at_announcements_too() {
    let notice = CategoryRule { name: "notice".into(), any: vec!["may be recorded".into()], ..CategoryRule::default() };
    let rules = Rules { categories: callscribe::understand::categories::Categories::of(&[notice]), ..Rules::default() };
    let told = draw(&announced(PhaseKind::Announcement), &rules);
    assert_eq!((told.categories.len(), told.categories[0].name.as_str()), (1, "notice"));
    assert_eq!(told.pii.iter().map(|span| span.segment).collect::<Vec<_>>(), [0]);
}

#[test]
fn a_question_of_a_machine_is_not_left_open() {
    let asked =
        [(1, 0, 5_000, "Would you like to hear about our new tariffs?"), (0, 20_000, 24_000, "My hold is over.")];
    let questions = |phases: &[(PhaseKind, u64, u64)]| insight(&call(&asked, phases)).open_questions.len();
    assert_eq!(questions(&[(PhaseKind::Hold, 0, 19_000)]), 0);
    let alone = [(0, 0, 5_000, "All lines are busy."), (1, 20_000, 24_000, "When will somebody come to the line?")];
    let call = call(&alone, &[(PhaseKind::Announcement, 0, 19_000)]);
    assert_eq!(insight(&call).open_questions.len(), 0, "there is nobody who could have answered");
}

#[test]
fn a_call_of_nothing_but_an_announcement_is_told_all_the_same() {
    let only = call(&[(0, 0, 18_000, ANNOUNCEMENT)], &[(PhaseKind::Announcement, 0, 36_000)]);
    let (told, plain) = (insight(&only), insight(&call(&[(0, 0, 18_000, ANNOUNCEMENT)], &[])));
    assert!(!told.summary.is_empty());
    assert_eq!((told.summary, told.sentiment, told.topics), (plain.summary, plain.sentiment, plain.topics));
}
