//! What providers deliver to our door: read by the account that believes it, turned into rows, answered at once.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::account::Watched;
use super::{DiscoverError, Discoverer};
use crate::call::{AccountName, ProviderKind};
use crate::provider::{Delivery, Discovery, WebhookAnswer};
use crate::store::Store;

/// Looks that may be waited for at one account: a busy exchange ends many calls in half a minute, and one look shows them
/// all.
const NUDGES_MAX: usize = 64;
/// Looks this near to each other are one.
const NUDGE_APART: Duration = Duration::from_secs(5);

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The answer to the provider.
    pub answer: WebhookAnswer,
    /// A call that has just begun and is to be recorded, with its account.
    pub record_call: Option<(AccountName, String)>,
}

/// When an account is to be looked at besides its schedule.
#[derive(Debug, Default)]
pub(super) struct Nudges {
    at: Mutex<Vec<Instant>>,
    changed: Notify,
    mended: Notify,
}

impl Nudges {
    /// Looks after `wait`.
    pub(super) fn add(&self, wait: Duration) {
        let due = Instant::now() + wait;
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        // A look a little later shows what an earlier one would have.
        let is_covered = at.iter().any(|other| *other >= due && *other - due < NUDGE_APART);
        if !is_covered && at.len() < NUDGES_MAX {
            at.push(due);
            self.changed.notify_one();
        }
    }

    /// A person mended what was wrong: looks at once, however long it was to be left alone.
    pub(super) fn mend(&self) {
        self.mended.notify_one();
    }

    /// Waits until somebody has mended what was wrong.
    pub(super) async fn mended(&self) {
        self.mended.notified().await;
    }

    /// Waits until a look is due.
    pub(super) async fn due(&self) {
        loop {
            let next = self.at.lock().unwrap_or_else(PoisonError::into_inner).iter().min().copied();
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    let now = Instant::now();
                    self.at.lock().unwrap_or_else(PoisonError::into_inner).retain(|due| *due > now);
                    return;
                }
            }
        }
    }
}

impl Discoverer {
    /// Hands a delivery to the accounts of a provider; the first that believes it takes it in. Nothing is sent and nothing
    /// fetched: rows are added, and looks made due.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    pub async fn receive(&self, kind: ProviderKind, delivery: &Delivery<'_>) -> Result<Delivered, DiscoverError> {
        let mut refused = None;
        for watched in self.0.iter().filter(|watched| watched.kind() == kind) {
            let received = watched.provider().receive(delivery);
            if let Some(why) = received.refusal {
                refused.get_or_insert((received.answer, why));
                continue;
            }
            let call = received.record_call.clone().map(|call| (watched.name().clone(), call));
            take_in(watched, received.listed, received.changed, received.opinions).await?;
            for wait in received.look_after {
                watched.nudges.add(wait);
            }
            return Ok(Delivered { answer: received.answer, record_call: call });
        }
        let (answer, why) =
            refused.unwrap_or((WebhookAnswer { status: 404, headers: Vec::new() }, "No such account.".to_owned()));
        tracing::warn!(provider = %kind, why, "A delivery was refused.");
        Ok(Delivered { answer, record_call: None })
    }
}

async fn take_in(
    watched: &Watched,
    listed: Vec<crate::provider::Listed>,
    changed: Vec<String>,
    opinions: Vec<String>,
) -> Result<(), DiscoverError> {
    if !listed.is_empty() {
        watched.keep(Discovery { listed, ..Discovery::default() }).await?;
    }
    if !changed.is_empty() {
        watched.refresh(changed, Store::refresh).await?;
    }
    if !opinions.is_empty() {
        watched.refresh(opinions, Store::ask_again).await?;
    }
    Ok(())
}
