//! What the words of a call tell, as its page shows it: each item leads to the second that backs it.
//!
//! Of personal data the places are shown and never the words.

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;

use super::super::shown::{length, words};
use super::super::timeline::{Lane, hue};
use crate::call::Transcript;
use crate::serve::view::InsightView;
use crate::serve::view::insight::{CategoryView, PartySentimentView, PiiView, SentimentView};

/// Units of the width and height of the sentiment's course; its middle is neither good nor bad.
const WIDTH: f64 = 1000.0;
const MIDDLE: f64 = 50.0;
/// Least height of a tenth in which something was said.
const SEEN_MIN: f64 = 2.0;
/// Places shown of one category or one kind of personal data.
const PLACES_MAX: usize = 12;

/// A place in the call: leads to its turn, and plays it where there is sound. What no place backs says so.
#[derive(Template)]
#[template(
    source = r##"{% if is_backed %}<a class="at number" href="#turn-{{ segment }}" data-at="{{ start_ms }}" aria-label="Go to {{ at }}">{{ at }}</a>{% else %}<strong class="unbacked">Not backed by the transcript.</strong>{% endif %}"##,
    ext = "html"
)]
pub(super) struct Place {
    segment: u32,
    start_ms: u64,
    at: String,
    is_backed: bool,
}

impl HtmlSafe for Place {}

impl Place {
    fn at(segment: u32, start_s: f64) -> Self {
        Self { segment, start_ms: (start_s * 1000.0).round() as u64, at: length(start_s), is_backed: true }
    }

    /// Of something a language model says of the call.
    fn backed(self, is_backed: bool) -> Self {
        Self { is_backed, ..self }
    }
}

/// What was said at a place.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) place: Place,
}

pub(super) struct Action {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) when: Option<String>,
    /// The whole sentence, where `what` is only a part of it.
    pub(super) text: Option<String>,
    pub(super) place: Place,
}

pub(super) struct Keyword {
    pub(super) text: String,
    pub(super) count: u32,
    pub(super) start_ms: u64,
    pub(super) segment: u32,
}

/// Something with the places where it is.
pub(super) struct Found {
    pub(super) name: String,
    /// What was said there; empty for what is not to be said.
    pub(super) says: String,
    pub(super) places: Vec<Place>,
    pub(super) left_out: usize,
}

/// How the call went.
pub(super) struct Mood {
    pub(super) label: &'static str,
    pub(super) word: String,
    pub(super) score: String,
    pub(super) parties: Vec<PartyMood>,
    pub(super) course: Vec<Tenth>,
}

pub(super) struct PartyMood {
    pub(super) speaker: String,
    pub(super) hue: usize,
    pub(super) label: &'static str,
    pub(super) word: String,
    pub(super) score: String,
    pub(super) place: Option<Place>,
}

