//! An account at the fake, a vault in memory, and the short words the tests speak in.

use std::sync::Arc;
use std::time::Duration;

use callscribe::call::{CallFacts, Disposition};
use callscribe::clock::ManualClock;
use callscribe::config::{AccountConfig, VendorConfig, WebexConfig, WebexReach};
use callscribe::provider::client::Timing;
use callscribe::provider::oauth::Vault;
use callscribe::provider::webex::WebexProvider;
use callscribe::provider::{AccountContext, Discovery, Provider, ProviderError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub use crate::account::{MemoryVault, configured, noon};
use crate::fakes::{Fake, Webex, WebexRecording, WebexSettings, ask};

pub fn hours_before_noon(hours: i64) -> Timestamp {
    noon() - SignedDuration::from_hours(hours)
}

/// What the account's secrets are, for those who look whether they leak.
pub const SECRETS: [&str; 4] = ["s3cr3t", "developer-token-0123", "hook-secret-0123456789", "_PE93_0123"];

/// The tokens as they lie in the vault.
pub fn kept_tokens(vault: &MemoryVault) -> Value {
    vault.load("webex/main").unwrap().map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap())
}

pub fn put_tokens(vault: &MemoryVault, tokens: &Value) {
    vault.save("webex/main", tokens.to_string().as_bytes()).unwrap();
}

/// One account and what it leans on.
pub struct Account {
    pub webex: Fake<Webex>,
    pub config: AccountConfig,
    pub vault: Arc<MemoryVault>,
    pub clock: Arc<ManualClock>,
    pub timing: Timing,
}

impl Account {
    /// An account at a fake with these settings, signed in with all scopes it asks for.
    pub async fn with(settings: WebexSettings) -> Self {
        let webex = Webex::start(settings).await;
        let config = config(&webex);
        let timing = Timing {
            answer: Duration::from_millis(1500),
            pause: Duration::from_millis(500),
            download: Duration::from_secs(3),
            patience: Duration::from_millis(300),
            ..Timing::default()
        };
        let clock = Arc::new(ManualClock::at(noon()));
        let account = Self { webex, config, vault: Arc::default(), clock, timing };
        account.sign_in(&["spark-compliance:recordings_read", "spark-compliance:recordings_write"]);
        account
    }

    pub async fn new() -> Self {
        Self::with(WebexSettings::default()).await
    }

    /// The same with so many recordings, one an hour, the newest two hours before noon.
    pub async fn with_recordings(count: u32) -> Self {
        let account = Self::new().await;
        (0..count).for_each(|n| account.add(WebexRecording::new(n, hours_before_noon(i64::from(n) + 2))));
        account
    }

    pub fn reaching(mut self, reach: WebexReach, scopes: &[&str]) -> Self {
        self.webex_config().reach = reach;
        self.sign_in(scopes);
        self
    }

    pub fn webex_config(&mut self) -> &mut WebexConfig {
        let VendorConfig::Webex(webex) = &mut self.config.vendor else { panic!("not Webex") };
        webex
    }

    pub fn add(&self, recording: WebexRecording) {
        self.webex.add_recording(recording);
    }

    /// Lays tokens into the vault.
    pub fn sign_in(&self, scopes: &[&str]) {
        let (access, refresh) = self.webex.tokens(scopes);
        let later = noon() + SignedDuration::from_hours(24 * 14);
        put_tokens(
            &self.vault,
            &json!({
                "access": access,
                "access_until": later,
                "refresh": refresh,
                "refresh_until": null,
                "scope": scopes.join(" "),
            }),
        );
    }

    /// As after a restart.
    pub fn provider(&self) -> WebexProvider {
        let context = AccountContext {
            clock: self.clock.clone(),
            vault: self.vault.clone(),
            public_url: Some("https://calls.example.com".to_owned()),
            local_url: "http://localhost:8377".to_owned(),
            timing: self.timing.clone(),
        };
        WebexProvider::new(&self.config, context).unwrap()
    }

    /// One recording that is ready, and the provider.
    pub async fn with_one(change: impl FnOnce(&mut WebexRecording)) -> (Self, WebexProvider, WebexRecording) {
        let account = Self::new().await;
        let mut recording = WebexRecording { terminator: true, ..WebexRecording::new(1, hours_before_noon(2)) };
        change(&mut recording);
        account.add(recording.clone());
        let provider = account.provider();
        (account, provider, recording)
    }
}

pub fn config(webex: &Fake<Webex>) -> AccountConfig {
    let settings = &webex.settings;
    let vendor = WebexConfig {
        client_id: settings.client_id.clone(),
        client_secret: Some(settings.client_secret.clone().into()),
        reach: WebexReach::Compliance,
        service_app_id: None,
        organisation_id: None,
        developer_token: None,
        owner_emails: Vec::new(),
        webhook_secret: Some("hook-secret-0123456789".into()),
    };
    configured(&webex.bases, VendorConfig::Webex(vendor))
}

/// Consents in the browser's place; the code that comes back.
pub async fn consent(page: &str) -> String {
    let answer = ask(axum::http::Method::GET, page, &[], "").await;
    let back = reqwest::Url::parse(answer.header("location").unwrap()).unwrap();
    back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

/// Everything a look finds, page by page, and the cursor at its end.
pub async fn walk(provider: &WebexProvider, mut cursor: Option<String>) -> (Vec<Discovery>, Option<String>) {
    let mut pages = Vec::new();
    loop {
        let page = provider.discover(cursor.clone()).await.unwrap();
        let more = page.more;
        cursor = page.cursor.clone().or(cursor);
        pages.push(page);
        assert!(pages.len() < 200, "a look without end");
        if !more {
            return (pages, cursor);
        }
    }
}

pub fn ids(pages: &[Discovery]) -> Vec<String> {
    pages.iter().flat_map(|page| &page.listed).map(|listed| listed.remote_id.clone()).collect()
}

pub async fn details(provider: &WebexProvider, id: &str) -> Result<CallFacts, ProviderError> {
    provider.details(id, "").await
}

/// What came into the file, or why nothing did.
pub async fn download(provider: &WebexProvider, id: &str) -> Result<Vec<u8>, ProviderError> {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("audio");
    provider.download(id, "", &into, 4 << 20).await.map(|()| std::fs::read(&into).unwrap())
}

pub const WAIT: Disposition = Disposition::Wait { after: None };
pub const RETRY: Disposition = Disposition::Retry { after: None };

/// The error says this account, and no secret.
pub fn check_sentence(error: &ProviderError, parts: &[&str]) {
    let message = &error.message;
    assert!(message.starts_with("Webex account main: "), "{message}");
    for part in parts {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
    for secret in SECRETS.into_iter().chain(["ticket=", "://127", "+1415557"]) {
        assert!(!message.contains(secret), "'{secret}' is in: {message}");
    }
}
