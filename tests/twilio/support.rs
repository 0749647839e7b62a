//! An account at the fake, a clock that the tests move, and short words for what they do with them.

use std::sync::Arc;
use std::time::Duration;

use callscribe::call::Disposition;
use callscribe::clock::ManualClock;
use callscribe::config::{AccountConfig, TwilioConfig, VendorConfig};
use callscribe::provider::client::Timing;
use callscribe::provider::twilio::TwilioProvider;
use callscribe::provider::{AccountContext, Discovery, Provider, ProviderError};
use jiff::{SignedDuration, Timestamp};

pub use crate::account::{MemoryVault, configured, noon};
use crate::fakes::{Fake, Twilio, TwilioCall, TwilioRecording, TwilioSettings};

pub const PUBLIC_URL: &str = "https://calls.example.com";
/// Files larger than any of the fake's.
pub const BYTES_MAX: u64 = 10 << 20;

pub fn minutes_before_noon(minutes: u32) -> Timestamp {
    noon() - SignedDuration::from_mins(minutes.into())
}

/// Recording `n`, made `n` minutes before noon.
pub fn recording(n: u32) -> TwilioRecording {
    TwilioRecording::new(n, minutes_before_noon(n))
}

/// Patience of a test.
pub fn timing() -> Timing {
    let [answer, pause, download, patience] = [2_000, 700, 3_000, 700].map(Duration::from_millis);
    Timing { answer, pause, download, patience, ..Timing::default() }
}

pub struct Office {
    pub fake: Fake<Twilio>,
    pub clock: Arc<ManualClock>,
    pub provider: TwilioProvider,
    pub config: AccountConfig,
}

impl Office {
    pub async fn new() -> Self {
        Self::with(|_, _| ()).await
    }

    /// An account configured otherwise.
    pub async fn with(change: impl FnOnce(&mut AccountConfig, &mut TwilioConfig)) -> Self {
        Self::at(Twilio::start(TwilioSettings::default()).await, change)
    }

    pub fn at(fake: Fake<Twilio>, change: impl FnOnce(&mut AccountConfig, &mut TwilioConfig)) -> Self {
        let mut twilio = twilio_config(&fake);
        let mut config = account_config(&fake, &twilio);
        change(&mut config, &mut twilio);
        config.vendor = VendorConfig::Twilio(twilio);
        let clock = Arc::new(ManualClock::at(noon()));
        let provider = TwilioProvider::new(&config, context(clock.clone())).unwrap();
        Self { fake, clock, provider, config }
    }

    /// So many recordings with their calls, a minute apart, the newest at noon.
    pub async fn with_recordings(count: u32) -> Self {
        let office = Self::new().await;
        (0..count).for_each(|n| office.add(recording(n)));
        office
    }

    /// A recording with the call it hangs on.
    pub fn add(&self, recording: TwilioRecording) {
        let call = TwilioCall::new(0, recording.date_created);
        self.fake.add_call(TwilioCall { sid: recording.call_sid.clone(), ..call });
        self.fake.add_recording(recording);
    }

    /// Reads pages until there are no more; at most a hundred.
    pub async fn look(&self, mut cursor: Option<String>) -> (Discovery, Option<String>) {
        let mut all = Discovery::default();
        for _ in 0..100 {
            let found = self.provider.discover(cursor).await.unwrap();
            cursor = found.cursor;
            all.listed.extend(found.listed);
            all.refused.extend(found.refused);
            all.cleared.extend(found.cleared);
            if !found.more {
                return (all, cursor);
            }
        }
        panic!("the look has no end");
    }

    /// Downloads into a file of its own and reads it.
    pub async fn audio(&self, sid: &str) -> Result<Vec<u8>, ProviderError> {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("audio");
        self.provider.download(sid, "", &into, BYTES_MAX).await?;
        Ok(std::fs::read(into).unwrap())
    }
}

pub fn context(clock: Arc<ManualClock>) -> AccountContext {
    let vault = Arc::new(MemoryVault::default());
    AccountContext { clock, vault, public_url: Some(PUBLIC_URL.to_owned()), local_url: String::new(), timing: timing() }
}

pub fn twilio_config(fake: &Fake<Twilio>) -> TwilioConfig {
    TwilioConfig {
        account_sid: fake.settings.account_sid.clone(),
        auth_token: Some(fake.settings.auth_token.clone().into()),
        api_key_sid: None,
        api_key_secret: None,
        region: None,
        edge: None,
        intelligence_url: Some(fake.bases.api.clone()),
    }
}

pub fn account_config(fake: &Fake<Twilio>, twilio: &TwilioConfig) -> AccountConfig {
    let vendor = VendorConfig::Twilio(twilio.clone());
    AccountConfig { webhooks: true, record_calls: true, ..configured(&fake.bases, vendor) }
}

/// The ids of what was listed.
pub fn ids(found: &Discovery) -> Vec<&str> {
    found.listed.iter().map(|listed| listed.remote_id.as_str()).collect()
}

/// The error of something that should not succeed.
pub fn refused<T>(answer: Result<T, ProviderError>) -> ProviderError {
    answer.err().unwrap()
}

pub const fn wait() -> Disposition {
    Disposition::Wait { after: None }
}
