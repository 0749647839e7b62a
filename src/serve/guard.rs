//! What stands before every request: the Host it names, who asks and whether they may, how many are served at once,
//! how long one may take, and the headers that every answer wears.
//!
//! Being on loopback protects nobody by itself: a web page can make a browser ask 127.0.0.1 under a name of the page's
//! own choosing (DNS rebinding), and every user of the machine can connect. Hence the Host list and the token. There
//! are no CORS headers at all, so no page of another origin can read an answer; nor can one change anything with a
//! session's cookie, which the browser would send along.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tokio::sync::Semaphore;

use super::caller::{Caller, Callers, Proof};
use super::error::ApiError;
use super::roles;
use crate::config::Role;

/// Requests worked on at once; more are told to come back. Each may hold one thread of the blocking pool.
pub(super) const REQUESTS_MAX: usize = 64;

/// What requests are checked against.
#[derive(Clone)]
pub(super) struct Guard {
    callers: Callers,
    hosts: Arc<KnownHosts>,
    open_metrics: bool,
    room: Arc<Semaphore>,
}

/// The names this machine may be asked by.
pub(super) struct KnownHosts {
    /// Our own address, for a daemon that listens on another one of 127.0.0.0/8, and our port.
    own: SocketAddr,
    /// Names the operator added, with a port where it is not ours.
    more: Vec<String>,
}

impl Guard {
    pub(super) fn new(callers: Callers, own: SocketAddr, hosts: Vec<String>, open_metrics: bool) -> Self {
        let hosts = Arc::new(KnownHosts { own, more: hosts });
        Self { callers, hosts, open_metrics, room: Arc::new(Semaphore::new(REQUESTS_MAX)) }
    }

    /// Whether a path answers whoever asks.
    fn is_open(&self, path: &str) -> bool {
        roles::is_open(path) || (self.open_metrics && path == "/metrics") || self.callers.sessions().is_open(path)
    }
}

impl KnownHosts {
    /// Whether a Host is this machine by a name nobody else can claim, on any port, since it may be forwarded; or one
    /// the operator added, on the port named there, else on ours or the usual one.
    fn know(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host();
        // Nothing before the name, and after it at most a port.
        let Some(rest) = host.strip_prefix(name) else { return false };
        let port = rest.strip_prefix(':').and_then(|port| port.parse::<u16>().ok());
        if !rest.is_empty() && port.is_none() {
            return false;
        }
        if name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]" {
            return true;
        }
        let own = self.own.ip();
        let is_own = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() == Ok(own);
        (is_own && !own.is_unspecified()) || self.more.iter().any(|known| self.is_added(known, host, name, port))
    }

    fn is_added(&self, known: &str, host: &str, name: &str, port: Option<u16>) -> bool {
        if known.contains(':') {
            return known.eq_ignore_ascii_case(host);
        }
        known.eq_ignore_ascii_case(name) && port.is_none_or(|port| port == self.own.port())
    }
}

/// Refuses requests that name another host than this machine, or none, or several.
pub(super) async fn check_host(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok());
    // A full URL as the request's target overrides the header, so it must hold as well.
    let target_fits = request.uri().authority().is_none_or(|authority| guard.hosts.know(authority.as_str()));
    if host.is_some_and(|host| guard.hosts.know(host)) && hosts.next().is_none() && target_fits {
        return next.run(request).await;
    }
    let refused = ApiError::new(
        StatusCode::FORBIDDEN,
        "host_refused",
        "The request does not name this machine as its host.",
        "Ask for localhost, 127.0.0.1 or [::1]; other names are listed in api.hosts.",
    );
    last_answer(refused)
}

