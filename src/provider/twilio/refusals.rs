//! What a refusal of Twilio's means: one sentence that names the account, Twilio's own code and words, and the mend.
//!
//! Never shows a secret, the query of an address or a telephone number, whatever Twilio wrote. Fact sheet, section 9.

use std::sync::LazyLock;

use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

use super::wire;
use crate::call::{AccountName, Disposition};
use crate::config::{AccountConfig, TwilioConfig};
use crate::provider::ProviderError;
use crate::provider::client::{CallError, Refusal};

/// The call is not in progress (section 6).
pub(super) const CALL_IS_OVER: u64 = 21220;
/// Longest that Twilio is quoted.
const QUOTE_CHARS_MAX: usize = 160;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// A page of recordings.
    List,
    /// One recording.
    Recording,
    /// One call, or its legs.
    Call,
    /// Audio at Twilio.
    Audio,
    /// Audio in storage of the customer's.
    Storage,
    /// Transcripts and insights.
    Transcript,
    /// Removal of a recording.
    Removal,
    /// The start of a recording.
    Start,
}

impl Ask {
    const fn what(self) -> &'static str {
        match self {
            Self::List => "the list of recordings",
            Self::Recording => "a recording",
            Self::Call => "a call",
            Self::Audio => "a recording's audio",
            Self::Storage => "a recording's audio in external storage",
            Self::Transcript => "a recording's transcript",
            Self::Removal => "the removal of a recording",
            Self::Start => "the start of a recording",
        }
    }
}

/// Turns refusals into sentences, for one account.
pub(super) struct Refusals {
    account: AccountName,
    /// Never quoted.
    secrets: Vec<SecretString>,
}

impl Refusals {
    pub(super) fn of(config: &AccountConfig, twilio: &TwilioConfig) -> Self {
        let secrets = [&twilio.auth_token, &twilio.api_key_secret].into_iter().flatten().cloned().collect();
        Self { account: config.name.clone(), secrets }
    }

    /// The configuration cannot work.
    pub(super) fn misconfigured(&self, why: &str) -> ProviderError {
        let message =
            format!("Account {} at Twilio cannot be reached: {why}. Correct it in the configuration.", self.account);
        ProviderError::new(message, Disposition::Park)
    }

    /// An error with the account's name before it.
    pub(super) fn say(&self, what: &str, disposition: Disposition) -> ProviderError {
        ProviderError::new(format!("Account {} at Twilio: {what}", self.account), disposition)
    }

    /// What became of `ask`.
    pub(super) fn sentence(&self, ask: Ask, error: &CallError) -> ProviderError {
        let CallError::Refused(refusal) = error else {
            let mend = match error {
                CallError::ForeignHost { .. } => " If audio may come from there, name the host in media_hosts.",
                _ => "",
            };
            let message = format!("Account {} at Twilio did not get {}: {error}{mend}", self.account, ask.what());
            return ProviderError::new(message, error.disposition());
        };
        let told = wire::told(&refusal.body);
        let code = told.code.map(|code| format!(", code {code}")).unwrap_or_default();
        let message = told.message.map(|message| self.quote(&message)).filter(|quoted| !quoted.is_empty());
        let message = message.map(|message| format!(" ({message})")).unwrap_or_default();
        let who = if ask == Ask::Storage { refusal.host.as_str() } else { "Twilio" };
        let text = format!(
            "Account {} at Twilio: {who} refused {} with status {}{code}{message}. {}",
            self.account,
            ask.what(),
            refusal.status,
            mend(ask, refusal, told.code)
        );
        ProviderError::new(text, disposition(ask, refusal, told.code).unwrap_or_else(|| error.disposition()))
    }

    /// Twilio's words on one line, without what nobody should see.
    fn quote(&self, message: &str) -> String {
        let mut message: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        for secret in &self.secrets {
            message = message.replace(secret.expose_secret(), "…");
        }
        // Queries hold keys, runs of digits are telephone numbers; digits inside a SID have letters beside them.
        static HIDDEN: LazyLock<[Option<Regex>; 2]> =
            LazyLock::new(|| [Regex::new(r"\?[^\s]*=[^\s]*").ok(), Regex::new(r"[+(]?\b\d[\d\s().-]{5,}\d\b").ok()]);
        for hidden in HIDDEN.iter().flatten() {
            message = hidden.replace_all(&message, "…").into_owned();
        }
        let message = message.trim().trim_end_matches('.');
        message.chars().take(QUOTE_CHARS_MAX).collect()
    }
}

/// What follows, where it is not what the status says everywhere.
fn disposition(ask: Ask, refusal: &Refusal, code: Option<u64>) -> Option<Disposition> {
    match (ask, refusal.status) {
        // The account itself is not there.
        (Ask::List, 404 | 410) => Some(Disposition::Park),
        // Not ready yet; that it is gone is found out by asking for the recording.
        (Ask::Audio | Ask::Storage, 404) => Some(Disposition::Wait { after: refusal.retry_after }),
        // One recording in a store of its own stops no account.
        (Ask::Storage, 401 | 403) => Some(Disposition::Reject),
        (Ask::Start, 400) if code == Some(CALL_IS_OVER) => Some(Disposition::Absent),
        _ => None,
    }
}

fn mend(ask: Ask, refusal: &Refusal, code: Option<u64>) -> &'static str {
    match (ask, refusal.status) {
        (Ask::Storage, 401 | 403) => {
            "callscribe has no key to that storage; let this machine read it, or take the files in through a folder."
        }
        (_, 401) => {
            "Check account_sid with auth_token_file, or api_key_sid with api_key_secret_file; credentials belong to one \
             region, so region and edge must be theirs."
        }
        (Ask::Transcript, 403) => {
            "Give the API key the permission for Voice Intelligence in the Twilio console, or set transcripts = false."
        }
        (_, 403) => {
            "Give the API key the permission for it in the Twilio console, and see there that the account is active."
        }
        (Ask::List, 404 | 410) => "There is no such account in this region; check account_sid, region and edge.",
        (Ask::Audio | Ask::Storage, 404) => "It is not ready yet and is asked for again.",
        (Ask::Start, 404) => "Twilio does not know the call.",
        (_, 404 | 410) => "It is not there any more.",
        (Ask::Start, 400) if code == Some(CALL_IS_OVER) => "The call is not in progress, so it cannot be recorded.",
        (Ask::Removal, 400) => "Only finished recordings can be removed; try again after the call.",
        (_, 429) => "Too much was asked at once; it is asked again later.",
        (_, 408 | 409 | 423 | 425 | 428 | 500..=599) => "It is asked again later.",
        _ => "The request itself is not taken; see Twilio's page on the code.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_twilio_says_is_quoted_without_secrets_numbers_and_queries() {
        let refusals =
            Refusals { account: "main".parse().unwrap(), secrets: vec![SecretString::from("t0ken-of-mine")] };
        let quoted = refusals.quote(
            "Bad\nt0ken-of-mine for +1 (415) 555-0123 and +442079460000 at \
             https://x.example/RE5f0c2d8e7b6a49318273645546372819.wav?X-Key=abc.",
        );
        assert_eq!(quoted, "Bad … for … and … at https://x.example/RE5f0c2d8e7b6a49318273645546372819.wav…");
        assert!(refusals.quote(&"é".repeat(1000)).chars().count() <= QUOTE_CHARS_MAX);
    }
}
