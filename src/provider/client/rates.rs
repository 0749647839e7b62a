//! Requests to one host, kept apart over all accounts: twenty accounts that come back after an hour are no flood.
//!
//! Each host has its own row of turns, a fixed time from one to the next. Waiting costs nothing while a host is asked less
//! often than that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How fast hosts are asked. Cheap to clone; all clones keep one row a host.
#[derive(Debug, Clone)]
pub struct Rates(Arc<Rows>);

#[derive(Debug)]
struct Rows {
    apart: Duration,
    /// The next free turn; only hosts that accounts may ask are in it.
    next: Mutex<HashMap<String, Instant>>,
}

impl Rates {
    /// At most so many requests a second to one host.
    pub fn per_second(requests: u32) -> Self {
        Self::apart(Duration::from_secs(1) / requests.max(1))
    }

    /// Without any wait.
    pub fn unlimited() -> Self {
        Self::apart(Duration::ZERO)
    }

    fn apart(apart: Duration) -> Self {
        Self(Arc::new(Rows { apart, next: Mutex::default() }))
    }

    /// Waits for the next turn at a host; turns are given in the order of coming.
    pub(super) async fn turn(&self, host: &str) {
        if !self.0.apart.is_zero() {
            tokio::time::sleep_until(self.take(host, Instant::now())).await;
        }
    }

    fn take(&self, host: &str, now: Instant) -> Instant {
        let mut next = self.0.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = next.get(host).copied().filter(|free| *free > now).unwrap_or(now);
        next.insert(host.to_owned(), mine + self.0.apart);
        mine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_at_one_host_are_apart_and_another_host_does_not_wait() {
        let (rates, now) = (Rates::per_second(10), Instant::now());
        let turns: Vec<Duration> = (0..4).map(|_| rates.clone().take("a", now) - now).collect();
        assert_eq!(turns, [0, 100, 200, 300].map(Duration::from_millis));
        assert_eq!(rates.take("b", now), now);
    }

    #[test]
    fn time_without_requests_is_not_saved_up() {
        let (rates, now) = (Rates::per_second(10), Instant::now());
        rates.take("a", now);
        let later = now + Duration::from_secs(3600);
        let turns: Vec<Duration> = (0..2).map(|_| rates.take("a", later) - later).collect();
        assert_eq!(turns, [0, 100].map(Duration::from_millis));
    }
}
