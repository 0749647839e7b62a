//! How far back each look at a listing reaches, alike for all vendors.
//!
//! Listings are filtered by when calls or recordings began, and hold them once they have ended. A window therefore begins
//! some time before the last one ended, and once a day two days before: that finds every call of up to a day, and every
//! recording that comes up to a day late.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How often a window reaches far back; it reaches back twice as far.
const FAR_EVERY: Duration = Duration::from_secs(24 * 3600);

/// What a cursor remembers of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reach {
    /// When a window last reached far back.
    far_at: Option<Timestamp>,
    /// Where the first window began: nothing older is wanted.
    origin: Option<Timestamp>,
}

impl Reach {
    /// The first window, and where it begins.
    pub fn first(now: Timestamp, look_back: Duration) -> (Timestamp, Self) {
        let since = earlier(now, look_back);
        (since, Self { far_at: Some(now), origin: Some(since) })
    }

    /// The window after one that ended at `last`, and where it begins.
    pub fn next(&self, last: Timestamp, now: Timestamp, overlap: Duration) -> (Timestamp, Self) {
        // A clock that was set back must not leave a gap.
        let since = earlier(last.min(now), overlap);
        let is_recent = |at: Timestamp| at <= now && now.duration_since(at).unsigned_abs() < FAR_EVERY;
        if self.far_at.is_some_and(is_recent) {
            return (since, self.clone());
        }
        let far = earlier(now, FAR_EVERY * 2);
        let far = self.origin.map_or(far, |origin| far.max(origin));
        (since.min(far), Self { far_at: Some(now), origin: self.origin })
    }
}

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.checked_sub(by).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hour * 3600).unwrap()
    }

    #[test]
    fn windows_overlap_and_reach_two_days_back_once_a_day() {
        let (since, mut reach) = Reach::first(at(100), 72 * HOUR);
        assert_eq!(since, at(28));
        let begins: Vec<Timestamp> = (101..=150)
            .map(|hour| {
                let (since, next) = reach.next(at(hour - 1), at(hour), 3 * HOUR);
                reach = next;
                since
            })
            .collect();
        let far: Vec<usize> = (0..50).filter(|n| begins[*n] < at(101 + *n as i64 - 4)).collect();
        assert_eq!(far, [23, 47], "at 124 and 148");
        assert_eq!(begins[23], at(124 - 48));
    }

    #[test]
    fn nothing_older_than_the_first_look_is_asked_for() {
        let (since, reach) = Reach::first(at(100), HOUR);
        assert_eq!(reach.next(at(123), at(124), 3 * HOUR).0, since);
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_no_gap() {
        let (_, reach) = Reach::first(at(100), HOUR);
        assert!(reach.next(at(100), at(90), 3 * HOUR).0 <= at(87));
    }
}