/// One stretch of the sentiment's course.
pub(super) struct Tenth {
    pub(super) span: String,
    pub(super) start_ms: u64,
    pub(super) score: Option<String>,
    pub(super) class: &'static str,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// All of it.
pub(super) struct Told {
    pub(super) nothing_because: Option<String>,
    pub(super) source: String,
    pub(super) summary: Vec<Line>,
    pub(super) points: Vec<Line>,
    pub(super) intent: Option<(String, Line)>,
    pub(super) actions: Vec<Action>,
    pub(super) questions: Vec<(String, Line)>,
    pub(super) keywords: Vec<Keyword>,
    /// Categories the call is in.
    pub(super) categories: Vec<Found>,
    /// Names of those that were looked for and do not fit.
    pub(super) other_categories: Vec<String>,
    pub(super) personal: Vec<Found>,
    pub(super) mood: Option<Mood>,
}

impl Told {
    pub(super) fn of(insight: &InsightView, transcript: Option<&Transcript>, lanes: &[Lane]) -> Self {
        let line = |text: &str, segment, start| Line { text: text.to_owned(), place: Place::at(segment, start) };
        let sentences = |all: &[crate::serve::view::SentenceView]| {
            let backed = |one: &crate::serve::view::SentenceView| {
                let Line { text, place } = line(&one.text, one.segment, one.start);
                Line { text, place: place.backed(one.supported) }
            };
            all.iter().map(backed).collect()
        };
        let (matched, others): (Vec<&CategoryView>, Vec<&CategoryView>) =
            insight.categories.iter().partition(|category| category.matched);
        Self {
            nothing_because: insight.nothing_because.clone(),
            source: source(insight),
            summary: sentences(&insight.summary),
            points: sentences(&insight.points),
            intent: insight
                .intent
                .as_ref()
                .map(|intent| (words(&intent.label), line(&intent.text, intent.segment, intent.start))),
            actions: insight
                .action_items
                .iter()
                .map(|action| Action {
                    who: action.who.clone(),
                    what: action.what.clone(),
                    when: action.when.clone(),
                    text: (action.text.trim() != action.what.trim()).then(|| action.text.clone()),
                    place: Place::at(action.segment, action.start).backed(action.supported),
                })
                .collect(),
            questions: insight
                .open_questions
                .iter()
                .map(|question| {
                    let place = Place::at(question.segment, question.start).backed(question.supported);
                    (question.speaker.clone(), Line { text: question.text.clone(), place })
                })
                .collect(),
            keywords: insight
                .keywords
                .iter()
                .map(|keyword| Keyword {
                    text: keyword.text.clone(),
                    count: keyword.count,
                    start_ms: (keyword.start * 1000.0).round() as u64,
                    segment: keyword.segment,
                })
                .collect(),
            categories: matched.into_iter().map(category).collect(),
            other_categories: others.into_iter().map(|category| category.name.clone()).collect(),
            personal: personal(&insight.pii),
            mood: insight.sentiment.as_ref().map(|sentiment| Mood::of(sentiment, transcript, lanes)),
        }
    }

