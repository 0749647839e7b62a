//! A form with a file in it (`multipart/form-data`), read as it comes: the file goes to disk, never to memory. Slow senders
//! end, large ones too.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use tokio::time::Instant;

use super::error::ApiError;
use super::params::shown;
use crate::provider::upload::{Incoming, Uploads};

/// Longest pause between two pieces of a body.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Longest time for a whole body: a gigabyte over a slow line.
const BODY_TIME_MAX: Duration = Duration::from_secs(3600);
/// Largest field beside the file, in bytes: metadata from another system.
const FIELD_BYTES_MAX: usize = 64 * 1024;
/// Fields in one form.
const FIELDS_MAX: usize = 64;

/// What came.
pub(super) struct Form {
    /// The file, not durable yet.
    pub(super) file: Option<Incoming>,
    /// The name it was sent with.
    pub(super) file_name: String,
    /// The other fields, in their order.
    pub(super) fields: Vec<(String, String)>,
}

impl Form {
    /// The last value under `name`, without surrounding blanks; empty counts as not given, as a form sends it.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let given = self.fields.iter().rev().find(|(field, _)| field == name);
        given.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// All values under `name`, with or without the `[]` that some programs write after a list's name.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let is_it = |field: &str| field.strip_suffix("[]").unwrap_or(field) == name;
        self.fields.iter().filter(|(field, _)| is_it(field)).map(|(_, value)| value.trim()).collect()
    }
}

/// Reads a form to its end.
pub(super) async fn read(mut parts: Multipart, uploads: &Arc<Uploads>) -> Result<Form, ApiError> {
    let deadline = Instant::now() + BODY_TIME_MAX;
    let mut form = Form { file: None, file_name: String::new(), fields: Vec::new() };
    while let Some(part) = in_time(deadline, parts.next_field()).await? {
        let name = part.name().unwrap_or_default().to_owned();
        if name != "file" {
            if form.fields.len() >= FIELDS_MAX {
                return Err(refused(format!("The form has more than {FIELDS_MAX} fields.")));
            }
            let value = text(part, &name, deadline).await?;
            form.fields.push((name, value));
            continue;
        }
        if form.file.is_some() {
            return Err(refused("The form has two files.".to_owned()));
        }
        form.file_name = part.file_name().unwrap_or_default().to_owned();
        form.file = Some(file(part, uploads, deadline).await?);
    }
    Ok(form)
}

async fn text(mut part: Field<'_>, name: &str, deadline: Instant) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = in_time(deadline, part.chunk()).await? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > FIELD_BYTES_MAX {
            return Err(refused(format!("Field {} is longer than {FIELD_BYTES_MAX} bytes.", shown(name))));
        }
    }
    String::from_utf8(bytes).map_err(|_| refused(format!("Field {} is not UTF-8.", shown(name))))
}

async fn file(mut part: Field<'_>, uploads: &Arc<Uploads>, deadline: Instant) -> Result<Incoming, ApiError> {
    let holder = Arc::clone(uploads);
    let mut incoming = on_disk(move || holder.begin()).await?;
    while let Some(piece) = in_time(deadline, part.chunk()).await? {
        incoming = on_disk(move || incoming.write(&piece).map(|()| incoming)).await?;
    }
    Ok(incoming)
}

/// Runs work on files off the async threads.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal())?;
    done.map_err(|error| {
        tracing::error!(%error, "An upload could not be written");
        let message = "The file could not be written to the disk.";
        ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "disk", message, "The log has the cause; is the disk full?")
    })
}

async fn in_time<T>(
    deadline: Instant,
    reading: impl Future<Output = Result<T, MultipartError>>,
) -> Result<T, ApiError> {
    let until = deadline.min(Instant::now() + PAUSE_MAX);
    let read = tokio::time::timeout_at(until, reading).await.map_err(|_| {
        let message = "The body came too slowly.";
        let hint = "Send a piece at least every 30 seconds, and all of it within an hour.";
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "timed_out", message, hint)
    })?;
    read.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => refused("The form cannot be read, or ended before its end.".to_owned()),
    })
}

/// 413: more bytes than an upload may have.
pub(super) fn too_large() -> ApiError {
    let hint = "The limit is api.upload_mib_max in the configuration.";
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The upload is too large.", hint)
}

fn refused(message: String) -> ApiError {
    let hint = "Send multipart/form-data with the recording in the field `file`.";
    ApiError::new(StatusCode::BAD_REQUEST, "bad_form", message, hint)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::{FromRequest as _, Request};
    use axum::response::IntoResponse as _;
    use bytes::Bytes;
    use futures_util::{Stream, StreamExt as _, stream};

    use super::*;

    /// The status that a form made of these pieces gets; time passes as fast as nobody has anything to do.
    async fn status_of(pieces: impl Stream<Item = Bytes> + Send + 'static) -> StatusCode {
        let state = tempfile::tempdir().unwrap();
        let uploads = Arc::new(Uploads::open(state.path()).unwrap());
        let head = Bytes::from_static(b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n");
        let body = stream::iter([head]).chain(pieces).map(Ok::<_, std::io::Error>);
        let request = Request::builder().header("content-type", "multipart/form-data; boundary=b");
        let request = request.body(Body::from_stream(body)).unwrap();
        let parts = Multipart::from_request(request, &()).await.unwrap();
        read(parts, &uploads).await.err().unwrap().into_response().status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_not_waited_for() {
        let began = Instant::now();
        assert_eq!(status_of(stream::pending()).await, StatusCode::REQUEST_TIMEOUT);
        assert!(began.elapsed() < 2 * PAUSE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_on_and_on_ends_too() {
        let began = Instant::now();
        let trickle = stream::repeat(Bytes::from_static(b"x")).then(|piece| async move {
            tokio::time::sleep(PAUSE_MAX / 2).await;
            piece
        });
        assert_eq!(status_of(trickle).await, StatusCode::REQUEST_TIMEOUT);
        assert!(began.elapsed() >= BODY_TIME_MAX);
    }
}
