//! `[[notify]]`: sinks that are told of finished recordings.

use secrecy::SecretString;

use super::accounts::{Reading, address};
use super::secrets::{account_secret, checked};
use crate::call::{AccountName, ProviderKind};

/// Entries in a list.
const ENTRIES_MAX: usize = 10;

/// One sink.
#[derive(Debug, Clone)]
pub struct NotifyConfig {
    /// The operator's name for it.
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// Signs them.
    pub secret: SecretString,
    /// Which events: `completed`, `failed`, `partial`, `category_matched`.
    pub events: Vec<String>,
    /// Of this provider only.
    pub provider: Option<ProviderKind>,
    /// Of this account only.
    pub account: Option<AccountName>,
    /// It may lie inside this network or on this machine, and without TLS.
    pub allow_private_addresses: bool,
    /// Events carry the words of the call.
    pub include_transcript: bool,
}

/// `None` when something it cannot do without is missing or wrong; that is recorded.
pub(super) fn sink(reading: &Reading<'_>) -> Option<NotifyConfig> {
    let section = reading.section;
    for key in ["name", "url"].into_iter().filter(|key| !section.has(key)) {
        section.problem(key, format!("Every sink needs a {key}."));
    }
    let name = section.parsed("name", "crm", str::parse::<AccountName>);
    let url = section.parsed("url", "https://crm.example.com/calls", address);
    let secret = account_secret("secret", name.as_ref(), reading);
    let mut events = section.list("events", "completed", ENTRIES_MAX, event);
    if events.is_empty() && !section.has("events") {
        events = EVENTS.map(str::to_owned).to_vec();
    }
    let provider = section.parsed("provider", "twilio", str::parse::<ProviderKind>);
    let account = section.parsed("account", "main", str::parse::<AccountName>);
    let allow_private_addresses = section.flag("allow_private_addresses", false);
    let include_transcript = section.flag("include_transcript", true);
    section.finish(|key| {
        matches!(key, "secret" | "token" | "password").then(|| {
            "Secrets do not belong in this file. Put it into a file of its own and name that in secret_file.".to_owned()
        })
    });
    if name.is_some() && secret.is_none() && !section.has("secret_file") {
        section
            .problem("secret_file", "Events are signed: every sink needs secret_file, or its credential or variable.");
    }
    let is_plain = url.as_ref().is_some_and(|url| url.starts_with("http://"));
    if is_plain && !allow_private_addresses {
        section
            .problem("url", "Events go out by TLS: the address begins with https://, or set allow_private_addresses.");
    }
    let secret = checked(secrecy::ExposeSecret::expose_secret(&secret?));
    let secret = secret.map_err(|message| section.problem("secret_file", message)).ok()?;
    let name = name?.to_string();
    Some(NotifyConfig {
        name,
        url: url?,
        secret,
        events,
        provider,
        account,
        allow_private_addresses,
        include_transcript,
    })
}

/// What can be told.
const EVENTS: [&str; 4] = ["completed", "failed", "partial", "category_matched"];

fn event(text: &str) -> Result<String, String> {
    let known = EVENTS.contains(&text);
    known
        .then(|| text.to_owned())
        .ok_or_else(|| format!("'{text}' is none of {}.", EVENTS.map(|name| format!("\"{name}\"")).join(", ")))
}
