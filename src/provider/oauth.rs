//! Access tokens that end and are renewed: once, however many tasks find at the same moment that they have ended.
//!
//! Tokens are kept in a [`Vault`] (the store's sealed part). A new pair is kept before it is used: a refresh token that
//! was used up and forgotten locks its owner out. What is sent to get tokens is the vendors' business ([`Grant`]).

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::ProviderError;
use crate::call::Disposition;
use crate::clock::Clock;

/// A token that ends within this time is renewed before it is used: a request takes as long at most.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a refusal that needs a person stands before the provider is asked again.
const REFUSED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// What a provider hands out.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Opens the API.
    pub access: SecretString,
    /// When it ends.
    pub access_until: Timestamp,
    /// Gets the next pair, where the provider gives one.
    pub refresh: Option<SecretString>,
    /// When that ends.
    pub refresh_until: Option<Timestamp>,
    /// What they allow, as the provider names it, by spaces.
    pub scope: Option<String>,
}

/// As [`Tokens`] lie in the vault.
#[derive(Serialize, Deserialize)]
struct Kept {
    access: String,
    access_until: Timestamp,
    refresh: Option<String>,
    refresh_until: Option<Timestamp>,
    scope: Option<String>,
}

/// Keeps secrets over restarts, sealed. Blocking.
pub trait Vault: Send + Sync {
    /// What is kept under a name.
    ///
    /// # Errors
    ///
    /// A sentence.
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String>;

    /// Keeps it; when this returns it is on the disk.
    ///
    /// # Errors
    ///
    /// A sentence.
    fn save(&self, name: &str, secret: &[u8]) -> Result<(), String>;
}

/// Gets tokens from a provider.
pub trait Grant: Send + Sync {
    /// A new pair, with the refresh token where there is one, else with what the account has. Tokens that come without a
    /// refresh token leave the old one in force where the vendor says so: the vendor puts it in.
    fn tokens<'a>(&'a self, refresh: Option<&'a SecretString>) -> BoxFuture<'a, Result<Tokens, ProviderError>>;
}

/// The name under which an account's tokens are kept. `credentials` are what it signs in with: with others it is somebody
/// else, whose tokens are not taken for its own.
pub fn vault_name(source: &str, credentials: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in credentials {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    let digest: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{source}/{digest}")
}

/// The tokens of one account.
pub struct Keeper {
    /// The name in the vault.
    name: String,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    current: Mutex<Option<Tokens>>,
    /// The last refusal that needs a person, and when it came.
    refused: std::sync::Mutex<Option<(Timestamp, ProviderError)>>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Tokens kept under `name`; nothing is read yet.
    pub fn new(name: String, vault: Arc<dyn Vault>, clock: Arc<dyn Clock>) -> Self {
        Self { name, vault, clock, current: Mutex::default(), refused: std::sync::Mutex::default() }
    }

    /// A token that is good for the next minute.
    ///
    /// # Errors
    ///
    /// What `grant` says; [`Disposition::Retry`] when the vault fails.
    pub async fn access(&self, grant: &dyn Grant) -> Result<SecretString, ProviderError> {
        let mut current = self.current.lock().await;
        if current.is_none() {
            *current = self.load().await?;
        }
        let soon = self.clock.now().checked_add(MARGIN).unwrap_or(Timestamp::MAX);
        match current.as_ref().filter(|tokens| tokens.access_until > soon) {
            Some(tokens) => Ok(tokens.access.clone()),
            None => self.renew_locked(&mut current, grant).await,
        }
    }

    /// A token in place of one that was refused. Whoever comes second gets what the first one got.
    ///
    /// # Errors
    ///
    /// As [`Keeper::access`].
    pub async fn renew(&self, refused: &SecretString, grant: &dyn Grant) -> Result<SecretString, ProviderError> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(tokens) if tokens.access.expose_secret() != refused.expose_secret() => Ok(tokens.access.clone()),
            _ => self.renew_locked(&mut current, grant).await,
        }
    }

    /// Takes in tokens that came another way: from a sign-in in a browser.
    ///
    /// # Errors
    ///
    /// [`Disposition::Retry`] when the vault fails.
    pub async fn put(&self, tokens: Tokens) -> Result<(), ProviderError> {
        let mut current = self.current.lock().await;
        self.save(&tokens).await?;
        *current = Some(tokens);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// What is held now, for those who show how an account stands.
    ///
    /// # Errors
    ///
    /// [`Disposition::Retry`] when the vault fails.
    pub async fn held(&self) -> Result<Option<Tokens>, ProviderError> {
        let mut current = self.current.lock().await;
        if current.is_none() {
            *current = self.load().await?;
        }
        Ok(current.clone())
    }

    async fn renew_locked(
        &self,
        current: &mut Option<Tokens>,
        grant: &dyn Grant,
    ) -> Result<SecretString, ProviderError> {
        let now = self.clock.now();
        let refresh = current.as_ref().filter(|tokens| tokens.refresh_until.is_none_or(|until| until > now));
        let refresh = refresh.and_then(|tokens| tokens.refresh.clone());
        if let Some(error) = self.refused_lately(now) {
            return Err(error);
        }
        let tokens = grant.tokens(refresh.as_ref()).await.inspect_err(|error| {
            if error.disposition == Disposition::Park {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, error.clone()));
            }
        })?;
        let access = tokens.access.clone();
        // Held before they are kept: the old refresh token may be used up, and a full disk passes.
        let tokens = current.insert(tokens);
        self.save(tokens).await?;
        Ok(access)
    }

    /// Whoever asks while a refusal is fresh hears it again: asking on and on locks accounts.
    fn refused_lately(&self, now: Timestamp) -> Option<ProviderError> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |at: Timestamp| at <= now && now.duration_since(at) < REFUSED_FOR;
        refused.as_ref().filter(|(at, _)| is_fresh(*at)).map(|(_, error)| error.clone())
    }

    async fn load(&self) -> Result<Option<Tokens>, ProviderError> {
        let (vault, name) = (Arc::clone(&self.vault), self.name.clone());
        let loaded = tokio::task::spawn_blocking(move || vault.load(&name)).await;
        let Some(bytes) = loaded.map_err(|error| unkept(error.to_string()))?.map_err(unkept)? else { return Ok(None) };
        // Tokens of a form nobody knows any more are as good as none: the account signs in again.
        let Ok(kept) = serde_json::from_slice::<Kept>(&bytes) else { return Ok(None) };
        Ok(Some(Tokens {
            access: kept.access.into(),
            access_until: kept.access_until,
            refresh: kept.refresh.map(SecretString::from),
            refresh_until: kept.refresh_until,
            scope: kept.scope,
        }))
    }

    async fn save(&self, tokens: &Tokens) -> Result<(), ProviderError> {
        let kept = Kept {
            access: tokens.access.expose_secret().to_owned(),
            access_until: tokens.access_until,
            refresh: tokens.refresh.as_ref().map(|refresh| refresh.expose_secret().to_owned()),
            refresh_until: tokens.refresh_until,
            scope: tokens.scope.clone(),
        };
        let bytes = serde_json::to_vec(&kept).map_err(|error| unkept(error.to_string()))?;
        let (vault, name) = (Arc::clone(&self.vault), self.name.clone());
        let saved = tokio::task::spawn_blocking(move || vault.save(&name, &bytes)).await;
        saved.map_err(|error| unkept(error.to_string()))?.map_err(unkept)
    }
}

fn unkept(why: impl std::fmt::Display) -> ProviderError {
    let message = format!("The account's tokens could not be kept: {why}");
    ProviderError { message, disposition: Disposition::Retry { after: None } }
}
