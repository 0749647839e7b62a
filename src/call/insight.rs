//! What the words of a call tell: every item with the segment and the time that back it.
//!
//! Every field may be missing: a recording whose summary was made by an older program opens as it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CategoryResult, Language, TalkMetrics};

/// What a call was about.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Insight {
    /// Sentences of the call that say most, in their order; or a language model's.
    pub summary: Vec<SummarySentence>,
    /// Words and phrases that stand out, most telling first.
    pub topics: Vec<String>,
    /// Who wrote the summary.
    pub summary_source: SummarySource,
    /// The language model that wrote it; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_model: Option<SummaryModel>,
    /// What a reader of the summary should know, as a sentence: why the model's is missing, old, or checked by half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_note: Option<String>,
    /// Version of the rules that drew all this; 0 for what was drawn before they were counted.
    pub rules_version: u32,
    /// The language whose rules were used; absent where none fits and only what holds for all was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_language: Option<Language>,
    /// Why there is no summary, as a sentence; absent when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing_because: Option<String>,
    /// What else was said that matters, in the order of the call: the points of the call, one sentence each.
    pub points: Vec<SummarySentence>,
    /// The topics with the places where they come up.
    pub keywords: Vec<Keyword>,
    /// What somebody said they would do.
    pub action_items: Vec<ActionItem>,
    /// What was asked and not answered.
    pub open_questions: Vec<Question>,
    /// What the call was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// How it went; absent when nothing was said, and in a language without a lexicon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// What the configured rules found, in the order of the configuration.
    pub categories: Vec<CategoryResult>,
    /// Where the call holds personal data, in the order of the call: in the transcript as it is shown, masked where that is.
    pub pii: Vec<PiiSpan>,
    /// Further places with personal data that are not listed, because they are too many. They are masked like the others.
    #[serde(skip_serializing_if = "is_zero")]
    pub pii_left_out: u32,
    /// How it was talked; absent when nobody spoke, and in what releases before wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk: Option<TalkMetrics>,
    /// The [`Veil`](super::Veil) it was drawn under; 0 for none.
    #[serde(skip_serializing_if = "is_none")]
    pub veil: u64,
}

/// For what is written only when there is something to say.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
pub(super) const fn is_none(mark: &u64) -> bool {
    *mark == 0
}

/// The same for a count.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Insight {
    /// The summary without what nothing in the call backs: for whoever shows it without saying so.
    pub fn backed_summary(&self) -> impl Iterator<Item = &str> {
        self.summary.iter().filter(|sentence| sentence.supported).map(|sentence| sentence.text.as_str())
    }

    /// Names of the categories the call is in.
    pub fn category_names(&self) -> impl Iterator<Item = &str> {
        self.categories.iter().filter(|result| result.matched).map(|result| result.name.as_str())
    }
}

/// Who wrote a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SummarySource {
    /// Sentences of the call, chosen by rule.
    #[default]
    Extractive,
    /// A language model, in its own words, each held against the transcript.
    Model,
}

impl SummarySource {
    /// The name in API and CLI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extractive => "extractive",
            Self::Model => "model",
        }
    }
}

/// What wrote a summary, and of which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryModel {
    /// The model's name at its endpoint.
    pub name: String,
    /// Tells one set of instructions from another: the beginning of their digest.
    pub prompt_version: String,
    /// Tells one transcript from another: the summary is of these words and no others.
    pub transcript_digest: String,
}

/// Text that is not a language model's is backed by the words it is made of.
const fn yes() -> bool {
    true
}

/// One sentence of a summary with the place that backs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummarySentence {
    /// The sentence, as spoken; a model's in its own words.
    pub text: String,
    /// Index of the segment in the transcript; the nearest there is to what nothing backs.
    pub segment: u32,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// The segments that back it; empty where that is `segment` alone, and where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<u32>,
    /// The words of the call back it.
    #[serde(default = "yes")]
    pub supported: bool,
}

impl SummarySentence {
    /// A sentence of the call itself.
    pub const fn spoken(text: String, segment: u32, start_ms: u64) -> Self {
        Self { text, segment, start_ms, segments: Vec::new(), supported: true }
    }
}

