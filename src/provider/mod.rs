//! Where recordings come from: trait [`Provider`] and one folder a vendor, all the same shape.
//!
//! A provider only reads its source. It never writes the store: `discover` and `pipeline` do, with what it returns.

pub mod client;
pub mod folder;
pub mod oauth;
mod pages;
pub mod reach;
pub mod ringcentral;
pub mod twilio;
pub mod upload;
pub mod webex;
mod webhook;

use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Url;
use serde::Serialize;
use serde_json::Value;

use crate::call::{AccountName, CallFacts, Disposition, ProviderKind, Transcript};
use crate::config::AccountConfig;

pub use pages::Pages;
pub use webhook::{Delivery, Received, WebhookAnswer};

/// A recording as a listing shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The provider's id; for a folder the SHA-256 of the bytes in hexadecimal.
    pub remote_id: String,
    /// Where the provider finds it again (a URL, a path); kept with the recording's metadata under `source`.
    pub locator: String,
    /// What the listing already tells.
    pub call: CallFacts,
    /// Something happened to it since the last look (it came, moved, or is back), so that what was given up is worth
    /// another try. False where a listing shows what it showed before.
    pub returned: bool,
}

/// A file or entry that cannot be taken in, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it is.
    pub locator: String,
    /// What is wrong and what to do, as a sentence.
    pub reason: String,
}

/// What one look at the source found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovery {
    /// Recordings, known ones included: the store tells which are new.
    pub listed: Vec<Listed>,
    /// What cannot be taken in.
    pub refused: Vec<Refused>,
    /// Entries seen that are not ready yet (still being written).
    pub unsettled: usize,
    /// Locators refused earlier that are no longer there: they leave the quarantine.
    pub cleared: Vec<String>,
    /// There is more to be had at once: look again without waiting. Keeps one look, and its transaction, short.
    pub more: bool,
    /// Where the next look starts; opaque to everybody else. Absent leaves it where it was.
    pub cursor: Option<String>,
}

/// A place at which the store knows a recording of this source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPlace {
    /// Where it is.
    pub locator: String,
    /// The provider's id of what was found there.
    pub remote_id: String,
    /// Its size, once it was downloaded.
    pub size_bytes: Option<u64>,
}

/// Something went wrong at the source.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// A sentence that names the thing and the mend.
    pub message: String,
    /// What the caller should do.
    pub disposition: Disposition,
}

impl ProviderError {
    /// An error with what follows from it.
    pub fn new(message: impl Into<String>, disposition: Disposition) -> Self {
        Self { message: message.into(), disposition }
    }
}

/// What the provider itself makes of a call: a second opinion, and the transcript when ours cannot be had.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Its transcript, with [`TranscriptSource::Provider`](crate::call::TranscriptSource) and the provider's name as
    /// model; absent when it only has insights.
    pub transcript: Option<Transcript>,
    /// Everything else it says of the call (summary, sentiment, next steps, …), whole.
    pub insights: Value,
    /// More may come later.
    pub more: bool,
}

/// How an account stands at its provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Access {
    /// Its host answers.
    pub is_reachable: bool,
    /// It takes the account's credentials.
    pub is_signed_in: bool,
    /// Scopes and permissions that are missing for what the configuration asks.
    pub missing: Vec<String>,
    /// Recordings of the last week that it shows, where it can be told; `at_least` when there may be more.
    pub visible: Option<Visible>,
    /// What is wrong and what to do, as sentences; empty when all is well.
    pub advice: Vec<String>,
}

/// A count that may not be the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Visible {
    /// How many were seen.
    pub count: usize,
    /// There are more.
    pub at_least: bool,
}

/// A recording that was begun by us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    /// The provider's id of the recording; empty when it named none.
    pub remote_id: String,
    /// Its state, in the provider's words.
    pub state: String,
}

/// What came of the wish to record a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It is being recorded.
    Begun(Started),
    /// The provider was asked and its answer lost; why, as a sentence.
    Unclear(String),
}

/// One account at one source.
pub trait Provider: Send + Sync {
    /// Which vendor.
    fn kind(&self) -> ProviderKind;

    /// Which account.
    fn account(&self) -> &AccountName;

    /// Told before the first look, in as many pieces as the caller likes: the places the store knows, and the locators in
    /// quarantine. A source that reads content to know it need not read all of it again after a restart.
    fn recall(&self, _known: &[KnownPlace], _quarantined: &[String]) {}

    /// Whether [`Provider::recall`] makes use of the places; there may be as many as recordings.
    fn recalls_places(&self) -> bool {
        false
    }

    /// Whether a place is this source's at all. One that is not can neither be read nor be missing: an archive imported
    /// from another folder under the same name.
    fn reaches(&self, _locator: &str) -> bool {
        true
    }

    /// Looks for recordings from `cursor` on.
    fn discover(&self, cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>>;

    /// Lists what was recorded since `since`, at most `limit`, wherever the cursor stands. By hand; a source that is
    /// always walked whole looks as usual.
    fn look_back(&self, _since: Timestamp, _limit: usize) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        self.discover(None)
    }

