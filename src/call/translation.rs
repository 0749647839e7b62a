//! A call's words in another language: kept beside the transcript, never in its place.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Language, Transcript};

/// Who puts words into another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Translator {
    /// Whisper, from the sound; into English alone.
    Whisper = 0,
    /// A language model, from the transcript.
    LanguageModel = 1,
}

impl Translator {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Whisper, Self::LanguageModel];

    /// The name in API and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whisper => "whisper",
            Self::LanguageModel => "language_model",
        }
    }
}

/// What is to be translated, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslationPolicy {
    /// Every call in another language is translated into these.
    pub to: Vec<Language>,
    /// Who translates into English; into any other language it is the language model.
    pub english_by: Translator,
}

impl TranslationPolicy {
    /// Who translates into a language.
    pub fn translator(&self, into: &Language) -> Translator {
        if into.as_str() == "en" { self.english_by } else { Translator::LanguageModel }
    }
}

/// The words of a call in another language.
#[derive(Debug, Clone, PartialEq)]
pub struct Translation {
    /// What is known of it without its words.
    pub facts: TranslationFacts,
    /// The words, in the language they were put into.
    pub words: Transcript,
}

/// A translation in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranslationFacts {
    /// Who made it.
    pub by: Translator,
    /// The model's name.
    pub made_with: String,
    /// True when that is Whisper's miniature, or its words were translated.
    #[serde(default)]
    pub is_of_miniature: bool,
    /// Program, model and instructions.
    pub version: String,
    /// The language that was spoken, as far as it is known.
    pub from: Option<Language>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Segments of which a number, or a sign for something masked, is not found in the translation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubtful: Vec<u32>,
    /// The transcript it was made of is not the one that is there now.
    #[serde(skip)]
    pub is_stale: bool,
}

/// How far the translation into one language is. What there is of an earlier one stays meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TranslationState {
    /// Its turn comes.
    Waiting {
        /// Not before this.
        until: Timestamp,
        /// Tries that were begun.
        attempts: u32,
        /// What it waits for, or what went wrong the last time.
        reason: Option<String>,
    },
    /// It is being made.
    Running {
        /// Since when.
        since: Timestamp,
        /// Which try, from 1.
        attempts: u32,
    },
    /// Given up.
    Failed {
        /// When.
        at: Timestamp,
        /// Why and what to do.
        error: String,
        /// Tries that were begun.
        attempts: u32,
    },
    /// It is there.
    Made,
    /// It is of an earlier transcript, and nobody asked for another.
    Stale,
}

impl TranslationState {
    /// The name in API and console.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Running { .. } => "running",
            Self::Failed { .. } => "failed",
            Self::Made => "made",
            Self::Stale => "stale",
        }
    }
}

/// How the translation of a recording into one language stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslationStanding {
    /// The language.
    pub language: Language,
    /// How far it is.
    pub state: TranslationState,
    /// What there is.
    pub made: Option<TranslationFacts>,
}
