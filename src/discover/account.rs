//! One account: when it is looked at, and what one look does.

use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::deliveries::Nudges;
use super::{AccountStatus, DiscoverError, DiscoveryReport, NEW_IDS_MAX};
use crate::call::{AccountName, Disposition, ProviderKind, RecordingKey, retry};
use crate::clock::Clock;
use crate::provider::folder::Hints;
use crate::provider::{Discovery, KnownPlace, Provider};
use crate::store::{NewRecording, Store, StoreError};

/// Rows in one transaction: a few milliseconds, so that the pipeline's own commits are not held up.
const ROWS_MAX: usize = 500;
/// Places recalled at once, so that a large archive is not in memory twice.
const RECALL_MAX: usize = 1000;
/// How often subscriptions are looked after.
const TEND_EVERY: Duration = Duration::from_secs(900);
/// How long an account that needs a person is left alone. A mended cause shows within the hour.
const PARKED: Duration = Duration::from_secs(retry::BACKOFF_MAX_S);
/// Of the time between two looks, how many times the last look's length is rest: a folder so large or slow that walking
/// it takes long does not keep the machine busy.
const REST_PER_LOOK: u32 = 4;

/// An account and how often it is looked at.
pub struct Account {
    /// The source.
    pub provider: Arc<dyn Provider>,
    /// Longest time between two looks.
    pub rescan: Duration,
    /// How soon to look again while files are being written, or after a hint.
    pub settle: Duration,
    /// How long after a recording was found its provider is first asked for a transcript of its own; absent when it has
    /// none.
    pub opinions_after: Option<Duration>,
    /// Tells of changes, where the source can.
    pub hints: Option<Hints>,
}

/// An account while the program runs.
pub(super) struct Watched {
    store: Store,
    account: Account,
    clock: Arc<dyn Clock>,
    /// Held during a look, so that one asked for by a person and one on schedule do not meet. True once the provider was
    /// told what the store knows.
    is_recalled: Mutex<bool>,
    status: StdMutex<AccountStatus>,
    /// When to look besides the schedule.
    pub(super) nudges: Nudges,
}

impl Watched {
    pub(super) fn new(store: Store, account: Account, clock: Arc<dyn Clock>) -> Self {
        let status = AccountStatus {
            provider: account.provider.kind(),
            account: account.provider.account().clone(),
            looked_at: None,
            looking_since: None,
            failures: 0,
            problem: None,
            webhook_problem: None,
        };
        Self {
            store,
            account,
            clock,
            is_recalled: Mutex::new(false),
            status: StdMutex::new(status),
            nudges: Nudges::default(),
        }
    }

    pub(super) fn name(&self) -> &AccountName {
        self.account.provider.account()
    }

    pub(super) fn kind(&self) -> ProviderKind {
        self.account.provider.kind()
    }

