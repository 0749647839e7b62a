//! Tokens from RingCentral: by the refresh token where there is one, else by the user's JWT credential (fact sheet,
//! section 1).

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::pace::Pace;
use super::sentence::{What, sentence};
use super::wire::text;
use crate::call::{AccountName, Disposition};
use crate::clock::Clock;
use crate::provider::ProviderError;
use crate::provider::client::{Auth, CallError, Client, Request};
use crate::provider::oauth::{Grant, Tokens};

const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Life of an access token that names none, in seconds: the documented default.
const ACCESS_S: u64 = 3600;
/// Longest life that is believed, in seconds: ten years.
const LIFE_S_MAX: u64 = 10 * 365 * 86_400;

/// Signs one account in.
pub struct SignIn {
    /// Which account.
    pub account: AccountName,
    /// Its client.
    pub client: Client,
    /// Where tokens are had.
    pub url: Url,
    /// Of the app.
    pub client_id: String,
    /// Of the app.
    pub client_secret: SecretString,
    /// The user's credential.
    pub jwt: SecretString,
    /// Tells when tokens end.
    pub clock: Arc<dyn Clock>,
    /// Five requests a minute.
    pub pace: Arc<Pace>,
}

impl SignIn {
    async fn ask(&self, grant: &str, name: &str, credential: &SecretString) -> Result<Value, CallError> {
        let auth = Auth::Basic { user: self.client_id.clone(), secret: self.client_secret.clone() };
        let request = Request::new(Method::POST, self.url.clone())
            .auth(auth)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .form([("grant_type", grant), (name, credential.expose_secret())])
            .paced(self.pace.clone());
        self.client.send(request).await?.json()
    }

    async fn get(&self, refresh: Option<&SecretString>) -> Result<Tokens, ProviderError> {
        let failed = |error: &CallError| sentence(&self.account, What::SignIn, error);
        if let Some(refresh) = refresh {
            match self.ask("refresh_token", "refresh_token", refresh).await {
                Ok(answer) => return self.tokens(&answer),
                // Used up, run out or ended by somebody: the credential itself still stands.
                Err(CallError::Refused(refusal)) if matches!(refusal.status, 400 | 401) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        let answer = self.ask(JWT_GRANT, "assertion", &self.jwt).await.map_err(|error| failed(&error))?;
        self.tokens(&answer)
    }

    fn tokens(&self, answer: &Value) -> Result<Tokens, ProviderError> {
        let Some(access) = text(answer, "access_token") else {
            let message = format!("RingCentral's answer to the sign-in of account '{}' holds no token.", self.account);
            return Err(ProviderError { message, disposition: Disposition::Retry { after: None } });
        };
        let until = |name: &str| {
            let seconds = text(answer, name)?.parse::<f64>().ok()? as u64;
            Some(self.after(seconds.min(LIFE_S_MAX)))
        };
        Ok(Tokens {
            access: access.into(),
            access_until: until("expires_in").unwrap_or_else(|| self.after(ACCESS_S)),
            // Only where the app is set to "Issue refresh tokens".
            refresh: text(answer, "refresh_token").map(SecretString::from),
            refresh_until: until("refresh_token_expires_in"),
            scope: text(answer, "scope"),
        })
    }

    fn after(&self, seconds: u64) -> Timestamp {
        self.clock.now().checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }
}

impl Grant for SignIn {
    fn tokens<'a>(&'a self, refresh: Option<&'a SecretString>) -> BoxFuture<'a, Result<Tokens, ProviderError>> {
        self.get(refresh).boxed()
    }
}
