//! `/api/v1/recordings/{id}/translations`: the languages a call is there in, and a way to ask for another. The words
//! themselves are at `…/transcript?translation=`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::params::{Params, shown};
use super::view::{TranslationFactsView, TranslationView};
use super::{Api, Caller, Tongues, unmasked};
use crate::call::{Language, Recording, RecordingId, Step, Translation, TranslationStanding, TranslationState};
use crate::config::known_language;
use crate::export::{self, Format, json};
use crate::store::{Store, StoreError};

/// The translations of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Translations {
    /// The language that was spoken; null when nobody knows.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
    /// By language: those that are there, those to come, those that were given up.
    items: Vec<TranslationView>,
}

/// The languages a call was translated into, or will be, and how far that is.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/translations", tag = "recordings", operation_id = "list_translations",
    params(("id" = String, Path, description = "Our id or the provider's.")),
    responses(
        (status = 200, description = "The translations.", body = Translations),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Translations>, ApiError> {
    params.finish()?;
    let recording = api.recording(id).await?;
    let id = recording.id;
    let standings = api.ask(move |store| store.translations(id)).await?;
    let language = recording.transcript.and_then(|facts| facts.language);
    Ok(Json(Translations { language, items: standings.iter().map(TranslationView::of).collect() }))
}

/// Asks for a translation. It is made beside everything else, behind calls that are to be transcribed; one that is there
/// stays until the new one is. Into English by Whisper, from the sound, or by the language model, as
/// `translation.english_by` says; into any other language by the language model.
#[utoipa::path(
    post, path = "/api/v1/recordings/{id}/translations", tag = "recordings", operation_id = "ask_for_translation",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("language" = String, Query, description = "As ISO 639-1: `en`. Needed."),
    ),
    responses(
        (status = 202, description = "It will be made.", body = TranslationView),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "There is no transcript, or nobody who could translate it.", body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
    )
)]
pub(super) async fn ask(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<(StatusCode, Json<TranslationView>), ApiError> {
    let wanted = params.text(&["language"])?;
    params.finish()?;
    let recording = api.recording(id).await?;
    let language = fitting(wanted, &recording, &api.0.loops.translates_into())?;
    let (by, now, id) = (caller.audit_name(), api.0.clock.now(), recording.id);
    let standing = api.ask(move |store| {
        store.wish_translation(id, &language, &by, now)?;
        Ok(store.translations(id)?.into_iter().find(|standing| standing.language == language))
    });
    let standing = standing.await?.ok_or_else(ApiError::internal)?;
    Ok((StatusCode::ACCEPTED, Json(TranslationView::of(&standing))))
}

/// The language, if the recording can be translated into it.
fn fitting(wanted: Option<String>, recording: &Recording, into: &Tongues) -> Result<Language, ApiError> {
    let allowed = match into {
        Tongues::Any => "a language Whisper knows by its code of ISO 639-1, such as \"en\", \"es\" or \"de\"",
        Tongues::English => "\"en\", since no language model is configured",
        Tongues::Nothing(why) => {
            let hint = "See [translation] and [language_model] in the configuration.";
            return Err(ApiError::new(StatusCode::CONFLICT, "not_available", why.clone(), hint));
        }
    };
    let refused =
        |said: String| ApiError::bad_parameter(said, "The code of another language than the call's own will do.");
    let wanted = wanted.ok_or_else(|| refused(format!("Parameter language is missing; it must be {allowed}.")))?;
    let known = known_language(&wanted).ok();
    let known = known.filter(|language| *into == Tongues::Any || language.as_str() == "en");
    let language =
        known.ok_or_else(|| refused(format!("Parameter language is {}; it must be {allowed}.", shown(&wanted))))?;
    let facts = recording.transcript.as_ref().filter(|facts| facts.word_count > 0).ok_or_else(|| {
        let step = recording.steps.get(Step::Transcribe);
        ApiError::not_there_yet("transcript", Step::Transcribe.as_str(), step)
    })?;
    if facts.language.as_ref() == Some(&language) {
        let message = format!("Parameter language is {}; the call is in that language itself.", shown(&wanted));
        return Err(refused(format!("{message} It must be another one: {allowed}.")));
    }
    Ok(language)
}

/// The words of a translation in a format, with what is known of it in the JSON.
pub(super) fn text(
    store: &Store,
    id: RecordingId,
    into: &Language,
    format: Format,
    is_unmasked: bool,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = if is_unmasked { store.unmasked_translation(id, into)? } else { store.translation(id, into)? };
    Ok(found.map(|translation| render(translation, format).into_bytes()))
}

fn render(translation: Translation, format: Format) -> String {
    #[derive(Serialize)]
    struct Head {
        translation: TranslationFactsView,
    }
    let Translation { facts, mut words } = translation;
    if facts.is_stale {
        words.notes.push("It is of an earlier transcript than the one that is there now.".to_owned());
    }
    if format == Format::Json {
        let head = Head { translation: TranslationFactsView::of(&facts) };
        return json::render_after(&head, &words).get().to_owned() + "\n";
    }
    export::render(&words, format)
}

/// 404: there is no translation to be had now; says how it stands.
pub(super) async fn missing(api: &Api, id: RecordingId, into: Language) -> ApiError {
    let language = into.clone();
    let standing = api.ask(move |store| Ok(store.translations(id)?.into_iter().find(|one| one.language == language)));
    let how = match standing.await {
        Ok(standing) => how(standing.as_ref()),
        Err(error) => return error,
    };
    let message = format!("There is no translation into {}: {how}", shown(into.as_str()));
    let hint = "POST …/translations?language= asks for one; GET …/translations shows those there are.";
    ApiError::new(StatusCode::NOT_FOUND, "no_translation", message, hint)
}

fn how(standing: Option<&TranslationStanding>) -> String {
    match standing.map(|standing| &standing.state) {
        None => "nobody asked for one.".to_owned(),
        Some(TranslationState::Running { .. }) => "it is being made.".to_owned(),
        Some(TranslationState::Failed { error, .. }) => format!("it was given up. {error}"),
        Some(TranslationState::Waiting { until, reason: Some(reason), .. }) => {
            format!("it is waiting until {until}. {reason}")
        }
        Some(_) => "its turn has not come.".to_owned(),
    }
}

/// The language asked for as `translation`, and whether masks are asked off.
pub(super) fn asked(api: &Api, caller: &Caller, params: &mut Params) -> Result<(Option<Language>, bool), ApiError> {
    let into = params.language(&["translation"])?.map(|code| Language::new(&code));
    Ok((into, unmasked::asked(api, caller, params)?))
}