    pub(super) fn provider(&self) -> &dyn Provider {
        &*self.account.provider
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn status(&self) -> AccountStatus {
        self.status_mut().clone()
    }

    fn status_mut(&self) -> MutexGuard<'_, AccountStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks when it is time, until cancelled.
    pub(super) async fn keep_looking(self: Arc<Self>, cancel: CancellationToken) -> Result<(), DiscoverError> {
        let mut restless = 0;
        let mut last_tended: Option<Instant> = None;
        while !cancel.is_cancelled() {
            let began = Instant::now();
            let looked = tokio::select! {
                looked = self.look() => looked,
                () = cancel.cancelled() => return Ok(()),
            };
            let least = began.elapsed() * REST_PER_LOOK;
            let wait = match looked {
                Ok((_, true)) => continue,
                // A long call is written for as long as it lasts: look less and less often, but no less than always.
                Ok((report, false)) if report.unsettled > 0 => {
                    restless = (restless + 1).min(16);
                    self.account.settle.saturating_mul(1 << (restless - 1)).min(self.account.rescan)
                }
                Ok(_) => {
                    restless = 0;
                    self.account.rescan
                }
                Err(error @ DiscoverError::Store(_)) => return Err(error),
                Err(error) => self.wait_after(&error),
            };
            let is_failing = self.status_mut().failures > 0;
            if !is_failing && last_tended.is_none_or(|at| at.elapsed() >= TEND_EVERY) {
                self.tend(&cancel).await;
                last_tended = Some(Instant::now());
            }
            let timer = tokio::time::sleep(wait.max(least));
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                () = timer => {}
                () = self.nudges.mended() => {}
                () = self.nudges.due(), if !is_failing => {}
                // What a hint tells of must come to rest before it can be taken in, and more hints will follow.
                () = self.hint(), if !is_failing => {
                    restless = 0;
                    tokio::select! {
                        () = cancel.cancelled() => return Ok(()),
                        () = tokio::time::sleep(self.account.settle.max(least)) => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Keeps subscriptions alive; without them the schedule finds everything all the same, only later.
    async fn tend(&self, cancel: &CancellationToken) {
        let tended = tokio::select! {
            tended = self.account.provider.tend() => tended,
            () = cancel.cancelled() => return,
        };
        let trouble = tended.err().map(|error| error.to_string());
        let mut status = self.status_mut();
        if let Some(error) = trouble.as_ref().filter(|trouble| status.webhook_problem.as_ref() != Some(trouble)) {
            tracing::warn!(account = %status.account, provider = %status.provider, error, "Deliveries cannot be kept up.");
        }
        status.webhook_problem = trouble;
    }

    async fn hint(&self) {
        match &self.account.hints {
            Some(hints) => hints.changed().await,
            None => std::future::pending().await,
        }
    }

    /// Looks until there is no more.
    pub(super) async fn look_to_the_end(&self) -> Result<DiscoveryReport, DiscoverError> {
        let mut total = DiscoveryReport::default();
        loop {
            match self.look().await {
                Ok((report, more)) => {
                    total = total.then(report);
                    if !more {
                        return Ok(total);
                    }
                }
                Err(error @ DiscoverError::Store(_)) => return Err(error),
                Err(error) => {
                    total.problems.push(format!("{}: {error}", self.name()));
                    return Ok(total);
                }
            }
        }
    }

    /// One look. Answers whether there is more to be had at once.
    pub(super) async fn look(&self) -> Result<(DiscoveryReport, bool), DiscoverError> {
        let mut is_recalled = self.is_recalled.lock().await;
        if !*is_recalled {
            self.recall().await?;
            *is_recalled = true;
        }
        let (kind, name) = (self.account.provider.kind(), self.name().clone());
        let cursor = self.blocking(move |store| store.cursor(kind, &name)).await?;
        self.status_mut().looking_since = Some(self.clock.now());
        let looked = match self.account.provider.discover(cursor).await {
            Ok(discovery) => self.keep(discovery).await,
            Err(error) => Err(error.into()),
        };
        self.note(&looked);
        looked
    }

    /// Stores what a look found.
    pub(super) async fn keep(&self, discovery: Discovery) -> Result<(DiscoveryReport, bool), DiscoverError> {
        let (kind, account) = (self.account.provider.kind(), self.name().clone());
        let now = self.clock.now();
        let Discovery { listed, refused, unsettled, cleared, more, cursor } = discovery;
        let opinion_due = self.account.opinions_after.map(|after| now.checked_add(after).unwrap_or(now));
        let mut report =
            DiscoveryReport { listed: listed.len(), refused: refused.len(), unsettled, ..Default::default() };
        let found: Vec<NewRecording> = listed
            .into_iter()
            .map(|listed| NewRecording {
                key: RecordingKey { provider: kind, account: account.clone(), remote_id: listed.remote_id },
                call: listed.call,
                locator: listed.locator,
                returned: listed.returned,
                opinion_due,
            })
            .collect();
        let refused: Vec<(String, String)> = refused.into_iter().map(|entry| (entry.locator, entry.reason)).collect();
        (report.new, report.new_ids) = self
            .blocking(move |store| {
                store.release_quarantine(kind, &account, &cleared)?;
                let mut inserted = Vec::new();
                let mut rest = found.as_slice();
                // All copies of one recording stay in one transaction, or the first of them would count as moved.
                while rest.len() > ROWS_MAX {
                    let boundary = (ROWS_MAX..rest.len()).find(|i| rest[*i].key != rest[*i - 1].key);
                    let Some((rows, others)) = boundary.map(|at| rest.split_at(at)) else { break };
                    inserted.extend(store.insert_discovered((kind, &account), rows, &[], None, now)?);
                    rest = others;
                }
                let last = store.insert_discovered((kind, &account), rest, &refused, cursor.as_deref(), now)?;
                inserted.extend(last);
                let new = || inserted.iter().filter(|inserted| inserted.new);
                Ok((new().count(), new().map(|inserted| inserted.id).take(NEW_IDS_MAX).collect()))
            })
            .await?;
        if report.new > 0 {
            tracing::info!(account = %self.name(), new = report.new, unsettled = report.unsettled, "New recordings were found.");
        }
        Ok((report, more))
    }

    /// Tells the provider what the store knows of its source.
    async fn recall(&self) -> Result<(), DiscoverError> {
        let (kind, name) = (self.account.provider.kind(), self.name().clone());
        let provider = Arc::clone(&self.account.provider);
        self.blocking(move |store| {
            let source = format!("{kind}/{name}");
            let quarantined: Vec<String> = store
                .quarantined()?
                .into_iter()
                .filter(|entry| entry.source == source)
                .map(|entry| entry.locator)
                .collect();
            provider.recall(&[], &quarantined);
            let mut after: Option<String> = None;
            while provider.recalls_places() {
                let places = store.known_locators(kind, &name, after.as_deref(), RECALL_MAX)?;
                after = places.last().map(|(locator, _)| locator.clone());
                if after.is_none() {
                    break;
                }
                let mut known = Vec::with_capacity(places.len());
                for (locator, id) in &places {
                    if let Some(recording) = store.get(*id)? {
                        known.push(KnownPlace {
                            locator: locator.clone(),
                            remote_id: recording.key.remote_id,
                            size_bytes: recording.audio.map(|audio| audio.size_bytes),
                        });
                    }
                }
                provider.recall(&known, &[]);
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, DiscoverError> {
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => Ok(result?),
            Err(error) => super::broken(error).await,
        }
    }

    fn wait_after(&self, error: &DiscoverError) -> Duration {
        match error.disposition() {
            Disposition::Park | Disposition::Fatal => PARKED,
            Disposition::Retry { after } | Disposition::Wait { after } => {
                retry::backoff(self.status_mut().failures, fastrand::f64(), after)
            }
            Disposition::Reject | Disposition::Absent => self.account.rescan,
        }
    }

    /// Keeps the standing; says once what is wrong, not with every look.
    fn note(&self, looked: &Result<(DiscoveryReport, bool), DiscoverError>) {
        let mut status = self.status_mut();
        status.looking_since = None;
        match looked {
            Ok(_) => {
                if status.failures > 0 {
                    tracing::info!(account = %status.account, failures = status.failures, "The source can be read again.");
                }
                (status.failures, status.problem, status.looked_at) = (0, None, Some(self.clock.now()));
            }
            Err(error) => {
                let problem = error.to_string();
                let kind = error.disposition().name();
                crate::observe::metrics::provider_error(status.provider.as_str(), status.account.as_str(), kind);
                if status.problem.as_ref() != Some(&problem) {
                    tracing::warn!(account = %status.account, provider = %status.provider, %error, "A look at a source failed.");
                }
                status.failures = status.failures.saturating_add(1);
                status.problem = Some(problem);
            }
        }
    }
}
