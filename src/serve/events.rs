//! `GET /api/v1/events`: what changes, as server-sent events, for consoles and programs that would otherwise ask again and
//! again.
//!
//! | event | when | data |
//! |---|---|---|
//! | `recording` | a recording came, a step of it began or ended, it was removed | [`RecordingEvent`] |
//! | `progress` | a running step got on | as `running` in `GET /api/v1/queue` |
//! | `job` | a job came, got on or ended; at most once a second | as `GET /api/v1/jobs/{id}` answers |
//! | `queue` | work was added or done, the queue was paused or resumed; at most once a second | [`QueueEvent`] |
//! | `reset` | something was missed: ask anew for whatever is shown | `{}` |
//!
//! `GET /api/v1/jobs/{id}/events` tells what concerns one job: where it stands, then its events and those of its recordings,
//! and ends with it.
//!
//! Every event has an id; who comes back with `Last-Event-ID` gets what was missed, as long as that is kept.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::hub::{Listening, Only};
use super::jobs;
use super::listener::Hangup;
use super::params::Params;
use super::queue::ByStep;
use super::view::processing_status;
use crate::call::{ProcessingStatus, RecordingId, StageStatus, Step};
use crate::store::Changed;

/// A recording changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingEvent {
    /// Which one.
    #[schema(value_type = String, format = "uuid")]
    id: RecordingId,
    /// How it stands as a whole.
    #[schema(schema_with = processing_status)]
    processing_status: ProcessingStatus,
    /// How the audio stands.
    #[schema(value_type = String)]
    recording_status: StageStatus,
    /// How the transcript stands.
    #[schema(value_type = String)]
    transcript_status: StageStatus,
    /// How the summary stands.
    #[schema(value_type = String)]
    summary_status: StageStatus,
    /// The state of each step.
    steps: StepNames,
    /// The newest error worth showing.
    last_error: Option<String>,
    /// It was removed.
    removed: bool,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// `pending`, `running`, `waiting`, `completed`, `skipped` or `failed`, by step.
#[derive(Debug, Serialize, ToSchema)]
struct StepNames {
    fetch_details: &'static str,
    fetch_metadata: &'static str,
    download_audio: &'static str,
    transcribe: &'static str,
    detect_language: &'static str,
    generate_summary: &'static str,
}

/// The queue in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueEvent {
    /// Nothing is taken up.
    pub(super) paused: bool,
    /// Steps at work.
    pub(super) running: usize,
    /// Recordings with work to come or in hand.
    pub(super) unfinished: u64,
    /// Recordings by the step that comes next or runs.
    pub(super) by_step: ByStep,
    /// Seconds of work left; null when nobody can say.
    pub(super) eta_seconds: Option<f64>,
    /// What the forecast rests on, or why there is none.
    pub(super) eta_note: String,
}

impl RecordingEvent {
    pub(super) fn of(changed: &Changed) -> Self {
        let steps = &changed.steps;
        let name = |step| steps.get(step).state.name();
        Self {
            id: changed.id,
            processing_status: steps.processing_status(),
            recording_status: steps.recording_status(),
            transcript_status: steps.transcript_status(),
            summary_status: steps.summary_status(),
            steps: StepNames {
                fetch_details: name(Step::FetchDetails),
                fetch_metadata: name(Step::FetchMetadata),
                download_audio: name(Step::DownloadAudio),
                transcribe: name(Step::Transcribe),
                detect_language: name(Step::DetectLanguage),
                generate_summary: name(Step::GenerateSummary),
            },
            last_error: steps.last_error().map(str::to_owned),
            removed: changed.removed,
            updated_at: changed.updated_at,
        }
    }
}

/// What changes, as it changes: `recording`, `progress`, `job`, `queue` and `reset` events, until the daemon stops. A
/// comment
/// comes every fifteen seconds when nothing else does. A listener that does not read is dropped.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "daemon", operation_id = "get_events",
    params(
        ("recording" = Option<String>, Query, description = "Only what concerns this recording, by our id or the provider's."),
        ("last_event_id" = Option<String>, Query, description = "Goes on after this event; also as the header `Last-Event-ID`."),
    ),
    responses(
        (status = 200, description = "Events.", body = String, content_type = "text/event-stream"),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, description = "Too many listen already.", body = ErrorBody),
    )
)]
pub(super) async fn listen(
    State(api): State<Api>,
    headers: HeaderMap,
    hangup: Option<Extension<Hangup>>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let recording = params.text(&["recording"])?;
    let after = after(&headers, &mut params)?;
    params.finish()?;
    let only = match recording {
        Some(id) => Only::Recording(api.recording(id).await?.id),
        None => Only::Everything,
    };
    Ok(answer(api.0.hub.listen(&api, only, after.as_deref(), hangup.map(|Extension(one)| one))?))
}

/// What becomes of a job, as it does: `job` events in the shape of `GET /api/v1/jobs/{id}`, the first at once and the last
/// with its end, after which the answer ends; between them the `recording` and `progress` events of its recordings. Who comes
/// back after the end is told by 204 not to come again.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/events", tag = "jobs", operation_id = "get_job_events",
    params(
        ("id" = String, Path, description = "The job's id."),
        ("last_event_id" = Option<String>, Query, description = "Goes on after this event; also as the header `Last-Event-ID`."),
    ),
    responses(
        (status = 200, description = "Events.", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The event named was the job's last."),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, description = "Too many listen already.", body = ErrorBody),
    )
)]
pub(super) async fn listen_to_job(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: HeaderMap,
    hangup: Option<Extension<Hangup>>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let after = after(&headers, &mut params)?;
    params.finish()?;
    let id = jobs::known(&api, &id).await?.id;
    let hangup = hangup.map(|Extension(one)| one);
    let mut listening = api.0.hub.listen(&api, Only::Job(id), after.as_deref(), hangup)?;
    // Looked up after the listener was added: what changes from here on is heard.
    let standing = jobs::as_they_stand(&api, vec![id]).await?;
    let job = standing.first().ok_or_else(ApiError::internal)?;
    if listening.knows_end_of(job) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    listening.show(job);
    Ok(answer(listening))
}

/// The event a listener goes on after.
fn after(headers: &HeaderMap, params: &mut Params) -> Result<Option<String>, ApiError> {
    let named = params.text(&["last_event_id"])?;
    Ok(named.or_else(|| headers.get("last-event-id")?.to_str().ok().map(str::to_owned)))
}

fn answer(listening: Listening) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // A proxy that gathers the answer would show nothing until its end.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(listening.into_stream())).into_response()
}
