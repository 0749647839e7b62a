//! `GET /api/v1/recordings/{id}/audio`, `…/{id}/stream`, `…/download/{id}/audio`: the sound, whole or in ranges, streamed
//! from disk.

use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use mime::Mime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::sound::{self, Sound, Wanted};
use super::{Api, Caller, STREAMS_MAX, at_provider, unmasked};
use crate::call::{Audio, Recording, Step};
use crate::fetch::Files;
use crate::store::{Sealer, sealed_audio_name};

/// Longest file name sent, in characters.
const NAME_CHARS_MAX: usize = 120;
/// Opened pieces of a sealed file that wait for a slow reader.
const PIECES_MAX: usize = 4;
/// What a file name parameter may hold unescaped (RFC 8187).
const NAME_SAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Whether a browser should play the file or save it.
#[derive(Debug, Clone, Copy)]
enum Disposition {
    Inline,
    /// As inline; and from the provider while it is not here.
    Streamed,
    Attachment,
}

/// The audio, to be played.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/audio", tag = "audio", operation_id = "get_audio",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("redacted" = Option<bool>, Query, description = "Silent where personal data is said. By itself where the policy silences audio."),
        ("unmasked" = Option<bool>, Query, description = "The audio as it was received; for administrators, and noted in the audit trail."),
        ("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-LENGTH`."),
    ),
    responses(
        (status = 200, description = "The file.", body = Vec<u8>, content_type = "audio/*"),
        (status = 206, description = "The range asked for.", body = Vec<u8>, content_type = "audio/*"),
        (status = 304, description = "The file is the one If-None-Match names."),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "There is none; the message says how its step stands.", body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
        (status = 416, description = "The range lies outside the file.", body = ErrorBody),
    )
)]
pub(super) async fn play(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
    request: Request,
) -> Result<Response, ApiError> {
    answer(&api, &caller, (id, params), request, Disposition::Inline).await
}

/// The same as `…/{id}/audio`; while the audio is not here, a redirect to a short-lived link at the provider that has one.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/stream", tag = "audio", operation_id = "stream_audio",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("redacted" = Option<bool>, Query, description = "Silent where personal data is said. By itself where the policy silences audio."),
        ("unmasked" = Option<bool>, Query, description = "The audio as it was received; for administrators, and noted in the audit trail."),
    ),
    responses(
        (status = 200, description = "As for `…/{id}/audio`.", body = Vec<u8>, content_type = "audio/*"),
        (status = 206, description = "The range asked for.", body = Vec<u8>, content_type = "audio/*"),
        (status = 304, description = "The file is the one If-None-Match names."),
        (status = 307, description = "The audio is not here yet; `Location` is a short-lived link at the provider."),
        (status = 404, body = ErrorBody),
        (status = 409, description = "There is none; the message says how its step stands.", body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
        (status = 416, description = "The range lies outside the file.", body = ErrorBody),
    )
)]
pub(super) async fn stream(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
    request: Request,
) -> Result<Response, ApiError> {
    answer(&api, &caller, (id, params), request, Disposition::Streamed).await
}

/// The audio, to be saved.
#[utoipa::path(
    get, path = "/api/v1/recordings/download/{id}/audio", tag = "audio", operation_id = "download_audio",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("redacted" = Option<bool>, Query, description = "Silent where personal data is said. By itself where the policy silences audio."),
        ("unmasked" = Option<bool>, Query, description = "The audio as it was received; for administrators, and noted in the audit trail."),
    ),
    responses(
        (status = 200, description = "As for `…/{id}/audio`.", body = Vec<u8>, content_type = "audio/*"),
        (status = 206, description = "The range asked for.", body = Vec<u8>, content_type = "audio/*"),
        (status = 304, description = "The file is the one If-None-Match names."),
        (status = 404, body = ErrorBody),
        (status = 409, description = "There is none; the message says how its step stands.", body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
        (status = 416, description = "The range lies outside the file.", body = ErrorBody),
    )
)]
pub(super) async fn download(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
    request: Request,
) -> Result<Response, ApiError> {
    answer(&api, &caller, (id, params), request, Disposition::Attachment).await
}

