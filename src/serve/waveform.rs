//! `GET /api/v1/recordings/{id}/waveform`: how loud each channel is over time, to be drawn.
//!
//! Measured when somebody first asks, by a child process that decodes the file; kept in memory for as long as there is
//! room, and not in the archive: it can be had again at any time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::sound::{self, Wanted};
use super::view::seconds;
use crate::transcribe::{self, Peaks, TranscribeError};

/// Files measured at once: decoding takes a core.
const MEASURED_MAX: usize = 1;
/// Requests that may stand in line for that; more are told to come back.
const WAITING_MAX: usize = 8;
/// Waveforms kept in memory: at most 32 KiB each for eight channels.
const KEPT_MAX: usize = 128;

/// A waveform by the digest of its audio.
type Kept = (String, Arc<Peaks>);

/// Kept waveforms, and whose turn it is to be measured.
#[derive(Clone)]
pub(super) struct Waveforms {
    /// By the digest of the audio, the latest asked for at the end.
    kept: Arc<Mutex<VecDeque<Kept>>>,
    turns: Arc<Semaphore>,
    line: Arc<Semaphore>,
}

impl Default for Waveforms {
    fn default() -> Self {
        Self {
            kept: Arc::default(),
            turns: Arc::new(Semaphore::new(MEASURED_MAX)),
            line: Arc::new(Semaphore::new(MEASURED_MAX + WAITING_MAX)),
        }
    }
}

impl Waveforms {
    fn kept(&self, sha256: &str) -> Option<Arc<Peaks>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| known == sha256)?;
        let entry = kept.remove(place)?;
        let peaks = Arc::clone(&entry.1);
        kept.push_back(entry);
        Some(peaks)
    }

    fn keep(&self, sha256: &str, peaks: &Arc<Peaks>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((sha256.to_owned(), Arc::clone(peaks)));
    }
}

/// How loud a call is over time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waveform {
    /// Length of the audio in seconds.
    duration: f64,
    /// Seconds behind one point.
    point_duration: f64,
    /// Per channel the largest sample of each stretch, 0 to 255.
    channels: Vec<Vec<u8>>,
}

/// The shape of the sound, a few thousand points a channel; of the redacted sound where the policy silences audio.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/waveform", tag = "audio", operation_id = "get_waveform",
    params(("id" = String, Path, description = "Our id or the provider's.")),
    responses(
        (status = 200, description = "The points.", body = Waveform),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "There is no audio, or it cannot be decoded.", body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
        (status = 503, description = "Others are being measured.", body = ErrorBody),
    )
)]
pub(super) async fn get(
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Waveform>, ApiError> {
    params.finish()?;
    let recording = api.recording(id).await?;
    let sound = sound::of(&api, &recording, Wanted::ByPolicy).await?;
    let (path, audio) = (sound.path, &sound.audio);
    let waveforms = &api.0.waveforms;
    if let Some(peaks) = waveforms.kept(&audio.sha256) {
        return Ok(Json(view(&peaks)));
    }
    let _in_line = waveforms.line.try_acquire().map_err(|_| {
        let message = "The sound of other calls is being drawn.";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Try again in a few seconds.")
    })?;
    let _turn = waveforms.turns.acquire().await.map_err(|_| ApiError::internal())?;
    // Whoever stood before us may have asked for the same.
    if let Some(peaks) = waveforms.kept(&audio.sha256) {
        return Ok(Json(view(&peaks)));
    }
    let peaks = Arc::new(transcribe::draw(path, audio.raw()).await.map_err(|error| cannot_be_drawn(&error))?);
    waveforms.keep(&audio.sha256, &peaks);
    Ok(Json(view(&peaks)))
}

fn view(peaks: &Peaks) -> Waveform {
    Waveform {
        duration: seconds(peaks.duration_ms),
        point_duration: seconds(peaks.point_ms),
        channels: peaks.channels.clone(),
    }
}

fn cannot_be_drawn(error: &TranscribeError) -> ApiError {
    let hint = "The audio can be downloaded and looked at with other programs.";
    ApiError::new(StatusCode::CONFLICT, "not_available", error.to_string(), hint)
}
