//! Keeps what follows from the rows beside the listing: tags, telephone numbers, sums by day. Written in the transaction
//! that changes the row; filled in pieces, by id, in a database that is older than they are.

use std::collections::{BTreeMap, BTreeSet};

use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::facets::{ByDay, DERIVED_VERSION, NumberRow, Sums, day_sums, numbers, reversed, tags};
use super::record::{self, Row};
use super::schema::{PROGRESS, Tables};
use super::talked::{TalkSums, talk_sums};
use super::{Store, StoreError, Verdict};
use crate::call::{ProcessingStatus, RecordingId};

const NAME: &str = "derived";
/// Recordings filled in one transaction: some tens of milliseconds.
pub(super) const FILL_STEP: usize = 1000;

/// How far the derived tables are filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Filled {
    version: u32,
    /// Every recording is in them.
    complete: bool,
    /// Up to this one, in order of ids.
    up_to: Option<RecordingId>,
}

impl Filled {
    fn covers(&self, id: RecordingId) -> bool {
        self.version == DERIVED_VERSION && (self.complete || self.up_to.is_some_and(|up_to| id <= up_to))
    }
}

impl Store {
    /// Fills one piece of what lists, numbers and trends are answered from, in a database that an earlier release made.
    /// Answers whether more is to be filled; until then lists are answered from the rows, slowly.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn fill_derived(&self) -> Result<bool, StoreError> {
        if self.read(is_filled)? {
            return Ok(false);
        }
        self.write(|tables| {
            let left = tables.fill(FILL_STEP)?;
            Ok(Verdict::Keep(left))
        })
    }
}

/// Whether the derived tables hold every recording.
pub(super) fn is_filled(tx: &redb::ReadTransaction) -> Result<bool, Fault> {
    let stored =
        tx.open_table(PROGRESS)?.get(NAME)?.map(|bytes| record::decode::<Filled>(bytes.value())).transpose()?;
    Ok(stored.is_some_and(|filled| filled.version == DERIVED_VERSION && filled.complete))
}

