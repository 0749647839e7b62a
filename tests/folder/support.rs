//! A folder, a state folder, a store and a clock, and short words for what the tests do with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use callscribe::call::{AccountName, CallFacts, ProviderKind, Recording};
use callscribe::clock::{Clock, ManualClock};
use callscribe::config::FolderConfig;
use callscribe::discover::{Account, Discoverer, DiscoveryReport};
use callscribe::provider::folder::{FolderContext, FolderProvider};
use callscribe::provider::{Discovery, Provider};
use callscribe::store::{ListQuery, Store};
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub const SETTLE: Duration = Duration::from_secs(10);
/// Two days on, whatever was just written has been at rest for long.
const LATER: SignedDuration = SignedDuration::from_hours(48);

pub struct Inbox {
    pub clock: Arc<ManualClock>,
    pub store: Store,
    pub config: FolderConfig,
    base: TempDir,
    provider: Arc<FolderProvider>,
    discoverer: Discoverer,
}

impl Inbox {
    /// Everything in it is at rest.
    pub fn new() -> Self {
        Self::with(Timestamp::now() + LATER, |_| ())
    }

    /// What is written now is written now.
    pub fn live() -> Self {
        Self::with(Timestamp::now(), |_| ())
    }

    pub fn with(now: Timestamp, change: impl FnOnce(&mut FolderConfig)) -> Self {
        let base = tempfile::tempdir().unwrap();
        let mut config = folder_config(base.path().join("calls"));
        fs::create_dir(&config.path).unwrap();
        change(&mut config);
        let store = Store::open(&base.path().join("state/callscribe.redb")).unwrap();
        Self::around(base, store, config, Arc::new(ManualClock::at(now)))
    }

    fn around(base: TempDir, store: Store, config: FolderConfig, clock: Arc<ManualClock>) -> Self {
        let provider = FolderProvider::new(config.clone(), context(base.path(), &clock)).unwrap();
        let provider = Arc::new(provider);
        let account = Account {
            provider: provider.clone(),
            rescan: Duration::from_secs(60),
            settle: SETTLE,
            opinions_after: None,
            hints: None,
        };
        let as_clock: Arc<dyn Clock> = clock.clone();
        let discoverer = Discoverer::new(&store, vec![account], &as_clock);
        Self { clock, store, config, base, provider, discoverer }
    }

    /// As after a restart of the daemon.
    pub fn restart(self) -> Self {
        let Self { clock, store, config, base, .. } = self;
        Self::around(base, store, config, clock)
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.config.path.join(name)
    }

    /// What lies beside the folder: the state folder is `state`.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn wait(&self, duration: Duration) {
        self.clock.advance_ms(duration.as_millis() as i64);
    }

    pub async fn look(&self) -> DiscoveryReport {
        let report = self.discoverer.discover_once(None).await.unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        report
    }

    /// What the provider itself says, stored by nobody.
    pub async fn discovery(&self) -> Discovery {
        self.provider.discover(None).await.unwrap()
    }

    pub async fn problem(&self) -> String {
        self.discoverer.discover_once(None).await.unwrap().problems.join("\n")
    }

    pub fn provider(&self) -> Arc<FolderProvider> {
        Arc::clone(&self.provider)
    }

    pub fn files_read(&self) -> u64 {
        self.provider.files_read()
    }

    pub fn recordings(&self) -> Vec<Recording> {
        self.store.list(&ListQuery { limit: 100_000, ..ListQuery::default() }).unwrap().items
    }

    /// Names of the files the recordings are at, sorted.
    pub fn names(&self) -> Vec<String> {
        let root = self.config.path.canonicalize().unwrap().display().to_string() + "/";
        let mut names: Vec<_> =
            self.recordings().iter().map(|recording| source(recording).replace(&root, "")).collect();
        names.sort();
        names
    }

    pub fn only_call(&self) -> CallFacts {
        let [recording] = self.recordings().try_into().expect("one recording");
        recording.call
    }

    /// Name and reason of everything in quarantine, sorted.
    pub fn quarantine(&self) -> Vec<(String, String)> {
        let entries = self.store.quarantined().unwrap().into_iter();
        entries.map(|entry| (entry.locator.rsplit('/').next().unwrap().to_owned(), entry.reason)).collect()
    }
}

pub fn account_name() -> AccountName {
    "inbox".parse().unwrap()
}

pub fn source(recording: &Recording) -> String {
    assert_eq!(recording.key.provider, ProviderKind::Folder);
    recording.metadata["source"].as_str().unwrap().to_owned()
}

pub fn folder_config(path: PathBuf) -> FolderConfig {
    FolderConfig {
        name: account_name(),
        path,
        recursive: true,
        settle: SETTLE,
        rescan: Duration::from_secs(60),
        patterns: Vec::new(),
        channels: Vec::new(),
        languages: Vec::new(),
        raw: None,
    }
}

/// Files up to a megabyte, times two hours east of Greenwich.
pub fn context(base: &Path, clock: &Arc<ManualClock>) -> FolderContext {
    let clock: Arc<dyn Clock> = clock.clone();
    FolderContext { state_dir: base.join("state"), file_bytes_max: 1 << 20, clock, zone: TimeZone::fixed(offset(2)) }
}
