//! Totals of lists that had to be counted: kept in memory from then on and kept right by every write, so that a combination
//! of filters is counted when it is asked for first, and not again.
//!
//! A reader sees the database as some transaction left it and gets the total as of that one: transactions that change a
//! list are numbered, the number is stored with what they change, and a total knows its last changes by number. A list is
//! followed from before it is counted, so that writes meanwhile do not spoil the count.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{ReadTransaction, ReadableTable};

use super::super::error::Fault;
use super::super::facets::{Field, digits_of, numbers, tag, tags};
use super::super::index::completed_steps;
use super::super::record::Row;
use super::super::schema::{META, Tables};
use super::{ListQuery, QUALITY_SLACK, Span, fact_tags, wanted_tags};
use crate::call::{Recording, STEP_COUNT};

/// Lists whose totals are kept, of those asked for last. Each is held against every call that changes: microseconds.
const LISTS_MAX: usize = 128;
/// Changes a total can be taken back by: a reader is rarely more than one transaction behind.
const CHANGES_MAX: usize = 64;
/// Where the number of the last transaction that changed a list is stored.
const NUMBER: &str = "listed";

/// The kept totals of one store.
#[derive(Debug, Default)]
pub(in crate::store) struct Counted(Mutex<Totals>);

#[derive(Debug, Default)]
struct Totals {
    /// The last transaction they know of; absent before the first.
    latest: Option<u64>,
    /// What that one changes, while it is being committed.
    in_commit: Option<Vec<RowChange>>,
    /// Asked for last first.
    lists: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Without its paging.
    query: ListQuery,
    filter: FactsFilter,
    /// As of transaction `at`; absent until somebody has counted.
    total: Option<u64>,
    at: u64,
    /// Transactions after `since` that changed it, and by how much.
    changes: VecDeque<(u64, i64)>,
    since: u64,
}

/// A row before and after; absent where it is in no list.
type RowChange = (Option<RowFacts>, Option<RowFacts>);

/// What a transaction changes about lists, gathered as it goes.
#[derive(Debug, Default)]
pub(in crate::store) struct Changes(Vec<RowChange>);

impl Changes {
    /// Takes one changed row into account.
    pub(in crate::store) fn see(&mut self, old: Option<&Row>, new: &Row) {
        let change = (old.and_then(|old| RowFacts::of(&old.recording)), RowFacts::of(&new.recording));
        if change.0 != change.1 {
            self.0.push(change);
        }
    }
}

impl Tables<'_> {
    /// The number of this transaction, if it changes a list.
    pub(in crate::store) fn number_lists(&mut self) -> Result<Option<u64>, Fault> {
        if self.listed.0.is_empty() {
            return Ok(None);
        }
        let number = self.meta.get(NUMBER)?.map_or(0, |number| number.value()) + 1;
        self.meta.insert(NUMBER, number)?;
        Ok(Some(number))
    }
}

/// The last transaction before this view that changed a list.
pub(super) fn number_of(tx: &ReadTransaction) -> Result<u64, Fault> {
    Ok(tx.open_table(META)?.get(NUMBER)?.map_or(0, |number| number.value()))
}

impl Counted {
    fn totals(&self) -> MutexGuard<'_, Totals> {
        // Whoever panicked with it held no total half changed: the worst is a list that is counted again.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The total that a view of the database has; absent when it must be counted, and then the list is followed from here
    /// on.
    pub(super) fn total(&self, query: &ListQuery, number: u64) -> Option<u64> {
        let (query, span) = (key_of(query)?, Span::of(query)?);
        let mut totals = self.totals();
        let known = totals.lists.iter().position(|kept| kept.query == query).and_then(|at| totals.lists.remove(at));
        let mut kept = known.unwrap_or_else(|| Kept {
            filter: FactsFilter::of(&query, span),
            query,
            total: None,
            at: number,
            changes: VecDeque::new(),
            since: number,
        });
        let total = kept.total_as_of(number);
        if let (Some(latest), Some(rows)) = (totals.latest, &totals.in_commit) {
            kept.follow(latest, rows);
        }
        // For a list that is new here and a view from long ago, nobody knows what changed since.
        if totals.latest.is_none_or(|latest| latest == kept.at) {
            totals.lists.push_front(kept);
            totals.lists.truncate(LISTS_MAX);
        }
        total
    }

