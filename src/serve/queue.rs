//! `GET /api/v1/queue`: what is being worked on, how far it is, what waits and why.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::view::{processing_status, seconds, step_name};
use super::{Api, Parked, Running};
use crate::call::{ProcessingStatus, Recording, RecordingId, Step, StepState};
use crate::store::ListQuery;

const LIMIT_MAX: u64 = 500;
const LIMIT_DEFAULT: u64 = 50;

/// Work in hand and work to come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queue {
    /// Being worked on.
    running: Vec<RunningItem>,
    /// What waits for a person: a model, an account, disk space.
    parked: Vec<Parked>,
    /// Recordings with work to come, those being worked on not counted.
    waiting_total: u64,
    /// The newest of them.
    waiting: Vec<WaitingItem>,
}

/// One step at work.
#[derive(Debug, Serialize, ToSchema)]
struct RunningItem {
    /// The recording.
    #[schema(value_type = String, format = "uuid")]
    id: RecordingId,
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
    let running = api.0.loops.running();
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
        waiting_total: total.saturating_sub(running_listed),
        waiting,
        running: running.iter().map(RunningItem::of).collect(),
        parked: api.0.loops.parked(),
    }))
}

impl RunningItem {
    fn of(work: &Running) -> Self {
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
