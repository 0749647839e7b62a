//! Who asks: a request becomes a [`Caller`] by its token, by the cookie of a session, or by having come through the
//! socket. What a caller may do is in `roles`; what becomes of one who may not, in `guard`.
//!
//! Knows tokens by their digests alone. Sessions are somebody else's: whoever keeps them answers [`Sessions`].

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use super::error::ApiError;
use crate::config::{OWN_TOKEN, Role, TokenConfig};

/// The cookie that carries a session.
pub const SESSION_COOKIE: &str = "callscribe_session";

/// Who asks, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's name, `socket`, or whom the session belongs to.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What they showed.
    pub proof: Proof,
}

/// What a caller showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A bearer token.
    Token,
    /// A session's cookie. Browsers send it by themselves, so that it proves nothing about who made the request.
    Session,
    /// The permission to connect to the socket.
    Socket,
}

impl Caller {
    /// The name for the audit trail: `api:wallboard`.
    pub fn audit_name(&self) -> String {
        format!("api:{}", self.name)
    }
}

/// Who asks, for a handler; every path that is not open has one.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::internal)
    }
}

/// Marks a request that came through the socket; put there by the daemon, which knows its listeners.
#[derive(Debug, Clone, Copy)]
pub struct ThroughSocket;

/// Marks a request that came by our own TLS; put there as [`ThroughSocket`] is.
#[derive(Debug, Clone, Copy)]
pub struct ThroughTls;

/// Whoever keeps sessions. All of it is asked on every request, so nothing here may block.
pub trait Sessions: Send + Sync + 'static {
    /// Whose session goes by the value of [`SESSION_COOKIE`]; compared without telling by the time it takes.
    fn caller(&self, cookie: &str) -> Option<Caller>;

    /// Whether a path answers without anybody having signed in: the page where that is done, its style sheet.
    fn is_open(&self, _path: &str) -> bool {
        false
    }

    /// Where a browser that asked for a page and has no session is sent instead of being refused.
    fn sign_in_page(&self) -> Option<&'static str> {
        None
    }
}

/// There are no sessions.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSessions;

impl Sessions for NoSessions {
    fn caller(&self, _cookie: &str) -> Option<Caller> {
        None
    }
}

/// Everybody there is.
#[derive(Clone)]
pub(super) struct Callers {
    tokens: Arc<[Known]>,
    sessions: Arc<dyn Sessions>,
    socket_role: Role,
}

/// A token by its digest.
struct Known {
    name: String,
    role: Role,
    digest: [u8; 32],
}

impl Callers {
    pub(super) fn new(
        own: &SecretString,
        more: Vec<TokenConfig>,
        sessions: Arc<dyn Sessions>,
        socket_role: Role,
    ) -> Self {
        let known = |name: String, role, token: &SecretString| Known {
            name,
            role,
            digest: Sha256::digest(token.expose_secret()).into(),
        };
        let own = known(OWN_TOKEN.to_owned(), Role::Admin, own);
        let more = more.into_iter().map(|one| known(one.name, one.role, &one.token));
        Self { tokens: std::iter::once(own).chain(more).collect(), sessions, socket_role }
    }

    /// Who made a request. A token that is shown counts alone, so that a wrong one is never made good by something else.
    pub(super) fn of(&self, parts: &Parts) -> Option<Caller> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return self.by_token(bearer(&parts.headers)?);
        }
        if let Some(cookie) = session_cookie(&parts.headers)
            && let Some(caller) = self.sessions.caller(cookie)
        {
            return Some(caller);
        }
        parts.extensions.get::<ThroughSocket>().map(|_| Caller {
            name: "socket".to_owned(),
            role: self.socket_role,
            proof: Proof::Socket,
        })
    }

    pub(super) fn sessions(&self) -> &dyn Sessions {
        &*self.sessions
    }

    /// Compares the digest with every token's, whichever fits, so that the time tells neither which one nor how far.
    fn by_token(&self, given: &[u8]) -> Option<Caller> {
        let given: [u8; 32] = Sha256::digest(given).into();
        let mut place = u32::MAX;
        for (index, known) in (0u32..).zip(self.tokens.iter()) {
            place.conditional_assign(&index, known.digest.ct_eq(&given));
        }
        let known = self.tokens.get(usize::try_from(place).ok()?)?;
        Some(Caller { name: known.name.clone(), role: known.role, proof: Proof::Token })
    }
}

/// The token a request shows; none when there are several.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = value.as_bytes().split_first_chunk::<7>()?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// The session's cookie; none when there are several, since nobody could tell which one counts.
fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == SESSION_COOKIE).then_some(value)
    });
    let (Some(cookie), None) = (found.next(), found.next()) else { return None };
    Some(cookie).filter(|cookie| !cookie.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callers() -> Callers {
        let reader =
            TokenConfig { name: "wallboard".to_owned(), role: Role::Read, token: "fedcba9876543210".to_owned().into() };
        Callers::new(&"0123456789abcdef".to_owned().into(), vec![reader], Arc::new(NoSessions), Role::Operate)
    }

    fn asked(headers: &[(&str, &str)]) -> Option<Caller> {
        let mut request = axum::http::Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        callers().of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn each_token_is_its_own_name_and_role() {
        let own = asked(&[("authorization", "Bearer 0123456789abcdef")]).unwrap();
        assert_eq!((own.name.as_str(), own.role), ("api-token", Role::Admin));
        let reader = asked(&[("authorization", "bearer fedcba9876543210")]).unwrap();
        assert_eq!((reader.name.as_str(), reader.role), ("wallboard", Role::Read));
    }

    #[test]
    fn a_prefix_of_a_token_is_not_the_token() {
        for wrong in ["", "0", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF"] {
            assert_eq!(asked(&[("authorization", &format!("Bearer {wrong}"))]), None);
        }
    }

    #[test]
    fn two_session_cookies_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; callscribe_session=x".parse().unwrap());
        assert_eq!(session_cookie(&headers), Some("x"));
        headers.append(header::COOKIE, "callscribe_session=y".parse().unwrap());
        assert_eq!(session_cookie(&headers), None);
    }
}
