//! Twilio Programmable Voice: an account's recordings, their calls, and what Voice Intelligence makes of them.
//!
//! Recordings come from the account's own list, page by page, and from signed deliveries; facts from the recording and the
//! calls around it; audio from Twilio, or from storage of the customer's where `media_hosts` names it. Everything goes
//! back to the caller as values, audio to the file it names; nothing is kept here.
//!
//! Never orders a transcript, never changes a number or an application, never sends credentials to any host but the
//! API's. Begins and deletes recordings only when asked to. What Twilio promises, and what is only seen, is in the fact
//! sheet that the sections named in these files refer to.

mod access;
mod actions;
mod api;
mod audio;
mod facts;
mod list;
mod opinion;
mod refusals;
mod sentences;
mod webhook;
mod wire;

use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Access, AccountContext, Delivery, Discovery, Opinion, Provider, ProviderError, Received, Start};
use crate::call::{AccountName, CallFacts, Disposition, ProviderKind};
use crate::config::{AccountConfig, TwilioConfig, VendorConfig};
use api::Api;
use facts::Around;

/// One account at Twilio.
pub struct TwilioProvider {
    config: AccountConfig,
    twilio: TwilioConfig,
    context: AccountContext,
    api: Api,
}

impl TwilioProvider {
    /// An account as it is configured; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Disposition::Park`] when the configuration cannot work, with a sentence.
    pub fn new(config: &AccountConfig, context: AccountContext) -> Result<Self, ProviderError> {
        let VendorConfig::Twilio(twilio) = &config.vendor else {
            let message = format!("Account {} is none at Twilio.", config.name);
            return Err(ProviderError::new(message, Disposition::Park));
        };
        let api = Api::new(config, twilio, context.timing.clone())?;
        Ok(Self { config: config.clone(), twilio: twilio.clone(), context, api })
    }

    /// The recording's SID, from its id or from any address of it.
    fn sid(&self, remote_id: &str, locator: &str) -> Result<String, ProviderError> {
        let found = [remote_id, locator].into_iter().find_map(|text| wire::sid_in("RE", text));
        found.ok_or_else(|| {
            let what = "a recording's id is RE with 32 hexadecimal digits behind it, and this one's is not.";
            self.api.refusals.say(what, Disposition::Reject)
        })
    }

    /// A recording with the calls around it.
    async fn around(&self, recording: Value) -> Result<Around, ProviderError> {
        let mut around = Around { recording, ..Around::default() };
        let Some(call) = wire::sid("CA", &around.recording, "call_sid") else { return Ok(around) };
        around.call = self.api.call(&call).await?;
        if let Some(parent) = wire::sid("CA", &around.call, "parent_call_sid") {
            around.parent = self.api.call(&parent).await?;
        }
        around.legs = self.api.legs(&call).await?;
        Ok(around)
    }

    /// The recording and its call; not while it is still being made, for then half of it is missing.
    async fn facts_of(&self, sid: &str) -> Result<CallFacts, ProviderError> {
        let recording = self.api.recording(sid).await?;
        if wire::is_unfinished(&recording) {
            let wait = Disposition::Wait { after: None };
            return Err(self.api.refusals.say("the recording is not finished yet.", wait));
        }
        Ok(facts::whole(&self.config, &self.around(recording).await?))
    }

    async fn everything(&self, sid: &str) -> Result<Value, ProviderError> {
        let Around { recording, call, parent, legs } = self.around(self.api.recording(sid).await?).await?;
        Ok(json!({ "recording": recording, "call": call, "parent_call": parent, "legs": legs }))
    }
}

impl Provider for TwilioProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Twilio
    }

    fn account(&self) -> &AccountName {
        &self.config.name
    }

    fn discover(&self, cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        self.page_at(cursor).boxed()
    }

    fn look_back(&self, since: Timestamp, limit: usize) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        self.pages_since(since, limit).boxed()
    }

    fn details<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<CallFacts, ProviderError>> {
        async move { self.facts_of(&self.sid(remote_id, locator)?).await }.boxed()
    }

    fn metadata<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>> {
        async move { self.everything(&self.sid(remote_id, locator)?).await }.boxed()
    }

    fn download<'a>(
        &'a self,
        remote_id: &'a str,
        locator: &'a str,
        into: &'a Path,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        async move { self.fetch_audio(&self.sid(remote_id, locator)?, into, bytes_max).await }.boxed()
    }

    fn opinion<'a>(
        &'a self,
        remote_id: &'a str,
        locator: &'a str,
    ) -> BoxFuture<'a, Result<Option<Opinion>, ProviderError>> {
        async move {
            if !self.config.transcripts {
                return Ok(None);
            }
            self.opinion_of(&self.sid(remote_id, locator)?).await
        }
        .boxed()
    }

    fn remove<'a>(&'a self, remote_id: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        async move { self.delete(&self.sid(remote_id, "")?).await }.boxed()
    }

    fn access(&self) -> BoxFuture<'_, Access> {
        self.standing().boxed()
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Received {
        self.received(delivery)
    }

    fn record<'a>(&'a self, call_id: &'a str) -> BoxFuture<'a, Result<Start, ProviderError>> {
        self.begin(call_id).boxed()
    }
}
