//! Keys of recordings, newest first, from several tables, and what all of them have in common.

use std::sync::Arc;

use redb::{Range, ReadOnlyTable, ReadTransaction};

use super::super::error::Fault;
use super::super::index::ListingFacts;
use super::super::schema::{FACETS, LISTING};
use super::numbered::Numbered;

/// Where a recording stands in every list: (listed at, id).
pub(super) type Key = (i64, [u8; 16]);

/// Keys passed one by one before a stream is opened anew further on: about what opening costs.
const STEPS_BEFORE_SEEK: usize = 12;
/// Candidates after which it is looked anew which stream has the fewest keys.
const CANDIDATES_BEFORE_SORT: u32 = 64;

type Facet = (u128, i64, &'static [u8; 16]);
type Listed = (i64, &'static [u8; 16]);
type FactsType = (u8, u8, u8, bool, &'static str);
/// Which of the listing's facts will do.
pub(super) type Wanted<'q> = Box<dyn Fn(ListingFacts<'_>) -> bool + 'q>;

/// Keys from newest to oldest.
pub(super) enum Stream<'q> {
    /// All recordings whose facts will do.
    Listing {
        table: ReadOnlyTable<Listed, FactsType>,
        range: Range<'static, Listed, FactsType>,
        low: i64,
        wanted: Wanted<'q>,
    },
    /// All recordings with a tag.
    Tagged { table: ReadOnlyTable<Facet, ()>, range: Range<'static, Facet, ()>, low: i64, tag: u128 },
    /// All recordings with one of some telephone numbers.
    Numbered(Box<Numbered>),
    /// Keys found elsewhere, newest first.
    Given { keys: Arc<[Key]>, next: usize, end: usize },
}

impl<'q> Stream<'q> {
    /// The listing between `low` (included) and `high` (excluded).
    pub(super) fn listing(tx: &ReadTransaction, low: i64, high: Key, wanted: Wanted<'q>) -> Result<Self, Fault> {
        let table = tx.open_table(LISTING)?;
        let range = table.range((low, &[0; 16])..(high.0, &high.1))?;
        Ok(Self::Listing { table, range, low, wanted })
    }

    /// What has a tag between `low` (included) and `high` (excluded).
    pub(super) fn tagged(tx: &ReadTransaction, tag: u128, low: i64, high: Key) -> Result<Self, Fault> {
        let table = tx.open_table(FACETS)?;
        let range = table.range((tag, low, &[0; 16])..(tag, high.0, &high.1))?;
        Ok(Self::Tagged { table, range, low, tag })
    }

    /// Given keys, newest first, between `low` (included) and `high` (excluded).
    pub(super) fn given(keys: Arc<[Key]>, low: i64, high: Key) -> Self {
        let next = keys.partition_point(|key| *key >= high);
        let end = keys.partition_point(|key| key.0 >= low);
        Self::Given { keys, next, end }
    }

    pub(super) fn next(&mut self) -> Result<Option<Key>, Fault> {
        match self {
            Self::Listing { range, wanted, .. } => {
                while let Some(entry) = range.next_back() {
                    let (key, facts) = entry?;
                    if wanted(facts.value()) {
                        let (at, id) = key.value();
                        return Ok(Some((at, *id)));
                    }
                }
                Ok(None)
            }
            Self::Tagged { range, .. } => {
                let Some(entry) = range.next_back() else { return Ok(None) };
                let key = entry?.0;
                let (_, at, id) = key.value();
                Ok(Some((at, *id)))
            }
            Self::Numbered(numbered) => numbered.next(),
            Self::Given { keys, next, end } => {
                let key = keys.get(*next).filter(|_| next < end).copied();
                *next += 1;
                Ok(key)
            }
        }
    }

    /// The first key that is not newer than `bound`, by a new look at the table.
    fn skip_to(&mut self, bound: Key) -> Result<Option<Key>, Fault> {
        match self {
            Self::Listing { table, range, low, .. } => *range = table.range((*low, &[0; 16])..=(bound.0, &bound.1))?,
            Self::Tagged { table, range, low, tag } => {
                *range = table.range((*tag, *low, &[0; 16])..=(*tag, bound.0, &bound.1))?;
            }
            Self::Numbered(numbered) => numbered.skip_to(bound)?,
            Self::Given { keys, next, .. } => {
                *next += keys[(*next).min(keys.len())..].partition_point(|key| *key > bound);
            }
        }
        self.next()
    }
}

/// What a list is made of.
#[derive(Default)]
pub(super) struct Streams<'q> {
    /// A key must be in all of these.
    pub(super) all: Vec<Stream<'q>>,
    /// And in none of these.
    pub(super) without: Vec<Stream<'q>>,
}

/// A stream where it stands.
struct Row<'q> {
    stream: Stream<'q>,
    head: Key,
    /// Keys passed one by one, and the time from the first to the last of them.
    steps: i64,
    passed_ms: i64,
}

