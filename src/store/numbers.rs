//! Every telephone number with its calls, from kept sums.

use redb::{ReadTransaction, ReadableTableMetadata};

use super::error::Fault;
use super::facets::{NumberRow, digits_of};
use super::schema::{NUMBERS, NUMBERS_BY_LAST};
use super::{Store, StoreError};
use crate::call::ProcessingStatus;
use jiff::Timestamp;

/// One telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// Its digits, without zeros, `+` or signs before and between.
    pub digits: String,
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
        self.read(|tx| match query.begins.as_deref().map(digits_of).filter(|digits| !digits.is_empty()) {
            Some(begins) => beginning(tx, &begins, query),
            None => last_called(tx, query),
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
            Ok(row.map(|row| of_row(&digits, row.value())))
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
            shown.push(of_row(digits.value(), row.value()));
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
            shown.push(of_row(digits, row.value()));
        }
    }
    Ok((by_last.len()?, shown))
}

fn of_row(digits: &str, (calls, by_status, last): NumberRow) -> PhoneNumber {
    let last_call = Timestamp::from_millisecond(last).unwrap_or(Timestamp::UNIX_EPOCH);
    PhoneNumber { digits: digits.to_owned(), calls, by_status, last_call }
}
