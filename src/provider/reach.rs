//! How far back each look at a listing reaches, alike for all vendors.
//!
//! Listings are filtered by when calls or recordings began, and hold them once they have ended. A window therefore begins
//! some time before the last one ended, and once a day two days before: that finds every call of up to a day, and every
//! recording that comes up to a day late. A window that did not end well is read again by the next one and, for as long as
//! that does not end well either, every hour: only a window that holds all of it takes its note back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How often a window reaches far back; it reaches back twice as far.
const FAR_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How often a window that did not end well is tried again: reading up to where it broke off costs as much each time.
const UNREAD_EVERY: Duration = Duration::from_secs(3600);

/// What a cursor remembers of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reach {
    /// When a window last reached far back.
    far_at: Option<Timestamp>,
    /// Where the first window began: nothing older is wanted.
    origin: Option<Timestamp>,
    /// Where the earliest window begins that did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Timestamp>,
    /// When that was last tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_at: Option<Timestamp>,
}

impl Reach {
    /// The first window, and where it begins.
    pub fn first(now: Timestamp, look_back: Duration) -> (Timestamp, Self) {
        let since = earlier(now, look_back);
        (since, Self { far_at: Some(now), origin: Some(since), ..Self::default() })
    }

    /// The window after one that ended at `last`, and where it begins.
    pub fn next(&self, last: Timestamp, now: Timestamp, overlap: Duration) -> (Timestamp, Self) {
        // A clock that was set back must not leave a gap.
        let mut since = earlier(last.min(now), overlap);
        let mut reach = self.clone();
        let is_due = |last: Option<Timestamp>, every| {
            last.is_none_or(|at| at > now || now.duration_since(at).unsigned_abs() >= every)
        };
        if let Some(unread) = self.unread.filter(|_| is_due(self.unread_at, UNREAD_EVERY)) {
            (since, reach.unread_at) = (since.min(unread), Some(now));
        }
        if is_due(self.far_at, FAR_EVERY) {
            let far = earlier(now, FAR_EVERY * 2);
            let far = self.origin.map_or(far, |origin| far.max(origin));
            (since, reach.far_at) = (since.min(far), Some(now));
        }
        (since, reach)
    }

    /// The window that began at `since` is over. Answers whether everything up to here is read: what was noted of a window
    /// that did not end well is settled.
    pub fn end(&mut self, since: Timestamp, is_whole: bool) -> bool {
        if !is_whole {
            self.unread = self.unread.into_iter().chain([since]).min();
            return false;
        }
        let is_settled = self.unread.is_none_or(|unread| since <= unread);
        if is_settled {
            (self.unread, self.unread_at) = (None, None);
        }
        is_settled
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
    fn what_was_not_read_to_its_end_is_read_again_until_it_was() {
        let (since, mut reach) = Reach::first(at(100), 72 * HOUR);
        assert!(!reach.end(since, false));
        let (again, mut reach) = reach.next(at(100), at(100), HOUR);
        assert_eq!(again, since, "at once");
        assert!(!reach.end(again, false));
        let soon = Timestamp::from_second(at(100).as_second() + 60).unwrap();
        let (near, mut reach) = reach.next(at(100), soon, HOUR);
        assert_eq!((near, reach.end(near, true)), (at(99), false), "a later window settles nothing");
        let (again, mut reach) = reach.next(at(100), at(101), HOUR);
        assert_eq!((again, reach.end(again, true)), (since, true), "an hour later, and well");
        assert_eq!(reach.next(at(101), at(102), HOUR).0, at(100));
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_no_gap() {
        let (_, reach) = Reach::first(at(100), HOUR);
        assert!(reach.next(at(100), at(90), 3 * HOUR).0 <= at(87));
    }
}
