//! The configured accounts as providers: for discovery, with their schedule, and for the pipeline.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::config::Config;
use crate::discover::Account;
use crate::provider::folder::{FolderContext, FolderProvider};
use crate::provider::{Provider, ProviderError};

/// Every source, once for each loop that asks it.
pub(super) struct Sources {
    /// What discovery looks at.
    pub(super) accounts: Vec<Account>,
    /// What the pipeline fetches from.
    pub(super) providers: Vec<Arc<dyn Provider>>,
}

/// Makes the providers; reads none of their sources yet.
pub(super) fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Sources, ProviderError> {
    let mut sources = Sources { accounts: Vec::new(), providers: Vec::new() };
    for folder in &config.folders {
        let context = FolderContext {
            state_dir: config.state_dir.clone(),
            file_bytes_max: config.transcribe.file_bytes_max,
            clock: Arc::clone(clock),
            zone: TimeZone::system(),
        };
        let provider = FolderProvider::new(folder.clone(), context)?;
        let hints = provider.hints();
        let provider: Arc<dyn Provider> = Arc::new(provider);
        sources.providers.push(Arc::clone(&provider));
        sources.accounts.push(Account {
            provider,
            rescan: folder.rescan,
            settle: folder.settle,
            has_opinions: false,
            hints,
        });
    }
    Ok(sources)
}
