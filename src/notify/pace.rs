//! How many events a sink is sent in a minute: so many at most, and fewer at first after it was down.

use std::time::Duration;

use jiff::Timestamp;

/// Events sent to one sink in a minute, at most: ten a second.
pub(super) const PER_MINUTE_MAX: u32 = 600;
/// What is counted together.
const WINDOW: Duration = Duration::from_secs(60);
/// Of the usual, what a sink gets in its first minute after it was down; twice as much in each minute after that.
const RECOVERY_SHARE: u32 = 16;

/// Counts what is sent.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    began: Timestamp,
    sent: u32,
    allowed: u32,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self { began: Timestamp::MIN, sent: 0, allowed: PER_MINUTE_MAX }
    }

    /// How long the next event has to wait; absent when it may go.
    pub(super) fn wait(&mut self, now: Timestamp) -> Option<Duration> {
        let age: Option<Duration> = now.duration_since(self.began).try_into().ok();
        match age.and_then(|age| WINDOW.checked_sub(age)).filter(|left| !left.is_zero()) {
            // Over, or the clock was set back.
            None => {
                (self.began, self.sent) = (now, 0);
                self.allowed = self.allowed.saturating_mul(2).min(PER_MINUTE_MAX);
                None
            }
            Some(left) => (self.sent >= self.allowed).then_some(left),
        }
    }

    /// One is on its way.
    pub(super) const fn count(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// The sink was down and takes events again.
    pub(super) const fn recover(&mut self, now: Timestamp) {
        (self.began, self.sent, self.allowed) = (now, 0, PER_MINUTE_MAX / RECOVERY_SHARE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// Sends as fast as it may in one minute.
    fn minute(pace: &mut Pace, from: i64) -> u32 {
        let mut sent = 0;
        while pace.wait(at(from)).is_none() {
            pace.count();
            sent += 1;
        }
        sent
    }

    #[test]
    fn so_many_go_in_a_minute_and_the_rest_waits_for_the_next() {
        let mut pace = Pace::new();
        assert_eq!(minute(&mut pace, 0), PER_MINUTE_MAX);
        assert_eq!(pace.wait(at(20)), Some(Duration::from_secs(40)));
        assert_eq!(minute(&mut pace, 60), PER_MINUTE_MAX);
    }

    #[test]
    fn a_sink_that_comes_back_gets_few_at_first() {
        let mut pace = Pace::new();
        pace.recover(at(0));
        let sent: Vec<u32> = (0..6).map(|window| minute(&mut pace, window * 60)).collect();
        assert_eq!(sent, [37, 74, 148, 296, 592, 600]);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nobody() {
        let mut pace = Pace::new();
        assert_eq!(minute(&mut pace, 1000), PER_MINUTE_MAX);
        assert_eq!(pace.wait(at(0)), None);
    }
}