impl<'q> Row<'q> {
    /// Absent when there is nothing in it.
    fn of(mut stream: Stream<'q>) -> Result<Option<Self>, Fault> {
        Ok(stream.next()?.map(|head| Self { stream, head, steps: 1, passed_ms: 0 }))
    }

    /// Time between two keys: the greater, the fewer they are.
    const fn gap_ms(&self) -> i64 {
        self.passed_ms / self.steps
    }

    /// Goes one further; false at the end.
    fn step(&mut self) -> Result<bool, Fault> {
        let Some(key) = self.stream.next()? else { return Ok(false) };
        self.steps += 1;
        self.passed_ms = self.passed_ms.saturating_add(self.head.0.saturating_sub(key.0));
        self.head = key;
        Ok(true)
    }

    /// Goes to the first key that is not newer than `bound`; false when there is none.
    fn go_to(&mut self, bound: Key) -> Result<bool, Fault> {
        for _ in 0..STEPS_BEFORE_SEEK {
            if self.head <= bound {
                return Ok(true);
            }
            if !self.step()? {
                return Ok(false);
            }
        }
        if self.head > bound {
            let Some(key) = self.stream.skip_to(bound)? else { return Ok(false) };
            self.head = key;
        }
        Ok(true)
    }
}

/// Hands every key that the streams have in common to `see`, newest first, until it answers false. The stream with the
/// fewest keys leads; of one with many only what the others agree on is looked at.
pub(super) fn common(streams: Streams<'_>, mut see: impl FnMut(Key) -> Result<bool, Fault>) -> Result<(), Fault> {
    let mut rows = Vec::with_capacity(streams.all.len());
    for stream in streams.all {
        let Some(row) = Row::of(stream)? else { return Ok(()) };
        rows.push(row);
    }
    let mut without = Vec::with_capacity(streams.without.len());
    for stream in streams.without {
        without.extend(Row::of(stream)?);
    }
    for candidate in 0_u32.. {
        if candidate.is_multiple_of(CANDIDATES_BEFORE_SORT) {
            rows.sort_by_key(|row| std::cmp::Reverse(row.gap_ms()));
        }
        let Some(mut bound) = rows.first().map(|row| row.head) else { return Ok(()) };
        let mut at = 0;
        while at < rows.len() {
            let row = &mut rows[at];
            if !row.go_to(bound)? {
                return Ok(());
            }
            at = if row.head < bound { 0 } else { at + 1 };
            bound = row.head;
        }
        let mut is_left_out = false;
        let mut at = 0;
        while at < without.len() {
            if without[at].go_to(bound)? {
                is_left_out |= without[at].head == bound;
                at += 1;
            } else {
                without.swap_remove(at);
            }
        }
        if !is_left_out && !see(bound)? || !rows[0].step()? {
            return Ok(());
        }
    }
    Ok(())
}
