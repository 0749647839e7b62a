//! What a listing already told, kept for a while: asking for each record once more would cost as much of the rate as the
//! audio itself (fact sheet, section 8, "Consequence").

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// Recordings whose records are kept: some three kilobytes each.
const KEPT_MAX: usize = 2000;

/// Records by recording id; the oldest go first.
#[derive(Debug, Default)]
pub struct Records(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_recording: HashMap<String, Arc<str>>,
    order: VecDeque<String>,
}

impl Records {
    /// Keeps a record for each of its recordings.
    pub fn keep(&self, recording_ids: impl IntoIterator<Item = String>, record: &Value) {
        let record: Arc<str> = record.to_string().into();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in recording_ids {
            if kept.by_recording.insert(id.clone(), Arc::clone(&record)).is_none() {
                kept.order.push_back(id);
            }
            while kept.by_recording.len() > KEPT_MAX
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.by_recording.remove(&oldest);
            }
        }
    }

    /// The record as it was listed last.
    pub fn get(&self, recording_id: &str) -> Option<Value> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = kept.by_recording.get(recording_id).map(Arc::clone);
        drop(kept);
        serde_json::from_str(&record?).ok()
    }

    /// Forgets what is not needed or not true any more.
    pub fn forget(&self, recording_id: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.by_recording.remove(recording_id).is_some() {
            kept.order.retain(|id| id != recording_id);
        }
    }
}
