//! `/api/v1/jobs`: what was asked for, how far it is, and its end.

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::error::{ApiError, ErrorBody};
use super::eta::{Eta, Outlook};
use super::params::{Params, shown};
use super::view::step_name_or_null;
use super::{Api, Caller};
use crate::call::{Job, JobId, JobKind, JobState, NAMED_MAX, ProcessingStatus, Recording, RecordingId, Step};
use crate::store::Line;

const LIMIT_MAX: u64 = 500;
const LIMIT_DEFAULT: u64 = 50;
/// Unfinished recordings looked at to tell whether work on a job has begun.
const LOOKED_AT_MAX: usize = 20;
/// Calls in line that are counted from either end to tell how many come before one.
const IN_LINE_MAX: usize = 10_000;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub(super) job_id: JobId,
    /// `upload`, `reprocess`, `fetch`, `rerun` (steps of many recordings again) or `retry_failed`.
    #[schema(value_type = String)]
    kind: JobKind,
    /// Where it stands.
    #[schema(schema_with = job_state)]
    state: JobState,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When everything had ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The step that comes next or runs, of a job with one unfinished recording.
    #[schema(schema_with = step_name_or_null)]
    step: Option<Step>,
    /// How far it is.
    progress: Progress,
    #[serde(flatten)]
    eta: Eta,
    /// The first hundred recordings it is about.
    #[schema(value_type = Vec<String>)]
    recordings: Vec<RecordingId>,
    /// What went wrong with a look at the sources, as sentences.
    errors: Vec<String>,
}

/// How far a job is.
#[derive(Debug, Serialize, ToSchema)]
struct Progress {
    /// Recordings that have ended.
    recordings_done: u32,
    /// Recordings in all, as far as is known; grows while the sources are looked at.
    recordings_total: u32,
    /// Windows of speech done in its recordings that are at work.
    windows_done: u32,
    /// Windows of speech in these.
    windows_total: u32,
}

/// Jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Jobs {
    /// Newest first.
    items: Vec<JobView>,
}

impl JobView {
    /// Nothing more becomes of it.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended_at.is_some()
    }
}

fn job_state() -> Object {
    let states = ["queued", "running", "completed", "partial", "failed", "cancelled"];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(states)).build()
}

