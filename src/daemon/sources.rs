//! The configured accounts as providers: for discovery, with their schedule, and for the pipeline.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::call::{ProviderKind, RecordingKey};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::discover::Account;
use crate::provider::client::{Rates, Timing};
use crate::provider::folder::{FolderContext, FolderProvider};
use crate::provider::oauth::Vault;
use crate::provider::upload::{self, UploadProvider, Uploads};
use crate::provider::{self, AccountContext, Provider, ProviderError};
use crate::store::{SealError, Sealed, Store};

/// Every source, once for each loop that asks it.
pub(super) struct Sources {
    /// What discovery looks at.
    pub(super) accounts: Vec<Account>,
    /// What the pipeline fetches from.
    pub(super) providers: Vec<Arc<dyn Provider>>,
}

/// How soon an account is looked at again when it asks for that.
const SETTLE: Duration = Duration::from_secs(10);

/// The folder for uploads, without what an earlier run left half done; and the jobs of looks that ended with it.
pub(super) async fn uploads(config: &Config, store: &Store) -> anyhow::Result<Arc<Uploads>> {
    let (state_dir, store) = (config.state_dir.clone(), store.clone());
    let swept = tokio::task::spawn_blocking(move || {
        store.end_lost_looks(SystemClock.now())?;
        let uploads = Uploads::open(&state_dir)?;
        let removed = uploads.sweep(|sha256| {
            let (provider, account) = (ProviderKind::Upload, upload::account());
            let known = store.find_by_key(&RecordingKey { provider, account, remote_id: sha256.to_owned() })?;
            Ok::<_, anyhow::Error>(known.is_some_and(|known| known.deletion.is_none() && known.audio.is_none()))
        })?;
        if removed > 0 {
            tracing::info!(removed, "Uploads that an earlier run left behind were removed.");
        }
        Ok::<_, anyhow::Error>(uploads)
    });
    Ok(Arc::new(swept.await??))
}

/// Makes the providers; reads none of their sources yet.
pub(super) fn open(
    config: &Config,
    clock: &Arc<dyn Clock>,
    sealed: Sealed,
    uploads: &Arc<Uploads>,
    port: u16,
) -> Result<Sources, ProviderError> {
    // Uploads come by themselves: there is nothing to look at.
    let uploads: Arc<dyn Provider> = Arc::new(UploadProvider::new(Arc::clone(uploads)));
    let mut sources = Sources { accounts: Vec::new(), providers: vec![uploads] };
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
            opinions_after: None,
            hints: Some(hints),
        });
    }
    let context = AccountContext {
        clock: Arc::clone(clock),
        vault: Arc::new(SealedVault(sealed)),
        public_url: config.webhooks.public_url.clone(),
        local_url: format!("http://localhost:{port}"),
        timing: Timing { rates: Rates::per_second(config.pipeline.host_requests_per_s_max), ..Timing::default() },
    };
    for account in &config.accounts {
        let provider = provider::connect(account, context.clone())?;
        sources.providers.push(Arc::clone(&provider));
        let opinions_after = account.transcripts.then_some(account.transcripts_after);
        sources.accounts.push(Account { provider, rescan: account.poll, settle: SETTLE, opinions_after, hints: None });
    }
    Ok(sources)
}

/// The accounts' tokens, in the sealed part of the store.
pub(super) struct SealedVault(pub(super) Sealed);

impl Vault for SealedVault {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match self.0.get(name) {
            // Restored without its key, the vault is as good as empty: accounts that can sign in anew.
            Err(error @ SealError::Foreign(_)) => {
                tracing::warn!(%error, "Kept tokens cannot be read; the account signs in anew.");
                Ok(None)
            }
            kept => kept.map_err(|error| error.to_string()),
        }
    }

    fn save(&self, name: &str, secret: &[u8]) -> Result<(), String> {
        self.0.put(name, secret).map_err(|error| error.to_string())
    }
}
