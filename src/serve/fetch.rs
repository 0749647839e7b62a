//! `POST /api/v1/recordings/fetch`: looks for new recordings now instead of at the next turn.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::view::RecordingItem;
use super::{Api, Looked, Reach};
use crate::call::{JobId, ProcessingStatus, Recording, RecordingId, StepState};
use crate::store::{ListQuery, Store, StoreError};

/// Furthest look back, in hours: a week.
const HOURS_MAX: u64 = 168;
const HOURS_DEFAULT: u64 = 24;
/// Most recordings one look answers for.
const LIMIT_MAX: u64 = 1000;
const LIMIT_DEFAULT: u64 = 100;
/// How often a caller who waits is counted for: one read of the store each.
const POLL: Duration = Duration::from_millis(250);

/// What became of a fetch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Fetched {
    /// Every account could be looked at.
    success: bool,
    /// The look and what it brings: `GET /api/v1/jobs/{job_id}`.
    #[schema(value_type = String, format = "uuid")]
    job_id: JobId,
    /// `started` (without `wait`), `finished`, or `processing` when the wait ended before the work did.
    state: &'static str,
    /// Of `recordings`, how many have reached their end: completed, partial or failed.
    processed_count: usize,
    /// Recordings that were new or whose turn has come, newest first; those that wait for another try are not among
    /// them. Empty without `wait`.
    recordings: Vec<RecordingItem>,
    /// Files that are still being written, or have not been at rest for long enough; a later look takes them in.
    unsettled: usize,
    /// Accounts that could not be looked at, each with a sentence.
    errors: Vec<String>,
    /// How to read this answer.
    message: String,
}

/// Starts a look at every account. With `wait=true` answers when the recordings in hand are done, or with what there is
/// when `api.request_timeout` ends the wait; the work goes on either way.
///
/// `hours` is for providers that list by time. A folder is always walked whole, and what was seen before is not taken in
/// again.
#[utoipa::path(
    post, path = "/api/v1/recordings/fetch", tag = "recordings", operation_id = "fetch_recordings",
    params(
        ("hours" = Option<u64>, Query, minimum = 1, maximum = 168, description = "How far back; default 24. Folders ignore it."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "Most recordings in the answer; default 100."),
        ("wait" = Option<bool>, Query, description = "Wait until they are processed; default false."),
    ),
    responses(
        (status = 200, description = "With `wait`: what was found and how far it is.", body = Fetched),
        (status = 202, description = "The look has begun.", body = Fetched),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    )
)]
pub(super) async fn fetch(State(api): State<Api>, mut params: Params) -> Result<(StatusCode, Json<Fetched>), ApiError> {
    let hours = params.whole(&["hours"], 1..=HOURS_MAX)?.unwrap_or(HOURS_DEFAULT);
    let limit = params.whole(&["limit"], 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    let wait = params.truth(&["wait"])?.unwrap_or(false);
    params.finish()?;
    let reach =
        Reach { hours: u32::try_from(hours).unwrap_or(u32::MAX), limit: usize::try_from(limit).unwrap_or(usize::MAX) };
    let now = api.0.clock.now();
    let job = api.ask(move |store| store.begin_look(now)).await?;
    let look = tokio::spawn({
        let (api, looking) = (api.clone(), api.0.loops.look(reach));
        async move {
            let looked = looking.await;
            let (found, errors, now) = (looked.new.clone(), looked.errors.clone(), api.0.clock.now());
            // The log has the cause; the job then stays as it is.
            let _noted = api.ask(move |store| store.end_look(job, &found, errors, now)).await;
            looked
        }
    });
    if !wait {
        let message = "The look at every account has begun; GET /api/v1/queue shows what it brings.";
        return Ok((StatusCode::ACCEPTED, Json(Fetched::under_way(job, "started", message))));
    }
    let until = Instant::now() + api.0.request_timeout;
    let Ok(looked) = tokio::time::timeout_at(until, look).await else {
        let message = "The look at every account is still under way.";
        return Ok((StatusCode::OK, Json(Fetched::under_way(job, "processing", message))));
    };
    let looked = looked.map_err(|_| ApiError::internal())?;
    Ok((StatusCode::OK, Json(wait_for(&api, job, looked, reach.limit, until).await?)))
}

impl Fetched {
    /// A look that has not ended.
    fn under_way(job_id: JobId, state: &'static str, message: &str) -> Self {
        let message = message.to_owned();
        Self {
            success: true,
            job_id,
            state,
            processed_count: 0,
            recordings: vec![],
            unsettled: 0,
            errors: vec![],
            message,
        }
    }
}

async fn wait_for(api: &Api, job_id: JobId, looked: Looked, limit: usize, until: Instant) -> Result<Fetched, ApiError> {
    let new = looked.new.clone();
    let ids = api.ask(move |store| in_hand(store, new, limit)).await?;
    for id in &ids {
        while Instant::now() < until && !is_done(api, *id).await? {
            tokio::time::sleep_until((Instant::now() + POLL).min(until)).await;
        }
    }
    let mut recordings: Vec<Recording> =
        api.ask(move |store| ids.iter().filter_map(|id| store.get(*id).transpose()).collect()).await?;
    recordings.sort_by_key(|recording| std::cmp::Reverse(recording.listed_at()));
    let processed_count = recordings.iter().filter(|recording| recording.steps.next().is_none()).count();
    let (new, total) = (looked.new.len(), recordings.len());
    Ok(Fetched {
        success: looked.errors.is_empty(),
        job_id,
        state: if processed_count == total { "finished" } else { "processing" },
        processed_count,
        recordings: recordings.iter().map(RecordingItem::of).collect(),
        unsettled: looked.unsettled,
        errors: looked.errors,
        message: format!("{new} new recordings were found; {processed_count} of {total} in hand are processed."),
    })
}

/// The new recordings, and those a look just before this one found: whose turn has come and who are not done.
fn in_hand(store: &Store, new: Vec<RecordingId>, limit: usize) -> Result<Vec<RecordingId>, StoreError> {
    let mut ids = new;
    for status in [ProcessingStatus::Pending, ProcessingStatus::Processing] {
        let page = store.list(&ListQuery { status: Some(status), limit, ..ListQuery::default() })?;
        let others = page.items.iter().filter(|recording| !is_at_rest(recording)).map(|recording| recording.id);
        let others: Vec<RecordingId> = others.filter(|id| !ids.contains(id)).collect();
        ids.extend(others);
    }
    ids.truncate(limit);
    Ok(ids)
}

/// Whether nothing more comes of it for now: every step has ended or waits for another try, or it was removed.
async fn is_done(api: &Api, id: RecordingId) -> Result<bool, ApiError> {
    let recording = api.ask(move |store| store.get(id)).await?;
    Ok(recording.is_none_or(|recording| is_at_rest(&recording)))
}

fn is_at_rest(recording: &Recording) -> bool {
    let next = recording.steps.next().map(|step| &recording.steps.get(step).state);
    next.is_none_or(|state| matches!(state, StepState::Waiting { .. }))
}