    /// Keeps what was counted in a view of the database.
    pub(super) fn keep(&self, query: &ListQuery, number: u64, total: u64) {
        let Some(query) = key_of(query) else { return };
        let mut totals = self.totals();
        if let Some(kept) = totals.lists.iter_mut().find(|kept| kept.query == query)
            && kept.knows(number)
        {
            kept.total = Some(total.saturating_add_signed(kept.change_after(number)));
        }
    }

    /// Brings the totals to what a transaction is about to commit; what comes back is told whether it did.
    pub(in crate::store) fn follow(&self, number: Option<u64>, changes: Changes) -> Following<'_> {
        if let Some(number) = number {
            let mut totals = self.totals();
            totals.lists.retain_mut(|kept| kept.follow(number, &changes.0));
            (totals.latest, totals.in_commit) = (Some(number), Some(changes.0));
        }
        Following { counted: self, is_open: number.is_some() }
    }
}

/// A transaction between its last change and its end.
#[must_use = "the totals are forgotten unless the transaction is said to hold"]
pub(in crate::store) struct Following<'c> {
    counted: &'c Counted,
    is_open: bool,
}

impl Following<'_> {
    /// It was committed.
    pub(in crate::store) fn holds(mut self) {
        self.counted.totals().in_commit = None;
        self.is_open = false;
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        if self.is_open {
            *self.counted.totals() = Totals::default();
        }
    }
}

impl Kept {
    /// Whether it is known what changed since that transaction.
    fn knows(&self, number: u64) -> bool {
        (self.since..=self.at).contains(&number)
    }

    fn change_after(&self, number: u64) -> i64 {
        self.changes.iter().rev().take_while(|(at, _)| *at > number).map(|(_, change)| change).sum()
    }

    fn total_as_of(&self, number: u64) -> Option<u64> {
        let total = self.total.filter(|_| self.knows(number))?;
        Some(total.saturating_add_signed(-self.change_after(number)))
    }

    /// Goes on to a transaction; false when it is not the next one.
    fn follow(&mut self, number: u64, rows: &[RowChange]) -> bool {
        if self.at + 1 != number {
            return false;
        }
        let counts =
            |facts: &Option<RowFacts>| i64::from(facts.as_ref().is_some_and(|facts| self.filter.matches(facts)));
        let change: i64 = rows.iter().map(|(old, new)| counts(new) - counts(old)).sum();
        if change != 0 {
            if self.changes.len() == CHANGES_MAX {
                self.since = self.changes.pop_front().map_or(self.since, |(at, _)| at);
            }
            self.changes.push_back((number, change));
            self.total = self.total.map(|total| total.saturating_add_signed(change));
        }
        self.at = number;
        true
    }
}

/// The query without its paging; absent where calls are given from elsewhere or rows are looked into.
fn key_of(query: &ListQuery) -> Option<ListQuery> {
    let is_of_keys = query.among.is_none() && query.search_text.is_none();
    is_of_keys.then(|| ListQuery { skip: 0, limit: 0, after: None, ..query.clone() })
}

/// What filters of keys ask of a recording; one that was removed has none.
#[derive(Debug, PartialEq)]
pub(super) struct RowFacts {
    listed_at_ms: i64,
    tags: BTreeSet<u128>,
    numbers: BTreeSet<String>,
    completed_steps: u8,
}

impl RowFacts {
    pub(super) fn of(recording: &Recording) -> Option<Self> {
        recording.deletion.is_none().then(|| Self {
            listed_at_ms: recording.listed_at().as_millisecond(),
            tags: tags(recording),
            numbers: numbers(recording),
            completed_steps: completed_steps(recording),
        })
    }
}

/// The same question as the streams of keys answer, of one recording.
#[derive(Debug)]
pub(super) struct FactsFilter {
    span: Span,
    tags: Vec<u128>,
    number_end: Option<String>,
    number: Option<String>,
    quality_min: Option<f64>,
}