/// Finds out who asks and whether they may; handlers find the [`Caller`] with the request. Who is nobody gets one answer
/// a connection: kept ones would be held by whoever asks on and on and never reads, until none are left.
pub(super) async fn admit(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let is_open = guard.is_open(parts.uri.path());
    let Some(caller) = guard.callers.of(&parts) else {
        if is_open {
            return last_answer(next.run(Request::from_parts(parts, body)).await);
        }
        return match guard.callers.sessions().sign_in_page() {
            Some(page) if wants_page(&parts.method, &parts.headers) => last_answer(Redirect::to(page)),
            _ => last_answer(nobody()),
        };
    };
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let needed = roles::needed(&parts.method, route);
    let changes = !parts.method.is_safe() || needed > Role::Read;
    if caller.proof == Proof::Session && changes && !is_of_our_pages(&parts.headers) {
        return last_answer(of_another_page());
    }
    if caller.role < needed && !is_open {
        return too_low(&caller, needed).into_response();
    }
    parts.extensions.insert(caller);
    next.run(Request::from_parts(parts, body)).await
}

fn nobody() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "The request carries no valid token.",
        "Send 'Authorization: Bearer TOKEN'; the token is in the file that api.token_file names in the configuration, else \
         in the file api-token in the state folder.",
    )
}

fn too_low(caller: &Caller, needed: Role) -> ApiError {
    let Caller { name, role, proof } = caller;
    let what = match proof {
        Proof::Token => format!("The token '{name}'"),
        Proof::Session => format!("The session of '{name}'"),
        Proof::Socket => "The socket".to_owned(),
    };
    ApiError::new(
        StatusCode::FORBIDDEN,
        "role_too_low",
        format!("{what} has the role {role}; this needs {needed}."),
        format!("Use a token with the role {needed}; [[tokens]] in the configuration says which one has it."),
    )
}

fn of_another_page() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_origin",
        "The request carries a session's cookie and does not come from one of our own pages.",
        "Programs send a token instead: 'Authorization: Bearer TOKEN'.",
    )
}

/// Whether somebody opened a page in a browser.
fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    *method == Method::GET && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// Whether a browser says that a page of ours made the request. Older ones say only which origin did, which must be the
/// host that was asked; another port of this machine is somebody else's page.
fn is_of_our_pages(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site") {
        return site.as_bytes() == b"same-origin";
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    matches!((origin, text(header::HOST)), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

/// An answer after which the connection is closed.
fn last_answer(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Turns requests away when too many are being worked on, health excepted.
pub(super) async fn limit_load(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    // Deliveries are counted apart.
    if roles::is_open(request.uri().path()) {
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
        let more = vec!["calls.example.com".to_owned(), "proxy:8443".to_owned()];
        KnownHosts { own: "127.0.0.5:8377".parse().unwrap(), more }.know(host)
    }

    #[test]
    fn this_machine_is_known_by_its_own_names_on_any_port() {
        for host in
            ["localhost", "LOCALHOST:8377", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8377", "127.0.0.5:8377"]
        {
            assert!(knows(host), "{host}");
        }
    }

    #[test]
    fn an_added_name_is_known_on_its_own_port_alone() {
        for host in ["calls.example.com", "Calls.Example.com", "calls.example.com:8377", "proxy:8443", "PROXY:8443"] {
            assert!(knows(host), "{host}");
        }
        for host in ["calls.example.com:80", "calls.example.com.", "a.calls.example.com", "proxy", "proxy:8377"] {
            assert!(!knows(host), "{host}");
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

    #[test]
    fn a_daemon_that_listens_everywhere_is_not_known_as_everywhere() {
        let hosts = KnownHosts { own: "0.0.0.0:8377".parse().unwrap(), more: Vec::new() };
        assert!(!hosts.know("0.0.0.0:8377") && hosts.know("localhost:8377"));
    }

    #[test]
    fn only_a_page_of_the_same_origin_is_ours() {
        let ours = |headers: &[(HeaderName, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
            is_of_our_pages(&headers.collect())
        };
        let site = HeaderName::from_static("sec-fetch-site");
        assert!(ours(&[(site.clone(), "same-origin")]));
        for other in ["same-site", "cross-site", "none"] {
            assert!(!ours(&[(site.clone(), other)]));
        }
        let host = (header::HOST, "127.0.0.1:8377");
        assert!(ours(&[host.clone(), (header::ORIGIN, "http://127.0.0.1:8377")]));
        assert!(!ours(&[host.clone(), (header::ORIGIN, "http://127.0.0.1:9000")]));
        assert!(!ours(&[host.clone(), (header::ORIGIN, "null")]) && !ours(&[host]));
    }
}
