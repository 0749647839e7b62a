//! From a refusal to one sentence that names the account, RingCentral's own error code and the mend, and to what follows
//! from it (fact sheet, section 8). Never shows a secret, a link or a telephone number, whatever RingCentral writes.

use serde_json::Value;

use super::wire::{list, text};
use crate::call::{AccountName, Disposition};
use crate::provider::ProviderError;
use crate::provider::client::{CallError, Refusal};

/// Longest text of RingCentral's that is repeated.
const TOLD_LENGTH_MAX: usize = 200;
/// Longer words are links or tokens.
const WORD_LENGTH_MAX: usize = 40;
/// So many digits in a row may be a telephone number.
const DIGITS_MAX: usize = 6;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Tokens.
    SignIn,
    /// A page of the call log.
    CallLog,
    /// One record of the call log.
    Details,
    /// Audio.
    Audio,
    /// What RingSense makes of a call.
    Insights,
    /// Removal of a recording.
    Removal,
    /// The beginning of a recording.
    Recording,
    /// Subscriptions.
    Subscription,
}

impl What {
    const fn cannot(self) -> &'static str {
        match self {
            Self::SignIn => "could not sign in",
            Self::CallLog => "could not read the call log",
            Self::Details => "could not read a record of the call log",
            Self::Audio => "could not download a recording",
            Self::Insights => "could not read RingSense's insights",
            Self::Removal => "could not remove a recording at RingCentral",
            Self::Recording => "could not begin to record a call",
            Self::Subscription => "could not subscribe to events",
        }
    }

    /// The permission each of them needs, where RingCentral does not name it (fact sheet, section 1).
    const fn permission(self) -> &'static str {
        match self {
            Self::SignIn => "to use the JWT auth flow",
            Self::CallLog | Self::Details => "ReadCallLog (and the user FullCompanyCallLog)",
            Self::Audio => "ReadCallRecording",
            Self::Insights => "RingSense (and the user ReadRingSenseInsights)",
            Self::Removal => "EditCallLog (and the user EditCompanyCallRecordings)",
            Self::Recording => "CallControl",
            Self::Subscription => "to subscribe to webhooks",
        }
    }
}

/// What RingCentral says of a refusal: its code, its words, the permission it misses.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// `CMN-401`, `OAU-146`, `invalid_grant`.
    pub code: Option<String>,
    /// Cleaned of whatever does not belong into a log.
    pub message: Option<String>,
    /// `ReadCallRecording`, `FullCompanyCallLog`, …
    pub permission: Option<String>,
}

/// Reads `{errorCode, message, errors: […], permissionName}` and the sign-in's `{error, error_description, errors: […]}`.
/// The codes in `errors` say more than the one on top.
pub fn told(refusal: &Refusal) -> Told {
    let body = refusal.json();
    let inner = list(&body, "errors").first().unwrap_or(&Value::Null);
    let first = |names: &[(&Value, &str)]| names.iter().find_map(|(value, name)| text(value, name));
    Told {
        code: first(&[(inner, "errorCode"), (&body, "errorCode"), (&body, "error")]).map(|code| clean(&code)),
        message: first(&[(inner, "message"), (&body, "message"), (&body, "error_description")])
            .map(|message| clean(&message)),
        permission: first(&[(inner, "permissionName"), (&body, "permissionName")])
            .map(|permission| clean(&permission))
            .filter(|permission| !permission.is_empty()),
    }
}

/// One sentence, and what follows.
pub fn sentence(account: &AccountName, what: What, error: &CallError) -> ProviderError {
    let cannot = what.cannot();
    let disposition = disposition(what, error);
    let message = match error {
        CallError::Refused(refusal) => {
            let Told { code, message, .. } = told(refusal);
            let code = code.map(|code| format!(" {code}")).unwrap_or_default();
            let says = message.map(|message| format!(": {}", message.trim_end_matches('.'))).unwrap_or_default();
            let mend = mend(what, refusal, disposition);
            format!("The RingCentral account '{account}' {cannot} ({}{code}{says}). {mend}", refusal.status)
        }
        CallError::ForeignHost { host } if what == What::Audio => format!(
            "The RingCentral account '{account}' {cannot}: it lies at {host}, which is none of the account's hosts. If \
             that host is right, add it to media_hosts."
        ),
        other => format!("The RingCentral account '{account}' {cannot}: {other}"),
    };
    ProviderError { message, disposition }
}

fn disposition(what: What, error: &CallError) -> Disposition {
    match (what, error.status()) {
        // Bad credentials and locked accounts are told with 400 (fact sheet, section 8).
        (What::SignIn, Some(400 | 404)) => Disposition::Park,
        // Ids and paths are ours: a call log that is not there is a wrong address.
        (What::CallLog | What::Subscription, Some(404 | 410)) => Disposition::Park,
        (What::Audio | What::Details | What::Removal, Some(403)) => of_one(error),
        _ => error.disposition(),
    }
}

