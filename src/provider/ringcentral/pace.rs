//! Requests of one rate-limit group, kept so far apart that RingCentral never has to refuse one.
//!
//! A penalty lasts a minute, and every request made during it begins it anew (fact sheet, section 8), so that asking and
//! being refused is no way to learn the rate. Three things hold a request back: our own requests of the last window; what
//! the last answer said is left, since others may use the same user's allowance; and a wish to wait that came with a
//! refusal. Whoever waits is served in the order of coming.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::provider::client::{self, CallError, Refusal, retry_after};

/// Requests are counted where they arrive, not where they are sent: some time is kept free on top of each window.
const MARGIN: Duration = Duration::from_millis(250);
/// Until the first answer tells the limits, one request goes out at a time, unless its answer takes longer than this.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// Longest wait in place. Whoever would have to wait longer is told so, and comes back.
const PATIENCE: Duration = Duration::from_secs(120);
/// Wait after a refusal that names no time (fact sheet, section 8: 30 s at least).
const REFUSED: Duration = Duration::from_secs(30);
/// Longest window that is believed.
const WINDOW_S_MAX: u64 = 3600;

/// One group of requests of one account.
#[derive(Debug)]
pub struct Pace {
    host: String,
    standing: Mutex<Standing>,
    /// Held by whoever is next.
    queue: tokio::sync::Mutex<()>,
    changed: Notify,
}

/// How the group stands.
#[derive(Debug)]
struct Standing {
    limit: usize,
    window: Duration,
    /// When our requests of the last window were sent.
    sent: VecDeque<Instant>,
    /// An answer has come.
    is_known: bool,
    /// How many more the window allows, as the last answer said, less what was sent since.
    left: Option<u64>,
    /// Then the window is over, at the latest.
    window_ends: Instant,
    /// Nothing is sent before: a refusal asked for it.
    held_until: Option<Instant>,
}

impl Pace {
    /// A group that allows `limit` requests a minute until an answer says otherwise.
    pub fn new(host: &str, limit: usize) -> Self {
        let standing = Standing {
            limit,
            window: Duration::from_secs(60),
            sent: VecDeque::new(),
            is_known: false,
            left: None,
            window_ends: Instant::now(),
            held_until: None,
        };
        Self {
            host: host.to_owned(),
            standing: Mutex::new(standing),
            queue: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_for_turn(&self) -> Result<(), CallError> {
        let _place = self.queue.lock().await;
        loop {
            let Some(wait) = self.standing().take(Instant::now()) else { return Ok(()) };
            if wait > PATIENCE {
                return Err(self.too_far_off(wait));
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// As if RingCentral had said it once more.
    fn too_far_off(&self, wait: Duration) -> CallError {
        CallError::Refused(Box::new(Refusal {
            host: self.host.clone(),
            status: 429,
            retry_after: Some(wait),
            headers: HeaderMap::new(),
            body: "{}".into(),
        }))
    }
}

impl client::Pace for Pace {
    fn turn(&self) -> BoxFuture<'_, Result<(), CallError>> {
        self.wait_for_turn().boxed()
    }

    fn answered(&self, status: StatusCode, headers: &HeaderMap) {
        self.standing().learn(status, headers, Instant::now());
        self.changed.notify_one();
    }
}

impl Standing {
    /// Takes a turn, or answers how long to wait before asking again.
    fn take(&mut self, now: Instant) -> Option<Duration> {
        let past = self.window + MARGIN;
        while self.sent.front().is_some_and(|sent| *sent + past <= now) {
            self.sent.pop_front();
        }
        if now >= self.window_ends {
            self.left = None;
        }
        let until = [
            self.held_until,
            self.sent.back().filter(|_| !self.is_known).map(|sent| *sent + FIRST_ANSWER),
            (self.left == Some(0)).then_some(self.window_ends),
            // As many as are too many must leave the window first.
            self.sent.len().checked_sub(self.limit).map(|surplus| self.sent[surplus] + past),
        ];
        if let Some(until) = until.into_iter().flatten().filter(|until| *until > now).max() {
            return Some(until - now);
        }
        self.held_until = None;
        self.sent.push_back(now);
        self.left = self.left.map(|left| left.saturating_sub(1));
        None
    }

    fn learn(&mut self, status: StatusCode, headers: &HeaderMap, now: Instant) {
        self.is_known = true;
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        if let Some(limit) = number("x-rate-limit-limit").and_then(|limit| usize::try_from(limit).ok()) {
            self.limit = limit.max(1);
        }
        if let Some(seconds) = number("x-rate-limit-window") {
            self.window = Duration::from_secs(seconds.clamp(1, WINDOW_S_MAX));
        }
        if let Some(remaining) = number("x-rate-limit-remaining") {
            if self.left.is_none() {
                self.window_ends = now + self.window + MARGIN;
            }
            // Answers overtake each other, and what is on its way is not counted there yet.
            self.left = Some(self.left.map_or(remaining, |left| left.min(remaining)));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let until = now + retry_after(headers).unwrap_or(REFUSED) + MARGIN;
            self.held_until = self.held_until.max(Some(until));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn known(limit: &'static str, remaining: &'static str) -> Standing {
        let mut standing = Pace::new("api", 10).standing.into_inner().unwrap();
        let headers = answer(&[
            ("x-rate-limit-limit", limit),
            ("x-rate-limit-remaining", remaining),
            ("x-rate-limit-window", "60"),
        ]);
        standing.learn(StatusCode::OK, &headers, Instant::now());
        standing
    }

    #[test]
    fn no_window_holds_more_than_the_limit() {
        let mut standing = known("10", "10");
        let start = Instant::now();
        let mut sent = Vec::new();
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            standing.left = None;
            while standing.take(now).is_none() {
                sent.push(now);
            }
        }
        assert!(sent.len() >= 90, "{}", sent.len());
        for first in &sent {
            let within = sent.iter().filter(|at| **at >= *first && **at < *first + Duration::from_secs(60));
            assert!(within.count() <= 10);
        }
    }

    #[test]
    fn what_others_used_up_is_waited_out() {
        let mut standing = known("10", "0");
        let wait = standing.take(Instant::now()).unwrap();
        assert!(wait > Duration::from_secs(59) && wait < Duration::from_secs(61), "{wait:?}");
        assert_eq!(standing.take(Instant::now() + wait), None);
    }

    #[test]
    fn a_refusal_without_a_time_holds_everything_for_half_a_minute() {
        let mut standing = known("10", "9");
        standing.learn(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), Instant::now());
        assert!(standing.take(Instant::now()).unwrap() > Duration::from_secs(29));
    }

    #[test]
    fn the_first_answer_is_waited_for() {
        let mut standing = Pace::new("api", 10).standing.into_inner().unwrap();
        assert_eq!(standing.take(Instant::now()), None);
        assert!(standing.take(Instant::now()).is_some());
        standing.learn(StatusCode::OK, &HeaderMap::new(), Instant::now());
        assert_eq!(standing.take(Instant::now()), None);
    }
}
