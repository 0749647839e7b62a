//! RingCentral (RingEX): recordings of the call log of a company or of extensions.
//!
//! Data comes from the API (call log, RingSense's insights) and from the media host (audio), and goes nowhere: what is
//! sent is credentials, questions, and, when asked, the wish to remove or begin a recording. It never downloads from a
//! host that is not configured, never shows its bearer to one, and never asks faster than RingCentral allows.
//!
//! | file | what |
//! |---|---|
//! | `api`, `sign_in`, `pace`, `sentence` | calls, tokens, rates, refusals in sentences |
//! | `list`, `place`, `records` | discovery, locators, what was listed and need not be asked for again |
//! | `facts`, `wire` | from the call log's JSON to what is known of a call |
//! | `opinion` | RingSense's transcript and insights |
//! | `webhook`, `subscription` | deliveries, and what keeps them coming |
//! | `access`, `actions` | how the account stands; removing, beginning to record |

mod access;
mod actions;
mod api;
mod facts;
mod list;
mod opinion;
mod pace;
mod place;
mod records;
mod sentence;
mod sign_in;
mod subscription;
mod webhook;
mod wire;

use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Access, AccountContext, Delivery, Discovery, KnownPlace, Opinion, Provider, ProviderError, Received, Start,
};
use crate::call::{AccountName, CallFacts, Disposition, ProviderKind};
use crate::config::{AccountConfig, VendorConfig};
use api::{Api, Ask, Group};
use list::Listing;
use place::Place;
use records::Records;
use sentence::What;

/// One account at RingCentral.
pub struct RingCentralProvider {
    config: AccountConfig,
    public_url: Option<String>,
    api: Api,
    listing: Listing,
    records: Records,
}

impl RingCentralProvider {
    /// Sends nothing yet.
    ///
    /// # Errors
    ///
    /// [`Disposition::Fatal`] when the account cannot be used as it is configured.
    pub fn new(config: &AccountConfig, context: AccountContext) -> Result<Self, ProviderError> {
        let api = Api::new(config, &context)?;
        let (listing, records) = (Listing::new(config), Records::default());
        Ok(Self { config: config.clone(), public_url: context.public_url, api, listing, records })
    }

    /// The call log's record, as it was listed or as it is now.
    async fn known_record(&self, remote_id: &str, place: &Place) -> Result<Value, ProviderError> {
        match self.records.get(remote_id) {
            Some(record) => Ok(record),
            None => {
                let record = self.record_now(place).await?;
                self.records.keep([remote_id.to_owned()], &record);
                Ok(record)
            }
        }
    }

    async fn record_now(&self, place: &Place) -> Result<Value, ProviderError> {
        let Some(call) = &place.call else { return Err(self.gone("was listed without its call")) };
        let log = place.extension.as_ref().map(|extension| format!("extension/{extension}/")).unwrap_or_default();
        let mut url = self.api.url(&format!("restapi/v1.0/account/~/{log}call-log/{call}"));
        url.set_query(Some("view=Detailed"));
        self.api.json(Ask::get(What::Details, Group::Heavy, url)).await
    }

    async fn facts(&self, remote_id: &str, locator: &str) -> Result<CallFacts, ProviderError> {
        let record = self.known_record(remote_id, &Place::parse(locator)).await?;
        let recorded = facts::recording(&record, remote_id);
        let recorded = recorded.ok_or_else(|| self.gone("is not in its call's record any more"))?;
        Ok(facts::call(&record, recorded, &self.config.channels))
    }

    /// Metadata are the last to be asked for: the record need not be kept longer.
    async fn whole(&self, remote_id: &str, locator: &str) -> Result<Value, ProviderError> {
        let record = self.known_record(remote_id, &Place::parse(locator)).await?;
        self.records.forget(remote_id);
        let recording = facts::recording(&record, remote_id).map(|recorded| recorded.recording.clone());
        Ok(json!({ "recording": recording, "call": record }))
    }

    async fn audio(&self, remote_id: &str, locator: &str, into: &Path, bytes_max: u64) -> Result<(), ProviderError> {
        let place = Place::parse(locator);
        let url = place.content.clone().unwrap_or_else(|| self.api.content_url(remote_id));
        match self.api.download(url, into, bytes_max).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.status() == Some(404) => Err(self.without_audio(remote_id, &place).await),
            Err(failure) => Err(self.api.explain(What::Audio, failure)),
        }
    }

    /// 404 means "deleted" as well as "not yet"; the call log tells which.
    async fn without_audio(&self, remote_id: &str, place: &Place) -> ProviderError {
        self.records.forget(remote_id);
        match self.record_now(place).await {
            Ok(record) if facts::recording(&record, remote_id).is_some() => {
                let message =
                    format!("RingCentral has not made the audio of account '{}' ready yet.", self.config.name);
                ProviderError { message, disposition: Disposition::Wait { after: None } }
            }
            Ok(_) => self.gone("was deleted there, or had become too old"),
            Err(error) => error,
        }
    }

    fn gone(&self, why: &str) -> ProviderError {
        let message = format!("The recording of the RingCentral account '{}' {why}.", self.config.name);
        ProviderError { message, disposition: Disposition::Absent }
    }
}

impl Provider for RingCentralProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::RingCentral
    }

    fn account(&self) -> &AccountName {
        &self.config.name
    }

    fn recall(&self, known: &[KnownPlace], quarantined: &[String]) {
        self.listing.recall(known, quarantined);
    }

    fn discover(&self, cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        self.listing.discover(&self.api, &self.records, cursor).boxed()
    }

    fn look_back(&self, since: Timestamp, limit: usize) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        self.listing.look_back(&self.api, &self.records, since, limit).boxed()
    }

    fn details<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<CallFacts, ProviderError>> {
        self.facts(remote_id, locator).boxed()
    }

    fn metadata<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>> {
        self.whole(remote_id, locator).boxed()
    }

    fn download<'a>(
        &'a self,
        remote_id: &'a str,
        locator: &'a str,
        into: &'a Path,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        self.audio(remote_id, locator, into, bytes_max).boxed()
    }

    fn opinion<'a>(
        &'a self,
        remote_id: &'a str,
        locator: &'a str,
    ) -> BoxFuture<'a, Result<Option<Opinion>, ProviderError>> {
        async move {
            match self.config.transcripts {
                true => opinion::opinion(&self.api, remote_id, &Place::parse(locator)).await,
                false => Ok(None),
            }
        }
        .boxed()
    }

    fn remove<'a>(&'a self, remote_id: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        actions::remove(&self.api, remote_id).boxed()
    }

    fn access(&self) -> BoxFuture<'_, Access> {
        access::access(&self.api, &self.listing, &self.config).boxed()
    }

    fn tend(&self) -> BoxFuture<'_, Result<(), ProviderError>> {
        async {
            match self.config.webhooks {
                true => subscription::tend(&self.api, &self.config, self.public_url.as_deref()).await,
                false => Ok(()),
            }
        }
        .boxed()
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Received {
        let secret = match &self.config.vendor {
            VendorConfig::RingCentral(vendor) if self.config.webhooks => vendor.verification_token.as_ref(),
            _ => return Received::refused("This account takes no deliveries."),
        };
        webhook::receive(delivery, secret, self.config.record_calls)
    }

    fn call_key<'a>(&self, call_id: &'a str) -> &'a str {
        call_id.split_once('/').map_or(call_id, |(session, _)| session)
    }

    fn record<'a>(&'a self, call_id: &'a str) -> BoxFuture<'a, Result<Start, ProviderError>> {
        actions::record(&self.api, call_id).boxed()
    }
}
