//! `[[tokens]]`: more bearer tokens than the one that callscribe makes, each with a name and a role.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;

use super::accounts::Reading;
use super::secrets::{account_secret, checked};
use crate::call::AccountName;

/// The name of the token that callscribe makes itself, or that `api.token_file` brings.
pub const OWN_TOKEN: &str = "api-token";

/// What a caller may do; each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look at everything, change nothing.
    Read,
    /// Add and steer work: fetch, reprocess, upload, record, replay.
    Operate,
    /// Remove recordings, here and at the provider, and sign accounts in.
    Admin,
}

impl Role {
    /// The name in configuration, API and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Read, Self::Operate, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("'{text}' is none of \"read\", \"operate\" and \"admin\"."))
    }
}

/// One token with its name and role.
#[derive(Debug, Clone)]
pub struct TokenConfig {
    /// Whose it is: in refusals and in the audit trail.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The token.
    pub token: SecretString,
}

/// `None` when name, role or token is missing or wrong; that is recorded.
pub(super) fn token(reading: &Reading<'_>) -> Option<TokenConfig> {
    let section = reading.section;
    for key in ["name", "role"].into_iter().filter(|key| !section.has(key)) {
        section.problem(key, format!("Every token needs a {key}."));
    }
    let name = section.parsed("name", "wallboard", str::parse::<AccountName>);
    let role = section.parsed("role", "read", str::parse::<Role>);
    let secret = account_secret("token", name.as_ref(), reading);
    section.finish(|key| {
        matches!(key, "token" | "password" | "secret").then(|| {
            "Secrets do not belong in this file. Put the token into a file of its own and name it in token_file."
                .to_owned()
        })
    });
    if name.as_ref().is_some_and(|name| name.as_str() == OWN_TOKEN) {
        section.problem("name", format!("{OWN_TOKEN} is the name of callscribe's own token; choose another."));
    }
    if name.is_some() && secret.is_none() && !section.has("token_file") {
        section.problem("token_file", "Every token needs token_file, or its systemd credential or variable.");
    }
    let token = checked(secrecy::ExposeSecret::expose_secret(&secret?));
    let token = token.map_err(|message| section.problem("token_file", message)).ok()?;
    Some(TokenConfig { name: name?.to_string(), role: role?, token })
}