async fn answer(
    api: &Api,
    caller: &Caller,
    (id, mut params): (String, Params),
    request: Request,
    disposition: Disposition,
) -> Result<Response, ApiError> {
    let is_unmasked = unmasked::asked(api, caller, &mut params)?;
    let is_redacted = params.truth(&["redacted"])?.unwrap_or(false);
    params.finish()?;
    let wanted = match (is_unmasked, is_redacted) {
        (true, true) => {
            let message = "Parameters redacted and unmasked exclude each other.";
            return Err(ApiError::bad_parameter(message, "Leave one of them out."));
        }
        (true, false) => Wanted::AsKept,
        (false, true) => Wanted::Redacted,
        (false, false) => Wanted::ByPolicy,
    };
    let recording = api.recording(id).await?;
    if is_unmasked {
        unmasked::note(api, caller, recording.id, "audio").await?;
        if recording.audio.as_ref().and_then(|audio| audio.redacted.as_ref()).is_some_and(|one| one.is_sealed) {
            return unsealed(api, &recording, disposition).await;
        }
    }
    if matches!((disposition, wanted), (Disposition::Streamed, Wanted::ByPolicy))
        && let Some(redirect) = at_provider::elsewhere(api, &recording).await
    {
        return Ok(redirect);
    }
    let Sound { path, audio } = sound::of(api, &recording, wanted).await?;
    let audio = &audio;
    let etag = HeaderValue::try_from(format!("\"{}\"", audio.sha256)).map_err(|_| ApiError::internal())?;
    let mut headers = request.headers().clone();
    settle_range(&mut headers, audio.size_bytes);
    if let Some(answer) = settle_conditions(&mut headers, request.method(), &etag) {
        return Ok(with_headers(answer, &etag, audio, &recording, disposition));
    }
    let seat = take_seat(&api.0.streams)?;
    let mut inner = Request::builder().method(request.method()).uri("/").body(Body::empty());
    if let Ok(inner) = &mut inner {
        *inner.headers_mut() = headers;
    }
    let inner = inner.map_err(|_| ApiError::internal())?;
    let file = ServeFile::new_with_mime(&path, &media_type(audio)).ignore_multi_range_requests(true);
    let response = file.oneshot(inner).await.unwrap_or_else(|never| match never {});
    let response = response.map(|body| hold_while_streaming(Body::new(body), seat));
    if says_that_the_file_is_damaged(response.status()) {
        tracing::error!(recording = %recording.id, status = %response.status(), "An audio file cannot be read");
        return Err(damaged("The recording's audio file is there and cannot be read by the daemon's user."));
    }
    if !response.status().is_success() {
        return Ok(response);
    }
    Ok(with_headers(response, &etag, audio, &recording, disposition))
}

/// What was received, opened piece by piece; whole, since nobody seeks in what is sealed.
async fn unsealed(api: &Api, recording: &Recording, disposition: Disposition) -> Result<Response, ApiError> {
    let sealer = api.0.store.sealer().ok_or_else(ApiError::internal)?;
    let seat = take_seat(&api.0.streams)?;
    let (path, name) = (api.0.files.sealed_path(recording.id), sealed_audio_name(recording.id));
    let gone = |_: std::io::Error| damaged("The sealed audio is gone from the state folder.");
    let mut file = tokio::fs::File::open(&path).await.map_err(gone)?.into_std().await;
    let length = Sealer::opened_bytes(file.metadata().map_err(gone)?.len());
    let (sender, pieces) = tokio::sync::mpsc::channel::<std::io::Result<Vec<u8>>>(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let opened = sealer.unseal_all(&name, &mut file, |piece| sender.blocking_send(Ok(piece)).is_ok());
        if let Err(error) = opened {
            let _nobody_waits = sender.blocking_send(Err(error));
        }
    });
    let pieces = futures_util::stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
    let mut response = hold_while_streaming(Body::from_stream(pieces), seat).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(audio) = &recording.audio
        && let Ok(value) = HeaderValue::try_from(content_disposition(audio, recording, disposition))
    {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// A recording's audio and where it is, as it was stored.
pub(super) async fn whole_file<'a>(api: &Api, recording: &'a Recording) -> Result<(PathBuf, &'a Audio), ApiError> {
    let audio = recording.audio.as_ref().ok_or_else(|| {
        ApiError::not_there_yet("audio", Step::DownloadAudio.as_str(), recording.steps.get(Step::DownloadAudio))
    })?;
    let path = path_of(&api.0.files, &audio.path).ok_or_else(|| {
        tracing::error!(recording = %recording.id, "The audio's path leads out of the recordings folder");
        ApiError::internal()
    })?;
    check_file(&path, audio, recording).await?;
    Ok((path, audio))
}

