//! `/webhook/…`: what providers deliver. Open without a token, for a reverse proxy to expose: the accounts behind it believe
//! nothing that is not signed. A delivery is read, handed on and answered; nothing is fetched meanwhile.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::error::ApiError;
use super::{Api, Incoming};
use crate::call::ProviderKind;

/// Where each provider delivers. Twilio has one path for recordings and one for calls, as the systems before had.
pub(super) const PATHS: [(&str, ProviderKind); 4] = [
    ("/webhook/handle_recording", ProviderKind::Twilio),
    ("/webhook/call_status", ProviderKind::Twilio),
    ("/webhook/ringcentral", ProviderKind::RingCentral),
    ("/webhook/webex", ProviderKind::Webex),
];
/// Largest delivery: they are forms and small JSON.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Time a delivery's body may take: it is one packet or two.
const BODY_WITHIN: Duration = Duration::from_secs(5);

pub(super) fn router() -> Router<Api> {
    PATHS.into_iter().fold(Router::new(), |router, (path, kind)| {
        router.route(path, any(move |state, request| receive(kind, state, request)))
    })
}

/// Whether a path is one of these.
pub(super) fn is_one(path: &str) -> bool {
    PATHS.iter().any(|(own, _)| *own == path)
}

async fn receive(kind: ProviderKind, State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // Read before a seat is taken, and not for long: whoever sends a byte a minute keeps nobody else out.
    let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let Ok(_seat) = api.0.deliveries.try_acquire() else {
        return ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "Too many deliveries at once.",
            "Deliver again.",
        )
        .into_response();
    };
    let path_and_query = parts.uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
    let method = parts.method.as_str().to_owned();
    let answer = api.0.loops.deliver(kind, Incoming { method, path_and_query, headers: parts.headers, body }).await;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // A value that is no header value cannot be echoed.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    super::error::as_it_is(response)
}
