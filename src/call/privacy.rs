//! What is masked where, what becomes of the words and the sound as they were, and who does the masking.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{PiiKind, PiiSpan, SecondOpinion, Transcript};

/// Where words or sound are shown or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Summaries, points, keywords, action items, questions. Follows by itself wherever words are masked.
    Summaries,
    /// Transcripts, suspects, previews and second opinions over the API, in the console and on the command line.
    Text,
    /// The transcripts for people beside the audio files.
    Exports,
    /// The search index and what is shown of it.
    Search,
    /// What sinks are sent.
    Webhooks,
    /// The sound: silenced where personal data is said.
    Audio,
}

impl Place {
    /// All places.
    pub const ALL: [Self; 6] = [Self::Summaries, Self::Text, Self::Exports, Self::Search, Self::Webhooks, Self::Audio];

    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Summaries => "summaries",
            Self::Text => "text",
            Self::Exports => "exports",
            Self::Search => "search",
            Self::Webhooks => "webhooks",
            Self::Audio => "audio",
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|place| place.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("'{text}' is no place to mask in; places are {known}.")
        })
    }
}

/// What becomes of words and sound as they were, where kinds are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unredacted {
    /// They stay as they are; what is shown is masked.
    #[default]
    Keep,
    /// They are encrypted with the key in the state folder; what lies open is masked.
    Seal,
    /// They are not kept.
    Drop,
}

impl Unredacted {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Seal, Self::Drop];

    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Seal => "seal",
            Self::Drop => "drop",
        }
    }
}

impl FromStr for Unredacted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
        known.ok_or_else(|| format!("'{text}' is none of keep, seal and drop."))
    }
}

/// What is masked, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrivacyPolicy {
    /// Kinds that are masked; none means nothing is.
    pub mask: Vec<PiiKind>,
    /// Where they are masked.
    pub places: Vec<Place>,
    /// What becomes of words and sound as they were.
    pub unredacted: Unredacted,
    /// What national numbers look like: `words|words => pattern`, a regular expression over digits and capital letters.
    pub national_ids: Vec<String>,
}

impl PrivacyPolicy {
    /// Whether anything is masked in a place.
    pub fn masks_in(&self, place: Place) -> bool {
        // A summary is words of the call: it goes where they go.
        let follows = place == Place::Summaries && self.places.iter().any(|place| *place != Place::Audio);
        !self.mask.is_empty() && (follows || self.places.contains(&place))
    }

    /// What becomes of words and sound as they were; they stay where nothing is masked.
    pub fn fate(&self) -> Unredacted {
        if self.mask.is_empty() { Unredacted::Keep } else { self.unredacted }
    }
}

/// A stretch of a call that is not to be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The channel in the file; absent means all of them.
    pub channel: Option<u16>,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// Where it ends in the call.
    pub end_ms: u64,
}

/// Whoever masks: knows the policy and where personal data is. Words leave the store through one of these.
pub trait Veil: fmt::Debug + Send + Sync {
    /// What is masked, and where.
    fn policy(&self) -> &PrivacyPolicy;

    /// Names policy and rules: what was masked under another name is masked anew. 0 where nothing is masked.
    fn mark(&self) -> u64;

    /// The transcript without personal data.
    fn transcript(&self, transcript: &Transcript) -> Transcript;

    /// What the provider said without personal data, told by `ours` too: what one of both heard is masked in both.
    fn opinion(&self, ours: Option<&Transcript>, opinion: &SecondOpinion) -> SecondOpinion;

    /// Where a transcript holds personal data of any kind.
    fn places(&self, transcript: &Transcript) -> Vec<PiiSpan>;

    /// A translation without personal data, told by `ours`, the words it is of, too.
    fn translation(&self, ours: Option<&Transcript>, translated: &Transcript) -> Transcript;

    /// Where the sound has personal data; of all kinds where the policy names none.
    fn silences(&self, transcript: &Transcript) -> Vec<Silence>;
}
