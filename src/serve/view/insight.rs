//! What the words of a call tell: every item with the segment and the second that back it.

use serde::Serialize;
use utoipa::ToSchema;

use super::sound::TalkView;
use super::{rounded, seconds};
use crate::call::{CategoryHit, Insight, PiiSpan, Sentiment, SummarySentence};

/// What a call was about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InsightView {
    /// Sentences of the call that say most, in their order; or a language model's, some of which the call may not back.
    pub summary: Vec<SentenceView>,
    /// Words and phrases that stand out, most telling first.
    pub topics: Vec<String>,
    /// Who wrote the summary: `extractive`, sentences of the call chosen by rule; `model`, a language model.
    pub summary_source: &'static str,
    /// The language model that wrote it; null where none did.
    pub summary_model: Option<SummaryModelView>,
    /// What to know about the summary: why a language model's is missing or old, or could not be checked whole.
    pub summary_note: Option<String>,
    /// Version of the rules that drew all this.
    pub rules_version: u32,
    /// Why there is no summary; null when there is one.
    pub nothing_because: Option<String>,
    /// What else was said that matters, in the order of the call.
    pub points: Vec<SentenceView>,
    /// The topics and more, with the places where they come up first.
    pub keywords: Vec<KeywordView>,
    /// What somebody said they would do.
    pub action_items: Vec<ActionView>,
    /// What was asked and not answered.
    pub open_questions: Vec<QuestionView>,
    /// What the call was for; null when no rule says so.
    pub intent: Option<IntentView>,
    /// How it went; null in a language without a lexicon.
    pub sentiment: Option<SentimentView>,
    /// What the configured rules found.
    pub categories: Vec<CategoryView>,
    /// Where the call holds personal data, in the transcript as it is shown.
    pub pii: Vec<PiiView>,
    /// Further places with personal data that are not listed, because they are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pii_left_out: Option<u32>,
    /// How it was talked; null when nobody spoke.
    pub talk: Option<TalkView>,
}

/// A language model and what it was told to do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SummaryModelView {
    /// Its name at its endpoint.
    pub name: String,
    /// Tells one set of instructions from another.
    pub prompt_version: String,
}

/// One sentence with the place that backs it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SentenceView {
    /// The sentence, as spoken; a language model's in its own words.
    pub text: String,
    /// Index of the segment in the transcript; where nothing backs it, the one that comes nearest.
    pub segment: u32,
    /// Where it begins in the call, in seconds.
    pub start: f64,
    /// All segments that back it; empty where nothing does.
    pub segments: Vec<u32>,
    /// The words of the call back it. Only a language model says what they do not.
    pub supported: bool,
}

/// A word or phrase that stands out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeywordView {
    /// The words.
    pub text: String,
    /// How often they were said.
    pub count: u32,
    /// Index of the segment where they come first.
    pub segment: u32,
    /// Where the sentence begins that has them first, in seconds.
    pub start: f64,
}

/// What somebody said they would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActionView {
    /// The sentence, as spoken.
    pub text: String,
    /// Who is to do it.
    pub who: String,
    /// What, in the words of the sentence.
    pub what: String,
    /// By when, in the words of the sentence; null when nobody said.
    pub when: Option<String>,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// Where the sentence begins in the call, in seconds.
    pub start: f64,
    /// All segments that back it; empty where nothing does.
    pub segments: Vec<u32>,
    /// The words of the call back it.
    pub supported: bool,
}

/// A question that nobody answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuestionView {
    /// The question, as spoken.
    pub text: String,
    /// Who asked.
    pub speaker: String,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// Where it begins in the call, in seconds.
    pub start: f64,
    /// All segments that back it; empty where nothing does.
    pub segments: Vec<u32>,
    /// The words of the call back it.
    pub supported: bool,
}

/// What a call was for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IntentView {
    /// One of a fixed list: `billing`, `technical_problem`, `appointment`, ….
    pub label: String,
    /// The sentence that says so, as spoken.
    pub text: String,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// Where the sentence begins in the call, in seconds.
    pub start: f64,
}

/// How a call went, from -1 (bad) to 1 (good).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SentimentView {
    /// Over the whole call.
    pub score: f64,
    /// `positive`, `neutral` or `negative`.
    pub label: &'static str,
    /// Each party.
    pub parties: Vec<PartySentimentView>,
    /// Tenths of the call, in order.
    pub course: Vec<SentimentPointView>,
}

/// How one party fared.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartySentimentView {
    /// Who.
    pub speaker: String,
    /// From -1 to 1.
    pub score: f64,
    /// `positive`, `neutral` or `negative`.
    pub label: &'static str,
    /// Index of the segment that weighs most; null when none does.
    pub segment: Option<u32>,
}

/// How one stretch of a call went.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SentimentPointView {
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
    /// From -1 to 1; null when nothing was said in it.
    pub score: Option<f64>,
}

/// What came of one configured rule.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryView {
    /// The rule's name.
    pub name: String,
    /// The call is in this category.
    pub matched: bool,
    /// The rule asks for what must be said: matched means that it was not.
    pub absent: bool,
    /// Sinks are told of a match.
    pub alert: bool,
    /// Where its phrases were said.
    pub hits: Vec<CategoryHitView>,
}

