//! Where recordings come from: trait [`Provider`] and one folder a vendor, all the same shape.
//!
//! A provider only reads its source. It never writes the store: `discover` and `pipeline` do, with what it returns.

pub mod folder;

use std::path::Path;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::call::{AccountName, CallFacts, Disposition, ProviderKind};

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
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// A sentence that names the thing and the mend.
    pub message: String,
    /// What the caller should do.
    pub disposition: Disposition,
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

    /// Whether a place is this source's at all. One that is not can neither be read nor be missing: an archive imported
    /// from another folder under the same name.
    fn reaches(&self, _locator: &str) -> bool {
        true
    }

    /// Looks for recordings from `cursor` on.
    fn discover(&self, cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>>;

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
}