impl Tables<'_> {
    /// Where nothing is said, whatever the tables hold is of no use.
    fn filled(&self) -> Result<Filled, Fault> {
        let stored = self.progress.get(NAME)?.map(|bytes| record::decode::<Filled>(bytes.value())).transpose()?;
        Ok(stored.unwrap_or(Filled { version: 0, complete: false, up_to: None }))
    }

    fn note_filled(&mut self, filled: &Filled) -> Result<(), Fault> {
        self.progress.insert(NAME, record::encode(filled)?.as_slice())?;
        Ok(())
    }

    /// Marks an empty database as filled.
    pub(super) fn begin_derived(&mut self) -> Result<(), Fault> {
        self.note_filled(&Filled { version: DERIVED_VERSION, complete: true, up_to: None })
    }

    /// Has them filled anew.
    pub(super) fn forget_derived(&mut self) -> Result<(), Fault> {
        self.progress.remove(NAME)?;
        Ok(())
    }

    /// Fills the next `limit` recordings. Answers whether more are left.
    pub(super) fn fill(&mut self, limit: usize) -> Result<bool, Fault> {
        let mut filled = self.filled()?;
        if filled.version != DERIVED_VERSION {
            self.facets.retain(|_, ()| false)?;
            self.tags.retain(|_, _| false)?;
            self.phones.retain(|_, ()| false)?;
            self.numbers.retain(|_, _| false)?;
            self.numbers_by_last.retain(|_, ()| false)?;
            self.days.retain(|_, _| false)?;
            self.talk_days.retain(|_, _| false)?;
            filled = Filled { version: DERIVED_VERSION, complete: false, up_to: None };
        }
        let mut rows = Vec::new();
        {
            use std::ops::Bound;
            let start = filled.up_to.as_ref().map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_bytes()));
            for entry in self.recordings.range::<&[u8; 16]>((start, Bound::Unbounded))?.take(limit) {
                rows.push(record::decode::<Row>(entry?.1.value())?);
            }
        }
        filled.complete = rows.len() < limit;
        for row in &rows {
            self.derive(None, Some(row))?;
            filled.up_to = Some(row.recording.id);
        }
        self.note_filled(&filled)?;
        Ok(!filled.complete)
    }

    /// Brings the derived tables from what follows from `old` to what follows from `new`.
    pub(super) fn follow_row(&mut self, old: Option<&Row>, new: &Row) -> Result<(), Fault> {
        if self.filled()?.covers(new.recording.id) { self.derive(old, Some(new)) } else { Ok(()) }
    }

    fn derive(&mut self, old: Option<&Row>, new: Option<&Row>) -> Result<(), Fault> {
        self.derive_keys(old, new)?;
        self.derive_numbers(old, new)?;
        self.derive_days(old, new)
    }

    fn derive_keys(&mut self, old: Option<&Row>, new: Option<&Row>) -> Result<(), Fault> {
        let (before, after) = (tag_keys(old), tag_keys(new));
        let mut counts: BTreeMap<u128, i64> = BTreeMap::new();
        for (tag, at, id) in before.difference(&after) {
            self.facets.remove((*tag, *at, id))?;
            *counts.entry(*tag).or_default() -= 1;
        }
        for (tag, at, id) in after.difference(&before) {
            self.facets.insert((*tag, *at, id), ())?;
            *counts.entry(*tag).or_default() += 1;
        }
        // A recording that only moved in the lists has the tags it had.
        for (tag, change) in counts.into_iter().filter(|(_, change)| *change != 0) {
            let count = self.tags.get(tag)?.map_or(0, |count| count.value()).saturating_add_signed(change);
            if count > 0 { drop(self.tags.insert(tag, count)?) } else { drop(self.tags.remove(tag)?) }
        }
        Ok(())
    }

    fn derive_numbers(&mut self, old: Option<&Row>, new: Option<&Row>) -> Result<(), Fault> {
        let (before, after) = (phone_entries(old), phone_entries(new));
        if before == after {
            return Ok(());
        }
        for entry in before.difference(&after) {
            self.phones.remove((reversed(&entry.digits).as_str(), entry.at, &entry.id))?;
        }
        for entry in after.difference(&before) {
            self.phones.insert((reversed(&entry.digits).as_str(), entry.at, &entry.id), ())?;
        }
        let touched: BTreeSet<&str> = before.union(&after).map(|entry| entry.digits.as_str()).collect();
        for digits in touched {
            let of = |entries: &BTreeSet<PhoneEntry>| entries.iter().find(|entry| entry.digits == digits).cloned();
            self.count_number(digits, of(&before).as_ref(), of(&after).as_ref())?;
        }
        Ok(())
    }

    fn count_number(&mut self, digits: &str, old: Option<&PhoneEntry>, new: Option<&PhoneEntry>) -> Result<(), Fault> {
        let known: Option<NumberRow> = self.numbers.get(digits)?.map(|row| row.value());
        let (mut calls, mut by_status, _) = known.unwrap_or((0, [0; 5], 0));
        if let Some(old) = old {
            calls = calls.saturating_sub(1);
            by_status[old.status as usize] = by_status[old.status as usize].saturating_sub(1);
        }
        if let Some(new) = new {
            calls += 1;
            by_status[new.status as usize] += 1;
        }
        if let Some((_, _, last)) = known {
            self.numbers_by_last.remove((last, digits))?;
        }
        let from_end = reversed(digits);
        let all = (from_end.as_str(), i64::MIN, &[0; 16])..=(from_end.as_str(), i64::MAX, &[0xff; 16]);
        let last = self.phones.range::<(&str, i64, &[u8; 16])>(all)?.next_back().transpose()?;
        let last = last.map(|(key, _)| key.value().1);
        match last {
            Some(last) if calls > 0 => {
                self.numbers.insert(digits, (calls, by_status, last))?;
                self.numbers_by_last.insert((last, digits), ())?;
            }
            _ => drop(self.numbers.remove(digits)?),
        }
        Ok(())
    }

    fn derive_days(&mut self, old: Option<&Row>, new: Option<&Row>) -> Result<(), Fault> {
        let before = old.map(day_sums).unwrap_or_default();
        let after = new.map(day_sums).unwrap_or_default();
        change_sums(&mut self.days, &before, &after)?;
        let before = old.map(|row| talk_sums(row, &before)).unwrap_or_default();
        let after = new.map(|row| talk_sums(row, &after)).unwrap_or_default();
        change_sums(&mut self.talk_days, &before, &after)
    }
}

/// Takes what is gone from the kept sums and adds what has come; sums of nothing are not kept.
fn change_sums<const N: usize>(
    kept: &mut redb::Table<'_, (u8, i32, &'static str), [i64; N]>,
    before: &ByDay<[i64; N]>,
    after: &ByDay<[i64; N]>,
) -> Result<(), Fault> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let gone = before.get(key).copied().unwrap_or([0; N]);
        let come = after.get(key).copied().unwrap_or([0; N]);
        if gone == come {
            continue;
        }
        let place = (key.0, key.1, key.2.as_str());
        let mut sums = kept.get(place)?.map_or([0; N], |sums| sums.value());
        for ((sum, gone), come) in sums.iter_mut().zip(gone).zip(come) {
            *sum += come - gone;
        }
        if sums.iter().any(|sum| *sum != 0) { drop(kept.insert(place, sums)?) } else { drop(kept.remove(place)?) }
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PhoneEntry {
    digits: String,
    at: i64,
    id: [u8; 16],
    status: ProcessingStatus,
}

