//! A call in a language model's words: what it is asked, how its answer is read, and what of that the call backs.
//!
//! Pure: nothing here asks anybody. [`prompt`] says what is sent, [`parts`] cuts calls that do not fit into one request,
//! [`answer`] reads what came back, [`support`] holds it against the transcript. The transcript is data all the way: words
//! in it cannot change what is asked, and whatever a model answers is text in the same few fields.

pub mod answer;
pub mod parts;
pub mod prompt;
pub mod support;
mod terms;

use sha2::{Digest as _, Sha256};

use crate::call::{ActionItem, Insight, Question, SummarySentence, Transcript};

/// Sentences of a summary; what is asked for is fewer.
const SENTENCES_MAX: usize = 5;
/// Further points.
const POINTS_MAX: usize = 8;
/// Action items, and open questions, of a call.
const ITEMS_MAX: usize = 20;
/// Topics.
const TOPICS_MAX: usize = 5;

/// What a language model made of a call, held against its words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    /// The summary.
    pub summary: Vec<SummarySentence>,
    /// What else matters.
    pub points: Vec<SummarySentence>,
    /// What somebody said they would do.
    pub action_items: Vec<ActionItem>,
    /// What was asked and not answered.
    pub open_questions: Vec<Question>,
    /// Words and phrases of the call.
    pub topics: Vec<String>,
    /// It is in another language than the call, so that only names, numbers and dates could be checked.
    pub is_checked_by_half: bool,
}

impl Account {
    /// At least one sentence of the summary is backed by the call.
    pub fn is_backed(&self) -> bool {
        self.summary.iter().any(|sentence| sentence.supported)
    }

    /// The account an earlier insight holds.
    pub fn of(insight: &Insight) -> Self {
        Self {
            summary: insight.summary.clone(),
            points: insight.points.clone(),
            action_items: insight.action_items.clone(),
            open_questions: insight.open_questions.clone(),
            topics: insight.topics.clone(),
            is_checked_by_half: false,
        }
    }

    /// Everything in it that is words.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        let sentences = self.summary.iter_mut().chain(&mut self.points).map(|sentence| &mut sentence.text);
        let actions = self.action_items.iter_mut();
        let actions = actions.flat_map(|item| [&mut item.text, &mut item.what].into_iter().chain(&mut item.when));
        let questions = self.open_questions.iter_mut().map(|question| &mut question.text);
        sentences.chain(actions).chain(questions).chain(&mut self.topics).collect()
    }

    /// Puts the account in the place of what was drawn by rule; topics stay where the model named none.
    pub fn put_into(self, insight: &mut Insight) {
        insight.summary = self.summary;
        insight.points = self.points;
        insight.action_items = self.action_items;
        insight.open_questions = self.open_questions;
        if !self.topics.is_empty() {
            insight.topics = self.topics;
        }
        insight.nothing_because = None;
    }
}

/// Tells the words of one transcript from those of another.
pub fn transcript_digest(transcript: &Transcript) -> String {
    let texts: Vec<&str> =
        transcript.segments.iter().flat_map(|segment| [segment.speaker.as_str(), segment.text.as_str()]).collect();
    digest(&texts)
}

/// SHA-256 over texts, each with its end, in hexadecimal.
pub(in crate::understand) fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
