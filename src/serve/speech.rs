//! OpenAI's transcription contract, for programs that speak it already: `/v1/audio/transcriptions`,
//! `/v1/audio/translations`, `/v1/models`.
//!
//! A request runs through the same worker process as the pipeline, after the call that is being transcribed and before the
//! backlog; each waits in line once, so neither side starves. Nothing enters the archive: the audio is gone with the answer,
//! after a crash at the next start. What `[privacy]` masks in texts is masked here too: answers go on to programs that keep
//! them. To keep a call, upload it to `/api/v1/recordings`.

mod shape;
mod text;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};
use utoipa::ToSchema;

use super::error::ApiError;
use super::form::{self, Form};
use super::params::{Params, shown};
use super::{Api, Hearing};
use crate::call::{Disposition, Language, Place, Transcript};
use crate::config::known_language;
use crate::provider::upload::Incoming;
use crate::transcribe::TranscribeError;

pub(super) use shape::{OpenAiErrorBody, shape};
use text::{Answer, Format};

/// Requests that wait in line or are heard; more are told to come back.
pub(super) const SPEECH_MAX: usize = 8;
/// The name that stands for whatever model the daemon runs.
const ALIAS: &str = "whisper-1";
/// Longest prompt, as in the configuration.
const PROMPT_CHARS_MAX: usize = 1000;
/// How often a stream with nothing new shows that it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(10);

/// What the form may hold.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the fields are read by name")]
pub(super) struct SpeechForm {
    /// The audio file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// `whisper-1` for the model the daemon runs, or its own name.
    model: String,
    /// `json`, `text`, `srt`, `verbose_json` or `vtt`.
    response_format: Option<String>,
    /// `word`, `segment` or both, with `verbose_json`.
    #[schema(rename = "timestamp_granularities[]")]
    timestamp_granularities: Option<Vec<String>>,
    /// The language as ISO 639-1. Translations take none.
    language: Option<String>,
    /// Text for the spelling of names.
    prompt: Option<String>,
    /// From 0 to 1. Checked and otherwise passed over: the decoder begins greedily and raises it by itself where a window
    /// looks wrong.
    temperature: Option<f64>,
    /// Answers with server-sent events: each segment once it is final, then the whole. The language is settled by the first
    /// probes of the call. With `json` and `text` alone; translations are not streamed.
    stream: Option<bool>,
}

/// What was asked for.
struct Asked {
    hearing: Hearing,
    answer: Answer,
    is_streamed: bool,
    /// Removed once it was heard.
    _file: Incoming,
}

/// Transcribes a file as OpenAI's API does.
#[utoipa::path(
    post, path = "/v1/audio/transcriptions", tag = "openai", operation_id = "create_transcription",
    request_body(content = SpeechForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The transcript in the format asked for."),
        (status = 400, body = OpenAiErrorBody), (status = 401, body = OpenAiErrorBody),
        (status = 404, description = "There is no such model.", body = OpenAiErrorBody),
        (status = 413, body = OpenAiErrorBody), (status = 503, body = OpenAiErrorBody),
    )
)]
pub(super) async fn transcriptions(
    State(api): State<Api>,
    params: Params,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, ApiError> {
    params.finish()?;
    hear(api, form, false).await
}

/// Translates a file into English as OpenAI's API does.
#[utoipa::path(
    post, path = "/v1/audio/translations", tag = "openai", operation_id = "create_translation",
    request_body(content = SpeechForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The English text in the format asked for."),
        (status = 400, body = OpenAiErrorBody), (status = 401, body = OpenAiErrorBody),
        (status = 404, description = "There is no such model.", body = OpenAiErrorBody),
        (status = 413, body = OpenAiErrorBody), (status = 503, body = OpenAiErrorBody),
    )
)]
pub(super) async fn translations(
    State(api): State<Api>,
    params: Params,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, ApiError> {
    params.finish()?;
    hear(api, form, true).await
}

/// A model by its name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelView {
    id: String,
    object: &'static str,
    created: i64,
    owned_by: &'static str,
}

/// The models that can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelList {
    object: &'static str,
    data: Vec<ModelView>,
}

/// The daemon's model, under its own name and as `whisper-1`.
#[utoipa::path(
    get, path = "/v1/models", tag = "openai", operation_id = "list_models",
    responses((status = 200, description = "Two names of one model.", body = ModelList), (status = 401, body = OpenAiErrorBody))
)]
pub(super) async fn models(State(api): State<Api>, params: Params) -> Result<Json<ModelList>, ApiError> {
    params.finish()?;
    Ok(Json(ModelList { object: "list", data: vec![model_view(api.0.loops.model()), model_view(ALIAS.to_owned())] }))
}

