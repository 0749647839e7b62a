//! Which role a request needs, by its method and route. One table; a route that changes something and is not in it needs
//! the highest role, and a test finds it.

use axum::http::Method;

use super::webhooks;
use crate::config::Role;

/// Requests that need another role than [`Role::Read`] for asking: (method, route, least role).
const ROLES: &[(&str, &str, Role)] = &[
    ("POST", "/api/v1/recordings/fetch", Role::Operate),
    ("POST", "/api/v1/recordings/reprocess", Role::Operate),
    ("POST", "/api/v1/recordings/{id}/reprocess", Role::Operate),
    ("POST", "/api/v1/recordings/{id}/translations", Role::Operate),
    ("DELETE", "/api/v1/recordings/{id}", Role::Admin),
    ("POST", "/api/v1/calls/{id}/record", Role::Operate),
    ("POST", "/api/v1/providers/{name}/check", Role::Operate),
    // The same check by its earlier path: it asks the provider.
    ("GET", "/api/v1/recordings/test/{access}", Role::Operate),
    ("POST", "/api/v1/providers/{name}/login", Role::Admin),
    ("GET", "/auth/login", Role::Admin),
    ("POST", "/api/v1/recordings/{id}/cancel", Role::Operate),
    ("POST", "/api/v1/recordings/", Role::Operate),
    ("POST", "/api/v1/recordings", Role::Operate),
    ("DELETE", "/api/v1/jobs/{id}", Role::Operate),
    ("POST", "/api/v1/queue/pause", Role::Operate),
    ("POST", "/api/v1/queue/resume", Role::Operate),
    ("POST", "/api/v1/queue/retry-failed", Role::Operate),
    ("POST", "/api/v1/queue/try-parked", Role::Operate),
    // The session it leads to may do what its maker may.
    ("POST", "/api/v1/console/link", Role::Read),
    ("POST", "/sign-out", Role::Read),
    ("POST", "/api/v1/webhooks/{name}/deliveries/{id}/replay", Role::Operate),
    ("POST", "/api/v1/webhooks/{name}/test", Role::Operate),
    ("POST", "/v1/audio/transcriptions", Role::Operate),
    ("POST", "/v1/audio/translations", Role::Operate),
];

/// Open to everybody: whoever watches over the daemon need not hold a token, and who comes back from a provider's
/// sign-in carries a state instead.
const OPEN_PATHS: [&str; 3] = ["/healthz", "/readyz", super::auth::CALLBACK];

/// Whether a path answers whoever asks.
pub(super) fn is_open(path: &str) -> bool {
    OPEN_PATHS.contains(&path) || webhooks::is_one(path)
}

/// The least role for a request; `route` is the pattern the router found, absent where it found none.
pub(super) fn needed(method: &Method, route: Option<&str>) -> Role {
    // Nothing is there, and that may be said to everybody who may ask at all.
    let Some(route) = route else { return Role::Read };
    // Answered like the other one.
    let asked = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let listed = ROLES.iter().find(|(method, path, _)| *method == asked && *path == route);
    match listed {
        Some((_, _, role)) => *role,
        None if method.is_safe() => Role::Read,
        None => Role::Admin,
    }
}

/// Whether somebody decided on a role for a request.
#[doc(hidden)]
pub fn is_decided(method: &str, route: &str) -> bool {
    is_open(route) || method == "GET" || ROLES.iter().any(|(known, path, _)| *known == method && *path == route)
}
