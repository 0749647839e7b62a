//! What a provider made of a call: kept beside our own transcript, compared with it, and used where there is none.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Transcript;

/// What a provider made of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecondOpinion {
    /// Its transcript; absent when it only had insights.
    pub transcript: Option<Transcript>,
    /// Everything else it said (summary, sentiment, next steps), whole.
    #[serde(default)]
    pub insights: Value,
    /// When it came.
    pub fetched_at: Timestamp,
    /// How far both transcripts agree; absent while there is only one.
    #[serde(default)]
    pub agreement: Option<Agreement>,
}

/// How far two transcripts of one call agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Share of words that both have, 0 to 1.
    pub score: f32,
    /// Where they differ in words that matter, by time.
    pub disputes: Vec<Dispute>,
    /// Version of the rules they were compared by; 0 for comparisons from before it was kept.
    #[serde(default)]
    pub rules_version: u32,
}

/// A place where two transcripts differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Where our words begin; where the one before ends when we have none.
    pub start_ms: u64,
    /// Where they end.
    pub end_ms: u64,
    /// What we heard; empty when nothing.
    pub ours: String,
    /// What the provider heard; empty when nothing.
    pub theirs: String,
}

/// A second opinion in short, kept with the recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpinionFacts {
    /// When it came.
    pub fetched_at: Timestamp,
    /// It holds a transcript.
    pub has_transcript: bool,
    /// Share of words that both transcripts have, 0 to 1.
    pub agreement: Option<f32>,
    /// Places where they differ.
    pub dispute_count: u32,
    /// Version of the rules they were compared by.
    #[serde(default)]
    pub rules_version: u32,
    /// The [`Veil`](super::Veil) it was kept under; 0 for none.
    #[serde(default, skip_serializing_if = "super::insight::is_none")]
    pub veil: u64,
}

impl SecondOpinion {
    /// In short.
    pub fn facts(&self) -> OpinionFacts {
        OpinionFacts {
            fetched_at: self.fetched_at,
            has_transcript: self.transcript.is_some(),
            agreement: self.agreement.as_ref().map(|agreement| agreement.score),
            dispute_count: self.agreement.as_ref().map_or(0, |agreement| agreement.disputes.len() as u32),
            rules_version: self.agreement.as_ref().map_or(0, |agreement| agreement.rules_version),
            veil: 0,
        }
    }
}
