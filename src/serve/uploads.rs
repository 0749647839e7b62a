//! `POST /api/v1/recordings/`: a call that comes in by the API.
//!
//! The file is on the disk, whole and under its final name, before the database says that it exists. What a crash leaves
//! of a half upload is gone at the next start.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::form::{self, Form, on_disk};
use super::params::{Params, shown};
use super::view::RecordingItem;
use super::{Api, Intake};
use crate::call::{CallFacts, Direction, JobId, Party, ProviderKind, RecordingKey};
use crate::config::known_language;
use crate::decode;
use crate::provider::upload;
use crate::store::NewUpload;

/// Channels in one file, as the decoder takes them.
const CHANNELS_MAX: usize = 8;
/// Longest value of a fact, in characters.
const FACT_CHARS_MAX: usize = 500;
/// Shortest and longest time a full queue asks callers to stay away.
const RETRY_S: std::ops::RangeInclusive<u64> = 5..=3600;
/// The same, when nobody can say how long the queue takes.
const RETRY_UNKNOWN_S: u64 = 60;
/// Facts a form may carry beside `file`.
const FACTS: [&str; 22] = [
    "started_at",
    "direction",
    "caller",
    "caller_name",
    "caller_email",
    "callee",
    "callee_name",
    "callee_email",
    "owner",
    "owner_name",
    "owner_email",
    "call_id",
    "session_id",
    "location",
    "organisation",
    "queue",
    "recording_type",
    "service_type",
    "channels",
    "language",
    "metadata",
    "external_id",
];

/// An upload that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Uploaded {
    /// Its way through the pipeline: `GET /api/v1/jobs/{job_id}`. Null when the call was here before and nothing is left
    /// to do.
    #[schema(value_type = Option<String>, format = "uuid")]
    job_id: Option<JobId>,
    /// The same bytes came before: this is that recording, as it was.
    duplicate: bool,
    /// The recording.
    recording: RecordingItem,
}

/// What the form must look like, for the description.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the fields are read by name")]
pub(super) struct UploadForm {
    /// The audio file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// When the recording began, as RFC 3339 with an offset.
    started_at: Option<String>,
    /// `inbound`, `outbound` or `internal`.
    direction: Option<String>,
    /// Who called: a number; also `caller_name`, `caller_email`.
    caller: Option<String>,
    /// Who was called: a number; also `callee_name`, `callee_email`.
    callee: Option<String>,
    /// Whose recording it is: an id; also `owner_name`, `owner_email`.
    owner: Option<String>,
    /// The id of the call; also `session_id`, `location`, `organisation`, `queue`, `recording_type`, `service_type`.
    call_id: Option<String>,
    /// Who speaks on each channel, in their order: `agent,customer`.
    channels: Option<String>,
    /// The language of the call as ISO 639-1, where it is known.
    language: Option<String>,
    /// Whatever else is known: a JSON object, kept whole.
    metadata: Option<String>,
    /// The call's id in the caller's own system, kept in the metadata.
    external_id: Option<String>,
}