/// One of the models.
#[utoipa::path(
    get, path = "/v1/models/{id}", tag = "openai", operation_id = "get_model",
    params(("id" = String, Path, description = "A name.")),
    responses(
        (status = 200, description = "The model.", body = ModelView),
        (status = 401, body = OpenAiErrorBody), (status = 404, body = OpenAiErrorBody),
    )
)]
pub(super) async fn model(
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<ModelView>, ApiError> {
    params.finish()?;
    check_model(&api, &id)?;
    Ok(Json(model_view(id)))
}

/// Nobody knows when a model was made; its file's time would tell when it was copied.
const fn model_view(id: String) -> ModelView {
    ModelView { id, object: "model", created: 0, owned_by: "callscribe" }
}

fn check_model(api: &Api, name: &str) -> Result<(), ApiError> {
    let ours = api.0.loops.model();
    if name == ALIAS || name == ours {
        return Ok(());
    }
    let message = format!("The model {} does not exist; this daemon runs {ours}, also as {ALIAS}.", shown(name));
    Err(ApiError::new(StatusCode::NOT_FOUND, "model_not_found", message, "GET /v1/models lists the names.")
        .about("model"))
}

async fn hear(api: Api, form: Result<Multipart, MultipartRejection>, translate: bool) -> Result<Response, ApiError> {
    let parts = form.map_err(|_| wrong("file", "The body is no form; send multipart/form-data."))?;
    let Ok(seat) = Arc::clone(&api.0.hearing).try_acquire_owned() else {
        let message = format!("{SPEECH_MAX} requests wait for the model already.");
        let busy = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Try again later.");
        return Err(busy.retry_after(wait_s(&api).await?));
    };
    let form = form::read(parts, &api.0.intake.uploads).await?;
    let asked = read(&api, form, translate)?;
    let cancel = api.0.stop.child_token();
    // Whoever goes away ends the work: this is dropped with the answer.
    let guard = cancel.clone().drop_guard();
    if asked.is_streamed {
        return Ok(streamed(&api, asked, cancel, (guard, seat)));
    }
    let heard = api.0.loops.transcribe(asked.hearing.clone(), cancel).await;
    let transcript = api.0.store.veiled(heard.map_err(|error| refused(&error))?, Place::Text);
    let (kind, body) = asked.answer.write(&transcript);
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// How long the requests in line take, as far as that is known.
async fn wait_s(api: &Api) -> Result<u64, ApiError> {
    let pace = api.ask(crate::store::Store::pace).await?;
    Ok(pace.map_or(30, |pace| (pace.mean_length_ms / 1000.0 * pace.work_per_call).ceil() as u64).clamp(5, 600))
}

fn read(api: &Api, mut form: Form, translate: bool) -> Result<Asked, ApiError> {
    let Some(file) = form.file.take().filter(|file| file.size_bytes() > 0) else {
        return Err(wrong("file", "The form has no file, or an empty one."));
    };
    let model = form.text("model").ok_or_else(|| wrong("model", "You must provide a model parameter."))?;
    check_model(api, model)?;
    if translate && api.0.loops.knows_english_only() {
        let message = format!("The model {} knows English only and cannot translate.", api.0.loops.model());
        return Err(wrong("model", message));
    }
    let language = form.text("language").filter(|_| !translate).map(known_language).transpose();
    let language = language.map_err(|message| wrong("language", message))?;
    let prompt = form.text("prompt").map(str::to_owned);
    if prompt.as_ref().is_some_and(|prompt| prompt.chars().count() > PROMPT_CHARS_MAX) {
        return Err(wrong("prompt", format!("The prompt has more than {PROMPT_CHARS_MAX} characters.")));
    }
    let temperature = form.text("temperature").map(str::parse::<f64>).transpose().ok().flatten();
    if form.text("temperature").is_some() && temperature.is_none_or(|value| !(0.0..=1.0).contains(&value)) {
        return Err(wrong("temperature", "The temperature must be a number from 0 to 1."));
    }
    let is_streamed = match form.text("stream").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(wrong("stream", "stream must be true or false.")),
    };
    let format = match form.text("response_format") {
        None => Format::Json,
        Some(name) => Format::read(name)
            .ok_or_else(|| wrong("response_format", "response_format must be json, text, srt, verbose_json or vtt."))?,
    };
    if is_streamed && translate {
        return Err(wrong("stream", "Translations are not streamed; ask without stream."));
    }
    if is_streamed && !format.is_plain() {
        return Err(wrong("stream", "A stream has the words alone: it needs response_format=json or text."));
    }
    let granularities = form.list("timestamp_granularities");
    if granularities.iter().any(|name| !matches!(*name, "word" | "segment")) {
        return Err(wrong("timestamp_granularities", "timestamp_granularities[] must be word or segment."));
    }
    let (words, segments) = (granularities.contains(&"word"), granularities.contains(&"segment"));
    if (words || segments) && format != Format::VerboseJson {
        let message = "timestamp_granularities[] needs response_format=verbose_json.";
        return Err(wrong("timestamp_granularities", message));
    }
    // Segments are what comes without being asked for.
    let answer = Answer { format, words, segments: segments || !words, translate };
    let languages: Vec<Language> = language.into_iter().collect();
    let hearing = Hearing { audio: file.path().to_owned(), languages, prompt, translate, said: None };
    Ok(Asked { hearing, answer, is_streamed, _file: file })
}

/// The transcript as events, each segment once it is final: nothing that is still to be heard comes before it or changes it.
/// Where texts are masked all of them come with the end, for what is to be masked shows in the whole call only. Comments keep
/// the connection open meanwhile.
fn streamed(api: &Api, asked: Asked, cancel: CancellationToken, held: (DropGuard, OwnedSemaphorePermit)) -> Response {
    let (sender, said) = mpsc::unbounded_channel();
    let is_masked = api.0.store.masks_in(Place::Text);
    let hearing = Hearing { said: (!is_masked).then_some(sender), ..asked.hearing.clone() };
    let heard = api.0.loops.transcribe(hearing, cancel);
    let store = api.0.store.clone();
    let state = Some((heard, said, Vec::new(), (asked, held), store));
    let events = stream::unfold(state, |state| async move {
        let (mut heard, mut said, mut told, held, store) = state?;
        let alive = tokio::time::sleep(ALIVE_EVERY);
        let text = tokio::select! {
            biased;
            Some(text) = said.recv() => {
                let written = delta(&text, told.is_empty());
                told.push(text);
                written
            }
            result = &mut heard => {
                drop(held);
                let text = match result {
                    Ok(transcript) => the_rest(&store.veiled(transcript, Place::Text), &told),
                    Err(error) => event(&shape::body_of(&refused(&error))),
                };
                return Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), None));
            }
            () = alive => ": alive\n\n".to_owned(),
        };
        Some((Ok(Bytes::from(text)), Some((heard, said, told, held, store))))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream")];
    (headers, Body::from_stream(events.boxed())).into_response()
}

