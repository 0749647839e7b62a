//! Times as the providers write and read them, and the fakes' own clock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A clock that tests can put forward, so that hours pass at once.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Duration>);

impl Clock {
    pub fn now(&self) -> Instant {
        Instant::now() + *super::locked(&self.0)
    }

    pub fn pass(&self, time: Duration) {
        *super::locked(&self.0) += time;
    }
}

/// `Fri, 14 Aug 2026 15:02:11 +0000`
pub fn rfc2822(time: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&time.to_zoned(TimeZone::UTC)).unwrap()
}

/// `2026-08-14T15:02:11Z`
pub fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-08-14T15:02:11.345Z`
pub fn milliseconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `time` and so much later.
pub fn after(time: Timestamp, later: Duration) -> Timestamp {
    time + jiff::SignedDuration::try_from(later).unwrap()
}

/// `time` and so much earlier.
pub fn before(time: Timestamp, earlier: Duration) -> Timestamp {
    time - jiff::SignedDuration::try_from(earlier).unwrap()
}

/// An instant with zone, or nothing.
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A day, or an instant: where it begins and where it ends, both inclusive.
pub fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Some(time) = parse(text) {
        return Some((time, time));
    }
    let day: Date = text.parse().ok()?;
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((start, after(start, Duration::from_millis(86_399_999))))
}

const DAY: Duration = Duration::from_secs(86_400);

/// So many days.
pub const fn days(count: u32) -> Duration {
    Duration::from_secs(DAY.as_secs() * count as u64)
}
