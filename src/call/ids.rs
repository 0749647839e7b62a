//! Identifiers: newtypes, so that a provider's id is never taken for ours.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Our id of a recording: a UUID of version 7, so ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordingId(Uuid);

impl RecordingId {
    /// Wraps a UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The sixteen bytes, big endian: what the store keys by.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads back [`RecordingId::as_bytes`].
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The text was not one of our ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a UUID.
    #[error("'{0}' is not a recording id; ids look like 01890a5d-ac96-774b-bcce-b302099a8057")]
    Recording(String),
    /// Not a UUID.
    #[error("'{0}' is not a job id; ids look like 01890a5d-ac96-774b-bcce-b302099a8057")]
    Job(String),
    /// Not a provider callscribe knows.
    #[error("'{0}' is not a provider; providers are folder, twilio, ringcentral, webex and upload")]
    Provider(String),
    /// Not usable as an account name.
    #[error("'{0}' is not an account name; use 1 to 64 letters, digits, '-', '_' or '.'")]
    Account(String),
}

impl FromStr for RecordingId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::parse_str(text).map(Self).map_err(|_| IdError::Recording(text.to_owned()))
    }
}

/// Where recordings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// A watched folder or an imported archive on this machine.
    Folder,
    /// Twilio Programmable Voice.
    Twilio,
    /// RingCentral MVP (RingEX).
    RingCentral,
    /// Webex Calling.
    Webex,
    /// Files that came in by the API.
    Upload,
}

impl ProviderKind {
    /// The name in configuration, API and file paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Twilio => "twilio",
            Self::RingCentral => "ringcentral",
            Self::Webex => "webex",
            Self::Upload => "upload",
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProviderKind {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        [Self::Folder, Self::Twilio, Self::RingCentral, Self::Webex, Self::Upload]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| IdError::Provider(text.to_owned()))
    }
}

/// The operator's name for one account at a provider, or for one watched folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

impl AccountName {
    /// Longest name accepted: it becomes part of store keys and log lines.
    pub const LENGTH_MAX: usize = 64;

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountName {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        let fits = !text.is_empty()
            && text.len() <= Self::LENGTH_MAX
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if fits { Ok(Self(text)) } else { Err(IdError::Account(text)) }
    }
}

impl FromStr for AccountName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::try_from(text.to_owned())
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of a recording for ever: finished, failed and deleted ones included, so that nothing is taken in twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordingKey {
    /// Which provider.
    pub provider: ProviderKind,
    /// Which account there.
    pub account: AccountName,
    /// The provider's own id; for a folder the SHA-256 of the file's bytes, in hexadecimal.
    pub remote_id: String,
}

impl fmt::Display for RecordingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.provider, self.account, self.remote_id)
    }
}
