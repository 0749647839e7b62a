//! Every telephone number with its calls, from kept sums.

use redb::{ReadTransaction, ReadableTableMetadata};

use super::error::Fault;
use super::facets::{NumberRow, digits_of, parties, reversed};
use super::query::row;
use super::schema::{NUMBERS, NUMBERS_BY_LAST, PHONES};
use super::{Store, StoreError};
use crate::call::{ProcessingStatus, RecordingId};
use jiff::Timestamp;

/// One telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// Its digits, without zeros, `+` or signs before and between.
    pub digits: String,
    /// As the source of its newest call wrote it.
    pub written: String,
    /// Whose it is, where the source of its newest call said.
    pub name: Option<String>,
    /// Calls with it.
    pub calls: u64,
    /// Of them by standing, in the order of [`ProcessingStatus::ALL`].
    pub by_status: [u64; ProcessingStatus::ALL.len()],
    /// When the newest was recorded.
    pub last_call: Timestamp,
}

/// Which numbers are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberQuery {
    /// Its digits begin so; in order of the digits then, else the last called first.
    pub begins: Option<String>,
    /// These digits are in it; the last called first. Looks through all numbers.
    pub part: Option<String>,
    /// Numbers to leave out at the start.
    pub skip: usize,
    /// Most numbers shown.
    pub limit: usize,
}

impl Store {
    /// Telephone numbers, and how many there are in all.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn numbers(&self, query: &NumberQuery) -> Result<(u64, Vec<PhoneNumber>), StoreError> {
        let digits = |text: &String| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let given = |digits: &String| !digits.is_empty();
        let begins = query.begins.as_deref().map(digits_of).filter(given);
        self.read(|tx| match (begins, query.part.as_ref().map(digits).filter(given)) {
            (Some(begins), _) => beginning(tx, &begins, query),
            (None, Some(part)) => containing(tx, &part, query),
            (None, None) => last_called(tx, query),
        })
    }

    /// One number, however it is written; `None` when no call has exactly it.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn number(&self, number: &str) -> Result<Option<PhoneNumber>, StoreError> {
        self.read(|tx| {
            let digits = digits_of(number);
            let row = tx.open_table(NUMBERS)?.get(digits.as_str())?;
            row.map(|row| of_row(tx, &digits, row.value())).transpose()
        })
    }
}

fn beginning(tx: &ReadTransaction, begins: &str, query: &NumberQuery) -> Result<(u64, Vec<PhoneNumber>), Fault> {
    let (mut total, mut shown) = (0, Vec::new());
    for entry in tx.open_table(NUMBERS)?.range::<&str>(begins..)? {
        let (digits, row) = entry?;
        if !digits.value().starts_with(begins) {
            break;
        }
        if total >= query.skip as u64 && shown.len() < query.limit {
            shown.push(of_row(tx, digits.value(), row.value())?);
        }
        total += 1;
    }
    Ok((total, shown))
}

fn last_called(tx: &ReadTransaction, query: &NumberQuery) -> Result<(u64, Vec<PhoneNumber>), Fault> {
    let (numbers, by_last) = (tx.open_table(NUMBERS)?, tx.open_table(NUMBERS_BY_LAST)?);
    let mut shown = Vec::new();
    for entry in by_last.range::<(i64, &str)>(..)?.rev().skip(query.skip).take(query.limit) {
        let key = entry?.0;
        let digits = key.value().1;
        if let Some(row) = numbers.get(digits)? {
            shown.push(of_row(tx, digits, row.value())?);
        }
    }
    Ok((by_last.len()?, shown))
}

/// Digits alone are looked at, so that a hundred thousand numbers take some tens of milliseconds.
fn containing(tx: &ReadTransaction, part: &str, query: &NumberQuery) -> Result<(u64, Vec<PhoneNumber>), Fault> {
    let (numbers, by_last) = (tx.open_table(NUMBERS)?, tx.open_table(NUMBERS_BY_LAST)?);
    // Whoever gives a number from its beginning may give it with zeros that are not kept.
    let beginning = digits_of(part);
    let fits = |digits: &str| digits.contains(part) || (!beginning.is_empty() && digits.starts_with(&beginning));
    let (mut total, mut shown) = (0, Vec::new());
    for entry in by_last.range::<(i64, &str)>(..)?.rev() {
        let key = entry?.0;
        let digits = key.value().1;
        if !fits(digits) {
            continue;
        }
        if total >= query.skip as u64
            && shown.len() < query.limit
            && let Some(row) = numbers.get(digits)?
        {
            shown.push(of_row(tx, digits, row.value())?);
        }
        total += 1;
    }
    Ok((total, shown))
}

fn of_row(tx: &ReadTransaction, digits: &str, (calls, by_status, last): NumberRow) -> Result<PhoneNumber, Fault> {
    let last_call = Timestamp::from_millisecond(last).unwrap_or(Timestamp::UNIX_EPOCH);
    let (written, name) = as_known(tx, digits)?;
    Ok(PhoneNumber { digits: digits.to_owned(), written, name, calls, by_status, last_call })
}

/// How the newest call with a number writes it, and whose it says it is.
fn as_known(tx: &ReadTransaction, digits: &str) -> Result<(String, Option<String>), Fault> {
    let from_end = reversed(digits);
    let all = (from_end.as_str(), i64::MIN, &[0; 16])..=(from_end.as_str(), i64::MAX, &[0xff; 16]);
    let newest = tx.open_table(PHONES)?.range::<(&str, i64, &[u8; 16])>(all)?.next_back().transpose()?;
    let Some((key, _)) = newest else { return Ok((digits.to_owned(), None)) };
    let row = row(tx, RecordingId::from_bytes(*key.value().2))?;
    let written = |number: &str| digits_of(number) == digits;
    let party = row.as_ref().and_then(|row| {
        let mut known = parties(&row.recording).filter(|party| party.number.as_deref().is_some_and(written));
        let first = known.next();
        first.filter(|party| party.name.is_some()).or_else(|| known.find(|party| party.name.is_some())).or(first)
    });
    let number = party.and_then(|party| party.number.clone()).unwrap_or_else(|| digits.to_owned());
    Ok((number, party.and_then(|party| party.name.clone())))
}
