//! `POST /api/v1/recordings/reprocess` and `/api/v1/queue/retry-failed`: steps of many recordings again, as one job.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::filters::filters;
use super::params::Params;
use super::recordings::STEPS;
use super::{Api, Caller};
use crate::call::{JobId, Step};
use crate::store::{Again, ListQuery};

/// The work that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rerun {
    /// How far it is: `GET /api/v1/jobs/{job_id}`. Null when no recording is concerned.
    #[schema(value_type = Option<String>, format = "uuid")]
    job_id: Option<JobId>,
    /// Recordings whose steps are done again; those that are being worked on when their turn comes are left to that.
    queued: u32,
}

/// Does steps of many recordings again: of all that the filters let through. They are queued in parts, newest first, as
/// earlier ones end, after a restart too. After the rules have changed: `steps=generate_summary&has_transcript=true` draws
/// every insight again without transcribing.
#[utoipa::path(
    post, path = "/api/v1/recordings/reprocess", tag = "recordings", operation_id = "reprocess_recordings",
    params(
        ("steps" = String, Query, description = "Names separated by commas: `generate_summary`. Needed."),
        ("status" = Option<String>, Query, description = "As all that follow: the filters of `GET /api/v1/recordings/`."),
        ("from_date" = Option<String>, Query), ("to_date" = Option<String>, Query),
        ("phone_number" = Option<String>, Query), ("has_transcript" = Option<bool>, Query),
        ("provider" = Option<String>, Query), ("account" = Option<String>, Query),
        ("language" = Option<String>, Query), ("min_quality" = Option<f64>, Query, minimum = 0, maximum = 1),
        ("owner" = Option<String>, Query), ("location" = Option<String>, Query), ("queue" = Option<String>, Query),
        ("category" = Option<String>, Query), ("sentiment" = Option<String>, Query),
        ("worth_a_listen" = Option<bool>, Query), ("failed_step" = Option<String>, Query),
        ("metadata.{path}" = Option<String>, Query, description = "One for each field of the source's metadata."),
    ),
    responses(
        (status = 202, description = "The first of them are queued.", body = Rerun),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, description = "Too many such jobs are under way.", body = ErrorBody),
    )
)]
pub(super) async fn reprocess(
    State(api): State<Api>,
    caller: Caller,
    mut params: Params,
) -> Result<(StatusCode, Json<Rerun>), ApiError> {
    let steps = params.words::<Step>(&["steps"], STEPS)?;
    let query = filters(&mut params)?;
    params.finish()?;
    let steps = steps.ok_or_else(|| {
        let message = "Parameter steps is missing; it must be one or more of the steps, separated by commas.";
        ApiError::bad_parameter(message, format!("Steps are {STEPS}."))
    })?;
    begin(&api, &caller, query, Again::Steps(steps)).await
}

/// Tries everything again that failed: the steps that did, and what depends on them, of recordings that were given up and of
/// those of which the rest is there.
#[utoipa::path(
    post, path = "/api/v1/queue/retry-failed", tag = "daemon", operation_id = "retry_failed",
    params(("step" = Option<String>, Query, description = "Only recordings in which this step failed: `transcribe`.")),
    responses(
        (status = 202, description = "The first of them are queued.", body = Rerun),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, description = "Too many such jobs are under way.", body = ErrorBody),
    )
)]
pub(super) async fn retry_failed(
    State(api): State<Api>,
    caller: Caller,
    mut params: Params,
) -> Result<(StatusCode, Json<Rerun>), ApiError> {
    let step = params.word::<Step>(&["step"], STEPS)?;
    params.finish()?;
    begin(&api, &caller, ListQuery::default(), Again::Failed(step)).await
}

async fn begin(
    api: &Api,
    caller: &Caller,
    query: ListQuery,
    again: Again,
) -> Result<(StatusCode, Json<Rerun>), ApiError> {
    let (by, now) = (caller.audit_name(), api.0.clock.now());
    let job = api.ask(move |store| store.begin_rerun(&query, &again, &by, now)).await?;
    let begun = job.map_or(Rerun { job_id: None, queued: 0 }, |job| Rerun {
        job_id: Some(job.id),
        queued: job.recordings_total(),
    });
    Ok((StatusCode::ACCEPTED, Json(begun)))
}
