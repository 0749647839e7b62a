//! What people ask of accounts: look back so many hours, record this call, delete that copy, say how you stand.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;

use super::account::Watched;
use super::{DiscoverError, Discoverer, DiscoveryReport, joined};
use crate::call::{AccountName, Disposition, ProviderKind, RecordingKey};
use crate::provider::{Access, ProviderError, Start, Started};
use crate::store::{AuditEntry, Begun, StartedCall, Store, StoreError};

/// How an account stands, with its name.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AccountAccess {
    /// Which vendor.
    pub provider: ProviderKind,
    /// Which account.
    pub account: AccountName,
    /// How it stands.
    #[serde(flatten)]
    pub access: Access,
}

impl Discoverer {
    /// Lists what was recorded in the last `hours`, at most `limit` of each account, wherever its cursor stands; folders
    /// look as usual.
    ///
    /// # Errors
    ///
    /// As [`Discoverer::discover_once`].
    pub async fn look_back(&self, hours: u32, limit: usize) -> Result<DiscoveryReport, DiscoverError> {
        let mut tasks = tokio::task::JoinSet::new();
        for watched in self.0.iter() {
            let watched = Arc::clone(watched);
            tasks.spawn(async move {
                if watched.kind() == ProviderKind::Folder {
                    return watched.look_to_the_end().await;
                }
                watched.look_back(hours, limit).await
            });
        }
        joined(tasks).await
    }

    /// How every account stands, or those of one vendor, or one by name.
    pub async fn access(&self, kind: Option<ProviderKind>, account: Option<&AccountName>) -> Vec<AccountAccess> {
        let asked = self.0.iter().filter(|watched| {
            kind.is_none_or(|kind| watched.kind() == kind) && account.is_none_or(|name| watched.name() == name)
        });
        let asked = asked.map(|watched| async move {
            let access = watched.provider().access().await;
            AccountAccess { provider: watched.kind(), account: watched.name().clone(), access }
        });
        futures_util::future::join_all(asked).await
    }

    /// Begins to record a running call, once however often it is asked for. `account` may be left out where only one
    /// account can record.
    ///
    /// # Errors
    ///
    /// What the provider says; [`DiscoverError::NoSuchAccount`].
    pub async fn record(
        &self,
        account: Option<&AccountName>,
        call_id: &str,
        by: &str,
    ) -> Result<Started, DiscoverError> {
        let mut able = self.0.iter().filter(|watched| {
            matches!(watched.kind(), ProviderKind::Twilio | ProviderKind::RingCentral)
                && account.is_none_or(|name| watched.name() == name)
        });
        match (able.next(), able.next()) {
            (Some(watched), None) => watched.record(call_id, by).await,
            (Some(_), Some(_)) => Err(DiscoverError::Source(ProviderError::new(
                "Several accounts can record calls; say which one with the parameter account.",
                Disposition::Reject,
            ))),
            (None, _) => {
                Err(DiscoverError::Source(ProviderError::new("No such account can record calls.", Disposition::Reject)))
            }
        }
    }

    /// A short-lived address at the provider at which a recording is heard, where it has such a thing.
    ///
    /// # Errors
    ///
    /// What the provider says; [`DiscoverError::NoSuchAccount`].
    pub async fn audio_link(&self, recording: &crate::call::Recording) -> Result<Option<Url>, DiscoverError> {
        Ok(self.watched(recording)?.provider().audio_link(&recording.key.remote_id).await?)
    }

    /// Deletes the provider's copy of a recording. Noted in the audit trail when it is done.
    ///
    /// # Errors
    ///
    /// What the provider says; [`DiscoverError::NoSuchAccount`].
    pub async fn remove_at_source(
        &self,
        recording: &crate::call::Recording,
        by: &str,
        now: Timestamp,
    ) -> Result<(), DiscoverError> {
        let key = &recording.key;
        let watched = self.watched(recording)?;
        watched.provider().remove(&key.remote_id).await?;
        let entry = AuditEntry {
            at: now,
            by: by.to_owned(),
            what: "removed_at_provider".to_owned(),
            recording: Some(recording.id),
            detail: format!("{}/{} deleted its copy.", key.provider, key.account),
        };
        watched.blocking(move |store| store.audit(&entry)).await
    }