/// Takes a call in. The same bytes twice are one recording: then the answer is 200 with the one that is known.
#[utoipa::path(
    post, path = "/api/v1/recordings/", tag = "recordings", operation_id = "upload_recording",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "It was here before.", body = Uploaded),
        (status = 202, description = "It is here and queued.", body = Uploaded),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 408, description = "The body came too slowly.", body = ErrorBody),
        (status = 410, description = "It was here and was removed.", body = ErrorBody),
        (status = 413, description = "It is too large.", body = ErrorBody),
        (status = 415, description = "It is no audio that can be read.", body = ErrorBody),
        (status = 503, description = "Too many uploads are unfinished; Retry-After says when to come back.", body = ErrorBody),
        (status = 507, description = "The disk is full.", body = ErrorBody),
    )
)]
pub(super) async fn upload(
    State(api): State<Api>,
    params: Params,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<(StatusCode, Json<Uploaded>), ApiError> {
    params.finish()?;
    let parts = form.map_err(|_| {
        let message = "The body is no form.";
        ApiError::new(StatusCode::BAD_REQUEST, "bad_form", message, "Send multipart/form-data with the field `file`.")
    })?;
    let _seat = Arc::clone(&api.0.uploading).try_acquire_owned().map_err(|_| {
        let message = "Too many uploads come in at once.";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Try again in a few seconds.")
    })?;
    // Before the bytes come, so that nobody sends a gigabyte for nothing.
    check_room(&api).await?;
    let mut form = form::read(parts, &api.0.intake.uploads).await?;
    let (call, metadata) = facts(&form)?;
    let file_name = file_name(&form);
    let Some(file) = form.file.take().filter(|file| file.size_bytes() > 0) else {
        let message = "The form has no file, or an empty one.";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_form",
            message,
            "Send the recording in the field `file`.",
        ));
    };
    // Bytes that are no audio are refused while the caller still listens.
    let path = file.path().to_owned();
    let recognised = tokio::task::spawn_blocking(move || decode::recognise(&path)).await;
    recognised.map_err(|_| ApiError::internal())?.map_err(|error| {
        let message = format!("The file cannot be used: {error}.");
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_audio", message, "Send WAV, MP3, M4A, FLAC or Ogg.")
    })?;
    // A task of its own: a caller who goes away does not leave a file without a row.
    let taking = tokio::spawn(async move {
        let uploads = Arc::clone(&api.0.intake.uploads);
        let kept = on_disk(move || uploads.keep(file)).await?;
        let key =
            RecordingKey { provider: ProviderKind::Upload, account: upload::account(), remote_id: kept.sha256.clone() };
        let new = NewUpload { key, call, metadata, locator: upload::locator(&kept.sha256, &file_name) };
        let now = api.0.clock.now();
        let taken = api.ask(move |store| store.take_upload(&new, now)).await?;
        if !taken.is_new && (taken.recording.audio.is_some() || taken.recording.deletion.is_some()) {
            let uploads = Arc::clone(&api.0.intake.uploads);
            on_disk(move || uploads.remove(&kept.sha256)).await?;
        }
        if let Some(deletion) = &taken.recording.deletion {
            return Err(ApiError::removed(taken.recording.id, deletion));
        }
        let status = if taken.is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
        let recording = RecordingItem::of(&taken.recording);
        Ok((status, Json(Uploaded { job_id: taken.job, duplicate: !taken.is_new, recording })))
    });
    taking.await.map_err(|_| ApiError::internal())?
}

/// Refuses when the queue of uploads or the disk is full.
async fn check_room(api: &Api) -> Result<(), ApiError> {
    let Intake { queue_max, free_disk_bytes_min, .. } = api.0.intake;
    let (outlook, _) = api.outlook().await?;
    let unfinished = u64::try_from(outlook.backlog.uploads).unwrap_or(0);
    if unfinished >= queue_max {
        let eta = outlook.of_all();
        // A place is free once the first of them is done.
        let each = eta.eta_seconds.map(|seconds| (seconds / unfinished.max(1) as f64).ceil() as u64);
        let message = format!("{unfinished} uploads are unfinished already. {}", eta.eta_note);
        let full =
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "queue_full", message, "Come back when Retry-After says.");
        return Err(full.retry_after(each.unwrap_or(RETRY_UNKNOWN_S).clamp(*RETRY_S.start(), *RETRY_S.end())));
    }
    let files = api.0.files.clone();
    let checked = tokio::task::spawn_blocking(move || files.check_free_space(free_disk_bytes_min)).await;
    checked.map_err(|_| ApiError::internal())?.map_err(|error| {
        ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "disk", error.to_string(), "Free some space, then try again.")
    })
}

/// The name for people, and for the ending of the file that is kept.
fn file_name(form: &Form) -> String {
    let name = form.file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().take(FACT_CHARS_MAX).collect();
    if name.is_empty() { "upload".to_owned() } else { name }
}

