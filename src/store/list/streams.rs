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
    Given { keys: Arc<[Key]>, next: usize },
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

    /// Given keys; those from `high` on are left out.
    pub(super) fn given(keys: Arc<[Key]>, high: Key) -> Self {
        let next = keys.partition_point(|key| *key >= high);
        Self::Given { keys, next }
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
            Self::Given { keys, next } => {
                let key = keys.get(*next).copied();
                *next += 1;
                Ok(key)
            }
        }
    }

    /// The first key that is not newer than `bound`, given the `current` one.
    fn seek(&mut self, current: Key, bound: Key) -> Result<Option<Key>, Fault> {
        let mut key = current;
        for _ in 0..STEPS_BEFORE_SEEK {
            if key <= bound {
                return Ok(Some(key));
            }
            match self.next()? {
                Some(next) => key = next,
                None => return Ok(None),
            }
        }
        if key <= bound {
            return Ok(Some(key));
        }
        match self {
            Self::Listing { table, range, low, .. } => *range = table.range((*low, &[0; 16])..=(bound.0, &bound.1))?,
            Self::Tagged { table, range, low, tag } => {
                *range = table.range((*tag, *low, &[0; 16])..=(*tag, bound.0, &bound.1))?;
            }
            Self::Numbered(numbered) => numbered.skip_to(bound)?,
            Self::Given { keys, next } => *next += keys[(*next).min(keys.len())..].partition_point(|key| *key > bound),
        }
        self.next()
    }
}

/// Hands every key that all streams have to `see`, newest first, until it answers false.
pub(super) fn common(streams: &mut [Stream<'_>], mut see: impl FnMut(Key) -> Result<bool, Fault>) -> Result<(), Fault> {
    let mut heads = Vec::with_capacity(streams.len());
    for stream in streams.iter_mut() {
        let Some(head) = stream.next()? else { return Ok(()) };
        heads.push(head);
    }
    loop {
        let Some(bound) = heads.iter().min().copied() else { return Ok(()) };
        let mut is_common = true;
        for (stream, head) in streams.iter_mut().zip(&mut heads) {
            if *head > bound {
                let Some(key) = stream.seek(*head, bound)? else { return Ok(()) };
                *head = key;
                is_common &= key == bound;
            }
        }
        if !is_common {
            continue;
        }
        if !see(bound)? {
            return Ok(());
        }
        for (stream, head) in streams.iter_mut().zip(&mut heads) {
            let Some(key) = stream.next()? else { return Ok(()) };
            *head = key;
        }
    }
}
