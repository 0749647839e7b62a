//! What a folder has the store keep for it, and how it learns that a report was stored.

use std::fmt;

use super::look::{Findings, Looks};

/// What is kept between looks.
#[derive(Default)]
pub struct Watched {
    /// The looks.
    pub looks: Looks,
    /// The cursor given out last.
    cursor: Option<Cursor>,
}

impl Watched {
    /// Takes the cursor back. Only when it is the one given out last was what came with it stored.
    pub fn take(&mut self, stored: Option<Cursor>) {
        let Some(stored) = stored else { return };
        match self.cursor {
            None => {
                self.looks.known.recall_mark(stored.mark_ns);
                self.cursor = Some(stored);
            }
            Some(given) if given.reports == stored.reports => self.looks.acknowledge(),
            Some(_) => {}
        }
    }

    /// The cursor that goes with what a look found.
    pub fn give(&mut self, findings: &Findings) -> Option<Cursor> {
        let before = self.cursor;
        let mark_ns = findings.mark_ns.or(before.map(|cursor| cursor.mark_ns)).unwrap_or(i128::MIN);
        let reports = before.map_or(0, |cursor| cursor.reports) + u64::from(!findings.places.is_empty());
        let cursor = Cursor { mark_ns, reports };
        let is_worth_storing = findings.mark_ns.is_some() || !findings.places.is_empty();
        self.cursor = if is_worth_storing { Some(cursor) } else { before };
        self.cursor
    }
}

/// What the store keeps for a folder: `MARK REPORTS`, two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// [`Known::mark`](super::known::Known::mark).
    mark_ns: i128,
    /// Rises with each look that found something. Comes back when that was stored.
    reports: u64,
}

impl Cursor {
    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (mark_ns, reports) = text.split_once(' ')?;
        Some(Self { mark_ns: mark_ns.parse().ok()?, reports: reports.parse().ok()? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.mark_ns, self.reports)
    }
}