/// One job.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "jobs", operation_id = "get_job",
    params(("id" = String, Path, description = "The job's id.")),
    responses(
        (status = 200, description = "The job.", body = JobView),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn get(
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<JobView>, ApiError> {
    params.finish()?;
    let job = known(&api, &id).await?;
    let ahead = ahead(&api, std::slice::from_ref(&job)).await?;
    Ok(Json(view(&api, job, &ahead).await?))
}

/// The newest jobs. The last 10 000 are kept, those that have ended for seven days.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", operation_id = "list_jobs",
    params(("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "Most jobs in the answer; default 50.")),
    responses(
        (status = 200, description = "Newest first.", body = Jobs),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    )
)]
pub(super) async fn list(State(api): State<Api>, mut params: Params) -> Result<Json<Jobs>, ApiError> {
    let limit = params.whole(&["limit"], 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    params.finish()?;
    let jobs = api.ask(move |store| store.jobs(usize::try_from(limit).unwrap_or(usize::MAX))).await?;
    let ahead = ahead(&api, &jobs).await?;
    let mut items = Vec::with_capacity(jobs.len());
    for job in jobs {
        items.push(view(&api, job, &ahead).await?);
    }
    Ok(Json(Jobs { items }))
}

/// Cancels a job: the work on its unfinished recordings ends, what is there stays, what was to be done again stands where it
/// stood, the rest of what is still to come is skipped. Each can be taken up again with `POST …/reprocess`. A look at the
/// sources that is under way goes on.
#[utoipa::path(
    delete, path = "/api/v1/jobs/{id}", tag = "jobs", operation_id = "cancel_job",
    params(("id" = String, Path, description = "The job's id.")),
    responses(
        (status = 200, description = "It is cancelled.", body = JobView),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It has ended.", body = ErrorBody),
    )
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<JobView>, ApiError> {
    params.finish()?;
    let job = known(&api, &id).await?;
    if job.ended_at.is_some() {
        let message = format!("Job {} has ended: it is {}.", job.id, job.state(false).as_str());
        let hint = "POST /api/v1/recordings/{id}/reprocess does steps again.";
        return Err(ApiError::new(axum::http::StatusCode::CONFLICT, "wrong_state", message, hint));
    }
    let (now, job_id) = (api.0.clock.now(), job.id);
    let by = caller.audit_name();
    // Nothing more comes to it before what it has is ended.
    api.ask(move |store| store.cancel_job(job_id, &by, now)).await?;
    for recording in known(&api, &id).await?.open {
        // One that has just ended by itself needs no end.
        let _ended = cancel_one(&api, recording, &caller).await;
    }
    let job = known(&api, &id).await?;
    let ahead = ahead(&api, std::slice::from_ref(&job)).await?;
    Ok(Json(view(&api, job, &ahead).await?))
}

/// Ends the work on one recording.
pub(super) async fn cancel_one(api: &Api, id: RecordingId, caller: &Caller) -> Result<Recording, ApiError> {
    let (by, now) = (caller.audit_name(), api.0.clock.now());
    let recording = api.ask(move |store| store.cancel(id, &by, now)).await?;
    api.0.loops.cancel(id);
    Ok(recording)
}

/// Those of these jobs that are still known.
pub(super) async fn as_they_stand(api: &Api, ids: Vec<JobId>) -> Result<Vec<JobView>, ApiError> {
    let jobs = api.ask(move |store| ids.into_iter().filter_map(|id| store.job(id).transpose()).collect());
    let jobs: Vec<Job> = jobs.await?;
    let ahead = ahead(api, &jobs).await?;
    let mut views = Vec::with_capacity(jobs.len());
    for job in jobs {
        views.push(view(api, job, &ahead).await?);
    }
    Ok(views)
}

pub(super) async fn known(api: &Api, id: &str) -> Result<Job, ApiError> {
    let unknown = || {
        let message = format!("There is no job {}.", shown(id));
        let hint = "List the jobs with GET /api/v1/jobs; those that have ended are kept for seven days.";
        ApiError::new(axum::http::StatusCode::NOT_FOUND, "not_found", message, hint)
    };
    let job: JobId = id.parse().map_err(|_| unknown())?;
    api.ask(move |store| store.job(job)).await?.ok_or_else(unknown)
}

/// What the jobs' forecasts are made of; counted once for all of them.
async fn ahead(api: &Api, jobs: &[Job]) -> Result<(Outlook, Line), ApiError> {
    let (outlook, _) = api.outlook().await?;
    let is_over = jobs.iter().all(|job| job.ended_at.is_some());
    let line = if is_over { Line::default() } else { api.ask(|store| store.line(IN_LINE_MAX)).await? };
    Ok((outlook, line))
}

async fn view(api: &Api, job: Job, (outlook, line): &(Outlook, Line)) -> Result<JobView, ApiError> {
    let looked_at: Vec<RecordingId> = job.open.iter().copied().take(LOOKED_AT_MAX).collect();
    let open = api.ask(move |store| {
        let mut open = Vec::new();
        for id in looked_at {
            let Some(recording) = store.get(id)? else { continue };
            open.push(recording);
        }
        Ok(open)
    });
    let open: Vec<Recording> = open.await?;
    let has_begun = open.iter().any(|one| one.steps.processing_status() != ProcessingStatus::Pending);
    let one = open.first().filter(|_| job.open.len() == 1);
    let eta = eta(api, &job, &open, outlook, line);
    let windows = outlook.running.iter().filter(|work| job.open.contains(&work.id)).filter_map(|work| work.windows);
    let (windows_done, windows_total) = windows.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let step = one.and_then(|recording| recording.steps.next());
    Ok(JobView {
        job_id: job.id,
        kind: job.kind,
        state: job.state(has_begun),
        created_at: job.created_at,
        ended_at: job.ended_at,
        step,
        progress: Progress {
            recordings_done: job.counts.ended(),
            recordings_total: job.recordings_total(),
            windows_done,
            windows_total,
        },
        eta,
        recordings: job.recordings.into_iter().take(NAMED_MAX).collect(),
        errors: job.errors,
    })
}

/// The job's own forecast.
fn eta(api: &Api, job: &Job, open: &[Recording], outlook: &Outlook, line: &Line) -> Eta {
    if job.ended_at.is_some() {
        return Eta { eta_seconds: Some(0.0), eta_note: "It has ended.".to_owned() };
    }
    if job.is_looking {
        return Eta::unknown("The sources are being looked at.");
    }
    if job.expected.is_some() || job.open.len() > LOOKED_AT_MAX {
        let done = job.counts.ended();
        let since = api.0.clock.now().duration_since(job.created_at);
        return outlook.of_many(done, job.recordings_total().saturating_sub(done), since.as_secs_f64());
    }
    // It ends with the last of them.
    let forecasts = open.iter().map(|recording| {
        let audio_ms = recording.audio.as_ref().and_then(|audio| audio.duration_ms);
        let is_transcribed = recording.steps.get(Step::Transcribe).state.is_final();
        outlook.of_one(
            recording.id,
            audio_ms.or(recording.call.duration_ms),
            is_transcribed,
            line.around(recording.listed_at()),
        )
    });
    let later = |one: Eta, other: Eta| match (one.eta_seconds, other.eta_seconds) {
        (None, _) => one,
        (Some(seconds), Some(more)) if seconds >= more => one,
        _ => other,
    };
    forecasts.reduce(later).unwrap_or_else(|| Eta::unknown("Its recordings are being looked for."))
}
