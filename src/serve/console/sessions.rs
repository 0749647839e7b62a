//! Who is signed in at the console: one-time links, and the sessions they are exchanged for.
//!
//! Both live in memory alone and in bounded numbers, so a restart signs everybody out. Only digests are kept: whoever
//! reads the memory of the daemon finds no cookie to send. Who may do what with a session is the guard's business.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::clock::Clock;
use crate::config::Role;
use crate::serve::token::{TokenError, random_text};
use crate::serve::{Caller, Proof, SESSION_COOKIE, Sessions};

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
/// Whose a session is, in refusals and in the audit trail.
const NAME: &str = "console";

type Digest = [u8; 32];

/// Links and sessions of one daemon; copies share them.
#[derive(Clone)]
pub struct SignIns {
    open: Arc<Mutex<Open>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Open {
    links: VecDeque<Link>,
    sessions: HashMap<Digest, Session>,
}

struct Link {
    code: Digest,
    role: Role,
    made_at: Timestamp,
}

struct Session {
    role: Role,
    begun_at: Timestamp,
    used_at: Timestamp,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.used_at) > IDLE_MAX || now.duration_since(self.begun_at) > SESSION_LIFE
    }
}

impl SignIns {
    /// Nobody is signed in.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { open: Arc::default(), clock }
    }

    /// The path, with its code, at which one browser can sign in once, within [`LINK_LIFE`], to do what `role` may.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn offer_link(&self, role: Role) -> Result<String, TokenError> {
        let code = random_text()?;
        let now = self.clock.now();
        self.with(|open| {
            open.links.retain(|link| now.duration_since(link.made_at) <= LINK_LIFE);
            if open.links.len() >= LINKS_MAX {
                open.links.pop_front();
            }
            open.links.push_back(Link { code: digest(&code), role, made_at: now });
        });
        Ok(format!("{}?code={code}", super::sign_in::PATH))
    }

    /// Exchanges a link's code for the value of a session's cookie; `None` when it is used, old or made up.
    pub(super) fn exchange(&self, code: &str) -> Option<String> {
        let (now, given) = (self.clock.now(), digest(code));
        let session = random_text().ok()?;
        self.with(|open| {
            let place = open.links.iter().position(|link| link.code == given)?;
            let link = open.links.remove(place)?;
            if now.duration_since(link.made_at) > LINK_LIFE {
                return None;
            }
            open.sessions.retain(|_, session| !session.is_over(now));
            if open.sessions.len() >= SESSIONS_MAX {
                let idlest = open.sessions.iter().min_by_key(|(_, session)| session.used_at).map(|(key, _)| *key);
                open.sessions.remove(&idlest?);
            }
            open.sessions.insert(digest(&session), Session { role: link.role, begun_at: now, used_at: now });
            Some(session)
        })
    }

    /// Ends a session by its cookie.
    pub(super) fn end(&self, cookie: &str) {
        self.with(|open| open.sessions.remove(&digest(cookie)));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Open) -> T) -> T {
        act(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sessions for SignIns {
    fn caller(&self, cookie: &str) -> Option<Caller> {
        let (now, key) = (self.clock.now(), digest(cookie));
        let role = self.with(|open| match open.sessions.get_mut(&key) {
            Some(session) if !session.is_over(now) => {
                session.used_at = now;
                Some(session.role)
            }
            Some(_) => {
                open.sessions.remove(&key);
                None
            }
            None => None,
        });
        role.map(|role| Caller { name: NAME.to_owned(), role, proof: Proof::Session })
    }

    fn is_open(&self, path: &str) -> bool {
        super::is_open(path)
    }

    fn sign_in_page(&self) -> Option<&'static str> {
        Some(super::sign_in::PATH)
    }
}

/// The cookie of a new session; of none when `value` is empty, which signs the browser out. Behind TLS it is sent by TLS
/// alone.
pub(super) fn set_cookie(value: &str, is_tls: bool) -> String {
    let age_s = if value.is_empty() { 0 } else { SESSION_LIFE.as_secs() };
    let secure = if is_tls { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}")
}

/// The session that a request carries.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(SESSION_COOKIE)?.strip_prefix('='))
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn at_nine() -> (Arc<ManualClock>, SignIns) {
        let clock = Arc::new(ManualClock::at("2026-11-20T09:00:00Z".parse().unwrap()));
        (Arc::clone(&clock), SignIns::new(clock))
    }

    fn code(sessions: &SignIns) -> String {
        sessions.offer_link(Role::Operate).unwrap().split_once("code=").unwrap().1.to_owned()
    }

    fn signs_in(sessions: &SignIns, session: &str) -> bool {
        sessions.caller(session).is_some_and(|caller| caller.role == Role::Operate)
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
        let (one, other) = (sessions.exchange(&code(&sessions)).unwrap(), sessions.exchange(&code(&sessions)).unwrap());
        sessions.end(&one);
        assert!(!signs_in(&sessions, &one));
        assert!(signs_in(&sessions, &other));
    }
}
