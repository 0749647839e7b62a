//! `/api/v1/queue`: what is being worked on, how far it is, what waits and why, and for how long; pause and resume.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::eta::{Eta, Outlook};
use super::params::Params;
use super::view::{processing_status, seconds, step_name};
use super::{Api, Caller, Parked, Running};
use crate::call::{ProcessingStatus, Recording, RecordingId, Step, StepState};
use crate::store::{Backlog, ListQuery};

const LIMIT_MAX: u64 = 500;
const LIMIT_DEFAULT: u64 = 50;

/// Work in hand and work to come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queue {
    /// Nothing is taken up until somebody resumes the queue; what runs ends as usual.
    paused: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_since: Option<Timestamp>,
    /// Being worked on.
    running: Vec<RunningItem>,
    /// What waits for a person: a model, an account, disk space.
    parked: Vec<Parked>,
    /// Recordings by the step that comes next or runs.
    by_step: ByStep,
    #[serde(flatten)]
    eta: Eta,
    /// Recordings with work to come, those being worked on not counted.
    waiting_total: u64,
    /// The newest of them.
    waiting: Vec<WaitingItem>,
}

/// Recordings by the step that comes next or runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ByStep {
    fetch_details: u64,
    fetch_metadata: u64,
    download_audio: u64,
    transcribe: u64,
    detect_language: u64,
    generate_summary: u64,
}

impl ByStep {
    pub(super) fn of(backlog: &Backlog) -> Self {
        let count = |step: Step| backlog.by_step[step as usize].try_into().unwrap_or(0);
        Self {
            fetch_details: count(Step::FetchDetails),
            fetch_metadata: count(Step::FetchMetadata),
            download_audio: count(Step::DownloadAudio),
            transcribe: count(Step::Transcribe),
            detect_language: count(Step::DetectLanguage),
            generate_summary: count(Step::GenerateSummary),
        }
    }
}

/// One step at work.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct RunningItem {
    /// The recording.
    #[schema(value_type = String, format = "uuid")]
    pub(super) id: RecordingId,
    /// The step.
    #[schema(schema_with = step_name)]
    step: Step,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Which attempt, from 1.
    attempt: u32,
    /// Length of the call in seconds, once known.
    duration: Option<f64>,
    /// Windows of speech done; null until they are counted, and for steps without any.
    windows_done: Option<u32>,
    /// Windows of speech in all.
    windows_total: Option<u32>,
}

/// One recording that waits.
#[derive(Debug, Serialize, ToSchema)]
struct WaitingItem {
    /// The recording.
    #[schema(value_type = String, format = "uuid")]
    id: RecordingId,
    /// How it stands.
    #[schema(schema_with = processing_status)]
    processing_status: ProcessingStatus,
    /// The step that comes next.
    #[schema(schema_with = step_name)]
    step: Step,
    /// How often that step was tried.
    attempts: u32,
    /// Not before this; null when it may begin as soon as a worker is free.
    #[schema(value_type = Option<String>, format = DateTime)]
    not_before: Option<Timestamp>,
    /// What it waits for.
    reason: String,
}

impl Api {
    /// What a forecast is made of, as things stand now.
    pub(super) async fn outlook(&self) -> Result<(Outlook, Option<Timestamp>), ApiError> {
        let running = self.0.loops.running();
        let parked = self.0.loops.parked();
        let asked = self.ask(|store| Ok((store.backlog()?, store.pace()?, store.paused_since()?))).await?;
        let (backlog, pace, paused_since) = asked;
        let newest_first_of_five = self.0.loops.newest_first_of_five();
        let is_paused = paused_since.is_some();
        Ok((Outlook { backlog, pace, is_paused, running, parked, newest_first_of_five }, paused_since))
    }
}

/// What runs, with progress, and what waits, with the reason.
#[utoipa::path(
    get, path = "/api/v1/queue", tag = "daemon", operation_id = "get_queue",
    params(("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "Most waiting recordings shown; default 50.")),
    responses(
        (status = 200, description = "Work in hand and to come.", body = Queue),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    )
)]
pub(super) async fn get(State(api): State<Api>, mut params: Params) -> Result<Json<Queue>, ApiError> {
    let limit = params.whole(&["limit"], 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    params.finish()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (outlook, paused_since) = api.outlook().await?;
    let running = &outlook.running;
    // As many again as run may be among them and are left out below.
    let wanted = limit + running.len();
    let pages = api.ask(move |store| {
        let of = |status| store.list(&ListQuery { status: Some(status), limit: wanted, ..ListQuery::default() });
        Ok((of(ProcessingStatus::Processing)?, of(ProcessingStatus::Pending)?))
    });
    let (begun, untouched) = pages.await?;
    let total = begun.total + untouched.total;
    let is_running = |recording: &Recording| running.iter().any(|work| work.id == recording.id);
    let begun: Vec<Recording> = begun.items.into_iter().chain(untouched.items).collect();
    let running_listed = begun.iter().filter(|recording| is_running(recording)).count() as u64;
    let waiting =
        begun.iter().filter(|recording| !is_running(recording)).filter_map(WaitingItem::of).take(limit).collect();
    Ok(Json(Queue {
        paused: outlook.is_paused,
        paused_since,
        by_step: ByStep::of(&outlook.backlog),
        eta: outlook.of_all(),
        waiting_total: total.saturating_sub(running_listed),
        waiting,
        running: running.iter().map(RunningItem::of).collect(),
        parked: outlook.parked,
    }))
}

/// Whether the queue is worked on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pause {
    /// Nothing is taken up.
    paused: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_since: Option<Timestamp>,
    /// How to read this.
    message: &'static str,
}

