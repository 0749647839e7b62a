//! The bearer token: the operator's own, or one made at first start and kept in `<state>/api-token`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::rand::{GetRandomFlags, getrandom};
use secrecy::SecretString;

/// File in the state folder that holds the token callscribe made itself.
pub const TOKEN_FILE: &str = "api-token";
/// Random bytes in a made token: 256 bits cannot be guessed.
const TOKEN_BYTES: usize = 32;
/// Longest token file read, in bytes: more is not a token.
const FILE_BYTES_MAX: u64 = 4096;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read, written or made private.
    #[error("The API token {path} cannot be used: {source}. Check who owns the state folder.")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no token.
    #[error("The API token {0} is empty or not text. Remove the file; a new token is made at the next start.")]
    Empty(String),
    /// The system gave no random bytes.
    #[error("The system gave no random bytes for an API token: {0}.")]
    Random(io::Error),
}

/// Reads the token in `state_dir`.
///
/// # Errors
///
/// [`TokenError`]; of kind [`io::ErrorKind::NotFound`] inside when there is none.
pub fn read(state_dir: &Path) -> Result<SecretString, TokenError> {
    let path = state_dir.join(TOKEN_FILE);
    let failed = |source| TokenError::File { path: path.display().to_string(), source };
    let mut text = String::new();
    File::open(&path).map_err(failed)?.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TokenError::Empty(path.display().to_string()));
    }
    Ok(token.to_owned().into())
}

/// Reads the token in `state_dir`, or makes one that only the owner can read. A file others can read is closed to them.
///
/// # Errors
///
/// See [`TokenError`].
pub fn read_or_make(state_dir: &Path) -> Result<SecretString, TokenError> {
    let path = state_dir.join(TOKEN_FILE);
    let failed = |source| TokenError::File { path: path.display().to_string(), source };
    if !path.try_exists().map_err(failed)? {
        make(state_dir, &path)?;
    }
    let mode = fs::metadata(&path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "The API token was readable by others; it is closed to them now");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    read(state_dir)
}

/// A text nobody can guess: [`TOKEN_BYTES`] from the system, hexadecimal.
///
/// # Errors
///
/// [`TokenError::Random`].
pub(super) fn random_text() -> Result<String, TokenError> {
    let mut random = [0u8; TOKEN_BYTES];
    let filled = getrandom(&mut random, GetRandomFlags::empty()).map_err(|error| TokenError::Random(error.into()))?;
    if filled != TOKEN_BYTES {
        return Err(TokenError::Random(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Written beside and moved, so that a power cut leaves a whole token or none.
fn make(state_dir: &Path, path: &Path) -> Result<(), TokenError> {
    let token = random_text()?;
    let unfinished = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        writeln!(file, "{token}")?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(state_dir)?.sync_all()
    };
    write().map_err(|source| TokenError::File { path: path.display().to_string(), source })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        let state = tempfile::tempdir().unwrap();
        let first = read_or_make(state.path()).unwrap();
        assert_eq!(first.expose_secret().len(), 2 * TOKEN_BYTES);
        assert_eq!(read_or_make(state.path()).unwrap().expose_secret(), first.expose_secret());
        let mode = fs::metadata(state.path().join(TOKEN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_token_others_can_read_is_closed_to_them() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join(TOKEN_FILE);
        fs::write(&path, "open-to-all\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read_or_make(state.path()).unwrap().expose_secret(), "open-to-all");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_empty_token_file_is_an_error_and_not_an_open_door() {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join(TOKEN_FILE), " \n").unwrap();
        assert!(matches!(read_or_make(state.path()), Err(TokenError::Empty(_))));
    }
}
