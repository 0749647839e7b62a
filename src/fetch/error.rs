//! What can go wrong with files, in sentences.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::call::Disposition;

/// Sizes are said in the unit of the settings; long runs of digits would also be masked in the log.
const MIB: u64 = 1 << 20;
/// How long to wait before looking at a full disk again.
const FULL_DISK_RETRY: Duration = Duration::from_secs(60);

/// Why a file is not on the disk.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Taking more in would fill the disk.
    #[error(
        "The disk that holds {folder} has {free} MiB left, less than the {min} of pipeline.free_disk_mib_min. \
         Free some space; work goes on by itself.",
        free = free_bytes / MIB,
        min = min_bytes.div_ceil(MIB)
    )]
    DiskFull {
        /// The folder written to.
        folder: PathBuf,
        /// What is left.
        free_bytes: u64,
        /// What must be left.
        min_bytes: u64,
    },
    /// More bytes than are accepted.
    #[error(
        "The audio takes {size} MiB; the limit is {max} MiB (transcribe.file_mib_max).",
        size = size_bytes.div_ceil(MIB),
        max = max_bytes / MIB
    )]
    TooLarge {
        /// What came.
        size_bytes: u64,
        /// What is accepted.
        max_bytes: u64,
    },
    /// The system refused.
    #[error("{path} could not be written: {source}.")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FetchError {
    /// What the caller should do.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::DiskFull { .. } => Disposition::Retry { after: Some(FULL_DISK_RETRY) },
            Self::TooLarge { .. } => Disposition::Reject,
            Self::Io { .. } if self.is_disk_full() => Disposition::Retry { after: Some(FULL_DISK_RETRY) },
            Self::Io { .. } => Disposition::Retry { after: None },
        }
    }

    /// True when space is all that is missing: it says nothing about the file at hand.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::TooLarge { .. } => false,
        }
    }

    /// Names the file in an error of the system.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
