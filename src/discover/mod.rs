//! Adds work: asks providers what is new and writes it to the store. Never fetches audio, never runs a step.
//!
//! Every account is looked at on its own schedule by a task of its own, so that a slow source delays no other. Rows and
//! cursor of a look commit together; what was found and not stored is found again, since providers are told with the next
//! cursor what was. An idle account costs one timer.

mod account;
mod by_hand;
mod deliveries;
mod error;
mod sign_in;

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use account::Account;
use account::Watched;
pub use by_hand::AccountAccess;
pub use deliveries::Delivered;
pub use error::DiscoverError;
pub use sign_in::SignIns;

use crate::call::{AccountName, ProviderKind, RecordingId};
use crate::clock::Clock;
use crate::store::Store;

/// New recordings that a report names; of more it tells the number alone.
pub const NEW_IDS_MAX: usize = 1000;

/// What looking brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DiscoveryReport {
    /// Entries the sources showed.
    pub listed: usize,
    /// Of them recordings nobody knew before.
    pub new: usize,
    /// The first of those, [`NEW_IDS_MAX`] at most: for whoever wants to see what becomes of them.
    pub new_ids: Vec<RecordingId>,
    /// What cannot be taken in at present.
    pub refused: usize,
    /// Files that may still be written.
    pub unsettled: usize,
    /// Accounts that could not be looked at, each with the reason as a sentence.
    pub problems: Vec<String>,
}

impl DiscoveryReport {
    /// This look and a later one at the same sources: what stands is what the later one saw.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self { refused: later.refused, unsettled: later.unsettled, ..self.and(later) }
    }

    /// This account and another.
    fn and(mut self, other: Self) -> Self {
        self.problems.extend(other.problems);
        self.new_ids.extend(other.new_ids);
        self.new_ids.truncate(NEW_IDS_MAX);
        Self {
            listed: self.listed + other.listed,
            new: self.new + other.new,
            new_ids: self.new_ids,
            refused: self.refused + other.refused,
            unsettled: self.unsettled + other.unsettled,
            problems: self.problems,
        }
    }
}

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountStatus {
    /// Which vendor.
    pub provider: ProviderKind,
    /// Which account.
    pub account: AccountName,
    /// When the last look ended well.
    pub looked_at: Option<Timestamp>,
    /// When the look began that is under way.
    pub looking_since: Option<Timestamp>,
    /// Looks that failed since.
    pub failures: u32,
    /// Why the last one failed.
    pub problem: Option<String>,
    /// Why its deliveries cannot be kept up.
    pub webhook_problem: Option<String>,
}

/// Looks at all accounts. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Discoverer(Arc<Vec<Arc<Watched>>>);

impl Discoverer {
    /// Looks at nothing yet.
    pub fn new(store: &Store, accounts: Vec<Account>, clock: &Arc<dyn Clock>) -> Self {
        let watch = |account| Arc::new(Watched::new(store.clone(), account, Arc::clone(clock)));
        Self(Arc::new(accounts.into_iter().map(watch).collect()))
    }

    /// Looks at every account when it is due, until cancelled.
    ///
    /// # Errors
    ///
    /// Only when the store fails; a source that fails is asked again later.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), DiscoverError> {
        let mut tasks = JoinSet::new();
        for account in self.0.iter().cloned() {
            let cancel = cancel.child_token();
            tasks.spawn(async move { account.keep_looking(cancel).await });
        }
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(result) => result?,
                Err(error) => return Err(broken(error).await),
            }
        }
        Ok(())
    }

    /// Looks at one account, or at all, now, until they have no more to show.
    ///
    /// # Errors
    ///
    /// [`DiscoverError::NoSuchAccount`]; [`DiscoverError::Store`]. A source that fails is a line in
    /// [`DiscoveryReport::problems`].
    pub async fn discover_once(&self, account: Option<&AccountName>) -> Result<DiscoveryReport, DiscoverError> {
        let mut tasks = JoinSet::new();
        for watched in self.0.iter().filter(|watched| account.is_none_or(|name| watched.name() == name)) {
            let watched = Arc::clone(watched);
            // A task of its own: a caller that goes away does not break off the look.
            tasks.spawn(async move { watched.look_to_the_end().await });
        }
        if let (Some(name), true) = (account, tasks.is_empty()) {
            return Err(DiscoverError::NoSuchAccount(name.clone()));
        }
        joined(tasks).await
    }

    /// How each account stands.
    pub fn statuses(&self) -> Vec<AccountStatus> {
        self.0.iter().map(|account| account.status()).collect()
    }
}

/// What several looks brought together.
async fn joined(mut tasks: JoinSet<Result<DiscoveryReport, DiscoverError>>) -> Result<DiscoveryReport, DiscoverError> {
    let mut total = DiscoveryReport::default();
    while let Some(ended) = tasks.join_next().await {
        let report = match ended {
            Ok(report) => report?,
            Err(error) => return Err(broken(error).await),
        };
        total = total.and(report);
    }
    Ok(total)
}

/// A panic goes on; a task that was cancelled belongs to a runtime that is being shut down and waits for its end.
async fn broken<T>(error: tokio::task::JoinError) -> T {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => std::future::pending().await,
    }
}
