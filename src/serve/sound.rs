//! The sound of a recording as it may be heard: the file as it is, or a copy that is silent where personal data is said.
//!
//! A copy is made by a child process when somebody first asks, kept as a file, and made anew when the spans change.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use super::Api;
use super::audio::whole_file;
use super::error::ApiError;
use crate::call::{Audio, Place, Recording};
use crate::fetch::{FetchError, copy_key};
use crate::transcribe;

/// Copies made at once: decoding takes a core.
const MADE_MAX: usize = 1;
/// Requests that may stand in line for that; more are told to come back.
const WAITING_MAX: usize = 16;

/// Which sound is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// As the policy says.
    ByPolicy,
    /// Silent where personal data is said, whatever the policy says.
    Redacted,
    /// The file that is kept; whoever asks may hear it.
    AsKept,
}

/// A file to be heard.
pub(super) struct Sound {
    pub(super) path: PathBuf,
    /// What it is; of a copy its own digest, length and format.
    pub(super) audio: Audio,
}

/// Whose turn it is to have a copy made.
#[derive(Clone)]
pub(super) struct Copies {
    turns: Arc<Semaphore>,
    line: Arc<Semaphore>,
}

impl Default for Copies {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(MADE_MAX)), line: Arc::new(Semaphore::new(MADE_MAX + WAITING_MAX)) }
    }
}

/// The sound of a recording that was asked for.
pub(super) async fn of(api: &Api, recording: &Recording, wanted: Wanted) -> Result<Sound, ApiError> {
    let (path, audio) = whole_file(api, recording).await?;
    let store = &api.0.store;
    let is_redacted = match wanted {
        Wanted::ByPolicy => store.masks_in(Place::Audio),
        Wanted::Redacted => true,
        Wanted::AsKept => false,
    };
    let is_done = audio.redacted.as_ref().is_some_and(|redacted| redacted.veil == store.veil_mark());
    if !is_redacted || is_done {
        return Ok(Sound { path, audio: audio.clone() });
    }
    let id = recording.id;
    let silences = api.ask(move |store| store.silences(id)).await?.ok_or_else(|| {
        let message = "Nobody knows yet where this recording holds personal data: it has no transcript.";
        let hint = "It can be heard once it is transcribed; administrators may ask with unmasked=true.";
        ApiError::new(StatusCode::CONFLICT, "not_available", message, hint)
    })?;
    if silences.is_empty() {
        return Ok(Sound { path, audio: audio.clone() });
    }
    let key = copy_key(audio, &silences);
    let copy = match there(api, recording, &key).await? {
        Some(copy) => copy,
        None => {
            let copies = &api.0.copies;
            let _in_line = copies.line.try_acquire().map_err(|_| busy())?;
            let _turn = copies.turns.acquire().await.map_err(|_| ApiError::internal())?;
            // Whoever stood before us may have asked for the same.
            match there(api, recording, &key).await? {
                Some(copy) => copy,
                None => {
                    let files = api.0.files.clone();
                    let partial = on_disk(move || files.partial_copy()).await?;
                    let out = partial.path().to_owned();
                    let made = transcribe::silence(path, audio.raw(), silences, out).await;
                    made.map_err(|error| cannot_be_made(recording, &error))?;
                    let (files, key) = (api.0.files.clone(), key.clone());
                    on_disk(move || files.keep_copy(partial, id, &key)).await?
                }
            }
        }
    };
    let size_bytes = tokio::fs::metadata(&copy).await.map_err(|_| ApiError::internal())?.len();
    Ok(Sound { path: copy, audio: described(audio, key, size_bytes) })
}

async fn there(api: &Api, recording: &Recording, key: &str) -> Result<Option<PathBuf>, ApiError> {
    let (files, id, key) = (api.0.files.clone(), recording.id, key.to_owned());
    on_disk(move || Ok(files.copy(id, &key))).await
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal())?;
    done.map_err(|error| {
        tracing::error!(%error, "A redacted copy could not be kept");
        ApiError::internal()
    })
}

/// A copy of plain samples is as its original; others become WAV.
fn described(audio: &Audio, sha256: String, size_bytes: u64) -> Audio {
    let codec = audio.codec.as_deref().unwrap_or_default();
    let is_plain = matches!(audio.container.as_deref(), Some("wav" | "raw"))
        && (codec.starts_with("pcm_") || matches!(codec, "mulaw" | "alaw"));
    let mut copy = Audio { sha256, size_bytes, ..audio.clone() };
    if !is_plain {
        copy.path = as_wav(&audio.path);
        copy.original_name = audio.original_name.as_deref().map(as_wav);
        copy.container = Some("wav".to_owned());
    }
    copy
}

fn as_wav(name: &str) -> String {
    FilePath::new(name).with_extension("wav").to_string_lossy().into_owned()
}

fn busy() -> ApiError {
    let message = "Copies of other calls are being made.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Try again in a few seconds.")
}

fn cannot_be_made(recording: &Recording, error: &transcribe::TranscribeError) -> ApiError {
    tracing::warn!(recording = %recording.id, %error, "A redacted copy could not be made");
    let message = format!("The copy without personal data could not be made. {error}");
    ApiError::new(StatusCode::CONFLICT, "not_available", message, "Mend or fetch the audio again.")
}
