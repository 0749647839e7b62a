//! `GET /api/v1/recordings/stats/summary`: totals.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::view::{rounded, seconds};
use crate::store::Store;

/// Totals over all recordings that were not removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Summary {
    /// Recordings.
    total: u64,
    /// By standing; every status is named.
    by_status: BTreeMap<&'static str, u64>,
    /// With a transcript that has words.
    with_transcript: u64,
    /// With a summary.
    with_summary: u64,
    /// Mean quality score, 0 to 1; 0 without recordings.
    average_quality: f64,
    /// Audio on disk.
    storage_bytes: u64,
    /// Length of all transcribed calls, in seconds.
    audio_duration: f64,
    /// Entries that could not be taken in.
    quarantined: u64,
    /// Removed recordings whose identity is still known.
    deleted: u64,
}

/// Totals by status, with transcripts, with summaries, average quality, storage.
#[utoipa::path(
    get, path = "/api/v1/recordings/stats/summary", tag = "recordings", operation_id = "stats_summary",
    responses((status = 200, description = "Totals.", body = Summary), (status = 401, body = ErrorBody))
)]
pub(super) async fn summary(State(api): State<Api>, params: Params) -> Result<Json<Summary>, ApiError> {
    params.finish()?;
    let stats = api.ask(Store::stats).await?;
    Ok(Json(Summary {
        total: stats.total,
        by_status: stats.by_status.into_iter().map(|(status, count)| (status.as_str(), count)).collect(),
        with_transcript: stats.with_transcript,
        with_summary: stats.with_summary,
        average_quality: rounded(stats.average_quality),
        storage_bytes: stats.audio_bytes,
        audio_duration: seconds(stats.audio_ms),
        quarantined: stats.quarantined,
        deleted: stats.deleted,
    }))
}
