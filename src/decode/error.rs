//! Why a file gave no audio, each as one sentence that says what to do.

use std::io;
use std::path::PathBuf;

use crate::call::Disposition;

/// What kept a file from becoming samples.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The operating system would not hand over the bytes.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, device or pipe.
    #[error("{} is not a regular file; give the path of one recording", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// No bytes at all.
    #[error("the file is empty; fetch or copy the recording again")]
    Empty,
    /// The bytes are something else, or audio of a kind that is not decoded here.
    #[error("this is {found}; {mend}")]
    Foreign {
        /// What the bytes are.
        found: String,
        /// What to do about it.
        mend: String,
    },
    /// The right kind of file, but its structure does not hold together.
    #[error("this {container} file is damaged: {detail}; fetch or copy the recording again")]
    Damaged {
        /// `WAV`, `MP3`, …
        container: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The header asks for more, or less, than a telephone recording can have.
    #[error("the file has {value} {unit}; callscribe takes {limit} {unit}")]
    OverLimit {
        /// What it has.
        value: u64,
        /// The unit in words.
        unit: &'static str,
        /// The bound in words: `at most 8`.
        limit: String,
    },
    /// Sample rate or channel count is not the same throughout.
    #[error(
        "the audio changes from {from} to {to} after {at_ms} ms; make it uniform first: ffmpeg -i IN -ar 16000 OUT.wav"
    )]
    FormatChanges {
        /// As it began.
        from: String,
        /// As it went on.
        to: String,
        /// Where in the call.
        at_ms: u64,
    },
    /// So much is damaged that a transcript would mislead.
    #[error(
        "{corrupt} of {packets} packets are corrupt ({cause}), too many for a transcript; fetch the recording again"
    )]
    TooCorrupt {
        /// Packets that did not decode.
        corrupt: u64,
        /// Packets seen.
        packets: u64,
        /// What the codec said about one of them.
        cause: String,
    },
}

impl DecodeError {
    /// What the caller should do: only trouble with reading the disk is worth another try.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Io { .. } => Disposition::Retry { after: None },
            _ => Disposition::Reject,
        }
    }

    pub(super) fn damaged(container: &'static str, detail: impl Into<String>) -> Self {
        Self::Damaged { container, detail: detail.into() }
    }

    pub(super) fn foreign(found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Foreign { found: found.into(), mend: mend.into() }
    }
}
