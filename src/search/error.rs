//! What can go wrong in search, in sentences.

use crate::call::Disposition;
use crate::store::StoreError;

/// Why a search could not be done, or the index not be written.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index is not there yet, or is of no use; it is being made anew.
    #[error("The search index is not there yet; it is being made.")]
    NotReady,
    /// The index failed. It is made anew from the store.
    #[error("The search index failed: {0}. It is made anew.")]
    Index(#[from] tantivy::TantivyError),
    /// The folder of the index cannot be used.
    #[error(
        "The folder of the search index, {path}, cannot be used: {source}. Check who owns it and that there is room."
    )]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SearchError {
    /// What the caller should do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::NotReady | Self::Index(_) | Self::Folder { .. } => Disposition::Retry { after: None },
            Self::Store(error) => error.disposition(),
        }
    }
}

/// Why a question cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nothing to look for.
    #[error("words to look for, with a letter or a digit in them")]
    Empty,
    /// Only words that must not be there.
    #[error("at least one word that must be there beside those with '-'")]
    OnlyNot,
    /// A beginning that nearly everything has.
    #[error("beginnings of at least {0} letters before '*'")]
    ShortPrefix(usize),
    /// More than anybody asks.
    #[error("at most {0} words")]
    TooMany(usize),
}
