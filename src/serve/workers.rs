//! `GET /api/v1/workers`: who works on calls: the process that transcribes, what became of those before it, and how many
//! steps are worked on at once.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;
use crate::call::Step;
use crate::store::Lane;
use crate::transcribe::{WorkerEnd, WorkerPhase, WorkerStanding};

/// Who works on calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkersView {
    /// Processors that this machine lends to the daemon.
    pub(super) processors: usize,
    /// The process that transcribes; null while the daemon is starting.
    pub(super) process: Option<WorkerView>,
    /// The kinds of work that go on side by side.
    pub(super) lanes: Vec<LaneView>,
}

/// The process that transcribes, and what became of those before it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkerView {
    /// `working`, `idle`, `loading` its model, `not_started` until the next call, or `no_model`.
    #[schema(value_type = String)]
    pub(super) state: &'static str,
    /// The model it holds.
    pub(super) model: Option<String>,
    /// Its process id; null while none runs.
    pub(super) process_id: Option<u32>,
    /// Since when it runs.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) started_at: Option<Timestamp>,
    /// Calls it has transcribed.
    pub(super) calls_done: u64,
    /// Stretches of speech it works on at once.
    pub(super) decoder_states: usize,
    /// Threads for each of them.
    pub(super) threads_per_state: usize,
    /// Memory it takes, in bytes; null while none runs.
    pub(super) memory_bytes: Option<u64>,
    /// With more than this it is killed, and the call is tried again.
    pub(super) memory_bytes_max: u64,
    /// Calls transcribed since the daemon started, by all such processes.
    pub(super) calls_done_total: u64,
    /// Processes started since then.
    pub(super) starts: u64,
    /// Of them, those that died, hung, grew too large or could not be started.
    pub(super) failures: u64,
    /// How the last one ended.
    pub(super) last_end: Option<EndView>,
}

/// How a process ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    /// Why.
    pub(super) reason: String,
    /// Nobody meant it to: counted among `failures`.
    pub(super) is_failure: bool,
}

/// One kind of work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LaneView {
    /// `light`, `transcribe` or `summarise`.
    #[schema(value_type = String)]
    pub(super) lane: &'static str,
    /// The steps done in it.
    #[schema(value_type = Vec<String>)]
    pub(super) steps: Vec<&'static str>,
    /// Steps worked on at once, at most.
    pub(super) at_once: usize,
    /// Steps worked on now.
    pub(super) running: usize,
}

/// The process that transcribes, with its memory and its failures, and how many steps are worked on at once.
#[utoipa::path(
    get, path = "/api/v1/workers", tag = "daemon", operation_id = "get_workers",
    responses(
        (status = 200, description = "Who works on calls.", body = WorkersView),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    )
)]
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Json<WorkersView>, ApiError> {
    params.finish()?;
    let (workers, running) = (api.0.loops.workers(), api.0.loops.running());
    let lane = |(lane, at_once): (Lane, usize)| LaneView {
        lane: lane.as_str(),
        steps: Step::ALL.into_iter().filter(|step| Lane::of(*step) == lane).map(Step::as_str).collect(),
        at_once,
        running: running.iter().filter(|work| Lane::of(work.step) == lane).count(),
    };
    Ok(Json(WorkersView {
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        process: workers.process.map(WorkerView::of),
        lanes: workers.lanes.into_iter().map(lane).collect(),
    }))
}

impl WorkerView {
    fn of(standing: WorkerStanding) -> Self {
        let process = standing.process.as_ref();
        let state = match process.map(|process| process.phase) {
            Some(WorkerPhase::Working) => "working",
            Some(WorkerPhase::Idle) => "idle",
            Some(WorkerPhase::Loading) => "loading",
            None if standing.model.is_some() => "not_started",
            None => "no_model",
        };
        Self {
            state,
            process_id: process.map(|process| process.id),
            started_at: process.map(|process| process.since),
            calls_done: process.map_or(0, |process| process.calls_done),
            memory_bytes: process.and_then(|process| process.memory_bytes),
            model: standing.model,
            decoder_states: standing.states,
            threads_per_state: standing.threads_per_state,
            memory_bytes_max: standing.memory_bytes_max,
            calls_done_total: standing.calls_done,
            starts: standing.starts,
            failures: standing.failures,
            last_end: standing.last_end.map(|WorkerEnd { at, reason, is_failure }| EndView { at, reason, is_failure }),
        }
    }
}
