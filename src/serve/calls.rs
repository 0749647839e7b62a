//! `POST /api/v1/calls/{id}/record`: begins to record a running call, both sides apart, once.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::{Api, Caller};

/// What was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recorded {
    /// The provider's id of the recording; empty while an earlier request for this call waits for its answer.
    recording_id: String,
    /// The provider's word for its state; `started_before` or `being_started` when another request was first.
    state: String,
}

/// Begins to record a running call from now on. However often it is asked for, one recording is begun for a call.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/record", tag = "calls", operation_id = "record_call",
    params(
        ("id" = String, Path, description = "The provider's id of the call (Twilio: CA…; RingCentral: telephony session, with the party as `session/party`)."),
        ("account" = Option<String>, Query, description = "Which account; needed where several can record."),
    ),
    responses(
        (status = 200, description = "It is being recorded.", body = Recorded),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 409, description = "The call is not running, or cannot be recorded.", body = ErrorBody),
        (status = 502, description = "The provider did not do it.", body = ErrorBody),
    )
)]
pub(super) async fn record(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<Recorded>, ApiError> {
    let account = params.text(&["account"])?;
    params.finish()?;
    // A task of its own: a caller who goes away does not leave the call half begun.
    let begun =
        tokio::spawn(api.0.loops.record(account, id, caller.audit_name())).await.map_err(|_| ApiError::internal())?;
    let started = begun.map_err(|error| ApiError::of_provider(&error))?;
    Ok(Json(Recorded { recording_id: started.remote_id, state: started.state }))
}
