//! Drains the outbox: tells sinks of recordings that came to an end, by signed webhooks.
//!
//! Each sink has a task of its own with one event in hand, so that one that is slow or down delays nothing else: neither
//! other sinks nor the pipeline, which only writes a row. What is sent is made of the store as it is at that moment
//! ([`payload`]), signed ([`signature`]), and noted in the store. A kill between the sink's answer and that note sends the
//! event once more, with the same id.

mod pace;
pub mod payload;
pub mod signature;
mod sink;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::NotifyConfig;
use crate::provider::client::{CallError, Client, HostRule, Hosts, Places, Timing};
use crate::store::{EventKind, Forsaken, SinkRule, Store, StoreError};
use sink::Sink;
pub use sink::{GIVE_UP_AFTER, Health, Tried};

/// Events a working sink may have before it; further ones stay in the outbox.
const AHEAD_MAX: u64 = 5_000;
/// How often it is looked whether it caught up.
const AHEAD_CHECK: Duration = Duration::from_secs(1);
/// How often it is looked whether deliveries to sinks that are gone were kept for long enough.
const TIDY_EVERY: Duration = Duration::from_secs(86_400);

/// Why notifying ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sink's address or the system's certificates cannot be used.
    #[error("The sink '{sink}' cannot be used: {why}")]
    Sink {
        /// The sink.
        sink: String,
        /// Why.
        why: String,
    },
    /// A task ended in a way that nobody foresaw.
    #[error("A sink's task ended: {0}. This is a fault of callscribe; the journal has more.")]
    Broken(String),
}

impl NotifyError {
    /// What the caller should do: the daemon ends, and its supervisor starts it again.
    pub const fn disposition(&self) -> crate::call::Disposition {
        crate::call::Disposition::Fatal
    }
}

/// Tells all sinks. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Notifier(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    rules: Vec<SinkRule>,
    sinks: Vec<Arc<Sink>>,
    /// Counts what may be sent at once.
    wake: watch::Sender<u64>,
}

impl Notifier {
    /// Sends nothing yet; from now on the store tells of ends, if there is a sink.
    ///
    /// # Errors
    ///
    /// [`NotifyError::Sink`].
    pub fn new(
        store: &Store,
        clock: &Arc<dyn Clock>,
        sinks: &[NotifyConfig],
        timing: &Timing,
    ) -> Result<Self, NotifyError> {
        store.tell_ends(!sinks.is_empty());
        let rules = sinks.iter().map(rule).collect();
        let connect = |config: &NotifyConfig| {
            let failed = |why: String| NotifyError::Sink { sink: config.name.clone(), why };
            let url = reqwest::Url::parse(&config.url).map_err(|error| failed(error.to_string()))?;
            let client = client(&url, config, timing.clone()).map_err(|error| failed(error.to_string()))?;
            let secret: SecretString = config.secret.clone();
            Ok(Arc::new(Sink::new(config.name.clone(), url, secret, config.include_transcript, client)))
        };
        let sinks = sinks.iter().map(connect).collect::<Result<_, NotifyError>>()?;
        let wake = watch::Sender::new(0);
        Ok(Self(Arc::new(Inner { store: store.clone(), clock: Arc::clone(clock), rules, sinks, wake })))
    }

