//! Translations as JSON.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::one_of;
use crate::call::{Language, TranslationFacts, TranslationStanding, TranslationState, Translator};

/// How a translation stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TranslationView {
    /// The language, as ISO 639-1.
    #[schema(value_type = String)]
    pub language: Language,
    /// `waiting`, `running`, `failed`, `made`, or `stale`: of an earlier transcript, and no other was asked for.
    #[schema(schema_with = state)]
    pub state: &'static str,
    /// Tries that were begun since it was asked for.
    pub attempts: u32,
    /// Waiting until.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// Running since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Given up at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// What it waits for, or why it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The translation there is, in short, perhaps an earlier one; null when there is none.
    pub translation: Option<TranslationFactsView>,
}

/// A translation in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TranslationFactsView {
    /// `whisper`, from the sound, or `language_model`, from the transcript.
    #[schema(schema_with = translator)]
    pub by: Translator,
    /// The model's name.
    pub model: String,
    /// True when its words are those of a model that knows only the sample calls, or are made of such.
    pub model_is_miniature: bool,
    /// Program, model and instructions.
    pub version: String,
    /// The language it was made from; null when nobody knows.
    #[schema(value_type = Option<String>)]
    pub from: Option<Language>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// It is of an earlier transcript than the one that is there.
    pub is_stale: bool,
    /// Segments, counted from 0, of which a number or a sign like `[card]` is not found in the translation.
    pub doubtful_segments: Vec<u32>,
}

impl TranslationView {
    /// As the store knows it.
    pub fn of(standing: &TranslationStanding) -> Self {
        let mut view = Self {
            language: standing.language.clone(),
            state: standing.state.name(),
            attempts: 0,
            until: None,
            since: None,
            at: None,
            reason: None,
            translation: standing.made.as_ref().map(TranslationFactsView::of),
        };
        match &standing.state {
            TranslationState::Waiting { until, attempts, reason } => {
                (view.until, view.attempts, view.reason) = (Some(*until), *attempts, reason.clone());
            }
            TranslationState::Running { since, attempts } => (view.since, view.attempts) = (Some(*since), *attempts),
            TranslationState::Failed { at, error, attempts } => {
                (view.at, view.attempts, view.reason) = (Some(*at), *attempts, Some(error.clone()));
            }
            TranslationState::Made | TranslationState::Stale => {}
        }
        view
    }
}

impl TranslationFactsView {
    /// As the store knows it.
    pub fn of(facts: &TranslationFacts) -> Self {
        Self {
            by: facts.by,
            model: facts.made_with.clone(),
            model_is_miniature: facts.is_of_miniature,
            version: facts.version.clone(),
            from: facts.from.clone(),
            made_at: facts.made_at,
            is_stale: facts.is_stale,
            doubtful_segments: facts.doubtful.clone(),
        }
    }
}

fn state() -> Object {
    one_of(["waiting", "running", "failed", "made", "stale"])
}

fn translator() -> Object {
    one_of(Translator::ALL.map(Translator::as_str))
}
