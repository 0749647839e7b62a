//! What can go wrong in the store, in sentences.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::record::RecordError;
use crate::call::{Disposition, RecordingId};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be read. It is never replaced by an empty one.
    #[error(
        "The database {path} is damaged ({detail}). Nothing was changed. Restore it from a backup, or move it away to \
         start an empty archive."
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A later release wrote it.
    #[error(
        "The database {path} was written by a newer callscribe (layout {found}, this program knows {known}). Install \
         the newer release, or restore a backup from before the upgrade."
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The newest version this program knows.
        known: u64,
    },
    /// Another process has it open.
    #[error("The database {path} is in use: another callscribe runs on the same state folder. Stop that one first.")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The file or its folder cannot be made or opened.
    #[error("The database {path} cannot be opened: {source}. Check that the state folder exists and who owns it.")]
    Open {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reading or writing failed while running.
    #[error("The database failed: {0}. The daemon stops; check the disk, then start it again.")]
    Storage(#[source] Box<redb::Error>),
    /// Compaction or the integrity check found the database in use by this very process.
    #[error("The database is busy; try again when nothing else reads or writes it.")]
    Busy,
    /// No such recording.
    #[error("There is no recording {0}.")]
    NotFound(RecordingId),
    /// The recording is not in a state that allows it.
    #[error("{0}")]
    WrongState(String),
    /// The key to what is sealed of a recording is another one, or gone.
    #[error(
        "What was sealed of recording {0} was sealed with another key. Put the seal.key of that time back into the state \
         folder to open it."
    )]
    OtherKey(RecordingId),
    /// The claim is no longer the caller's: it was rescued, finished, reset or its recording removed.
    #[error("The work on recording {0} is no longer this worker's; its result was not stored.")]
    ClaimLost(RecordingId),
    /// Somebody forbade deletion.
    #[error("Recording {0} is under legal hold and cannot be removed. Lift the hold first.")]
    LegalHold(RecordingId),
}

impl StoreError {
    /// What the caller should do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Damaged { .. } | Self::Newer { .. } | Self::InUse { .. } | Self::Open { .. } | Self::Storage(_) => {
                Disposition::Fatal
            }
            Self::Busy => Disposition::Retry { after: None },
            Self::NotFound(_) | Self::WrongState(_) | Self::OtherKey(_) | Self::ClaimLost(_) | Self::LegalHold(_) => {
                Disposition::Reject
            }
        }
    }

    /// True when the data is at fault rather than the machine: the program ends with exit code 65 (`EX_DATAERR`).
    pub const fn is_data_error(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Newer { .. })
    }

    /// The database is being closed; nobody who holds a store can see this.
    pub(super) fn closed(path: &Path) -> Self {
        Self::Damaged { path: path.to_owned(), detail: "it is closed".to_owned() }
    }

    /// Sorts what redb says when it opens `path`.
    pub(super) fn opening(path: &Path, error: redb::DatabaseError) -> Self {
        use std::io::ErrorKind;
        let path = path.to_owned();
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Self::InUse { path },
            redb::DatabaseError::Storage(redb::StorageError::Io(source))
                if !matches!(source.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
            {
                Self::Open { path, source }
            }
            other => Self::Damaged { path, detail: other.to_string() },
        }
    }

    /// Sorts what redb says while running.
    pub(super) fn running(path: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Corrupted(detail) => Self::Damaged { path: path.to_owned(), detail },
            error @ (redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableIsMultimap(_)) => Self::Damaged { path: path.to_owned(), detail: error.to_string() },
            redb::Error::TransactionInProgress => Self::Busy,
            other => Self::Storage(Box::new(other)),
        }
    }
}

/// What a transaction's body may end with; [`Fault::into_error`] adds the path.
#[derive(Debug)]
pub(super) enum Fault {
    Redb(redb::Error),
    Record(RecordError),
    Store(StoreError),
}

impl Fault {
    pub(super) fn into_error(self, path: &Path) -> StoreError {
        match self {
            Self::Redb(error) => StoreError::running(path, error),
            Self::Record(RecordError::Newer(found)) => StoreError::Newer {
                path: path.to_owned(),
                found: u64::from(found),
                known: u64::from(super::record::RECORD_VERSION),
            },
            Self::Record(error) => StoreError::Damaged { path: path.to_owned(), detail: error.to_string() },
            Self::Store(error) => error,
        }
    }
}

macro_rules! fault_from_redb {
    ($($error:ty),*) => { $(impl From<$error> for Fault {
        fn from(error: $error) -> Self {
            Self::Redb(error.into())
        }
    })* };
}

fault_from_redb!(redb::StorageError, redb::TableError, redb::TransactionError, redb::CommitError);

impl From<RecordError> for Fault {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs `body`. redb panics where a damaged page makes no sense to it; that is damage like any other, and no reason to
/// take the program down. What was not committed is rolled back as the panic passes.
pub(super) fn unwinding<T>(path: &Path, body: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let detail = format!("reading it ended in a panic: {}", text.unwrap_or("no message"));
        Err(StoreError::Damaged { path: path.to_owned(), detail })
    })
}
