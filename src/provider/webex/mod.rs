//! Webex Calling: one account's converged recordings, by its REST API.
//!
//! Data comes from `webexapis.com` (lists, details, metadata) and from the download hosts that the details name (audio,
//! transcripts, notes); nothing of a call is ever sent there. Tokens go to the API's own host alone. Links are asked
//! for anew each time and never stored. Facts are those of the provider's fact sheet; what it marks as unverified is
//! read tolerantly.

mod access;
mod actions;
mod api;
mod cursor;
mod facts;
mod links;
mod list;
mod opinion;
mod sign_in;
mod tend;
mod vtt;
mod webhook;
mod wire;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::Value;

use super::client::Traffic;
use super::{Access, AccountContext, Delivery, Discovery, Opinion, Provider, ProviderError, Received, Start};
use crate::call::{AccountName, CallFacts, Disposition, ProviderKind};
use crate::clock::Clock;
use crate::config::{AccountConfig, VendorConfig, WebexConfig};
use api::Api;
use list::PageSize;
use sign_in::{AppGrant, Wishes};

/// So long after a delivery told of it, a recording that is not found is waited for.
const FRESH: SignedDuration = SignedDuration::from_mins(15);
/// Recordings remembered as fresh.
const FRESH_MAX: usize = 10_000;

/// One account at Webex.
pub struct WebexProvider {
    config: AccountConfig,
    webex: WebexConfig,
    api: Api,
    clock: Arc<dyn Clock>,
    public_url: Option<String>,
    page_size: PageSize,
    /// Recordings that deliveries told of, and when.
    fresh: Mutex<HashMap<String, Timestamp>>,
}

impl WebexProvider {
    /// Sends nothing yet.
    ///
    /// # Errors
    ///
    /// [`Disposition::Fatal`] when the configuration is another vendor's, its base address is none, or this system has
    /// no certificates.
    pub fn new(config: &AccountConfig, context: AccountContext) -> Result<Self, ProviderError> {
        let VendorConfig::Webex(webex) = config.vendor.clone() else {
            let message = format!("Account {} is not one of Webex.", config.name);
            return Err(ProviderError::new(message, Disposition::Fatal));
        };
        let wishes = Wishes { webhooks: config.webhooks, record_calls: config.record_calls };
        let scopes = sign_in::scopes(webex.reach, wishes);
        let make_grant = |client, base| {
            let clock = Arc::clone(&context.clock);
            let door = context.public_url.as_ref().unwrap_or(&context.local_url);
            AppGrant::new(config.name.clone(), &webex, scopes, clock, door, (client, base))
        };
        let api = Api::new(config, &context, make_grant, webex.reach)?;
        let AccountContext { clock, public_url, .. } = context;
        let (page_size, fresh) = (PageSize::default(), Mutex::default());
        Ok(Self { config: config.clone(), webex, api, clock, public_url, page_size, fresh })
    }

    /// Has the browser come back to another address than `PUBLIC_URL/auth/callback`, such as one on this machine. The
    /// integration must name it as a redirect URI.
    #[must_use]
    pub fn redirecting_to(mut self, redirect_uri: impl Into<String>) -> Self {
        self.api.grant.redirecting_to(redirect_uri.into());
        self
    }

    /// Where the browser comes back to after consent.
    pub fn redirect_uri(&self) -> &str {
        self.api.grant.redirect_uri()
    }

    /// The page on which a person consents. `state` comes back with the browser; `challenge` is the SHA-256 of the
    /// verifier in unpadded base64url (PKCE, S256).
    ///
    /// # Errors
    ///
    /// [`Disposition::Reject`] for a service app, to which nobody signs in.
    pub fn authorize_url(&self, state: &str, challenge: &str) -> Result<String, ProviderError> {
        self.api.grant.authorize_url(state, challenge)
    }

    /// Gets tokens for the code that came back with the browser, and keeps them.
    ///
    /// # Errors
    ///
    /// [`Disposition::Park`] when Webex refuses the code; the sentence says what to do.
    pub async fn complete_sign_in(&self, code: &str, verifier: &str) -> Result<(), ProviderError> {
        let tokens = self.api.grant.redeem(code, verifier).await?;
        self.api.keeper.put(tokens).await
    }

    /// Where data has gone.
    pub const fn traffic(&self) -> &Traffic {
        self.api.client.traffic()
    }

    /// What the operator says of the channels wins; Webex's own audio is mixed.
    fn with_channels(&self, facts: CallFacts) -> CallFacts {
        CallFacts { channel_parties: self.config.channels.clone(), ..facts }
    }

    fn note_fresh(&self, id: &str) {
        let now = self.clock.now();
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh.len() >= FRESH_MAX {
            fresh.retain(|_, heard| now.duration_since(*heard) < FRESH);
        }
        if fresh.len() < FRESH_MAX {
            fresh.insert(id.to_owned(), now);
        }
    }

    fn is_fresh(&self, id: &str) -> bool {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.get(id).is_some_and(|heard| self.clock.now().duration_since(*heard) < FRESH)
    }
}

impl Provider for WebexProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Webex
    }

    fn account(&self) -> &AccountName {
        &self.config.name
    }

    fn discover(&self, cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        async move { self.look(cursor.as_deref()).await }.boxed()
    }

    fn look_back(&self, since: Timestamp, limit: usize) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        self.look_since(since, limit).boxed()
    }

    fn details<'a>(&'a self, remote_id: &'a str, _locator: &'a str) -> BoxFuture<'a, Result<CallFacts, ProviderError>> {
        self.facts(remote_id).boxed()
    }

    fn metadata<'a>(&'a self, remote_id: &'a str, _locator: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>> {
        self.everything(remote_id).boxed()
    }

    fn download<'a>(
        &'a self,
        remote_id: &'a str,
        _locator: &'a str,
        into: &'a Path,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        self.fetch_audio(remote_id, into, bytes_max).boxed()
    }

    fn audio_link<'a>(&'a self, remote_id: &'a str) -> BoxFuture<'a, Result<Option<Url>, ProviderError>> {
        async move { self.link_to_hand_on(remote_id).await.map(Some) }.boxed()
    }

    fn opinion<'a>(
        &'a self,
        remote_id: &'a str,
        _locator: &'a str,
    ) -> BoxFuture<'a, Result<Option<Opinion>, ProviderError>> {
        self.second_opinion(remote_id).boxed()
    }

    fn remove<'a>(&'a self, remote_id: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        self.remove_recording(remote_id).boxed()
    }

    fn sign_in_url(&self, state: &str, challenge: &str) -> Option<String> {
        self.authorize_url(state, challenge).ok()
    }

    fn complete_sign_in<'a>(&'a self, code: &'a str, verifier: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(Self::complete_sign_in(self, code, verifier))
    }

    fn access(&self) -> BoxFuture<'_, Access> {
        self.look_over().boxed()
    }

    fn tend(&self) -> BoxFuture<'_, Result<(), ProviderError>> {
        self.keep_webhook().boxed()
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Received {
        self.read_delivery(delivery)
    }

    fn record<'a>(&'a self, call_id: &'a str) -> BoxFuture<'a, Result<Start, ProviderError>> {
        self.begin_recording(call_id).boxed()
    }
}
