//! Accounts that a person signs in: what was handed out, and who may come back with it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::{DiscoverError, Discoverer};
use crate::call::{AccountName, Disposition};
use crate::provider::ProviderError;

/// How long a person may take at the provider.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// Sign-ins under way at once; an older one gives way.
const PENDING_MAX: usize = 16;

/// Sign-ins under way.
#[derive(Debug, Default)]
pub struct SignIns(Mutex<HashMap<String, Pending>>);

#[derive(Debug)]
struct Pending {
    account: AccountName,
    verifier: String,
    until: Instant,
}

impl SignIns {
    /// The address at which a person signs `account` in.
    ///
    /// # Errors
    ///
    /// [`DiscoverError::NoSuchAccount`]; [`Disposition::Reject`] for an account that signs in by itself.
    pub fn begin(&self, discoverer: &Discoverer, account: &AccountName) -> Result<String, DiscoverError> {
        let accounts = discoverer.0.iter().filter(|watched| watched.name() == account);
        let (state, verifier) = (secret()?, secret()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut is_known = false;
        for watched in accounts {
            is_known = true;
            if let Some(url) = watched.provider().sign_in_url(&state, &challenge) {
                let until = Instant::now() + GOOD_FOR;
                self.keep(state, Pending { account: account.clone(), verifier, until });
                return Ok(url);
            }
        }
        if !is_known {
            return Err(DiscoverError::NoSuchAccount(account.clone()));
        }
        Err(ProviderError::new(format!("The account {account} signs in by itself."), Disposition::Reject).into())
    }

    fn keep(&self, state: String, pending: Pending) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, pending| pending.until > Instant::now());
        let oldest = all.iter().min_by_key(|(_, pending)| pending.until).map(|(state, _)| state.clone());
        if let Some(oldest) = oldest.filter(|_| all.len() >= PENDING_MAX) {
            all.remove(&oldest);
        }
        all.insert(state, pending);
    }

    /// Takes a person back: the state is good once.
    ///
    /// # Errors
    ///
    /// [`Disposition::Reject`] for a state nobody handed out or that is too old; what the provider says.
    pub async fn complete(
        &self,
        discoverer: &Discoverer,
        state: &str,
        code: &str,
    ) -> Result<AccountName, DiscoverError> {
        let pending = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
        let unknown = "This sign-in was not begun here, or took too long; run `callscribe login` again.";
        let pending = pending
            .filter(|pending| pending.until > Instant::now())
            .ok_or_else(|| ProviderError::new(unknown, Disposition::Reject))?;
        for watched in discoverer.0.iter().filter(|watched| *watched.name() == pending.account) {
            if watched.provider().sign_in_url("", "").is_some() {
                watched.provider().complete_sign_in(code, &pending.verifier).await?;
                watched.nudges.mend();
                return Ok(pending.account);
            }
        }
        Err(DiscoverError::NoSuchAccount(pending.account))
    }
}

/// 32 random bytes, as they may stand in an address.
fn secret() -> Result<String, ProviderError> {
    let mut bytes = [0; 32];
    let failed = |_| ProviderError::new("The system has no random numbers.", Disposition::Retry { after: None });
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
