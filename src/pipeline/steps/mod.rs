//! One step, one file. A step gets what it needs and gives back what it found, or why not; it never sees the store.

pub(super) mod detect_language;
pub(super) mod download_audio;
pub(super) mod fetch_details;
pub(super) mod fetch_metadata;
pub(super) mod generate_summary;
pub(super) mod model_summary;
pub(super) mod transcribe;

use std::time::Duration;

use crate::call::Disposition;
use crate::fetch::FetchError;
use crate::provider::ProviderError;
use crate::transcribe::TranscribeError;

/// Why a step has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setback {
    /// What it is for is not to be had, and that is no fault.
    NotToBeHad(String),
    /// What it needs is not there yet; ask again after a while. No fault of the recording's.
    NotYet {
        /// How long to wait.
        after: Duration,
        /// What is missing.
        reason: String,
    },
    /// The disk is full: nothing more may be taken in, whatever recording it is.
    DiskFull {
        /// When to look again.
        after: Duration,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Something went wrong.
    Failure {
        /// What and what to do, as a sentence.
        message: String,
        /// What follows from it.
        disposition: Disposition,
    },
    /// Somebody cancelled.
    Cancelled,
}

impl From<ProviderError> for Setback {
    fn from(error: ProviderError) -> Self {
        Self::Failure { message: error.message, disposition: error.disposition }
    }
}

impl From<FetchError> for Setback {
    fn from(error: FetchError) -> Self {
        let message = error.to_string();
        match error.disposition() {
            Disposition::Retry { after: Some(after) } if error.is_disk_full() => {
                Self::DiskFull { after, reason: message }
            }
            disposition => Self::Failure { message, disposition },
        }
    }
}

impl From<TranscribeError> for Setback {
    fn from(error: TranscribeError) -> Self {
        match error {
            TranscribeError::Cancelled => Self::Cancelled,
            error => Self::Failure { message: sentence(&error.to_string()), disposition: error.disposition() },
        }
    }
}

/// What stands alone where people read it; beside the name of a file it may begin small.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let text = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    if text.ends_with(['.', '!', '?']) { text } else { text + "." }
}
