//! Versioned encodings: one marker byte for the version of the encoding, then JSON.
//!
//! Records of an older version are migrated as they are read and written back in the newest one whenever they change;
//! a newer version is refused. A version, once released, is never re-used.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::BootId;
use crate::call::{JobId, Recording, Step};

/// The version written today.
pub(super) const RECORD_VERSION: u8 = 1;

/// What is kept of one recording beside its transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// What everybody sees.
    pub(super) recording: Recording,
    /// Where the provider finds it again.
    pub(super) locator: String,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<Lease>,
    /// When the provider is to be asked for a second opinion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) late: Option<Timestamp>,
    /// How many transcripts came so far: tells the one that is there from those before it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(super) transcripts: u32,
    /// Which job it is worked on for, or was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) job: Option<JobId>,
    /// What that job asked for; empty where it is all there is to be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) asked: Vec<Step>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
const fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Row {
    /// A recording that has just come up.
    pub(super) fn found(recording: Recording, locator: &str) -> Self {
        Self {
            recording,
            locator: locator.to_owned(),
            lease: None,
            late: None,
            transcripts: 0,
            job: None,
            asked: Vec::new(),
        }
    }

    /// The steps that are to come are done for a job.
    pub(super) fn work_for(&mut self, job: JobId) {
        let to_come = self.recording.steps.iter().filter(|(_, record)| !record.state.is_final());
        (self.job, self.asked) = (Some(job), to_come.map(|(step, _)| step).collect());
    }
}

/// The hold of one claim on a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    /// The run of the daemon that took it; another run may take it away at once.
    pub(super) boot: BootId,
    /// Which claim; never used twice.
    pub(super) serial: u64,
}

/// Something a source showed that cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// `provider/account` it came from.
    pub source: String,
    /// Where it is.
    pub locator: String,
    /// What is wrong and what to do.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error("a record is of version {0}")]
    Newer(u8),
    #[error("a record cannot be read: {0}")]
    Unreadable(String),
}

/// The bytes of a record.
pub(super) fn encode(record: &impl Serialize) -> Result<Vec<u8>, RecordError> {
    let mut bytes = vec![RECORD_VERSION];
    serde_json::to_writer(&mut bytes, record).map_err(|error| RecordError::Unreadable(error.to_string()))?;
    Ok(bytes)
}

/// Reads a record of any version up to today's.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RecordError> {
    match bytes.split_first() {
        // A later version adds its arm here and turns the older body into today's.
        Some((1, body)) => serde_json::from_slice(body).map_err(|error| RecordError::Unreadable(error.to_string())),
        Some((0, _)) | None => Err(RecordError::Unreadable("it has no version".to_owned())),
        Some((version, _)) => Err(RecordError::Newer(*version)),
    }
}