/// The full path of a stored one; `None` when that would lead out of the folder.
fn path_of(files: &Files, stored: &str) -> Option<PathBuf> {
    let stays = FilePath::new(stored).components().all(|part| matches!(part, Component::Normal(_)));
    (stays && !stored.is_empty()).then(|| files.audio_path(stored))
}

/// A file that is gone or has another length than was stored is not sent under the stored digest.
async fn check_file(path: &FilePath, audio: &Audio, recording: &Recording) -> Result<(), ApiError> {
    let size_bytes = tokio::fs::metadata(path).await.ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
    if size_bytes == Some(audio.size_bytes) {
        return Ok(());
    }
    tracing::error!(recording = %recording.id, ?size_bytes, stored_bytes = audio.size_bytes, "An audio file is not as it was stored");
    let message = match size_bytes {
        None => "The recording's audio file is gone from the state folder.".to_owned(),
        Some(found) => format!("The recording's audio file has {found} bytes; {} were stored.", audio.size_bytes),
    };
    Err(damaged(message))
}

fn damaged(message: impl Into<String>) -> ApiError {
    let hint = "Give the file back to the daemon's user, restore it from a backup, or POST \
                …/reprocess?steps=download_audio.";
    ApiError::new(StatusCode::CONFLICT, "audio_damaged", message, hint)
}

/// What was asked for was there a moment ago, so any refusal that the caller's own headers did not bring about is the
/// file's.
fn says_that_the_file_is_damaged(status: StatusCode) -> bool {
    let is_the_callers = matches!(
        status,
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PRECONDITION_FAILED | StatusCode::NOT_MODIFIED
    );
    !(status.is_success() || is_the_callers)
}

/// Leaves a range that can be cut from a file of `size_bytes` as it should be read, and takes one away that HTTP says is to
/// be ignored (RFC 9110, section 14): garbled, backwards, several, or not in bytes.
fn settle_range(headers: &mut HeaderMap, size_bytes: u64) {
    let Some(wanted) = headers.remove(header::RANGE) else { return };
    let range = wanted.to_str().ok().and_then(|text| text.strip_prefix("bytes=")).and_then(|range| {
        let (first, last) = range.trim().split_once('-')?;
        match (number(first)?, number(last)?) {
            (Some(first), Some(last)) => (first <= last).then(|| format!("bytes={first}-{last}")),
            (Some(first), None) => Some(format!("bytes={first}-")),
            // The last bytes of a file that has fewer are all of it; the last none are outside of it.
            (None, Some(0)) => Some(format!("bytes={size_bytes}-")),
            (None, Some(length)) => Some(format!("bytes={}-", size_bytes.saturating_sub(length))),
            (None, None) => None,
        }
    });
    if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
        headers.insert(header::RANGE, range);
    }
}

/// A number of a range: absent inside when nothing is written, outside when it is no number. One too large for a file is
/// the largest.
fn number(text: &str) -> Option<Option<u64>> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| (!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX)))
}

