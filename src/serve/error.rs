//! Errors as the API shows them: `{ "error": { "code", "message", "hint" } }`, whatever went wrong and wherever.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::{Deletion, Disposition, RecordingId, StepRecord, StepState};
use crate::provider::ProviderError;
use crate::store::StoreError;

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable, for programs: `not_found`, `bad_parameter`, ….
    pub code: String,
    /// A sentence that names the thing.
    pub message: String,
    /// A sentence that says what to do.
    pub hint: String,
}

/// An answer that is not a success.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: String,
    retry_after_s: Option<u64>,
    param: Option<&'static str>,
}

/// What an answer tells, for whoever writes it in another shape.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) hint: String,
    /// The field that is wrong.
    pub(super) param: Option<&'static str>,
}

/// Leaves an answer with an error status as it is: its body says more than an error's would.
pub(super) fn as_it_is(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.extensions_mut().insert(Shaped);
    response
}

/// Marks an answer whose body is what it should be.
#[derive(Debug, Clone, Copy)]
struct Shaped;

impl ApiError {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { status, code, message: message.into(), hint: hint.into(), retry_after_s: None, param: None }
    }

    /// The same, with the time after which another try makes sense.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// What is said: status, sentence, what to do.
    pub(super) fn said(&self) -> (StatusCode, &str, &str) {
        (self.status, &self.message, &self.hint)
    }

    /// The same, with the field it is about.
    pub(super) fn about(self, param: &'static str) -> Self {
        Self { param: Some(param), ..self }
    }

    /// 400: a query or path value that cannot be used.
    pub(super) fn bad_parameter(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_parameter", message, hint)
    }

    /// 404: no recording answers to `id`, which is ours or the provider's.
    pub(super) fn no_recording(id: &str) -> Self {
        let message = format!("There is no recording {}.", super::params::shown(id));
        Self::new(StatusCode::NOT_FOUND, "not_found", message, "List the recordings with GET /api/v1/recordings/.")
    }

    /// 410: it was here and was removed.
    pub(super) fn removed(id: RecordingId, deletion: &Deletion) -> Self {
        let message = format!("Recording {id} was removed at {} ({}).", deletion.at, deletion.by);
        Self::new(StatusCode::GONE, "removed", message, "Its identity stays known, so that it is not taken in again.")
    }

    /// 409: something the step would make is not there; says how the step stands.
    pub(super) fn not_there_yet(what: &str, step: &str, record: &StepRecord) -> Self {
        let (how, hint) = match &record.state {
            StepState::Pending => {
                ("is pending: its turn has not come".to_owned(), "It will be done by itself; ask again later.")
            }
            StepState::Running { .. } => {
                ("is running".to_owned(), "Ask again later; GET /api/v1/queue shows progress.")
            }
            StepState::Waiting { until, reason } => (
                format!("is waiting until {until}: {reason}"),
                "It will be tried again by itself; POST …/reprocess tries at once.",
            ),
            StepState::Completed { .. } => ("is completed".to_owned(), "POST …/reprocess does the step again."),
            StepState::Skipped { reason, .. } => {
                (format!("is skipped: {reason}"), "There will be none, unless POST …/reprocess finds more.")
            }
            StepState::Failed { error, .. } => {
                (format!("is failed: {error}"), "Mend the cause, then POST …/reprocess tries again.")
            }
        };
        let message = format!("This recording has no {what}: step {step} {how}");
        let message = if message.ends_with(['.', '!', '?']) { message } else { message + "." };
        Self::new(StatusCode::CONFLICT, "not_available", message, hint)
    }

    /// What a provider would not do: 409 when it never will, 502 when it could not now.
    pub(super) fn of_provider(error: &ProviderError) -> Self {
        let message = error.message.clone();
        match error.disposition {
            Disposition::Reject | Disposition::Absent => {
                Self::new(StatusCode::CONFLICT, "provider_refused", message, "Nothing was changed at the provider.")
            }
            _ => Self::new(StatusCode::BAD_GATEWAY, "provider_failed", message, "Mend the cause, or try again later."),
        }
    }

    /// 500, without a word of what happened inside; the log has it.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "callscribe could not answer this request.",
            "The log has the cause under this answer's x-request-id.",
        )
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::NotFound(id) => Self::no_recording(&id.to_string()),
            StoreError::LegalHold(_) => {
                Self::new(StatusCode::CONFLICT, "legal_hold", message, "Lift the hold before removing the recording.")
            }
            StoreError::WrongState(_) | StoreError::OtherKey(_) | StoreError::ClaimLost(_) => Self::new(
                StatusCode::CONFLICT,
                "wrong_state",
                message,
                "Look at the recording's steps, then try again.",
            ),
            StoreError::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Try again in a few seconds.")
            }
            other => {
                tracing::error!(error = %other, "The store failed while answering a request");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (code, message, hint) = (self.code.to_owned(), self.message.clone(), self.hint.clone());
        let told = Told { code, message, hint, param: self.param };
        let body =
            ErrorBody { error: ErrorDetail { code: self.code.to_owned(), message: self.message, hint: self.hint } };
        let mut response = as_it_is((self.status, Json(body)));
        response.extensions_mut().insert(told);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = self.retry_after_s.unwrap_or(5);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// Gives an error that a layer or the router made on its own the body all errors have; keeps its status and headers
/// (`Allow`, `Content-Range`).
pub(super) async fn shape(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || response.extensions().get::<Shaped>().is_some() {
        return response;
    }
    let (code, message, hint) = match status {
        StatusCode::NOT_FOUND => ("not_found", "There is nothing at this path.", "GET /openapi.json lists every path."),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "This path does not answer that method.",
            "Use one of the methods named under Allow.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "body_too_large",
            "The request's body is too large.",
            "The limit is api.body_mib_max in the configuration.",
        ),
        StatusCode::RANGE_NOT_SATISFIABLE => (
            "range_not_satisfiable",
            "The range lies outside the file.",
            "Content-Range names the file's size in bytes.",
        ),
        StatusCode::PRECONDITION_FAILED => {
            ("precondition_failed", "The file is not the one If-Match names.", "Ask again without the condition.")
        }
        _ if status.is_client_error() => {
            ("bad_request", "The request could not be understood.", "GET /openapi.json describes every request.")
        }
        _ => ("internal", "callscribe could not answer this request.", "The log has the cause."),
    };
    let mut shaped = ApiError::new(status, code, message, hint).into_response();
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            shaped.headers_mut().append(name, value.clone());
        }
    }
    shaped
}