    /// The recording and its call.
    fn details<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<CallFacts, ProviderError>>;

    /// Everything else the source knows, whole.
    fn metadata<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>>;

    /// Writes the audio's bytes to `into`, a fresh temporary file, at most `bytes_max` of them.
    fn download<'a>(
        &'a self,
        remote_id: &'a str,
        locator: &'a str,
        into: &'a Path,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// An address, good for a short while and without a sign-in, at which a person hears the audio; `None` where the
    /// source has no such thing.
    fn audio_link<'a>(&'a self, _remote_id: &'a str) -> BoxFuture<'a, Result<Option<Url>, ProviderError>> {
        async { Ok(None) }.boxed()
    }

    /// Told once the audio is kept for good: what is held for that alone may go.
    fn taken<'a>(&'a self, _remote_id: &'a str) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }

    /// The provider's own transcript and insights. `None` when it has none for this recording and will have none;
    /// [`Disposition::Wait`] when they may still come.
    fn opinion<'a>(
        &'a self,
        _remote_id: &'a str,
        _locator: &'a str,
    ) -> BoxFuture<'a, Result<Option<Opinion>, ProviderError>> {
        async { Ok(None) }.boxed()
    }

    /// Deletes the provider's copy, in the form it has for that. Done already is done.
    fn remove<'a>(&'a self, _remote_id: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        let message = format!("Recordings of provider {} cannot be removed at their source from here.", self.kind());
        async { Err(ProviderError::new(message, Disposition::Reject)) }.boxed()
    }

    /// Where a person signs the account in, with the state and the PKCE challenge (RFC 7636, S256) to be brought back;
    /// `None` where the account signs in by itself.
    fn sign_in_url(&self, _state: &str, _challenge: &str) -> Option<String> {
        None
    }

    /// Trades what the person brought back for tokens, and keeps them.
    fn complete_sign_in<'a>(&'a self, _code: &'a str, _verifier: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        let message = "This account signs in by itself.";
        async move { Err(ProviderError::new(message, Disposition::Reject)) }.boxed()
    }

    /// How the account stands. Never fails: what is wrong is in the answer.
    fn access(&self) -> BoxFuture<'_, Access> {
        async { Access { is_reachable: true, is_signed_in: true, ..Access::default() } }.boxed()
    }

    /// Keeps alive what brings us news: subscriptions and webhooks at the provider. Asked now and then.
    fn tend(&self) -> BoxFuture<'_, Result<(), ProviderError>> {
        async { Ok(()) }.boxed()
    }

    /// Reads what was delivered to our door; decides from its signature whether it is believed. Sends nothing: a delivery
    /// is answered within milliseconds.
    fn receive(&self, _delivery: &Delivery<'_>) -> Received {
        Received::refused("This account takes no deliveries.")
    }

    /// What names the call in all that [`Provider::record`] takes: one call is begun to be recorded once.
    fn call_key<'a>(&self, call_id: &'a str) -> &'a str {
        call_id
    }

    /// Begins to record a running call, both sides apart. [`Disposition::Absent`] when the call is over. An error means
    /// that nothing was begun.
    fn record<'a>(&'a self, _call_id: &'a str) -> BoxFuture<'a, Result<Start, ProviderError>> {
        let message = format!("Calls of provider {} cannot be recorded from here.", self.kind());
        async { Err(ProviderError::new(message, Disposition::Reject)) }.boxed()
    }
}

/// What every account at a provider leans on beside its own configuration.
#[derive(Clone)]
pub struct AccountContext {
    /// Tells when tokens end and where a look ends.
    pub clock: std::sync::Arc<dyn crate::clock::Clock>,
    /// Keeps tokens.
    pub vault: std::sync::Arc<dyn oauth::Vault>,
    /// Where providers reach us, if they do: `https://calls.example.com`.
    pub public_url: Option<String>,
    /// Where a browser on this machine reaches us: `http://localhost:8377`.
    pub local_url: String,
    /// How long is waited for what.
    pub timing: client::Timing,
}

/// The provider of one configured account; asks nothing yet.
///
/// # Errors
///
/// When the account cannot be used as it is configured, as a sentence.
pub fn connect(config: &AccountConfig, context: AccountContext) -> Result<std::sync::Arc<dyn Provider>, ProviderError> {
    Ok(match config.kind() {
        ProviderKind::Twilio => std::sync::Arc::new(twilio::TwilioProvider::new(config, context)?),
        ProviderKind::RingCentral => std::sync::Arc::new(ringcentral::RingCentralProvider::new(config, context)?),
        ProviderKind::Webex => std::sync::Arc::new(webex::WebexProvider::new(config, context)?),
        ProviderKind::Folder | ProviderKind::Upload => {
            return Err(ProviderError::new("Folders and uploads are no accounts at a provider.", Disposition::Fatal));
        }
    })
}
