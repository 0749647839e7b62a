//! Accounts on their schedules.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use callscribe::call::{AccountName, CallFacts, Disposition, ProviderKind};
use callscribe::clock::{Clock, SystemClock};
use callscribe::discover::{Account, DiscoverError, Discoverer};
use callscribe::provider::{Discovery, Listed, Provider, ProviderError};
use callscribe::store::Store;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::Inbox;

/// Answers its looks from a list: `Some` with one recording, `None` with an error; then never again.
struct Scripted {
    name: AccountName,
    answers: Vec<Option<&'static str>>,
    looks: AtomicU32,
}

impl Scripted {
    fn new(name: &str, answers: &[Option<&'static str>]) -> Arc<Self> {
        Arc::new(Self { name: name.parse().unwrap(), answers: answers.to_vec(), looks: AtomicU32::new(0) })
    }
}

impl Provider for Scripted {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Twilio
    }

    fn account(&self) -> &AccountName {
        &self.name
    }

    fn discover(&self, cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        let look = self.looks.fetch_add(1, Ordering::SeqCst) as usize;
        Box::pin(async move {
            let Some(answer) = self.answers.get(look) else { return std::future::pending().await };
            let Some(id) = answer else {
                let disposition = Disposition::Retry { after: None };
                return Err(ProviderError { message: "Not now.".into(), disposition });
            };
            let stored: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            assert!(stored <= look, "a cursor from the future");
            let listed =
                Listed { remote_id: (*id).into(), locator: (*id).into(), call: CallFacts::default(), returned: false };
            let cursor = Some((look + 1).to_string());
            let more = look + 1 < self.answers.len();
            Ok(Discovery { listed: vec![listed], more, cursor, ..Discovery::default() })
        })
    }

    fn details<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<CallFacts, ProviderError>> {
        unreachable!("discovery asks for no details")
    }

    fn metadata<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>> {
        unreachable!("discovery asks for no metadata")
    }

    fn download<'a>(&'a self, _: &'a str, _: &'a str, _: &'a Path, _: u64) -> BoxFuture<'a, Result<(), ProviderError>> {
        unreachable!("discovery downloads nothing")
    }
}

fn account(provider: Arc<dyn Provider>) -> Account {
    Account {
        provider,
        rescan: Duration::from_millis(10),
        settle: Duration::from_millis(10),
        opinions_after: None,
        hints: None,
    }
}

fn discoverer(store: &Store, accounts: Vec<Account>) -> Discoverer {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Discoverer::new(store, accounts, &clock)
}

/// Waits until the store holds `count` recordings; a test that hangs here has failed.
async fn until_stored(store: &Store, count: u64) {
    let mut work = store.subscribe();
    while store.stats().unwrap().total < count {
        work.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_source_that_never_answers_delays_no_other() {
    let inbox = Inbox::new();
    inbox.write("call.wav", "hello");
    let (silent, folder) = (Scripted::new("silent", &[]), inbox.provider());
    let discoverer = discoverer(&inbox.store, vec![account(silent), account(folder)]);
    let cancel = CancellationToken::new();
    let running = tokio::spawn({
        let (discoverer, cancel) = (discoverer.clone(), cancel.clone());
        async move { discoverer.run(cancel).await }
    });
    until_stored(&inbox.store, 1).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_source_that_fails_is_asked_again_where_it_was_and_its_standing_shown() {
    let inbox = Inbox::new();
    let source = Scripted::new("flaky", &[Some("a"), None, None, Some("b")]);
    let discoverer = discoverer(&inbox.store, vec![account(source)]);
    let report = discoverer.discover_once(None).await.unwrap();
    assert_eq!((report.new, report.problems), (1, vec!["flaky: Not now.".to_owned()]));
    discoverer.discover_once(None).await.unwrap();
    let status = &discoverer.statuses()[0];
    assert_eq!((status.failures, status.problem.as_deref()), (2, Some("Not now.")));
    assert_eq!(discoverer.discover_once(None).await.unwrap().new, 1);
    let status = &discoverer.statuses()[0];
    assert_eq!((status.failures, status.problem.as_deref()), (0, None));
    assert_eq!(inbox.store.cursor(ProviderKind::Twilio, &"flaky".parse().unwrap()).unwrap().as_deref(), Some("4"));
}

#[tokio::test]
async fn an_account_nobody_configured_is_named() {
    let inbox = Inbox::new();
    let error = discoverer(&inbox.store, vec![]).discover_once(Some(&"other".parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, DiscoverError::NoSuchAccount(_)));
    assert!(error.to_string().contains("'other'"));
}

#[tokio::test]
async fn a_hint_from_the_system_brings_a_new_file_in_long_before_the_interval() {
    let inbox = Inbox::live();
    let folder = inbox.provider();
    let hints = folder.hints();
    let deadline = std::time::Instant::now() + Duration::from_secs(120);
    while !hints.is_watching() {
        assert!(std::time::Instant::now() < deadline, "this machine has inotify");
        tokio::task::yield_now().await;
    }
    // An hour: only a hint can bring the file in within the test's patience.
    let account = Account {
        provider: folder,
        rescan: Duration::from_secs(3600),
        settle: Duration::from_millis(50),
        opinions_after: None,
        hints: Some(hints),
    };
    let discoverer = discoverer(&inbox.store, vec![account]);
    let cancel = CancellationToken::new();
    let running = tokio::spawn({
        let (discoverer, cancel) = (discoverer.clone(), cancel.clone());
        async move { discoverer.run(cancel).await }
    });
    while discoverer.statuses()[0].looked_at.is_none() {
        tokio::task::yield_now().await;
    }
    inbox.wait(Duration::from_secs(3600));
    inbox.write("call.wav", "hello");
    until_stored(&inbox.store, 1).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
}
