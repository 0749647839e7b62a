//! What stands before every request: the Host it names, the token it carries, how many are served at once, how long
//! one may take, and the headers that every answer wears.
//!
//! Being on loopback protects nobody by itself: a web page can make a browser ask 127.0.0.1 under a name of the page's
//! own choosing (DNS rebinding), and every user of the machine can connect. Hence the Host list and the token. There
//! are no CORS headers at all, so no page of another origin can read an answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::token::TokenCheck;
use super::webhooks;

/// Requests worked on at once; more are told to come back. Each may hold one thread of the blocking pool.
pub(super) const REQUESTS_MAX: usize = 64;

/// Open without a token: whoever watches over the daemon need not hold one, and who comes back from a provider's sign-in
/// carries a state instead.
const OPEN_PATHS: [&str; 3] = ["/healthz", "/readyz", super::auth::CALLBACK];

/// What requests are checked against.
#[derive(Clone)]
pub(super) struct Guard {
    token: TokenCheck,
    /// Our own address, for a daemon that listens on another one of 127.0.0.0/8.
    own: IpAddr,
    room: Arc<Semaphore>,
}

impl Guard {
    pub(super) fn new(token: TokenCheck, own: IpAddr) -> Self {
        Self { token, own, room: Arc::new(Semaphore::new(REQUESTS_MAX)) }
    }

    /// Whether a Host is this machine by a name nobody else can claim. Any port: it may be forwarded.
    fn knows_host(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host();
        // Nothing before the name, and after it at most a port.
        let Some(rest) = host.strip_prefix(name) else { return false };
        if !rest.is_empty() && rest.strip_prefix(':').is_none_or(|port| port.parse::<u16>().is_err()) {
            return false;
        }
        if name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]" {
            return true;
        }
        name.trim_start_matches('[').trim_end_matches(']').parse() == Ok(self.own)
    }
}

/// Refuses requests that name another host than this machine, or none, or several.
pub(super) async fn check_host(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok());
    // A full URL as the request's target overrides the header, so it must hold as well.
    let target_fits = request.uri().authority().is_none_or(|authority| guard.knows_host(authority.as_str()));
    if host.is_some_and(|host| guard.knows_host(host)) && hosts.next().is_none() && target_fits {
        return next.run(request).await;
    }
    let refused = ApiError::new(
        StatusCode::FORBIDDEN,
        "host_refused",
        "The request does not name this machine as its host.",
        "Ask for localhost, 127.0.0.1 or [::1]; behind a proxy let it set the Host header to localhost.",
    );
    last_answer(refused)
}

/// Refuses requests without the token. Who has none gets one answer a connection: kept ones would be held by whoever asks
/// on and on and never reads, until none are left.
pub(super) async fn check_token(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if carries_token(&guard.token, &request) {
        return next.run(request).await;
    }
    if OPEN_PATHS.contains(&request.uri().path()) || webhooks::is_one(request.uri().path()) {
        return last_answer(next.run(request).await);
    }
    let refused = ApiError::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "The request carries no valid token.",
        "Send 'Authorization: Bearer TOKEN'; the token is in the file that api.token_file names in the configuration, else \
         in the file api-token in the state folder.",
    );
    last_answer(refused)
}

/// An answer after which the connection is closed.
fn last_answer(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn carries_token(check: &TokenCheck, request: &Request) -> bool {
    let mut given = request.headers().get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return false };
    let Some((scheme, token)) = value.as_bytes().split_first_chunk::<7>() else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && check.accepts(token.trim_ascii())
}

/// Turns requests away when too many are being worked on, health excepted.
pub(super) async fn limit_load(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    // Deliveries are counted apart.
    if OPEN_PATHS.contains(&request.uri().path()) || webhooks::is_one(request.uri().path()) {
        return next.run(request).await;
    }
    let Ok(_seat) = guard.room.try_acquire() else {
        let message = format!("{REQUESTS_MAX} requests are being answered already.");
        let busy = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "Try again in a few seconds.");
        return busy.into_response();
    };
    next.run(request).await
}

/// Ends a request that takes longer than allowed. What it started in the store is finished there all the same.
pub(super) async fn limit_time(State(longest): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(longest, next.run(request)).await.unwrap_or_else(|_| {
        ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timed_out",
            format!("The answer took longer than {} seconds.", longest.as_secs_f32()),
            "Ask for less at once (limit, dates), or raise api.request_timeout_s.",
        )
        .into_response()
    })
}

/// On every answer: never guess its type, never keep it, never run anything in it, never tell where it was read.
pub(super) const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Puts [`SECURITY_HEADERS`] on an answer that does not say otherwise itself.
pub(super) async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(host: &str) -> bool {
        let token = TokenCheck::new(&"t".to_owned().into());
        Guard::new(token, IpAddr::from([127, 0, 0, 9])).knows_host(host)
    }

    #[test]
    fn this_machine_is_known_by_its_own_names_with_any_port() {
        for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535", "127.0.0.9:80"]
        {
            assert!(knows(host), "{host}");
        }
    }

    #[test]
    fn a_name_that_somebody_else_can_own_is_refused() {
        let names = ["", "example.com", "localhost.example.com", "127.0.0.1.nip.io", "localhost.", "user@localhost"];
        let numbers =
            ["0.0.0.0", "127.0.0.2", "2130706433", "::1", "[::1", "localhost:port", "localhost:99999", "[::]"];
        for host in names.into_iter().chain(numbers) {
            assert!(!knows(host), "{host}");
        }
    }
}
