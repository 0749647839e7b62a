//! Maintenance: is the database whole, and can it be smaller.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use redb::{ReadableTable, ReadableTableMetadata};

use super::derived::{DerivedCheck, is_filled};
use super::error::{Fault, unwinding};
use super::index::{COUNTER_NAMES, contribution, listing_facts};
use super::record::{self, Row};
use super::schema::{COUNTERS, LATE, LISTING, QUARANTINE, READY, RECORDINGS, RUNNING, TRANSCRIPTS, WAITING};
use super::translations::translations_that_do_not_fit;
use super::{Store, StoreError};
use crate::call::{StepState, Transcript};

/// What the integrity check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrity {
    /// Recordings read, removed ones included.
    pub recordings: u64,
    /// Transcripts read.
    pub transcripts: u64,
    /// What does not fit together, as sentences; empty when the database is whole.
    pub findings: Vec<String>,
}

impl Store {
    /// Reads everything: redb's own checksums, every record, and whether index keys and counters are what the rows
    /// say. Takes seconds for a large archive and waits for other readers; for maintenance, not for start-up.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when a page or record cannot be read; [`StoreError::Busy`] while a reader is open.
    pub fn check_integrity(&self) -> Result<Integrity, StoreError> {
        let mut findings = Vec::new();
        {
            let mut db = self.0.db.write().unwrap_or_else(PoisonError::into_inner);
            let db = db.as_mut().ok_or_else(|| StoreError::closed(&self.0.path))?;
            let is_whole = unwinding(&self.0.path, || match db.check_integrity() {
                Err(redb::DatabaseError::TransactionInProgress) => Err(StoreError::Busy),
                checked => checked.map_err(|error| StoreError::opening(&self.0.path, error)),
            })?;
            if !is_whole {
                findings.push("Pages had to be repaired.".to_owned());
            }
        }
        self.read(|tx| {
            let mut sums = [0; COUNTER_NAMES.len()];
            let (mut listed, mut queued, mut late, mut recordings) = (0, 0, 0, 0);
            let listing = tx.open_table(LISTING)?;
            let mut derived = is_filled(tx)?.then(DerivedCheck::default);
            for entry in tx.open_table(RECORDINGS)?.iter()? {
                let row: Row = record::decode(entry?.1.value())?;
                recordings += 1;
                for (sum, part) in sums.iter_mut().zip(contribution(&row)) {
                    *sum += part;
                }
                if let Some(derived) = &mut derived
                    && !derived.see(tx, &row)?
                {
                    findings.push(format!("The filters' keys do not show recording {} as it is.", row.recording.id));
                }
                if row.recording.deletion.is_some() {
                    continue;
                }
                listed += 1;
                late += u64::from(row.late.is_some());
                queued += u64::from(row.recording.steps.next().is_some());
                let key = (row.recording.listed_at().as_millisecond(), row.recording.id.as_bytes());
                if listing.get(key)?.is_none_or(|facts| facts.value() != listing_facts(&row)) {
                    findings.push(format!("The listing does not show recording {} as it is.", row.recording.id));
                }
                let running = matches!(
                    row.recording.steps.next().map(|step| &row.recording.steps.get(step).state),
                    Some(StepState::Running { .. })
                );
                if running != tx.open_table(RUNNING)?.get(row.recording.id.as_bytes())?.is_some() {
                    findings.push(format!("The queue does not hold recording {} as it is.", row.recording.id));
                }
            }
            findings.extend(translations_that_do_not_fit(tx)?);
            let mut transcripts = 0;
            for entry in tx.open_table(TRANSCRIPTS)?.iter()? {
                record::decode::<Transcript>(entry?.1.value())?;
                transcripts += 1;
            }
            let in_queue =
                tx.open_table(READY)?.len()? + tx.open_table(WAITING)?.len()? + tx.open_table(RUNNING)?.len()?;
            if listing.len()? != listed || in_queue != queued || tx.open_table(LATE)?.len()? != late {
                findings.push("The listing or the queue holds entries without a recording, or lacks some.".to_owned());
            }
            if let Some(derived) = derived {
                findings.extend(derived.end(tx)?);
            }
            let kept: BTreeMap<String, i64> = kept_sums(tx)?;
            for (name, sum) in COUNTER_NAMES.iter().zip(sums) {
                let kept = kept.get(*name).copied().unwrap_or(0);
                if kept != sum {
                    findings.push(format!("The counter '{name}' says {kept}; the recordings say {sum}."));
                }
            }
            Ok(Integrity { recordings, transcripts, findings })
        })
    }

    /// Gives space back to the file system. Waits for writers; readers must be gone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] while a reader is open; otherwise as every write.
    pub fn compact(&self) -> Result<bool, StoreError> {
        let mut db = self.0.db.write().unwrap_or_else(PoisonError::into_inner);
        let open = db.as_mut().ok_or_else(|| StoreError::closed(&self.0.path))?;
        let compacted =
            unwinding(&self.0.path, || open.compact().map_err(|error| StoreError::running(&self.0.path, error)))?;
        drop(db);
        // Compaction's own commits do without the allocator record; the next commit writes it, so that a kill right
        // after does not cost a walk over the file.
        self.write(|tables| {
            let compactions = tables.meta.get("compactions")?.map_or(0, |count| count.value());
            tables.meta.insert("compactions", compactions + 1)?;
            Ok(super::Verdict::Keep(()))
        })?;
        Ok(compacted)
    }

    /// Entries in the quarantine.
    pub(super) fn quarantined_count(tx: &redb::ReadTransaction) -> Result<u64, Fault> {
        Ok(tx.open_table(QUARANTINE)?.len()?)
    }
}

/// The kept counters by name.
pub(super) fn kept_sums(tx: &redb::ReadTransaction) -> Result<BTreeMap<String, i64>, Fault> {
    let mut sums = BTreeMap::new();
    for entry in tx.open_table(COUNTERS)?.iter()? {
        let (name, sum) = entry?;
        sums.insert(name.value().to_owned(), sum.value());
    }
    Ok(sums)
}