/// One place where a phrase was said.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryHitView {
    /// The phrase of the rule.
    pub phrase: String,
    /// The words that match it.
    pub words: String,
    /// Who says them; empty in what was found by an earlier release.
    pub speaker: String,
    /// Index of the segment where they begin.
    pub segment: u32,
    /// Where they begin in the call, in seconds.
    pub start: f64,
    /// Where they end in the call, in seconds.
    pub end: f64,
}

/// A stretch of words that holds personal data.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PiiView {
    /// `card`, `phone`, `email`, `iban`, `birth_date` or `national_id`.
    pub kind: &'static str,
    /// Counts what was found, from 0; the parts of one number share it.
    pub entity: u32,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// First word in the segment, from 0.
    pub first_word: u32,
    /// Last word in the segment, which belongs to it.
    pub last_word: u32,
    /// Where it begins in the call, in seconds.
    pub start: f64,
    /// Where it ends in the call, in seconds.
    pub end: f64,
}

impl InsightView {
    pub(super) fn of(insight: &Insight) -> Self {
        let keywords = insight.keywords.iter().map(|keyword| KeywordView {
            text: keyword.text.clone(),
            count: keyword.count,
            segment: keyword.segment,
            start: seconds(keyword.start_ms),
        });
        let actions = insight.action_items.iter().map(|action| ActionView {
            text: action.text.clone(),
            who: action.who.clone(),
            what: action.what.clone(),
            when: action.when.clone(),
            segment: action.segment,
            start: seconds(action.start_ms),
            segments: backing(&action.segments, action.segment, action.supported),
            supported: action.supported,
        });
        let questions = insight.open_questions.iter().map(|question| QuestionView {
            text: question.text.clone(),
            speaker: question.speaker.clone(),
            segment: question.segment,
            start: seconds(question.start_ms),
            segments: backing(&question.segments, question.segment, question.supported),
            supported: question.supported,
        });
        let intent = insight.intent.as_ref().map(|intent| IntentView {
            label: intent.label.clone(),
            text: intent.text.clone(),
            segment: intent.segment,
            start: seconds(intent.start_ms),
        });
        let categories = insight.categories.iter().map(|result| CategoryView {
            name: result.name.clone(),
            matched: result.matched,
            absent: result.absent,
            alert: result.alert,
            hits: result.hits.iter().map(hit).collect(),
        });
        Self {
            summary: insight.summary.iter().map(sentence).collect(),
            topics: insight.topics.clone(),
            summary_source: insight.summary_source.as_str(),
            summary_model: insight.summary_model.as_ref().map(|model| SummaryModelView {
                name: model.name.clone(),
                prompt_version: model.prompt_version.clone(),
            }),
            summary_note: insight.summary_note.clone(),
            rules_version: insight.rules_version,
            nothing_because: insight.nothing_because.clone(),
            points: insight.points.iter().map(sentence).collect(),
            keywords: keywords.collect(),
            action_items: actions.collect(),
            open_questions: questions.collect(),
            intent,
            sentiment: insight.sentiment.as_ref().map(sentiment),
            categories: categories.collect(),
            pii: insight.pii.iter().map(span).collect(),
            pii_left_out: Some(insight.pii_left_out).filter(|count| *count > 0),
            talk: insight.talk.as_ref().map(TalkView::of),
        }
    }
}

fn sentence(sentence: &SummarySentence) -> SentenceView {
    SentenceView {
        text: sentence.text.clone(),
        segment: sentence.segment,
        start: seconds(sentence.start_ms),
        segments: backing(&sentence.segments, sentence.segment, sentence.supported),
        supported: sentence.supported,
    }
}

/// What is backed by its own segment alone does not name that again.
fn backing(segments: &[u32], segment: u32, supported: bool) -> Vec<u32> {
    if supported && segments.is_empty() { vec![segment] } else { segments.to_vec() }
}

fn sentiment(sentiment: &Sentiment) -> SentimentView {
    let score = |score: f32| rounded(f64::from(score));
    let parties = sentiment.parties.iter().map(|party| PartySentimentView {
        speaker: party.speaker.clone(),
        score: score(party.score),
        label: party.label.as_str(),
        segment: party.segment,
    });
    let course = sentiment.course.iter().map(|point| SentimentPointView {
        start: seconds(point.start_ms),
        end: seconds(point.end_ms),
        score: point.score.map(score),
    });
    SentimentView {
        score: score(sentiment.score),
        label: sentiment.label.as_str(),
        parties: parties.collect(),
        course: course.collect(),
    }
}

fn hit(hit: &CategoryHit) -> CategoryHitView {
    CategoryHitView {
        phrase: hit.phrase.clone(),
        words: hit.words.clone(),
        speaker: hit.speaker.clone(),
        segment: hit.segment,
        start: seconds(hit.start_ms),
        end: seconds(hit.end_ms),
    }
}

fn span(span: &PiiSpan) -> PiiView {
    PiiView {
        kind: span.kind.as_str(),
        entity: span.entity,
        segment: span.segment,
        first_word: span.first_word,
        last_word: span.last_word,
        start: seconds(span.start_ms),
        end: seconds(span.end_ms),
    }
}