    /// The account a recording came from.
    fn watched(&self, recording: &crate::call::Recording) -> Result<&Arc<Watched>, DiscoverError> {
        let key = &recording.key;
        let is_its = |watched: &&Arc<Watched>| watched.kind() == key.provider && *watched.name() == key.account;
        self.0.iter().find(is_its).ok_or_else(|| DiscoverError::NoSuchAccount(key.account.clone()))
    }
}

impl Watched {
    async fn look_back(&self, hours: u32, limit: usize) -> Result<DiscoveryReport, DiscoverError> {
        let since = self.now().checked_sub(Duration::from_secs(u64::from(hours) * 3600)).unwrap_or(Timestamp::MIN);
        match self.provider().look_back(since, limit).await {
            // Where it stands on its own schedule is not changed by a look by hand.
            Ok(found) => Ok(self.keep(crate::provider::Discovery { cursor: None, ..found }).await?.0),
            Err(error) => Ok(DiscoveryReport {
                problems: vec![format!("{}: {error}", self.name())],
                ..DiscoveryReport::default()
            }),
        }
    }

    async fn record(&self, call_id: &str, by: &str) -> Result<Started, DiscoverError> {
        let (kind, name, now) = (self.kind(), self.name().clone(), self.now());
        let key = self.provider().call_key(call_id).to_owned();
        let call = key.clone();
        let begun = self.blocking(move |store| store.begin_recording((kind, &name), &call, now)).await?;
        match begun {
            Ok(()) => {}
            Err(StartedCall { unclear: true, .. }) => return Err(self.unclear()),
            Err(StartedCall { remote_id: Some(remote_id), .. }) => {
                return Ok(Started { remote_id, state: "started_before".to_owned() });
            }
            Err(_) => return Ok(Started { remote_id: String::new(), state: "being_started".to_owned() }),
        }
        let started = self.provider().record(call_id).await;
        let noted = match &started {
            Ok(Start::Begun(started)) => Begun::Yes(started.remote_id.clone()),
            Ok(Start::Unclear(_)) => Begun::Unclear,
            Err(_) => Begun::No,
        };
        let (name, call) = (self.name().clone(), key);
        self.blocking(move |store| store.note_recording((kind, &name), &call, &noted, now)).await?;
        if let Ok(Start::Begun(begun)) = &started {
            let named = if begun.remote_id.is_empty() { "a recording without a name" } else { &begun.remote_id };
            let detail = format!("{kind}/{} was asked to record call {call_id}: {named}.", self.name());
            let (by, what) = (by.to_owned(), "recording_started".to_owned());
            let entry = AuditEntry { at: now, by, what, recording: None, detail };
            self.blocking(move |store| store.audit(&entry)).await?;
        }
        match started? {
            Start::Begun(started) => Ok(started),
            Start::Unclear(why) => {
                tracing::warn!(account = %self.name(), why, "Whether a call is being recorded is unclear.");
                Err(self.unclear())
            }
        }
    }

    /// Asking twice would record the call twice.
    fn unclear(&self) -> DiscoverError {
        let message = format!(
            "Whether {}/{} records this call is unclear: its answer was lost. It is not asked again; the recording shows \
             up in the list if there is one.",
            self.kind(),
            self.name()
        );
        ProviderError::new(message, Disposition::Reject).into()
    }

    /// Asks again, in one way or the other, for what the provider said had changed.
    pub(super) async fn refresh(
        &self,
        remote_ids: Vec<String>,
        ask: impl Fn(&Store, &RecordingKey, Timestamp) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), DiscoverError> {
        let (kind, name, now) = (self.kind(), self.name().clone(), self.now());
        self.blocking(move |store| {
            for remote_id in remote_ids {
                let key = RecordingKey { provider: kind, account: name.clone(), remote_id };
                match ask(store, &key, now) {
                    // Removed here, or being worked on: there is nothing to ask again, or it is being asked.
                    Err(StoreError::WrongState(_)) => {}
                    refreshed => refreshed?,
                }
            }
            Ok(())
        })
        .await
    }
}
