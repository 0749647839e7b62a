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
    if let Some(audio) = kept_upload(files, recording, limits.file_bytes_max).await? {
        return Ok(audio);
    }
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

/// An upload that was moved in can be had nowhere else: what is there is what there is, if it is still what came in.
async fn kept_upload(files: &Files, recording: &Recording, bytes_max: u64) -> Result<Option<Audio>, Setback> {
    let Some(audio) = recording.audio.clone().filter(|_| recording.key.provider == ProviderKind::Upload) else {
        return Ok(None);
    };
    // Redacted for good: what came in is not to be had any more.
    if audio.redacted.is_some() {
        return Ok(Some(audio));
    }
    let relative = audio.path.clone();
    let found = blocking(files, move |files| files.digest_of(&relative, bytes_max)).await?;
    Ok((found.as_ref() == Some(&recording.key.remote_id)).then_some(audio))
}

/// The locator of a folder or an upload ends in the file's name; other providers' locators name no file.
fn original_name(recording: &Recording, locator: &str) -> Option<String> {
    let name = locator.rsplit('/').next().filter(|name| !name.is_empty())?;
    matches!(recording.key.provider, ProviderKind::Folder | ProviderKind::Upload).then(|| name.to_owned())
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
