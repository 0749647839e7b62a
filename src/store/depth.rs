//! How deep the queue is.

use jiff::Timestamp;
use redb::ReadableTable;

use super::record::{self, Row};
use super::schema::{READY, RECORDINGS, RUNNING, WAITING};
use super::{Store, StoreError};
use crate::call::{STEP_COUNT, Step};

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Depth {
    /// Recordings that may begin, or wait for their time, by step.
    pub by_step: [u64; STEP_COUNT],
    /// Recordings that are being worked on.
    pub running: u64,
    /// When the recording that may begin and is the oldest in line was first heard of.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// Counts the queue; takes as long as it is deep, milliseconds for ten thousand.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn depth(&self) -> Result<Depth, StoreError> {
        self.read(|tx| {
            let mut depth = Depth::default();
            let (ready, recordings) = (tx.open_table(READY)?, tx.open_table(RECORDINGS)?);
            let mut lane_seen = None;
            for entry in ready.iter()? {
                let (key, step) = entry?;
                let (lane, _, id) = key.value();
                depth.add(step.value());
                // The first of each lane is its oldest.
                if lane_seen.replace(lane) != Some(lane)
                    && let Some(bytes) = recordings.get(id)?
                {
                    let row: Row = record::decode(bytes.value())?;
                    let heard_of = row.recording.created_at;
                    depth.oldest = Some(depth.oldest.map_or(heard_of, |oldest| oldest.min(heard_of)));
                }
            }
            for entry in tx.open_table(WAITING)?.iter()? {
                depth.add(entry?.1.value());
            }
            depth.running = redb::ReadableTableMetadata::len(&tx.open_table(RUNNING)?)?;
            Ok(depth)
        })
    }
}

impl Depth {
    fn add(&mut self, step: u8) {
        if let Some(count) = Step::ALL.get(usize::from(step)).and_then(|step| self.by_step.get_mut(*step as usize)) {
            *count += 1;
        }
    }
}