impl FactsFilter {
    pub(super) fn of(query: &ListQuery, span: Span) -> Self {
        let status = query.status.map(|status| tag(Field::Status, "", status.as_str()));
        Self {
            span,
            tags: wanted_tags(query).into_iter().chain(fact_tags(query)).chain(status).collect(),
            number_end: query.phone_number.as_deref().map(digits_of),
            number: query.whole_number.as_deref().map(digits_of),
            quality_min: query.min_quality,
        }
    }

    pub(super) fn matches(&self, facts: &RowFacts) -> bool {
        let ends = |end: &String| !end.is_empty() && facts.numbers.iter().any(|digits| digits.ends_with(end));
        let quality = f64::from(facts.completed_steps) / STEP_COUNT as f64 + QUALITY_SLACK;
        (self.span.low..self.span.high).contains(&facts.listed_at_ms)
            && self.tags.iter().all(|tag| facts.tags.contains(tag))
            && self.number_end.as_ref().is_none_or(ends)
            && self.number.as_ref().is_none_or(|number| facts.numbers.contains(number))
            && self.quality_min.is_none_or(|wanted| quality >= wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(listed_at_ms: i64) -> RowFacts {
        RowFacts { listed_at_ms, tags: BTreeSet::new(), numbers: BTreeSet::new(), completed_steps: 6 }
    }

    /// A transaction that brings a new call.
    fn comes() -> Changes {
        Changes(vec![(None, Some(call(5)))])
    }

    fn commit(counted: &Counted, number: u64) {
        counted.follow(Some(number), comes()).holds();
    }

    #[test]
    fn a_reader_gets_the_total_of_its_own_view_or_counts() {
        let (counted, all) = (Counted::default(), ListQuery::default());
        assert_eq!(counted.total(&all, 10), None);
        counted.keep(&all, 10, 3);
        (11..=100).for_each(|number| commit(&counted, number));
        let totals = [100, 99, 60, 36].map(|number| counted.total(&all, number));
        assert_eq!(totals, [93, 92, 53, 29].map(Some));
        assert_eq!(counted.total(&all, 10), None, "too long ago");
    }

    #[test]
    fn what_is_written_while_a_list_is_counted_is_added_to_the_count() {
        let (counted, all) = (Counted::default(), ListQuery::default());
        let in_commit = counted.follow(Some(11), comes());
        assert_eq!(counted.total(&all, 10), None, "a view from before the commit");
        in_commit.holds();
        commit(&counted, 12);
        counted.keep(&all, 10, 3);
        assert_eq!([10, 11, 12].map(|number| counted.total(&all, number)), [3, 4, 5].map(Some));
    }

    #[test]
    fn a_view_from_long_ago_spoils_nothing() {
        let (counted, all) = (Counted::default(), ListQuery::default());
        (11..=13).for_each(|number| commit(&counted, number));
        for old in [11, 12] {
            assert_eq!(counted.total(&all, old), None);
            counted.keep(&all, old, 4);
            assert_eq!(counted.total(&all, 13), None);
        }
        counted.keep(&all, 13, 6);
        assert_eq!((counted.total(&all, 11), counted.total(&all, 13)), (None, Some(6)));
    }

    #[test]
    fn a_transaction_that_breaks_off_leaves_nothing_to_go_by() {
        let (counted, all) = (Counted::default(), ListQuery::default());
        counted.total(&all, 10);
        counted.keep(&all, 10, 3);
        assert_eq!(counted.total(&all, 10), Some(3));
        drop(counted.follow(Some(11), comes()));
        assert_eq!(counted.total(&all, 10), None);
    }

    #[test]
    fn the_lists_that_were_asked_for_last_are_kept() {
        let counted = Counted::default();
        let list = |n: usize| ListQuery { owner: Some(n.to_string()), ..ListQuery::default() };
        for n in 0..2 * LISTS_MAX {
            counted.total(&list(n), 1);
            counted.keep(&list(n), 1, n as u64);
            assert_eq!(counted.total(&list(0), 1), Some(0), "asked for again and again");
        }
        assert_eq!(counted.total(&list(LISTS_MAX), 1), None);
        assert_eq!(counted.totals().lists.len(), LISTS_MAX);
    }
}
