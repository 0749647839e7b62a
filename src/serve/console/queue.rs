//! `/queue`: what runs and how far it is, what waits and why, and the means to stop it and let it go on.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::shown::{Badge, Moment};
use super::{Here, PageError, Shell, page, read, shown};
use crate::call::ProcessingStatus;
use crate::serve::Api;
use crate::serve::params::Params;
use crate::serve::queue;

#[derive(Template)]
#[template(path = "queue.html", config = "src/serve/console/askama.toml")]
struct QueuePage {
    shell: Shell,
    queue: Queue,
    failed: u64,
}

/// What the page takes from the resource's answer.
#[derive(Deserialize)]
struct Queue {
    paused: bool,
    paused_since: Option<String>,
    eta_seconds: Option<f64>,
    eta_note: String,
    running: Vec<RunningItem>,
    parked: Vec<ParkedItem>,
    waiting_total: u64,
    waiting: Vec<WaitingItem>,
}

#[derive(Deserialize)]
struct RunningItem {
    id: String,
    step: String,
    since: String,
    attempt: u32,
    duration: Option<f64>,
    windows_done: Option<u32>,
    windows_total: Option<u32>,
}

#[derive(Deserialize)]
struct WaitingItem {
    id: String,
    processing_status: String,
    step: String,
    attempts: u32,
    not_before: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
struct ParkedItem {
    what: String,
    reason: String,
    until: String,
}

/// Shows the queue.
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Queue.failed();
    params.finish().map_err(&failed)?;
    let Json(answer) = queue::get(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let queue = read(&answer).map_err(&failed)?;
    let failed_calls = api.ask(|store| Ok(store.stats()?.by_status.get(&ProcessingStatus::Failed).copied()));
    let failed_calls = failed_calls.await.map_err(&failed)?.unwrap_or(0);
    Ok(page(&QueuePage { failed: failed_calls, shell: Shell::new(Here::Queue, "Queue"), queue }))
}
