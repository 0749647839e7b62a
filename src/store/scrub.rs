//! Pages of the database that are free hold what lay in them last. After words were masked that lay open before, every free
//! page is written over, so that the file no longer holds them.
//!
//! redb gives no page by its name: a table of zeros grows until the file has to, and then no page was left. What the disk
//! itself keeps of blocks that were written over is beyond this.

use std::sync::PoisonError;

use redb::{Database, TableDefinition};

use super::error::Fault;
use super::schema::{PROGRESS, Tables};
use super::{Store, StoreError, Verdict};

/// The row that stands from the moment something was masked until every free page was written over.
const OWED: &str = "scrub";
/// Serial -> zeros; there only while free pages are written over.
const ZEROS: TableDefinition<u64, &[u8]> = TableDefinition::new("zeros");
/// Nearly a page with what the tree adds: every value takes one for itself.
const VALUE_BYTES: usize = 3_900;
/// Values in one transaction: 16 MiB, a fraction of a second in which other writers wait.
const VALUES_AT_ONCE: u64 = 4_096;
/// Transactions at most: a terabyte, more than any archive of words; the file would have grown long before.
const ROUNDS_MAX: u64 = 1 << 16;
/// Commits without a change, after which pages that were freed are free to be taken.
const SETTLING_COMMITS: usize = 3;

impl Store {
    /// Whether words were masked and free pages may still hold what they were.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn is_scrub_owed(&self) -> Result<bool, StoreError> {
        self.read(|tx| Ok(tx.open_table(PROGRESS)?.get(OWED)?.is_some()))
    }

    /// Writes over every page that is free, as long as it `goes_on`. Answers whether it came to the end; it is owed until
    /// then. Blocking; others may read and write meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn scrub(&self, mut goes_on: impl FnMut() -> bool) -> Result<bool, StoreError> {
        // Left by a kill.
        self.with(drop_zeros)?;
        self.settle()?;
        // Pages that an earlier reader may still look at are not taken: whoever reads now ends first.
        drop(self.0.db.write().unwrap_or_else(PoisonError::into_inner));
        self.settle()?;
        let before = self.file_bytes()?;
        for round in 0..ROUNDS_MAX {
            if !goes_on() {
                self.with(drop_zeros)?;
                return Ok(false);
            }
            self.with(|db| fill(db, round * VALUES_AT_ONCE, VALUES_AT_ONCE))?;
            if self.file_bytes()? > before {
                break;
            }
        }
        self.with(drop_zeros)?;
        self.write(|tables| {
            tables.progress.remove(OWED)?;
            Ok(Verdict::Keep(true))
        })
    }

    fn settle(&self) -> Result<(), StoreError> {
        for _ in 0..SETTLING_COMMITS {
            self.with(|db| fill(db, 0, 1))?;
            self.with(drop_zeros)?;
        }
        Ok(())
    }

    fn file_bytes(&self) -> Result<u64, StoreError> {
        let length = std::fs::metadata(&self.0.path).map(|metadata| metadata.len());
        length.map_err(|source| StoreError::Open { path: self.0.path.clone(), source })
    }
}

impl Tables<'_> {
    /// Something was masked that lay open before.
    pub(super) fn owe_scrub(&mut self) -> Result<(), Fault> {
        self.progress.insert(OWED, [].as_slice())?;
        Ok(())
    }
}

fn fill(db: &Database, from: u64, count: u64) -> Result<(), Fault> {
    let mut tx = db.begin_write()?;
    tx.set_quick_repair(true);
    {
        let mut table = tx.open_table(ZEROS)?;
        let zeros = vec![0; VALUE_BYTES];
        for serial in from..from + count {
            table.insert(serial, zeros.as_slice())?;
        }
    }
    Ok(tx.commit()?)
}

fn drop_zeros(db: &Database) -> Result<(), Fault> {
    let mut tx = db.begin_write()?;
    tx.set_quick_repair(true);
    tx.delete_table(ZEROS)?;
    Ok(tx.commit()?)
}