    /// There is something to read beside the transcript.
    pub(super) fn has_follow_up(&self) -> bool {
        !self.actions.is_empty() || !self.questions.is_empty()
    }
}

/// Who wrote the summary, and what else to know about it.
fn source(insight: &InsightView) -> String {
    let writer = match &insight.summary_model {
        Some(model) => format!("Written by the language model {}.", model.name),
        None => "Sentences of the call itself, chosen by rule.".to_owned(),
    };
    insight.summary_note.iter().fold(writer, |text, note| format!("{text} {note}"))
}

fn category(category: &CategoryView) -> Found {
    let mut says: Vec<String> = Vec::new();
    for hit in &category.hits {
        let quoted = format!("“{}”", hit.words);
        if !says.contains(&quoted) {
            says.push(quoted);
        }
    }
    let says = if category.absent { "what must be said was not said".to_owned() } else { says.join(", ") };
    let places = category.hits.iter().take(PLACES_MAX).map(|hit| Place::at(hit.segment, hit.start)).collect();
    Found { name: category.name.clone(), says, places, left_out: category.hits.len().saturating_sub(PLACES_MAX) }
}

/// By kind; what is said in parts has one place.
fn personal(spans: &[PiiView]) -> Vec<Found> {
    let mut kinds: Vec<(&'static str, BTreeMap<u32, &PiiView>)> = Vec::new();
    for span in spans {
        let place = match kinds.iter().position(|(kind, _)| *kind == span.kind) {
            Some(place) => place,
            None => {
                kinds.push((span.kind, BTreeMap::new()));
                kinds.len() - 1
            }
        };
        kinds[place].1.entry(span.entity).or_insert(span);
    }
    let found = |(kind, entities): (&'static str, BTreeMap<u32, &PiiView>)| Found {
        name: kind_words(kind),
        says: String::new(),
        left_out: entities.len().saturating_sub(PLACES_MAX),
        places: entities.values().take(PLACES_MAX).map(|span| Place::at(span.segment, span.start)).collect(),
    };
    kinds.into_iter().map(found).collect()
}

fn kind_words(kind: &str) -> String {
    match kind {
        "card" => "Payment card".to_owned(),
        "phone" => "Telephone number".to_owned(),
        "email" => "E-mail address".to_owned(),
        "iban" => "IBAN".to_owned(),
        "national_id" => "National number".to_owned(),
        "birth_date" => "Date of birth".to_owned(),
        other => words(other),
    }
}

/// With its sign, and a real minus.
fn score(score: f64) -> String {
    if score < 0.0 { format!("−{:.2}", -score) } else { format!("+{score:.2}") }
}

impl Mood {
    fn of(sentiment: &SentimentView, transcript: Option<&Transcript>, lanes: &[Lane]) -> Self {
        let party = |party: &PartySentimentView| PartyMood {
            speaker: party.speaker.clone(),
            hue: hue(lanes, &party.speaker),
            label: party.label,
            word: words(party.label),
            score: score(party.score),
            place: party.segment.and_then(|segment| {
                let said = transcript?.segments.get(usize::try_from(segment).ok()?)?;
                Some(Place::at(segment, said.start_ms as f64 / 1000.0))
            }),
        };
        let room = WIDTH / sentiment.course.len().max(1) as f64;
        let tenth = |(index, point): (usize, &crate::serve::view::insight::SentimentPointView)| {
            let height = point.score.map_or(0.0, |score| (score.abs() * MIDDLE).max(SEEN_MIN));
            Tenth {
                span: format!("{} to {}", length(point.start), length(point.end)),
                start_ms: (point.start * 1000.0).round() as u64,
                score: point.score.map(score),
                class: match point.score {
                    Some(score) if score > 0.05 => "is-positive",
                    Some(score) if score < -0.05 => "is-negative",
                    _ => "is-neutral",
                },
                x: index as f64 * room + room * 0.08,
                y: if point.score.unwrap_or(0.0) < 0.0 { MIDDLE } else { MIDDLE - height },
                width: room * 0.84,
                height,
            }
        };
        Self {
            label: sentiment.label,
            word: words(sentiment.label),
            score: score(sentiment.score),
            parties: sentiment.parties.iter().map(party).collect(),
            course: sentiment.course.iter().enumerate().map(tenth).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_said_in_parts_has_one_place_and_no_words() {
        let span = |kind, entity, segment: u32| PiiView {
            kind,
            entity,
            segment,
            first_word: 0,
            last_word: 3,
            start: f64::from(segment),
            end: f64::from(segment) + 0.5,
        };
        let found = personal(&[span("card", 0, 3), span("card", 0, 5), span("phone", 1, 7), span("card", 2, 9)]);
        let shown: Vec<(&str, usize, &str)> =
            found.iter().map(|one| (one.name.as_str(), one.places.len(), one.says.as_str())).collect();
        assert_eq!(shown, [("Payment card", 2, ""), ("Telephone number", 1, "")]);
    }

    #[test]
    fn the_course_rises_above_its_middle_where_it_is_good_and_falls_below_where_it_is_bad() {
        let point =
            |start: f64, score| crate::serve::view::insight::SentimentPointView { start, end: start + 1.0, score };
        let course = vec![point(0.0, Some(0.5)), point(1.0, Some(-1.0)), point(2.0, None)];
        let mood = Mood::of(&SentimentView { score: -0.1, label: "neutral", parties: vec![], course }, None, &[]);
        let bars: Vec<(f64, f64)> = mood.course.iter().map(|tenth| (tenth.y, tenth.height)).collect();
        assert_eq!(bars, [(25.0, 25.0), (50.0, 50.0), (50.0, 0.0)]);
        assert_eq!((mood.score.as_str(), mood.course[1].class), ("−0.10", "is-negative"));
    }
}
