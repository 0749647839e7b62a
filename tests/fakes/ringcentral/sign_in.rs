//! Tokens: the JWT grant, and refresh tokens of which each works once.

use std::time::{Duration, Instant};

use serde_json::json;

use super::RingCentral;
use crate::fakes::{Asked, Reply, examples, hex, locked};

/// Older sessions than so many are dropped.
const SESSIONS_MAX: usize = 5;
/// How long the old refresh token works while the new pair was never used.
const UNUSED_FOR: Duration = Duration::from_secs(3_600);

/// One access token with the refresh token beside it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    access: String,
    expires: Instant,
    refresh: Option<String>,
    /// The refresh token that this pair came of, and when.
    came_of: Option<(String, Instant)>,
    first_used: Option<Instant>,
}

impl Session {
    /// The old refresh token, sent again after its answer was lost.
    fn again(&self, refresh: &str, grace: Duration, now: Instant) -> bool {
        self.came_of.as_ref().is_some_and(|(old, at)| {
            let in_time = match self.first_used {
                Some(used) => now - used < grace,
                None => now - *at < UNUSED_FOR,
            };
            old == refresh && in_time
        })
    }
}

impl RingCentral {
    pub(super) fn signed_in(&self, asked: &Asked) -> bool {
        let in_query = asked.query("access_token");
        let Some(token) = asked.bearer().or(in_query.as_deref()) else { return false };
        let now = self.clock.now();
        let mut state = locked(&self.state);
        let Some(session) = state.sessions.iter_mut().find(|session| session.access == token) else { return false };
        session.first_used.get_or_insert(now);
        now < session.expires
    }

    /// A token without asking for one.
    pub fn access_token(&self) -> String {
        self.issue(None, self.settings.access_token_lives).access
    }

    /// Every access token dies now; refresh tokens live.
    pub fn expire_access_tokens(&self) {
        let now = self.clock.now();
        locked(&self.state).sessions.iter_mut().for_each(|session| session.expires = now);
    }

    /// Every session ends, refresh tokens too.
    pub fn end_sessions(&self) {
        locked(&self.state).sessions.clear();
    }

    pub(super) fn oauth(&self, asked: &Asked) -> Reply {
        let ours = (self.settings.client_id.clone(), self.settings.client_secret.clone());
        if asked.basic() != Some(ours) {
            return Reply::json(401, &examples::json("ringcentral_token_error_bad_client.json"));
        }
        match (asked.method.as_str(), asked.segments().last()) {
            ("POST", Some(&"token")) if asked.is_form() => self.token(asked),
            ("POST", Some(&"revoke")) => {
                let token = asked.form("token");
                let gone = |session: &Session| Some(&session.access) == token.as_ref() || session.refresh == token;
                locked(&self.state).sessions.retain(|session| !gone(session));
                Reply::empty(200)
            }
            _ => super::error(400, "CMN-104", "The request cannot be parsed"),
        }
    }

    fn token(&self, asked: &Asked) -> Reply {
        let lives = match asked.form("access_token_ttl").map(|seconds| seconds.parse::<u64>()) {
            None => self.settings.access_token_lives,
            Some(Ok(seconds @ 600..=3_600)) => Duration::from_secs(seconds).min(self.settings.access_token_lives),
            Some(_) => return super::bad_parameter("access_token_ttl"),
        };
        let session = match asked.form("grant_type").as_deref() {
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                (asked.form("assertion").as_ref() == Some(&self.settings.jwt)).then(|| self.issue(None, lives))
            }
            Some("refresh_token") => self.refresh(&asked.form("refresh_token").unwrap_or_default(), lives),
            _ => None,
        };
        match session {
            Some(session) => self.pair(&session),
            None => Reply::json(400, &examples::json("ringcentral_token_error.json")),
        }
    }

    fn refresh(&self, token: &str, lives: Duration) -> Option<Session> {
        let now = self.clock.now();
        let known = {
            let state = locked(&self.state);
            let again = state.sessions.iter().find(|session| session.again(token, self.settings.grace, now));
            if let Some(same) = again {
                return Some(same.clone());
            }
            state.sessions.iter().any(|session| session.refresh.as_deref() == Some(token))
        };
        known.then(|| self.issue(Some(token), lives))
    }

    /// A new pair. The session it came of ends at once, its access token included.
    fn issue(&self, came_of: Option<&str>, lives: Duration) -> Session {
        let now = self.clock.now();
        let mut state = locked(&self.state);
        state.tokens_made += 1;
        let n = state.tokens_made;
        let session = Session {
            access: format!("U1BDMTFQMDFQQVMwMHxA{}", hex("rc access", n, 24)),
            expires: now + lives,
            refresh: self.settings.refresh_tokens.then(|| format!("U1BDMTFQMDFQQVMwMHxR{}", hex("rc refresh", n, 24))),
            came_of: came_of.map(|token| (token.to_owned(), now)),
            first_used: None,
        };
        state.sessions.retain(|old| came_of.is_none() || old.refresh.as_deref() != came_of);
        state.sessions.push(session.clone());
        let surplus = state.sessions.len().saturating_sub(SESSIONS_MAX);
        state.sessions.drain(..surplus);
        session
    }

    fn pair(&self, session: &Session) -> Reply {
        let left = session.expires.saturating_duration_since(self.clock.now());
        let example = examples::json("ringcentral_token.json");
        let members = json!({
            "access_token": session.access,
            "expires_in": left.as_secs_f64().round() as u64,
            "owner_id": self.settings.extension_id,
        });
        let body = match &session.refresh {
            Some(refresh) => examples::with(examples::with(example, members), json!({ "refresh_token": refresh })),
            None => {
                let example = examples::without(example, &["refresh_token", "refresh_token_expires_in", "session_id"]);
                examples::with(example, members)
            }
        };
        Reply::json(200, &body)
    }
}
