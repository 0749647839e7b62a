//! Calls with a telephone number, or with any number that ends so, newest first.

use std::collections::BinaryHeap;
use std::sync::Arc;

use redb::{Range, ReadOnlyTable, ReadTransaction};

use super::super::error::Fault;
use super::super::facets::{digits_of, reversed};
use super::super::schema::{NUMBERS, PHONES};
use super::streams::{Key, Stream};
use super::{ListQuery, Span};

/// Numbers followed one beside the other; an end that more numbers have is looked up whole and sorted.
const NUMBERS_MAX: usize = 256;

type Phone = (&'static str, i64, &'static [u8; 16]);

/// The calls of several numbers.
pub(super) struct Numbered {
    table: ReadOnlyTable<Phone, ()>,
    /// From their ends, each with what is left of its calls.
    numbers: Vec<(String, Range<'static, Phone, ()>)>,
    /// The next call of each number.
    heads: BinaryHeap<(Key, usize)>,
    low: i64,
    last: Option<Key>,
}

/// How many calls a list of one number has, where nothing else is asked for: that is kept.
pub(super) fn known_total(tx: &ReadTransaction, query: &ListQuery, span: Span) -> Result<Option<u64>, Fault> {
    let (number, is_whole) = match (&query.phone_number, &query.whole_number) {
        (Some(number), None) => (number, false),
        (None, Some(number)) => (number, true),
        _ => return Ok(None),
    };
    let plain = ListQuery {
        phone_number: query.phone_number.clone(),
        whole_number: query.whole_number.clone(),
        skip: query.skip,
        limit: query.limit,
        after: query.after,
        ..ListQuery::default()
    };
    let digits = digits_of(number);
    if plain != *query || (span.low, span.high) != (i64::MIN, i64::MAX) || digits.is_empty() {
        return Ok(None);
    }
    let ends = if is_whole { None } else { known_ends(&tx.open_table(PHONES)?, &reversed(&digits))? };
    let digits = match ends.as_deref() {
        Some([one]) => reversed(one),
        None if is_whole => digits,
        _ => return Ok(None),
    };
    Ok(Some(tx.open_table(NUMBERS)?.get(digits.as_str())?.map_or(0, |row| row.value().0)))
}

/// Calls from `low` (included) to `high` (excluded).
pub(super) fn stream<'q>(
    tx: &ReadTransaction,
    number: &str,
    is_whole: bool,
    low: i64,
    high: Key,
) -> Result<Stream<'q>, Fault> {
    let table = tx.open_table(PHONES)?;
    let from_end = reversed(&digits_of(number));
    if from_end.is_empty() {
        return Ok(Stream::given(Arc::default(), low, high));
    }
    let ends = if is_whole { Some(vec![from_end.clone()]) } else { known_ends(&table, &from_end)? };
    let Some(ends) = ends else { return Ok(Stream::given(all_ending(&table, &from_end)?, low, high)) };
    let mut numbered = Numbered { table, numbers: Vec::new(), heads: BinaryHeap::new(), low, last: None };
    for digits in ends {
        let range = numbered.table.range(bounds(&digits, low)..(digits.as_str(), high.0, &high.1))?;
        numbered.numbers.push((digits, range));
    }
    (0..numbered.numbers.len()).try_for_each(|at| numbered.advance(at))?;
    Ok(Stream::Numbered(Box::new(numbered)))
}

/// The numbers that end so, unless there are too many.
fn known_ends(table: &ReadOnlyTable<Phone, ()>, from_end: &str) -> Result<Option<Vec<String>>, Fault> {
    let mut ends: Vec<String> = Vec::new();
    loop {
        let after = ends.last().map_or((from_end, i64::MIN, &[0; 16]), |last| (last.as_str(), i64::MAX, &[0xff; 16]));
        let Some(entry) = table.range::<(&str, i64, &[u8; 16])>(after..)?.next().transpose()? else { break };
        let digits = entry.0.value().0;
        if !digits.starts_with(from_end) {
            break;
        }
        if ends.len() == NUMBERS_MAX {
            return Ok(None);
        }
        ends.push(digits.to_owned());
    }
    Ok(Some(ends))
}

fn all_ending(table: &ReadOnlyTable<Phone, ()>, from_end: &str) -> Result<Arc<[Key]>, Fault> {
    let mut keys: Vec<Key> = Vec::new();
    for entry in table.range::<(&str, i64, &[u8; 16])>(bounds(from_end, i64::MIN)..)? {
        let key = entry?.0;
        let (digits, at, id) = key.value();
        if !digits.starts_with(from_end) {
            break;
        }
        keys.push((at, *id));
    }
    keys.sort_unstable_by(|one, other| other.cmp(one));
    keys.dedup();
    Ok(keys.into())
}

const fn bounds(digits: &str, low: i64) -> (&str, i64, &'static [u8; 16]) {
    (digits, low, &[0; 16])
}

impl Numbered {
    pub(super) fn next(&mut self) -> Result<Option<Key>, Fault> {
        while let Some((key, at)) = self.heads.pop() {
            self.advance(at)?;
            // A call with two of the numbers is one call.
            if self.last != Some(key) {
                self.last = Some(key);
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// Leaves out what is newer than `bound`.
    pub(super) fn skip_to(&mut self, bound: Key) -> Result<(), Fault> {
        self.heads.clear();
        for at in 0..self.numbers.len() {
            let (digits, range) = &mut self.numbers[at];
            *range = self.table.range(bounds(digits, self.low)..=(digits.as_str(), bound.0, &bound.1))?;
            self.advance(at)?;
        }
        Ok(())
    }

    fn advance(&mut self, at: usize) -> Result<(), Fault> {
        if let Some(entry) = self.numbers[at].1.next_back() {
            let key = entry?.0;
            let (_, listed_at, id) = key.value();
            self.heads.push(((listed_at, *id), at));
        }
        Ok(())
    }
}
