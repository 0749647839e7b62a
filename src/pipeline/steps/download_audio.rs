//! The audio, from the provider to a durable file.

use tokio_util::sync::CancellationToken;

use super::Setback;
use crate::call::{Audio, Disposition, ProviderKind, Recording};
use crate::fetch::{Destination, FetchError, Files};
use crate::provider::Provider;

/// What must hold for a download.
#[derive(Debug, Clone, Copy)]
pub(in crate::pipeline) struct Limits {
    /// Largest file.
    pub(in crate::pipeline) file_bytes_max: u64,
    /// Disk space that must be left before it begins.
    pub(in crate::pipeline) free_disk_bytes_min: u64,
}

/// Has the provider fill a temporary file, then keeps it. An attempt that is cut off leaves nothing under a final name;
/// one whose result was never stored leaves a file that the next attempt replaces.
pub(in crate::pipeline) async fn run(
    provider: &dyn Provider,
    files: &Files,
    recording: &Recording,
    locator: &str,
    limits: Limits,
    cancel: &CancellationToken,
) -> Result<Audio, Setback> {
    let partial = blocking(files, move |files| {
        files.check_free_space(limits.free_disk_bytes_min)?;
        files.partial()
    });
    let partial = partial.await?;
    let downloaded = tokio::select! {
        downloaded = provider.download(&recording.key.remote_id, locator, partial.path(), limits.file_bytes_max) => downloaded,
        () = cancel.cancelled() => return Err(Setback::Cancelled),
    };
    if let Err(error) = downloaded {
        // A provider cannot tell a disk that filled up under it from other trouble.
        blocking(files, move |files| files.check_free_space(limits.free_disk_bytes_min)).await?;
        return Err(error.into());
    }
    let original_name = original_name(recording, locator);
    let (id, recorded_at) = (recording.id, recording.listed_at());
    blocking(files, move |files| {
        let destination = Destination { id, recorded_at, original_name: original_name.as_deref() };
        files.keep(partial, &destination, limits.file_bytes_max)
    })
    .await
}

/// A folder's locator is a path and ends in the file's name; other providers' locators name no file.
fn original_name(recording: &Recording, locator: &str) -> Option<String> {
    let name = locator.rsplit('/').next().filter(|name| !name.is_empty())?;
    (recording.key.provider == ProviderKind::Folder).then(|| name.to_owned())
}

async fn blocking<T: Send + 'static>(
    files: &Files,
    work: impl FnOnce(&Files) -> Result<T, FetchError> + Send + 'static,
) -> Result<T, Setback> {
    let files = files.clone();
    match tokio::task::spawn_blocking(move || work(&files)).await {
        Ok(done) => Ok(done?),
        Err(panic) => Err(Setback::Failure { message: panic.to_string(), disposition: Disposition::Fatal }),
    }
}
