//! Calls that came in by the API. There is no vendor behind it: a file waits in `<state>/uploads/` until the pipeline moves
//! it in, and what the caller said of the call is in the row already.

mod hold;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Discovery, Provider, ProviderError};
use crate::call::{AccountName, CallFacts, Disposition, ProviderKind};

pub use hold::{Incoming, Kept, Uploads};

/// The account all uploads are filed under.
const ACCOUNT: &str = "api";

/// The account all uploads are filed under.
///
/// # Panics
///
/// Never: the name is a good one.
pub fn account() -> AccountName {
    ACCOUNT.parse().unwrap_or_else(|_| unreachable!("the name fits"))
}

/// Where an upload is found: its digest, which its file is named by, and the name it came with, for people.
pub fn locator(sha256: &str, file_name: &str) -> String {
    let name: String = file_name.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
    format!("{sha256}/{name}")
}

/// The uploads as a source.
pub struct UploadProvider {
    account: AccountName,
    uploads: Arc<Uploads>,
}

impl UploadProvider {
    /// Over the files that wait.
    pub fn new(uploads: Arc<Uploads>) -> Self {
        Self { account: account(), uploads }
    }
}

impl Provider for UploadProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Upload
    }

    fn account(&self) -> &AccountName {
        &self.account
    }

    /// Nothing is ever found: uploads come by themselves.
    fn discover(&self, _cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        async { Ok(Discovery::default()) }.boxed()
    }

    /// Nothing that the row does not hold already.
    fn details<'a>(
        &'a self,
        _remote_id: &'a str,
        _locator: &'a str,
    ) -> BoxFuture<'a, Result<CallFacts, ProviderError>> {
        async { Ok(CallFacts::default()) }.boxed()
    }

    /// As [`Self::details`].
    fn metadata<'a>(&'a self, _remote_id: &'a str, _locator: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>> {
        async { Ok(Value::Null) }.boxed()
    }

    fn download<'a>(
        &'a self,
        remote_id: &'a str,
        _locator: &'a str,
        into: &'a Path,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let (from, into) = (self.uploads.path_of(remote_id), into.to_owned());
        let linked = tokio::task::spawn_blocking(move || link(&from, &into, bytes_max));
        async move {
            let failed = |message: String| ProviderError::new(message, Disposition::Retry { after: None });
            linked.await.map_err(|panic| failed(format!("The upload could not be moved in: {panic}.")))?
        }
        .boxed()
    }

    fn taken<'a>(&'a self, remote_id: &'a str) -> BoxFuture<'a, ()> {
        let (uploads, sha256) = (Arc::clone(&self.uploads), remote_id.to_owned());
        async move {
            // What stays is removed at the next start.
            let _removed = tokio::task::spawn_blocking(move || uploads.remove(&sha256)).await;
        }
        .boxed()
    }
}

/// Gives the file a second name, so that it is not lost whenever the daemon ends; another file system gets a copy.
fn link(from: &Path, into: &Path, bytes_max: u64) -> Result<(), ProviderError> {
    let size = match fs::metadata(from) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = "The upload is no longer there and its audio is not on the disk; upload it again.";
            return Err(ProviderError::new(message, Disposition::Reject));
        }
        Err(error) => return Err(not_moved(&error)),
    };
    if size > bytes_max {
        let message = format!("The file is larger than {} MiB (transcribe.file_mib_max).", bytes_max >> 20);
        return Err(ProviderError::new(message, Disposition::Reject));
    }
    fs::remove_file(into).map_err(|error| not_moved(&error))?;
    fs::hard_link(from, into).or_else(|_| fs::copy(from, into).map(drop)).map_err(|error| not_moved(&error))
}

fn not_moved(error: &std::io::Error) -> ProviderError {
    ProviderError::new(format!("The upload could not be moved in: {error}."), Disposition::Retry { after: None })
}