/// Answers what the digest alone decides, and leaves in `headers` only what is for the file: `Range` where it applies.
fn settle_conditions(headers: &mut HeaderMap, method: &Method, etag: &HeaderValue) -> Option<Response> {
    if let Some(wanted) = headers.remove(header::IF_MATCH)
        && !names(&wanted, etag, false)
    {
        return Some(StatusCode::PRECONDITION_FAILED.into_response());
    }
    if let Some(known) = headers.remove(header::IF_NONE_MATCH) {
        headers.remove(header::IF_MODIFIED_SINCE);
        if names(&known, etag, true) {
            return Some(StatusCode::NOT_MODIFIED.into_response());
        }
    }
    // A range counts only for GET, and only of the file the caller already has a part of.
    let is_of_this_file = headers.remove(header::IF_RANGE).is_none_or(|part_of| part_of == *etag);
    if !(is_of_this_file && method == Method::GET) {
        headers.remove(header::RANGE);
    }
    None
}

/// Whether a list of entity tags names `etag`. A weak tag counts only where the caller asks to save himself a transfer.
fn names(list: &HeaderValue, etag: &HeaderValue, weak_counts: bool) -> bool {
    let (Ok(list), Ok(etag)) = (list.to_str(), etag.to_str()) else { return false };
    list.split(',').map(str::trim).any(|tag| {
        let tag = if weak_counts { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        tag == "*" || tag == etag
    })
}

fn take_seat(streams: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(streams).try_acquire_owned().map_err(|_| {
        let message = format!("{STREAMS_MAX} audio files are being streamed already.");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Close a player, or try again later.")
    })
}

/// The body, which gives its seat back when it ends or is dropped.
fn hold_while_streaming(body: Body, seat: OwnedSemaphorePermit) -> Body {
    Body::from_stream(body.into_data_stream().inspect(move |_| {
        let _held = &seat;
    }))
}

fn with_headers(
    mut response: Response,
    etag: &HeaderValue,
    audio: &Audio,
    recording: &Recording,
    disposition: Disposition,
) -> Response {
    if !(response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED) {
        return response;
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag.clone());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(value) = HeaderValue::try_from(content_disposition(audio, recording, disposition)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// The name it had at its source, else one of our own, in a form no header or file system can trip over.
fn content_disposition(audio: &Audio, recording: &Recording, disposition: Disposition) -> String {
    let kind = match disposition {
        Disposition::Inline | Disposition::Streamed => "inline",
        Disposition::Attachment => "attachment",
    };
    let original = audio.original_name.as_deref().and_then(|name| name.rsplit(['/', '\\']).next()).unwrap_or_default();
    let fit = |c: &char| !c.is_control() && !matches!(c, '"' | ':' | '*' | '?' | '<' | '>' | '|');
    let name: String = original.chars().filter(fit).collect();
    let name = name.trim_matches(['.', ' ']);
    // The end of a long name is kept: it says what kind of file it is.
    let name: String = name.chars().skip(name.chars().count().saturating_sub(NAME_CHARS_MAX)).collect();
    let extension = FilePath::new(&audio.path).extension().and_then(|extension| extension.to_str()).unwrap_or("bin");
    let name = if name.is_empty() { format!("{}.{extension}", recording.id) } else { name };
    let plain: String = name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' }).collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, NAME_SAFE))
}

/// The media type by what was found in the bytes, before that by the file's ending.
fn media_type(audio: &Audio) -> Mime {
    let ending = FilePath::new(&audio.path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let text = match audio.container.as_deref().unwrap_or(ending).to_ascii_lowercase().as_str() {
        "wav" | "wave" => "audio/wav",
        "mp3" => "audio/mpeg",
        "m4a" | "mp4" => "audio/mp4",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "ogg" | "oga" | "opus" => "audio/ogg",
        _ => "application/octet-stream",
    };
    text.parse().unwrap_or(mime::APPLICATION_OCTET_STREAM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_the_callers_headers_did_not_bring_about_is_the_files() {
        for status in [200, 206, 304, 412, 416] {
            assert!(!says_that_the_file_is_damaged(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [403, 404, 500] {
            assert!(says_that_the_file_is_damaged(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }
}
