//! Who is signed in at the console: one-time links, and the sessions they are exchanged for.
//!
//! Both live in memory alone and in bounded numbers, so a restart signs everybody out. Only digests are kept: whoever
//! reads the memory of the daemon finds no cookie to send. A cookie is sent by the browser whoever made it ask, so a
//! request that changes something, or that a page of another origin made, must also show that it comes from here.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, Method, header};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::clock::Clock;
use crate::serve::token::{TokenError, random_text};

/// How long a one-time link is good: enough to copy it from one window to another.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Links that are good at once; the oldest makes room. One person needs one.
const LINKS_MAX: usize = 8;
/// A session nobody used for so long is over: a working day.
const IDLE_MAX: SignedDuration = SignedDuration::from_hours(8);
/// A session is over so long after the sign-in, used or not.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Sessions at once; the one that was idle longest makes room. More people than work on one machine.
const SESSIONS_MAX: usize = 64;
/// The cookie's name.
const COOKIE: &str = "callscribe_session";

type Digest = [u8; 32];

/// Links and sessions of one daemon; copies share them.
#[derive(Clone)]
pub struct Sessions {
    open: Arc<Mutex<Open>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Open {
    links: VecDeque<(Digest, Timestamp)>,
    sessions: HashMap<Digest, Session>,
}

struct Session {
    begun_at: Timestamp,
    used_at: Timestamp,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.used_at) > IDLE_MAX || now.duration_since(self.begun_at) > SESSION_LIFE
    }
}

