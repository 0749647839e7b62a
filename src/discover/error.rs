//! What can go wrong while work is added.

use crate::call::{AccountName, Disposition};
use crate::provider::ProviderError;
use crate::store::StoreError;

/// Why a look brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source failed.
    #[error(transparent)]
    Source(#[from] ProviderError),
    /// Nobody configured such an account.
    #[error("There is no account '{0}'; the configuration file names the accounts.")]
    NoSuchAccount(AccountName),
}

impl DiscoverError {
    /// What the caller should do.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Store(error) => error.disposition(),
            Self::Source(error) => error.disposition,
            Self::NoSuchAccount(_) => Disposition::Reject,
        }
    }
}