    /// Sends what is due until cancelled.
    ///
    /// # Errors
    ///
    /// Only when the store fails; a sink that fails is tried again later.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), NotifyError> {
        let mut tasks = JoinSet::new();
        for sink in &self.0.sinks {
            let (sink, notifier, cancel) = (Arc::clone(sink), self.clone(), cancel.child_token());
            tasks.spawn(async move { sink.drain(&notifier, cancel).await });
        }
        if !self.0.sinks.is_empty() {
            let (notifier, cancel) = (self.clone(), cancel.child_token());
            tasks.spawn(async move { notifier.give_out(cancel).await });
        }
        let (notifier, tidying) = (self.clone(), cancel.child_token());
        tasks.spawn(async move { notifier.tidy(tidying).await });
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(|panic| NotifyError::Broken(panic.to_string()))??;
        }
        Ok(())
    }

    /// Looks at once for what is due, also at sinks that are left alone after failures: somebody asked for it.
    pub fn hurry(&self) {
        self.0.sinks.iter().for_each(|sink| sink.hurry());
        self.wake();
    }

    fn wake(&self) {
        self.0.wake.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// How each sink fares since the start.
    pub fn health(&self) -> Vec<Health> {
        self.0.sinks.iter().map(|sink| sink.health()).collect()
    }

    /// Sends a test event to a sink now. Absent when there is no such sink.
    pub async fn test(&self, name: &str) -> Option<Tried> {
        let sink = self.0.sinks.iter().find(|sink| sink.name() == name)?;
        Some(sink.test(self.0.clock.now()).await)
    }

    /// Gives events to the sinks as they are told. While one that works has much before it they stay in the outbox, so that
    /// an archive that was imported drops none; one that is down holds nobody up.
    async fn give_out(&self, cancel: CancellationToken) -> Result<(), NotifyError> {
        let mut told = self.0.store.subscribe_events();
        while !cancel.is_cancelled() {
            told.mark_unchanged();
            if self.is_far_ahead().await? {
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = tokio::time::sleep(AHEAD_CHECK) => {}
                }
                continue;
            }
            let (rules, now) = (self.0.rules.clone(), self.0.clock.now());
            let more = self.ask(move |store| store.give_out(&rules, now)).await?;
            self.wake();
            if more {
                continue;
            }
            tokio::select! {
                () = cancel.cancelled() => {}
                changed = told.changed() => changed.map_err(|gone| NotifyError::Broken(gone.to_string()))?,
            }
        }
        Ok(())
    }

    /// Says which sinks are not configured any more though something waits for them, and lets go of that after a while.
    async fn tidy(&self, cancel: CancellationToken) -> Result<(), NotifyError> {
        let configured: Vec<String> = self.0.rules.iter().map(|rule| rule.name.clone()).collect();
        let mut is_first = true;
        while !cancel.is_cancelled() {
            let (names, now) = (configured.clone(), self.0.clock.now());
            let asked = self.ask(move |store| {
                while store.tidy_sinks(&names, now)? {}
                let forsaken = store.forsaken_sinks(&names)?;
                forsaken.into_iter().map(|sink| Ok((store.sink_counts(&sink.name)?.pending, sink))).collect()
            });
            let forsaken: Vec<(u64, Forsaken)> = asked.await?;
            for (pending, sink) in forsaken.into_iter().filter(|_| is_first) {
                let until = sink.kept_until.map(|until| format!("{until:.0}")).unwrap_or_default();
                tracing::warn!(
                    sink = sink.name,
                    pending,
                    until,
                    "A sink is not configured any more; what waits for it is kept until then. Configure one of this name to \
                     deliver it."
                );
            }
            is_first = false;
            tokio::select! {
                () = cancel.cancelled() => {}
                () = tokio::time::sleep(TIDY_EVERY) => {}
            }
        }
        Ok(())
    }

    /// Whether a sink that works has not caught up with what it was given.
    async fn is_far_ahead(&self) -> Result<bool, NotifyError> {
        let now = self.0.clock.now();
        let working: Vec<String> =
            self.0.sinks.iter().filter(|sink| !sink.is_down(now)).map(|sink| sink.name()).collect();
        self.ask(move |store| {
            for name in working {
                if store.sink_counts(&name)?.pending >= AHEAD_MAX {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    /// Asks the store off the async threads.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, NotifyError> {
        let store = self.0.store.clone();
        let answer = tokio::task::spawn_blocking(move || question(&store)).await;
        Ok(answer.map_err(|panic| NotifyError::Broken(panic.to_string()))??)
    }
}

fn rule(config: &NotifyConfig) -> SinkRule {
    let kinds = EventKind::ALL.into_iter().filter(|kind| config.events.iter().any(|name| name == kind.as_str()));
    SinkRule {
        name: config.name.clone(),
        kinds: kinds.collect(),
        provider: config.provider,
        account: config.account.clone(),
    }
}

/// A client that reaches the sink's own host and nothing else.
fn client(url: &reqwest::Url, config: &NotifyConfig, timing: Timing) -> Result<Client, CallError> {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let hosts =
        Hosts { rules: vec![HostRule::Exact(host)], places: Places::with_private(config.allow_private_addresses) };
    let client = Client::new(hosts, timing)?;
    client.check(url)?;
    Ok(client)
}