/// What follows for one recording that is refused with 403 (fact sheet, section 8): only where RingCentral speaks of a
/// permission or a feature does that hold for all of the account.
fn of_one(error: &CallError) -> Disposition {
    let CallError::Refused(refusal) = error else { return error.disposition() };
    let Told { code, permission, .. } = told(refusal);
    match code.as_deref() {
        _ if permission.is_some() => Disposition::Park,
        Some("InsufficientPermissions" | "CMN-401" | "CMN-402" | "CMN-408" | "CMN-109" | "CMN-403") => {
            Disposition::Park
        }
        Some(code) if code.starts_with("OAU-") || code.starts_with("AGW-") => Disposition::Park,
        // Whose it is, is none of ours: another extension's, whose owner does not share it.
        Some("CMN-404") => Disposition::Absent,
        // Whatever else it is, the others are not concerned.
        _ => Disposition::Retry { after: None },
    }
}

fn mend(what: What, refusal: &Refusal, disposition: Disposition) -> String {
    let told = told(refusal);
    let code = told.code.as_deref().unwrap_or_default();
    match (what, refusal.status) {
        (What::SignIn, status) if disposition == Disposition::Park => sign_in_mend(status, code).to_owned(),
        (_, 401) => "Check client_id, client_secret_file and jwt_file, and that the user may still sign in.".to_owned(),
        (What::CallLog, 403) if told.permission.as_deref() == Some("FullCompanyCallLog") => {
            "Give the user the permission FullCompanyCallLog in RingCentral's admin portal, or set extensions = [\"~\"] to \
             read the user's own calls."
                .to_owned()
        }
        (_, 403) if disposition == Disposition::Absent => {
            "It belongs to another extension; let the user the app signs in as read that extension's calls.".to_owned()
        }
        (_, 403) if disposition != Disposition::Park => {
            "RingCentral names no permission, so it may be about this recording alone.".to_owned()
        }
        (_, 403) => {
            let permission = told.permission.unwrap_or_else(|| what.permission().to_owned());
            format!("Give the app, and the user it signs in as, the permission {permission}.")
        }
        (What::Audio | What::Details, 404 | 410) => "It is gone there.".to_owned(),
        (What::Recording, 404 | 410) => "The call is over, or was never there.".to_owned(),
        (_, 404 | 410) => "Check base_url.".to_owned(),
        (What::Subscription, 400) => {
            "Check that webhooks.public_url leads here and has a certificate that the world trusts.".to_owned()
        }
        (_, 429) => "It is asked again when RingCentral allows it.".to_owned(),
        (_, 408 | 409 | 423 | 425 | 428 | 500..) => "It is tried again.".to_owned(),
        _ => "This is not tried again by itself.".to_owned(),
    }
}

fn sign_in_mend(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "OAU-112" | "OAU-121" | "unauthorized_client" | "unsupported_grant_type") | (403, _) => {
            "Choose the JWT auth flow for the app in RingCentral's developer console."
        }
        (401, _) | (_, "OAU-120" | "OAU-123" | "OAU-125" | "OAU-134" | "OAU-146" | "invalid_client") => {
            "Check client_id and client_secret_file against the app in RingCentral's developer console."
        }
        (_, "OAU-147" | "OAU-148") => "The account is locked; an administrator of it must unlock it.",
        (404, _) => "Check base_url.",
        _ => {
            "Make a new JWT credential in RingCentral's developer console, for this app and its user, and put it into \
             jwt_file."
        }
    }
}

/// A text of somebody else's for a log: short, on one line, without what may be a link, a token or a telephone number.
fn clean(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let mut cleaned = String::new();
    // Telephone numbers are written in groups: words of nothing but digits belong together.
    for group in words.chunk_by(|word, next| is_number(word) && is_number(next)) {
        let digits: usize = group.iter().map(|word| word.chars().filter(char::is_ascii_digit).count()).sum();
        let is_word = |word: &&str| word.chars().count() <= WORD_LENGTH_MAX && !word.contains("://");
        let is_kept = digits <= DIGITS_MAX && group.iter().all(is_word);
        let shown = if is_kept { group.join(" ") } else { "…".to_owned() };
        if cleaned.len() + shown.len() > TOLD_LENGTH_MAX {
            break;
        }
        cleaned.extend((!cleaned.is_empty()).then_some(' '));
        cleaned.push_str(&shown);
    }
    cleaned
}

fn is_number(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || "+-().,/".contains(c))
}
