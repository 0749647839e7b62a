//! Takes back what an earlier run of the daemon left running. The one place where recovery happens.

use jiff::Timestamp;
use redb::ReadableTable;

use super::{BootId, Store, StoreError, Verdict};
use crate::call::{RecordingId, StepState};

/// Kept as the last error of a step that was cut off, so that a recording that ends the daemon says so.
const CUT_OFF: &str = "The daemon ended while this step ran.";

impl Store {
    /// At start: everything that runs under another boot goes back to pending at once (there is one daemon, and it is
    /// this one), attempts kept. Answers how many.
    ///
    /// # Errors
    ///
    /// Only [`StoreError::Damaged`] and [`StoreError::Storage`].
    pub fn rescue(&self, now: Timestamp, boot: BootId) -> Result<usize, StoreError> {
        let rescued = self.write(|tables| {
            let mut held = Vec::new();
            for entry in tables.running.iter()? {
                held.push(RecordingId::from_bytes(*entry?.0.value()));
            }
            let mut rescued = 0;
            for id in held {
                let old = tables.known_row(id)?;
                if old.lease.as_ref().is_some_and(|lease| lease.boot == boot) {
                    continue;
                }
                let mut row = old.clone();
                row.lease = None;
                row.recording.updated_at = now;
                if let Some(step) = row.recording.steps.next() {
                    let record = row.recording.steps.get_mut(step);
                    record.state = StepState::Pending;
                    record.last_error = Some(CUT_OFF.to_owned());
                }
                tables.put(Some(&old), &row)?;
                rescued += 1;
            }
            Ok(if rescued > 0 { Verdict::Keep(rescued) } else { Verdict::Drop(0) })
        })?;
        if rescued > 0 {
            self.announce_work();
        }
        Ok(rescued)
    }
}