fn facts(form: &Form) -> Result<(CallFacts, Value), ApiError> {
    if let Some((name, _)) = form.fields.iter().find(|(name, _)| !FACTS.contains(&name.as_str())) {
        let hint = format!("Fields are file, {}.", FACTS.join(", "));
        return Err(ApiError::bad_parameter(format!("There is no field {} here.", shown(name)), hint));
    }
    let text = |name: &'static str| match form.text(name) {
        Some(value) if value.chars().count() > FACT_CHARS_MAX => {
            Err(refused(name, value, format!("at most {FACT_CHARS_MAX} characters")))
        }
        value => Ok(value.map(str::to_owned)),
    };
    let party = |number: &'static str, name, email| {
        Ok::<_, ApiError>(Party { number: text(number)?, name: text(name)?, email: text(email)?, ..Party::default() })
    };
    let owner = party("owner", "owner_name", "owner_email")?;
    let call = CallFacts {
        call_id: text("call_id")?,
        session_id: text("session_id")?,
        started_at: started_at(form)?,
        direction: direction(form)?,
        caller: party("caller", "caller_name", "caller_email")?,
        callee: party("callee", "callee_name", "callee_email")?,
        owner: Party { id: owner.number, number: None, ..owner },
        location: text("location")?,
        organisation: text("organisation")?,
        queue: text("queue")?,
        recording_type: text("recording_type")?,
        service_type: text("service_type")?,
        channel_parties: channels(form)?,
        ..CallFacts::default()
    };
    Ok((call, metadata(form, text("external_id")?.as_deref())?))
}

fn started_at(form: &Form) -> Result<Option<Timestamp>, ApiError> {
    let Some(value) = form.text("started_at") else { return Ok(None) };
    let time = value.parse().map_err(|_| refused("started_at", value, "a time such as 2026-11-20T09:30:00Z"));
    time.map(Some)
}

fn direction(form: &Form) -> Result<Option<Direction>, ApiError> {
    match form.text("direction") {
        None => Ok(None),
        Some("inbound") => Ok(Some(Direction::Inbound)),
        Some("outbound") => Ok(Some(Direction::Outbound)),
        Some("internal") => Ok(Some(Direction::Internal)),
        Some(other) => Err(refused("direction", other, "inbound, outbound or internal")),
    }
}

fn channels(form: &Form) -> Result<Vec<String>, ApiError> {
    let Some(value) = form.text("channels") else { return Ok(Vec::new()) };
    let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
    let fit = names.len() <= CHANNELS_MAX && names.iter().all(|name| !name.is_empty() && name.chars().count() <= 64);
    if fit { Ok(names) } else { Err(refused("channels", value, "up to 8 names separated by commas: agent,customer")) }
}

/// The caller's own fields, with what we keep beside them under `upload`.
fn metadata(form: &Form, external_id: Option<&str>) -> Result<Value, ApiError> {
    let mut fields = match form.text("metadata").map(|text| (text, serde_json::from_str::<Value>(text))) {
        None => Map::new(),
        Some((_, Ok(Value::Object(fields)))) => fields,
        Some((text, _)) => return Err(refused("metadata", text, "a JSON object")),
    };
    let language = form.text("language").map(known_language).transpose();
    let language = language.map_err(|_| {
        refused("language", form.text("language").unwrap_or_default(), "a language that Whisper knows, such as en")
    })?;
    let upload = json!({ "external_id": external_id, "language": language, "file_name": file_name(form) });
    fields.insert("upload".to_owned(), upload);
    Ok(Value::Object(fields))
}

fn refused(name: &str, value: &str, allowed: impl std::fmt::Display) -> ApiError {
    let message = format!("Field {name} is {}; it must be {allowed}.", shown(value));
    ApiError::bad_parameter(message, "Leave the field out, or give it a value it allows.")
}
