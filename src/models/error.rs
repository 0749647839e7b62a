//! What can be wrong with a model, as sentences that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::call::Disposition;

/// Why a model cannot be used or brought in.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No such model here.
    #[error("No model '{name}' was found. {mend}")]
    NotFound {
        /// As it was asked for.
        name: String,
        /// What to do.
        mend: String,
    },
    /// The file is something else.
    #[error(
        "{path} is not a Whisper model in ggml format: {found}. Get one with `callscribe models pull base`, or bring one in with `callscribe models import FILE`."
    )]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// The file ends too early or is damaged inside.
    #[error("{path} is damaged: {found}. {mend}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
        /// What to do.
        mend: String,
    },
    /// The download did not work out; nothing that was here before has changed.
    #[error("{0}")]
    Download(String),
    /// Too little room.
    #[error(
        "{dir} has {available_mib} MiB free, and {needed_mib} MiB are needed. Make room, or set state_dir to a larger disk."
    )]
    NoSpace {
        /// Where the model was to go.
        dir: PathBuf,
        /// Free there.
        available_mib: u64,
        /// Needed, reserve included.
        needed_mib: u64,
    },
    /// The operating system refused.
    #[error("{path} could not be {done}: {source}.")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `read`, `written`.
        done: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl ModelError {
    /// What the caller should do: a missing or broken model needs a person, a cut connection does not.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Download(_) => Disposition::Retry { after: None },
            Self::NotFound { .. }
            | Self::WrongKind { .. }
            | Self::Damaged { .. }
            | Self::NoSpace { .. }
            | Self::Io { .. } => Disposition::Park,
        }
    }

    /// For `map_err`: names the file and what was tried on it.
    pub(super) fn io(path: &Path, done: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, done, source }
    }
}