fn delta(text: &str, is_first: bool) -> String {
    let gap = if is_first { "" } else { " " };
    event(&json!({ "type": "transcript.text.delta", "delta": format!("{gap}{text}") }))
}

/// The segments that were not told yet, and the whole.
fn the_rest(transcript: &Transcript, told: &[String]) -> String {
    let texts: Vec<&str> = transcript.segments.iter().map(|segment| segment.text.as_str()).collect();
    if !texts.starts_with(&told.iter().map(String::as_str).collect::<Vec<_>>()) {
        tracing::error!("A transcript does not begin with what was told of it. This is a fault of callscribe.");
        return event(&shape::body_of(&ApiError::internal()));
    }
    let rest = texts.iter().enumerate().skip(told.len());
    let mut out: String = rest.map(|(place, text)| delta(text, place == 0)).collect();
    let done = json!({ "type": "transcript.text.done", "text": transcript.text(), "usage": text::usage(transcript) });
    out.push_str(&event(&done));
    out
}

fn event(data: &impl Serialize) -> String {
    format!("data: {}\n\n", serde_json::to_string(data).unwrap_or_default())
}

fn wrong(param: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_value", message, "GET /openapi.json describes the form.")
        .about(param)
}

fn refused(error: &TranscribeError) -> ApiError {
    let message = error.to_string();
    match (error, error.disposition()) {
        (_, Disposition::Reject) => {
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_file", message, "Send WAV, MP3, M4A, FLAC or Ogg.")
                .about("file")
        }
        (TranscribeError::Cancelled, _) => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", message, "Try again in a few seconds.")
        }
        (_, Disposition::Park) => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_model", message, "GET /readyz says what is missing.")
        }
        _ => {
            tracing::error!(%error, "A request could not be transcribed");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "worker", message, "Try again; the log has the cause.")
        }
    }
}