impl Sessions {
    /// Nobody is signed in.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { open: Arc::default(), clock }
    }

    /// The path, with its code, at which one browser can sign in once, within [`LINK_LIFE`].
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn offer_link(&self) -> Result<String, TokenError> {
        let code = random_text()?;
        let now = self.clock.now();
        self.with(|open| {
            open.links.retain(|(_, made_at)| now.duration_since(*made_at) <= LINK_LIFE);
            if open.links.len() >= LINKS_MAX {
                open.links.pop_front();
            }
            open.links.push_back((digest(&code), now));
        });
        Ok(format!("{}?code={code}", super::sign_in::PATH))
    }

    /// Exchanges a link's code for the value of a session's cookie; `None` when it is used, old or made up.
    pub(super) fn exchange(&self, code: &str) -> Option<String> {
        let (now, given) = (self.clock.now(), digest(code));
        let session = random_text().ok()?;
        self.with(|open| {
            let place = open.links.iter().position(|(known, _)| *known == given)?;
            let (_, made_at) = open.links.remove(place)?;
            if now.duration_since(made_at) > LINK_LIFE {
                return None;
            }
            open.sessions.retain(|_, session| !session.is_over(now));
            if open.sessions.len() >= SESSIONS_MAX {
                let idlest = open.sessions.iter().min_by_key(|(_, session)| session.used_at).map(|(key, _)| *key);
                open.sessions.remove(&idlest?);
            }
            open.sessions.insert(digest(&session), Session { begun_at: now, used_at: now });
            Some(session)
        })
    }

    /// Whether the request comes from a browser that is signed in, and was made by our own pages or by its owner.
    pub(in crate::serve) fn admits(&self, method: &Method, headers: &HeaderMap) -> bool {
        is_ours(method, headers) && cookies(headers).any(|cookie| self.is_open(cookie))
    }

    /// Whether some cookie of the request is that of a session.
    pub(super) fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        cookies(headers).any(|cookie| self.is_open(cookie))
    }

    fn is_open(&self, cookie: &str) -> bool {
        let (now, key) = (self.clock.now(), digest(cookie));
        self.with(|open| match open.sessions.get_mut(&key) {
            Some(session) if !session.is_over(now) => {
                session.used_at = now;
                true
            }
            Some(_) => {
                open.sessions.remove(&key);
                false
            }
            None => false,
        })
    }

    /// Ends the sessions whose cookies the request carries.
    pub(super) fn end(&self, headers: &HeaderMap) {
        self.with(|open| cookies(headers).for_each(|cookie| drop(open.sessions.remove(&digest(cookie)))));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Open) -> T) -> T {
        act(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The cookie of a new session; of none when `value` is empty, which signs the browser out. Behind TLS it is sent by TLS
/// alone.
pub(super) fn set_cookie(value: &str, is_tls: bool) -> String {
    let age_s = if value.is_empty() { 0 } else { SESSION_LIFE.as_secs() };
    let secure = if is_tls { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}")
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Browsers say who made them ask. A page of another port of this machine is of the same *site*, so that `SameSite` alone
/// does not keep it out. What changes something must come from our own origin; what only reads may also be an address
/// that a person typed or followed.
fn is_ours(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match text("sec-fetch-site") {
        Some("same-origin") => true,
        Some("none") => reads,
        Some(_) => reads && text("sec-fetch-mode") == Some("navigate") && text("sec-fetch-dest") == Some("document"),
        // A browser too old to say so still names the origin of what changes something.
        None => reads || text("origin").and_then(|origin| origin.split_once("://")).is_some_and(|(scheme, host)| {
            matches!(scheme, "http" | "https") && text("host") == Some(host)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn at_nine() -> (Arc<ManualClock>, Sessions) {
        let clock = Arc::new(ManualClock::at("2026-11-20T09:00:00Z".parse().unwrap()));
        (Arc::clone(&clock), Sessions::new(clock))
    }

    fn code(sessions: &Sessions) -> String {
        sessions.offer_link().unwrap().split_once("code=").unwrap().1.to_owned()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn cookie(session: &str) -> HeaderMap {
        headers(&[("cookie", &format!("theme=dark; {COOKIE}={session}"))])
    }

    fn signs_in(sessions: &Sessions, session: &str) -> bool {
        sessions.admits(&Method::GET, &cookie(session))
    }

    #[test]
    fn a_link_signs_in_once() {
        let (_clock, sessions) = at_nine();
        let code = code(&sessions);
        let session = sessions.exchange(&code).unwrap();
        assert!(signs_in(&sessions, &session));
        assert_eq!(sessions.exchange(&code), None);
        assert!(!signs_in(&sessions, &code), "the code is not the session");
    }

    #[test]
    fn a_link_is_good_for_five_minutes() {
        let (clock, sessions) = at_nine();
        let code = code(&sessions);
        clock.advance_ms(5 * 60_000 + 1);
        assert_eq!(sessions.exchange(&code), None);
    }

    #[test]
    fn a_session_ends_idle_and_in_any_case() {
        let (clock, sessions) = at_nine();
        let session = sessions.exchange(&code(&sessions)).unwrap();
        for _hour in 0..24 {
            clock.advance_ms(3_600_000);
            assert!(signs_in(&sessions, &session));
        }
        clock.advance_ms(1);
        assert!(!signs_in(&sessions, &session));
        let idle = sessions.exchange(&code(&sessions)).unwrap();
        clock.advance_ms(8 * 3_600_000 + 1);
        assert!(!signs_in(&sessions, &idle));
    }

    #[test]
    fn links_and_sessions_do_not_grow_without_end() {
        let (_clock, sessions) = at_nine();
        let first = code(&sessions);
        (0..LINKS_MAX).for_each(|_| drop(code(&sessions)));
        assert_eq!(sessions.exchange(&first), None);
        (0..2 * SESSIONS_MAX).for_each(|_| drop(sessions.exchange(&code(&sessions))));
        assert_eq!(sessions.with(|open| open.sessions.len()), SESSIONS_MAX);
    }

    #[test]
    fn signing_out_ends_the_session_and_no_other() {
        let (_clock, sessions) = at_nine();
        let (one, other) =
            (sessions.exchange(&code(&sessions)).unwrap(), sessions.exchange(&code(&sessions)).unwrap());
        sessions.end(&cookie(&one));
        assert!(!signs_in(&sessions, &one));
        assert!(signs_in(&sessions, &other));
    }

    #[test]
    fn what_another_origin_made_the_browser_ask_is_not_ours() {
        let ours = |method, pairs: &[(&'static str, &str)]| is_ours(&method, &headers(pairs));
        assert!(ours(Method::POST, &[("sec-fetch-site", "same-origin")]));
        for site in ["same-site", "cross-site", "none"] {
            assert!(!ours(Method::POST, &[("sec-fetch-site", site)]), "{site}");
        }
        assert!(ours(Method::POST, &[("origin", "http://127.0.0.1:8377"), ("host", "127.0.0.1:8377")]));
        assert!(!ours(Method::POST, &[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:8377")]));
        assert!(!ours(Method::POST, &[("origin", "null"), ("host", "127.0.0.1:8377")]));
        assert!(!ours(Method::DELETE, &[]), "whoever says nothing may not change anything");
        assert!(ours(Method::GET, &[("sec-fetch-site", "none")]));
        assert!(!ours(Method::GET, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")]));
        let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(ours(Method::GET, &link));
    }
}
