//! Secrets: from one place each, from files only their owner can read, never shown.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::Env;
use super::accounts::Reading;
use super::error::Problems;
use crate::call::AccountName;

/// Shorter tokens can be guessed.
const TOKEN_CHARS_MIN: usize = 16;
/// Longer ones do not fit a header line everywhere.
const TOKEN_BYTES_MAX: u64 = 4096;
/// The credential's name in the unit (`LoadCredential=api-token:…`).
const CREDENTIAL: &str = "api-token";
const VARIABLE: &str = "CALLSCRIBE_API_TOKEN";

/// The API token: a systemd credential, the file the configuration names, or the environment. Two of them are refused,
/// because nobody could tell which one counts.
pub(super) fn api_token(token_file: Option<PathBuf>, env: Env<'_>, problems: &Problems) -> Option<SecretString> {
    let credential =
        env("CREDENTIALS_DIRECTORY").map(|dir| Path::new(&dir).join(CREDENTIAL)).filter(|path| path.exists());
    // Empty counts as unset, as everywhere: that is how a unit or a script takes a variable back.
    let variable = env(VARIABLE).filter(|token| !token.trim().is_empty());
    let sources: Vec<&str> = [
        credential.is_some().then_some("the systemd credential api-token"),
        token_file.is_some().then_some("the file in api.token_file"),
        variable.is_some().then_some("the variable CALLSCRIBE_API_TOKEN"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if sources.len() > 1 {
        let message = format!("The API token comes from {}; keep one of them.", sources.join(" and from "));
        problems.add("api.token_file", None, message);
        return None;
    }
    let (key, token) = match (credential.or(token_file), variable) {
        (Some(path), _) => ("api.token_file", from_file(&path)),
        (None, Some(variable)) => (VARIABLE, Ok(variable)),
        (None, None) => return None,
    };
    match token.and_then(|token| checked(&token)) {
        Ok(token) => Some(token),
        Err(message) => {
            problems.add(key, None, message);
            None
        }
    }
}

/// A secret of one account: the file named in `KEY_file`, the systemd credential `NAME.KEY`, or the variable
/// `CALLSCRIBE_NAME_KEY`; of several the first counts.
pub(super) fn account_secret(
    key: &'static str,
    name: Option<&AccountName>,
    reading: &Reading<'_>,
) -> Option<SecretString> {
    let file_key = FILE_KEYS.iter().find(|file_key| file_key.strip_suffix("_file") == Some(key)).copied()?;
    let named = reading.section.path(file_key, "/etc/callscribe/secret");
    let name = name?.as_str();
    let credential = (reading.env)("CREDENTIALS_DIRECTORY")
        .map(|folder| Path::new(&folder).join(format!("{name}.{}", key.replace('_', "-"))));
    let file = named.or_else(|| credential.filter(|path| path.exists()));
    let variable = format!("CALLSCRIBE_{name}_{key}").to_ascii_uppercase().replace(['-', '.'], "_");
    let secret = match file {
        Some(path) => from_file(&path).map_err(|message| reading.section.problem(file_key, message)).ok()?,
        None => (reading.env)(&variable)?,
    };
    let secret = secret.trim();
    if secret.is_empty() {
        reading.section.problem(file_key, "There is nothing in it.");
        return None;
    }
    Some(SecretString::from(secret))
}

/// The keys that name files with accounts' secrets.
const FILE_KEYS: [&str; 10] = [
    "auth_token_file",
    "api_key_secret_file",
    "api_key_file",
    "client_secret_file",
    "jwt_file",
    "verification_token_file",
    "webhook_secret_file",
    "developer_token_file",
    "token_file",
    "secret_file",
];

fn from_file(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if let Some(complaint) = complaint(path, &metadata) {
        return Err(complaint);
    }
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be read: {error}. Make it readable for the user callscribe runs as.", path.display())
}

fn complaint(path: &Path, metadata: &Metadata) -> Option<String> {
    let shown = path.display();
    if !metadata.is_file() {
        return Some(format!("{shown} is not a file; put the token into a file of its own."));
    }
    if metadata.permissions().mode() & 0o007 != 0 {
        return Some(format!("{shown} can be read by everybody on this machine; run `chmod 600 {shown}`."));
    }
    (metadata.len() > TOKEN_BYTES_MAX)
        .then(|| format!("{shown} is larger than {TOKEN_BYTES_MAX} bytes; it must hold the token alone."))
}

/// What any bearer token must be; the messages say nothing of what it is.
pub(super) fn checked(token: &str) -> Result<SecretString, String> {
    let token = token.trim();
    if token.chars().count() < TOKEN_CHARS_MIN {
        return Err(format!(
            "The token has fewer than {TOKEN_CHARS_MIN} characters; `openssl rand -hex 32` makes a good one."
        ));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("The token may hold printable ASCII characters only, without spaces.".to_owned());
    }
    Ok(SecretString::from(token))
}
