//! Categories: what the operator wants calls to be looked through for, and what was found.

use serde::{Deserialize, Serialize};

use super::Language;

/// One rule of the configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryRule {
    /// The operator's name for it.
    pub name: String,
    /// One of these must be said.
    pub any: Vec<String>,
    /// All of these must be said, in any order and at any distance.
    pub all: Vec<String>,
    /// All of these must be said within [`Self::near_s`] of each other.
    pub near: Vec<String>,
    /// The span for [`Self::near`], in seconds.
    pub near_s: u32,
    /// The rule hits when its phrases are not said.
    pub absent: bool,
    /// Only what this party says counts; absent takes everybody.
    pub party: Option<String>,
    /// Only what begins within so many seconds from the start.
    pub within_first_s: Option<u32>,
    /// Only what begins within so many seconds of the end.
    pub within_last_s: Option<u32>,
    /// Words may differ by some letters, as a recogniser errs.
    pub fuzzy: bool,
    /// Calls it is for, by language; empty means all.
    pub languages: Vec<Language>,
    /// Sinks are told of a call that comes into the category.
    pub alert: bool,
}

/// What came of one rule for one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryResult {
    /// The rule's name.
    pub name: String,
    /// The call is in this category.
    pub matched: bool,
    /// The rule is about something that must be said: matched means that it was not.
    #[serde(default)]
    pub absent: bool,
    /// The places that match its phrases, in the order of the call; for an absence rule, where it was said after all.
    #[serde(default)]
    pub hits: Vec<CategoryHit>,
    /// The rule asked, when this was found, that sinks be told of a match.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alert: bool,
}

/// One place where a phrase was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryHit {
    /// The phrase of the rule.
    pub phrase: String,
    /// The words that match it, as they stand in the transcript.
    pub words: String,
    /// Who says them; empty in what was found by older programs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub speaker: String,
    /// Index of the segment where they begin.
    pub segment: u32,
    /// Where they begin in the call.
    pub start_ms: u64,
    /// Where they end in the call.
    pub end_ms: u64,
}
