//! `GET /healthz`, `GET /readyz`: open to whoever watches over the daemon, and silent about calls.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, Check, error};

/// The daemon answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alive {
    /// Always `ok`: no answer is the other one.
    status: &'static str,
    /// The daemon's version.
    version: &'static str,
}

/// Whether the daemon can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ready {
    /// All checks passed.
    ready: bool,
    /// One a part.
    checks: Vec<Check>,
}

/// Says that the process answers; touches nothing else.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "alive", security(()),
    responses((status = 200, description = "The daemon answers.", body = Alive))
)]
pub(super) async fn alive() -> Json<Alive> {
    Json(Alive { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Says whether the store can be read, the pipeline lives and the model can be used; 503 with reasons otherwise.
/// Recordings are served and taken in all the same.
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "ready", security(()),
    responses(
        (status = 200, description = "Everything works.", body = Ready),
        (status = 503, description = "Something does not; the checks say what.", body = Ready)
    )
)]
pub(super) async fn ready(State(api): State<Api>) -> Response {
    let store = match api.ask(crate::store::Store::stats).await {
        Ok(_) => Check { name: "store".to_owned(), ok: true, message: "The database can be read.".to_owned() },
        Err(_) => {
            let message = "The database cannot be read; the log has the cause.".to_owned();
            Check { name: "store".to_owned(), ok: false, message }
        }
    };
    let mut checks = vec![store];
    if let Ok(Some(since)) = api.ask(crate::store::Store::paused_since).await {
        // On purpose, so nothing is wrong with the daemon.
        let message = format!("The queue is paused since {since}; resume it with POST /api/v1/queue/resume.");
        checks.push(Check { name: "queue".to_owned(), ok: true, message });
    }
    checks.extend(api.0.loops.checks());
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    error::as_it_is((status, Json(Ready { ready, checks })))
}
