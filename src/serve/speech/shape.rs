//! Errors as OpenAI's clients know them: `{"error": {"message", "type", "param", "code"}}`, whatever went wrong on these
//! paths and wherever.

use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::serve::error::{ApiError, Told, as_it_is};

/// Where this contract is spoken.
const PATHS: &str = "/v1/";

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct OpenAiErrorBody {
    error: OpenAiError,
}

#[derive(Debug, Serialize, ToSchema)]
struct OpenAiError {
    /// What went wrong and what to do.
    message: String,
    /// `invalid_request_error` or `server_error`.
    r#type: &'static str,
    /// The field that is wrong.
    param: Option<&'static str>,
    /// Stable, for programs.
    code: String,
}

/// Rewrites errors on these paths; keeps their status and headers.
pub(in crate::serve) async fn shape(request: Request, next: Next) -> Response {
    let is_ours = request.uri().path().starts_with(PATHS);
    let response = next.run(request).await;
    let Some(told) = response.extensions().get::<Told>().filter(|_| is_ours).cloned() else { return response };
    let mut shaped = as_it_is((response.status(), Json(body(told, response.status()))));
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            shaped.headers_mut().append(name, value.clone());
        }
    }
    shaped
}

/// The body of an error that comes in the middle of a stream.
pub(super) fn body_of(error: &ApiError) -> OpenAiErrorBody {
    let response = error.clone().into_response();
    let told = response.extensions().get::<Told>().cloned().unwrap_or_default();
    body(told, response.status())
}

fn body(told: Told, status: StatusCode) -> OpenAiErrorBody {
    let code = if status == StatusCode::UNAUTHORIZED { "invalid_api_key".to_owned() } else { told.code };
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let end = if told.message.ends_with(['.', '!', '?']) { "" } else { "." };
    let message = format!("{}{end} {}", told.message, told.hint);
    OpenAiErrorBody { error: OpenAiError { message, r#type: kind, param: told.param, code } }
}