fn live(row: Option<&Row>) -> Option<&Row> {
    row.filter(|row| row.recording.deletion.is_none())
}

fn tag_keys(row: Option<&Row>) -> BTreeSet<(u128, i64, [u8; 16])> {
    let Some(row) = live(row) else { return BTreeSet::new() };
    let (at, id) = (row.recording.listed_at().as_millisecond(), *row.recording.id.as_bytes());
    tags(&row.recording).into_iter().map(|tag| (tag, at, id)).collect()
}

fn phone_entries(row: Option<&Row>) -> BTreeSet<PhoneEntry> {
    let Some(row) = live(row) else { return BTreeSet::new() };
    let (at, id) = (row.recording.listed_at().as_millisecond(), *row.recording.id.as_bytes());
    let status = row.recording.steps.processing_status();
    numbers(&row.recording).into_iter().map(|digits| PhoneEntry { digits, at, id, status }).collect()
}

/// Whether the derived tables are what the rows say; used by the integrity check.
#[derive(Debug, Default)]
pub(super) struct DerivedCheck {
    tags: BTreeMap<u128, u64>,
    phones: u64,
    numbers: BTreeMap<String, NumberRow>,
    days: ByDay<Sums>,
    talk_days: ByDay<TalkSums>,
}

impl DerivedCheck {
    /// Takes one row into account; answers whether all its keys are there.
    pub(super) fn see(&mut self, tx: &redb::ReadTransaction, row: &Row) -> Result<bool, Fault> {
        let (facets, phones) = (tx.open_table(super::schema::FACETS)?, tx.open_table(super::schema::PHONES)?);
        let mut is_whole = true;
        for (tag, at, id) in tag_keys(Some(row)) {
            *self.tags.entry(tag).or_default() += 1;
            is_whole &= facets.get((tag, at, &id))?.is_some();
        }
        for entry in phone_entries(Some(row)) {
            self.phones += 1;
            is_whole &= phones.get((reversed(&entry.digits).as_str(), entry.at, &entry.id))?.is_some();
            let number = self.numbers.entry(entry.digits).or_insert((0, [0; 5], i64::MIN));
            number.0 += 1;
            number.1[entry.status as usize] += 1;
            number.2 = number.2.max(entry.at);
        }
        let days = day_sums(row);
        let talked = talk_sums(row, &days);
        for (key, part) in days {
            let sums = self.days.entry(key).or_default();
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        for (key, part) in talked {
            let sums = self.talk_days.entry(key).or_default();
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        Ok(is_whole)
    }

    /// Compares what was seen with what is kept; answers what does not fit.
    pub(super) fn end(self, tx: &redb::ReadTransaction) -> Result<Vec<String>, Fault> {
        use super::schema::{DAYS, FACETS, NUMBERS, NUMBERS_BY_LAST, PHONES, TAGS, TALK_DAYS};
        use redb::ReadableTableMetadata as _;
        let mut findings = Vec::new();
        if tx.open_table(FACETS)?.len()? != self.tags.values().sum::<u64>()
            || tx.open_table(PHONES)?.len()? != self.phones
        {
            findings.push("The filters' keys hold entries without a recording, or lack some.".to_owned());
        }
        let mut kept = BTreeMap::new();
        for entry in tx.open_table(TAGS)?.iter()? {
            let (tag, count) = entry?;
            kept.insert(tag.value(), count.value());
        }
        if kept != self.tags {
            findings.push("The filters' counts are not those of the recordings.".to_owned());
        }
        let mut kept = BTreeMap::new();
        let by_last = tx.open_table(NUMBERS_BY_LAST)?;
        let mut is_ordered = by_last.len()? == self.numbers.len() as u64;
        for entry in tx.open_table(NUMBERS)?.iter()? {
            let (digits, row) = entry?;
            is_ordered &= by_last.get((row.value().2, digits.value()))?.is_some();
            kept.insert(digits.value().to_owned(), row.value());
        }
        if kept != self.numbers || !is_ordered {
            findings.push("The telephone numbers are not those of the recordings.".to_owned());
        }
        if kept_sums(tx, DAYS)? != self.days || kept_sums(tx, TALK_DAYS)? != self.talk_days {
            findings.push("The sums by day are not those of the recordings.".to_owned());
        }
        Ok(findings)
    }
}

fn kept_sums<const N: usize>(
    tx: &redb::ReadTransaction,
    table: redb::TableDefinition<'_, (u8, i32, &'static str), [i64; N]>,
) -> Result<ByDay<[i64; N]>, Fault> {
    let mut kept = BTreeMap::new();
    for entry in tx.open_table(table)?.iter()? {
        let (key, sums) = entry?;
        let (kind, day, value) = key.value();
        kept.insert((kind, day, value.to_owned()), sums.value());
    }
    Ok(kept)
}