/// A word or phrase that stands out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Keyword {
    /// The words, in lower case.
    pub text: String,
    /// How often they were said.
    pub count: u32,
    /// Index of the segment where they come first.
    pub segment: u32,
    /// Where they come first in the call.
    pub start_ms: u64,
}

/// What somebody said they would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionItem {
    /// The sentence, as spoken.
    pub text: String,
    /// Who is to do it: the speaker who promised, or the other one where somebody was asked to.
    pub who: String,
    /// What is to be done, in the words of the sentence.
    pub what: String,
    /// By when, in the words of the sentence; absent when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// Where the sentence begins in the call.
    pub start_ms: u64,
    /// The segments that back it; empty where that is `segment` alone, and where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<u32>,
    /// The words of the call back it.
    #[serde(default = "yes")]
    pub supported: bool,
}

/// A question that nobody answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The question, as spoken.
    pub text: String,
    /// Who asked.
    pub speaker: String,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// The segments that back it; empty where that is `segment` alone, and where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<u32>,
    /// The words of the call back it.
    #[serde(default = "yes")]
    pub supported: bool,
}

/// What a call was for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// One of a fixed list: `billing`, `technical_problem`, `appointment`, ….
    pub label: String,
    /// The sentence that says so, as spoken.
    pub text: String,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// Where the sentence begins in the call.
    pub start_ms: u64,
}

/// How a call went, from -1 (bad) to 1 (good).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// Over the whole call.
    pub score: f32,
    /// The same as a word.
    pub label: SentimentLabel,
    /// Each party, by the first time they speak.
    pub parties: Vec<PartySentiment>,
    /// Tenths of the call, in order.
    pub course: Vec<SentimentPoint>,
}

/// How one party fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartySentiment {
    /// Who.
    pub speaker: String,
    /// From -1 to 1.
    pub score: f32,
    /// The same as a word.
    pub label: SentimentLabel,
    /// The segment that weighs most; absent when nothing weighs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<u32>,
}

/// How one stretch of the call went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SentimentPoint {
    /// Where it begins in the call.
    pub start_ms: u64,
    /// Where it ends in the call.
    pub end_ms: u64,
    /// From -1 to 1; absent when nothing was said in it.
    pub score: Option<f32>,
}

/// A score as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentimentLabel {
    /// Went well.
    Positive,
    /// Neither, or both.
    Neutral,
    /// Went badly.
    Negative,
}

impl SentimentLabel {
    /// All labels.
    pub const ALL: [Self; 3] = [Self::Positive, Self::Neutral, Self::Negative];

    /// The name in API and CLI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

impl FromStr for SentimentLabel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|label| label.as_str() == text);
        known.ok_or_else(|| format!("'{text}' is not a sentiment; sentiments are positive, neutral and negative"))
    }
}

/// A kind of personal data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PiiKind {
    /// A payment card's number.
    Card,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// An international bank account number.
    Iban,
    /// A date of birth.
    BirthDate,
    /// A number by which a state knows a person, as the configuration describes it.
    NationalId,
}

impl PiiKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Card, Self::Phone, Self::Email, Self::Iban, Self::BirthDate, Self::NationalId];

    /// The name in API, CLI and configuration; also what stands where something was masked.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Iban => "iban",
            Self::BirthDate => "birth_date",
            Self::NationalId => "national_id",
        }
    }
}

impl fmt::Display for PiiKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PiiKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            format!(
                "'{text}' is no kind of personal data; kinds are card, phone, email, iban, birth_date and national_id."
            )
        })
    }
}

impl TryFrom<String> for PiiKind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<PiiKind> for String {
    fn from(kind: PiiKind) -> Self {
        kind.as_str().to_owned()
    }
}

/// A stretch of words that holds personal data. What is said over several segments has one span in each, with one `entity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PiiSpan {
    /// What it is.
    pub kind: PiiKind,
    /// Counts what was found in this call, from 0; the parts of one number share it.
    pub entity: u32,
    /// Index of the segment in the transcript.
    pub segment: u32,
    /// First word in the segment, from 0; words are those of the segment, or those between white space where it has none.
    pub first_word: u32,
    /// Last word in the segment, which belongs to it.
    pub last_word: u32,
    /// First byte in the segment's text.
    pub from: u32,
    /// The byte after the last.
    pub to: u32,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// Where it ends in the call.
    pub end_ms: u64,
}
