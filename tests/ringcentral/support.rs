//! An account at a fake RingCentral, with tokens in memory and a clock that tests move.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callscribe::call::CallFacts;
use callscribe::clock::{Clock, ManualClock};
use callscribe::config::{AccountConfig, RingCentralConfig, VendorConfig};
use callscribe::provider::client::Timing;
use callscribe::provider::ringcentral::RingCentralProvider;
use callscribe::provider::{AccountContext, Discovery, Listed, Provider, ProviderError};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tempfile::TempDir;

pub use crate::account::{MemoryVault, configured, noon, short};
use crate::fakes::ringcentral::Limits;
use crate::fakes::{CallLogRecord, Fake, RingCentral, RingCentralSettings};

pub const VERIFICATION: &str = "c0ffee-verification-token";
/// More than any recording of the fake's has.
pub const BYTES_MAX: u64 = 1_000_000;

pub struct Account {
    pub fake: Fake<RingCentral>,
    pub clock: Arc<ManualClock>,
    pub config: AccountConfig,
    pub provider: Arc<RingCentralProvider>,
    vault: Arc<MemoryVault>,
    folder: TempDir,
}

pub fn minutes_before_noon(minutes: i64) -> Timestamp {
    noon() - SignedDuration::from_mins(minutes)
}

/// The `n`th record, so many minutes before noon as its number says.
pub fn record(n: u32) -> CallLogRecord {
    CallLogRecord::new(n, minutes_before_noon(n.into()))
}

/// No rate is in the way.
pub fn generous() -> RingCentralSettings {
    RingCentralSettings { limits: Limits::generous(), ..RingCentralSettings::default() }
}

pub fn impatient() -> Timing {
    Timing {
        answer: Duration::from_millis(1500),
        pause: Duration::from_millis(300),
        download: Duration::from_millis(1500),
        patience: Duration::from_millis(400),
        ..Timing::default()
    }
}

pub fn config(fake: &Fake<RingCentral>) -> AccountConfig {
    let secret = |text: &str| Some(SecretString::from(text.to_owned()));
    let vendor = RingCentralConfig {
        client_id: fake.settings.client_id.clone(),
        client_secret: secret(&fake.settings.client_secret),
        jwt: secret(&fake.settings.jwt),
        extensions: Vec::new(),
        verification_token: secret(VERIFICATION),
        media_url: Some(fake.bases.media.clone()),
    };
    let media_hosts = Vec::new();
    AccountConfig { webhooks: true, media_hosts, ..configured(&fake.bases, VendorConfig::RingCentral(vendor)) }
}

pub fn ringcentral(config: &mut AccountConfig) -> &mut RingCentralConfig {
    match &mut config.vendor {
        VendorConfig::RingCentral(vendor) => vendor,
        _ => panic!("another vendor's"),
    }
}

impl Account {
    pub async fn new(count: u32) -> Self {
        Self::with(generous(), count, |_| ()).await
    }

    pub async fn with(settings: RingCentralSettings, count: u32, change: impl FnOnce(&mut AccountConfig)) -> Self {
        let fake = RingCentral::start(settings).await;
        (0..count).for_each(|n| fake.add_record(record(n)));
        let mut config = config(&fake);
        change(&mut config);
        Self::around(fake, config, Arc::default(), Arc::new(ManualClock::at(noon())), None)
    }

    fn around(
        fake: Fake<RingCentral>,
        config: AccountConfig,
        vault: Arc<MemoryVault>,
        clock: Arc<ManualClock>,
        public_url: Option<String>,
    ) -> Self {
        let context = AccountContext {
            clock: clock.clone() as Arc<dyn Clock>,
            vault: vault.clone(),
            public_url,
            local_url: String::new(),
            timing: impatient(),
        };
        let provider = Arc::new(RingCentralProvider::new(&config, context).unwrap());
        Self { fake, clock, config, provider, vault, folder: tempfile::tempdir().unwrap() }
    }

    /// As after a restart: the vault stays.
    pub fn restart(self) -> Self {
        self.changed(|_| ())
    }

    /// As after a restart with another configuration.
    pub fn changed(self, change: impl FnOnce(&mut AccountConfig)) -> Self {
        let Self { fake, clock, mut config, vault, .. } = self;
        change(&mut config);
        Self::around(fake, config, vault, clock, None)
    }

    /// Reached by the provider at this address.
    pub fn at(self, public_url: &str) -> Self {
        let Self { fake, clock, config, vault, .. } = self;
        Self::around(fake, config, vault, clock, Some(public_url.to_owned()))
    }

    pub fn wait(&self, minutes: i64) {
        self.clock.advance_ms(minutes * 60_000);
    }

    /// Looks to the end, beginning with `cursor`: everything found, and the last cursor.
    pub async fn look(&self, mut cursor: Option<String>) -> (Discovery, Option<String>) {
        let mut total = Discovery::default();
        loop {
            let found = self.provider.discover(cursor).await.unwrap();
            total.listed.extend(found.listed);
            total.refused.extend(found.refused);
            total.cleared.extend(found.cleared);
            cursor = found.cursor;
            if !found.more {
                return (total, cursor);
            }
        }
    }

    pub async fn listed(&self) -> Vec<Listed> {
        self.look(None).await.0.listed
    }

    /// The only recording there is.
    pub async fn only(&self) -> Listed {
        let [listed] = self.listed().await.try_into().unwrap();
        listed
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("audio")
    }

    pub async fn download(&self, listed: &Listed) -> Result<Vec<u8>, ProviderError> {
        let file = self.file();
        self.provider.download(&listed.remote_id, &listed.locator, &file, BYTES_MAX).await?;
        Ok(std::fs::read(file).unwrap())
    }

    pub async fn details(&self, listed: &Listed) -> Result<CallFacts, ProviderError> {
        self.provider.details(&listed.remote_id, &listed.locator).await
    }
}

pub fn ids(discovery: &Discovery) -> Vec<String> {
    discovery.listed.iter().map(|listed| listed.remote_id.clone()).collect()
}

/// Which recordings, whatever their order, each as often as it came.
pub fn sorted(discovery: &Discovery) -> Vec<String> {
    let mut ids = ids(discovery);
    ids.sort();
    ids
}
