//! Where a look at the listing stands: which slice of time, whose recordings, which page.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::provider::reach::Reach;

/// Longest span asked for at once: a day less than the provider's limit (fact sheet, section 2).
const SLICE: SignedDuration = SignedDuration::from_hours(29 * 24);

/// A look that has begun, or where the next one begins. Small JSON, opaque to everybody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Everything made before this was listed.
    pub(super) since: Timestamp,
    /// Where this look ends; absent between two looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    walk: Option<Walk>,
    /// How far back looks reached.
    #[serde(default)]
    reach: Reach,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    until: Timestamp,
    /// Where the slice begins.
    from: Timestamp,
    /// 0 is everybody, then the configured owners one by one.
    #[serde(default)]
    owner: usize,
    /// The next page's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Fingerprints of the pages of this slice that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pages: Vec<String>,
    /// A slice of this look was left before its end.
    #[serde(default)]
    broken_off: bool,
}

/// The part of a look that one call handles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    since: Timestamp,
    walk: Walk,
    /// How many owners are asked for one by one.
    owners: usize,
    reach: Reach,
}

impl Look {
    /// Goes on where the cursor stands; without one, or with one of a form nobody knows, begins `look_back` ago.
    pub(super) fn go_on(
        cursor: Option<&str>,
        now: Timestamp,
        (look_back, overlap): (Duration, Duration),
        owners: usize,
    ) -> Self {
        let now = whole_second(now);
        match cursor.and_then(|text| serde_json::from_str::<Cursor>(text).ok()) {
            Some(Cursor { since, walk: Some(walk), reach }) if walk.from < walk.until => {
                Self { since, walk, owners, reach }
            }
            Some(Cursor { since, walk: _, reach }) => {
                let (since, reach) = reach.next(since, now, overlap);
                Self { reach, ..Self::over(since, now, owners) }
            }
            None => {
                let (since, reach) = Reach::first(now, look_back);
                Self { reach, ..Self::over(since, now, owners) }
            }
        }
    }

    /// A look at one span of time.
    pub(super) fn over(since: Timestamp, until: Timestamp, owners: usize) -> Self {
        let (since, until) = (whole_second(since), whole_second(until));
        // A window is never empty: the API takes none that is.
        let last = before(until, Duration::from_secs(1));
        let walk = Walk { until, from: since.min(last), owner: 0, page: None, pages: Vec::new(), broken_off: false };
        Self { since, walk, owners, reach: Reach::default() }
    }

    /// The slice: what was made from the first time on and before the second.
    pub(super) fn slice(&self) -> (Timestamp, Timestamp) {
        (self.walk.from, self.slice_end())
    }

    /// Which of the configured owners is asked for; everybody when absent.
    pub(super) fn owner(&self) -> Option<usize> {
        self.walk.owner.checked_sub(1)
    }

    pub(super) fn page(&self) -> Option<&str> {
        self.walk.page.as_deref()
    }

    /// Notes that a page is asked for; how many of this slice were before, and whether it was among them.
    pub(super) fn note(&mut self, fingerprint: String) -> (usize, bool) {
        let before = self.walk.pages.len();
        let is_known = self.walk.pages.contains(&fingerprint);
        if !is_known {
            self.walk.pages.push(fingerprint);
        }
        (before, is_known)
    }

    /// On to the next page of this slice.
    pub(super) fn turn_to(&mut self, page: String) {
        self.walk.page = Some(page);
    }

    /// Back to the first page of this slice.
    pub(super) fn begin_slice_again(&mut self) {
        (self.walk.page, self.walk.pages) = (None, Vec::new());
    }

    /// On to the next owner or slice.
    pub(super) fn end_slice(&mut self) {
        self.begin_slice_again();
        if self.walk.owner < self.owners {
            self.walk.owner += 1;
        } else {
            (self.walk.owner, self.walk.from) = (0, self.slice_end());
        }
    }

    /// As [`Self::end_slice`], for a slice that was not read to its end.
    pub(super) fn break_off_slice(&mut self) {
        self.walk.broken_off = true;
        self.end_slice();
    }

    /// Whether there are more pages to ask for.
    pub(super) fn is_over(&self) -> bool {
        self.walk.from >= self.walk.until
    }

    /// Whether every slice so far was read to its end.
    pub(super) fn is_whole(&self) -> bool {
        !self.walk.broken_off
    }

    /// The look is over. Answers whether what was noted of looks that did not end well is settled with it.
    pub(super) fn settle(&mut self) -> bool {
        self.reach.end(self.since, self.is_whole())
    }

    /// Where the next call goes on.
    pub(super) fn cursor(&self) -> Option<String> {
        let cursor = match self.is_over() {
            true => Cursor { since: self.walk.until, walk: None, reach: self.reach.clone() },
            false => Cursor { since: self.since, walk: Some(self.walk.clone()), reach: self.reach.clone() },
        };
        serde_json::to_string(&cursor).ok()
    }

    fn slice_end(&self) -> Timestamp {
        self.walk.from.checked_add(SLICE).map_or(self.walk.until, |end| end.min(self.walk.until))
    }
}

fn before(time: Timestamp, earlier: Duration) -> Timestamp {
    let earlier = SignedDuration::try_from(earlier).unwrap_or(SignedDuration::MAX);
    time.checked_sub(earlier).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
