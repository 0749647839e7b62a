//! What a listing already told, kept for a while: asking for each record once more would cost as much of the rate as the
//! audio itself (fact sheet, section 8, "Consequence").

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::wire::text;

/// Recordings whose records are kept: some three kilobytes each.
const KEPT_MAX: usize = 2000;

/// Records by recording id; those of the oldest calls go first, as the newest are worked on first.
#[derive(Debug, Default)]
pub struct Records(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_recording: HashMap<String, (String, Arc<str>)>,
    /// (beginning of the call, recording id); RFC 3339 in UTC sorts as text.
    order: BTreeSet<(String, String)>,
}

impl Kept {
    fn forget(&mut self, recording_id: &str) {
        if let Some((began, _)) = self.by_recording.remove(recording_id) {
            self.order.remove(&(began, recording_id.to_owned()));
        }
    }
}

impl Records {
    /// Keeps a record for each of its recordings.
    pub fn keep(&self, recording_ids: impl IntoIterator<Item = String>, record: &Value) {
        let began = text(record, "startTime").unwrap_or_default();
        let record: Arc<str> = record.to_string().into();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in recording_ids {
            kept.forget(&id);
            kept.order.insert((began.clone(), id.clone()));
            kept.by_recording.insert(id, (began.clone(), Arc::clone(&record)));
            while kept.by_recording.len() > KEPT_MAX
                && let Some((_, oldest)) = kept.order.first().cloned()
            {
                kept.forget(&oldest);
            }
        }
    }

    /// The record as it was listed last.
    pub fn get(&self, recording_id: &str) -> Option<Value> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = kept.by_recording.get(recording_id).map(|(_, record)| Arc::clone(record));
        drop(kept);
        serde_json::from_str(&record?).ok()
    }

    /// Forgets what is not needed or not true any more.
    pub fn forget(&self, recording_id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).forget(recording_id);
    }
}