/// Takes up nothing more until `resume`, also after a restart. What runs ends as usual; new calls are still found.
#[utoipa::path(
    post, path = "/api/v1/queue/pause", tag = "daemon", operation_id = "pause_queue",
    responses((status = 200, description = "The queue is paused.", body = Pause), (status = 401, body = ErrorBody))
)]
pub(super) async fn pause(State(api): State<Api>, caller: Caller, params: Params) -> Result<Json<Pause>, ApiError> {
    set_paused(&api, &caller, params, true).await
}

/// Goes on with the queue.
#[utoipa::path(
    post, path = "/api/v1/queue/resume", tag = "daemon", operation_id = "resume_queue",
    responses((status = 200, description = "The queue is worked on.", body = Pause), (status = 401, body = ErrorBody))
)]
pub(super) async fn resume(State(api): State<Api>, caller: Caller, params: Params) -> Result<Json<Pause>, ApiError> {
    set_paused(&api, &caller, params, false).await
}

async fn set_paused(api: &Api, caller: &Caller, params: Params, paused: bool) -> Result<Json<Pause>, ApiError> {
    params.finish()?;
    let (by, now) = (caller.audit_name(), api.0.clock.now());
    let set = api.ask(move |store| Ok((store.set_paused(paused, &by, now)?, store.paused_since()?)));
    let (is_news, paused_since) = set.await?;
    if is_news {
        tracing::info!("{}", if paused { "The queue was paused." } else { "The queue was resumed." });
    }
    let message = match paused_since {
        Some(_) => "Nothing is taken up until the queue is resumed; what runs ends as usual.",
        None => "The queue is worked on.",
    };
    Ok(Json(Pause { paused: paused_since.is_some(), paused_since, message }))
}

/// What is tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unparked {
    /// What waited for a person, and is tried now.
    tried: Vec<String>,
}

/// Tries at once what waits for a person: a model, an account, disk space. What is not mended waits again.
#[utoipa::path(
    post, path = "/api/v1/queue/try-parked", tag = "daemon", operation_id = "try_parked",
    responses((status = 202, description = "It is tried.", body = Unparked), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody))
)]
pub(super) async fn try_parked(
    State(api): State<Api>,
    params: Params,
) -> Result<(axum::http::StatusCode, Json<Unparked>), ApiError> {
    params.finish()?;
    let tried = api.0.loops.parked().into_iter().map(|parked| parked.what).collect();
    let (waiting, now) = (api.0.loops.unpark(), api.0.clock.now());
    api.ask(move |store| store.hurry(&waiting, now)).await?;
    Ok((axum::http::StatusCode::ACCEPTED, Json(Unparked { tried })))
}

pub(super) fn failed_steps(recording: &Recording) -> Vec<Step> {
    let failed = recording.steps.iter().filter(|(_, record)| matches!(record.state, StepState::Failed { .. }));
    failed.map(|(step, _)| step).collect()
}

impl RunningItem {
    pub(super) fn of(work: &Running) -> Self {
        Self {
            id: work.id,
            step: work.step,
            since: work.since,
            attempt: work.attempt,
            duration: work.duration_ms.map(seconds),
            windows_done: work.windows.map(|(done, _)| done),
            windows_total: work.windows.map(|(_, total)| total),
        }
    }
}

impl WaitingItem {
    fn of(recording: &Recording) -> Option<Self> {
        let step = recording.steps.next()?;
        let record = recording.steps.get(step);
        let (not_before, reason) = match &record.state {
            StepState::Waiting { until, reason } => (Some(*until), reason.clone()),
            StepState::Running { .. } => (None, "It was just taken up.".to_owned()),
            _ => (None, "Its turn has not come yet.".to_owned()),
        };
        let processing_status = recording.steps.processing_status();
        Some(Self { id: recording.id, processing_status, step, attempts: record.attempts, not_before, reason })
    }
}
