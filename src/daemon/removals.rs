//! Finishes what a crash cut off: recordings that somebody asked to be deleted at their provider and here, of which an earlier
//! run did not see the end. What the provider has deleted already is deleted as far as it is concerned.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::call::{Disposition, RecordingId, retry};
use crate::clock::Clock;
use crate::discover::{DiscoverError, Discoverer};
use crate::fetch::Files;
use crate::store::{RemovalWish, Store, StoreError};

/// What it leans on.
pub(super) struct Remover {
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) discoverer: Discoverer,
    pub(super) clock: Arc<dyn Clock>,
}

impl Remover {
    /// Tries until nothing of what was `left` is, with longer and longer waits.
    pub(super) async fn finish(self, mut left: Vec<RemovalWish>, stop: CancellationToken) -> anyhow::Result<()> {
        let mut failures = 0;
        while !left.is_empty() {
            let mut still = Vec::new();
            for wish in left {
                let ended = tokio::select! {
                    ended = self.remove(&wish) => ended?,
                    () = stop.cancelled() => return Ok(()),
                };
                if !ended {
                    still.push(wish);
                }
            }
            left = still;
            let wait = Duration::from_secs_f64(retry::backoff(failures, fastrand::f64(), None).as_secs_f64());
            failures = failures.saturating_add(1);
            tokio::select! {
                () = tokio::time::sleep(wait), if !left.is_empty() => {}
                () = stop.cancelled() => return Ok(()),
                else => {}
            }
        }
        Ok(())
    }

    /// One try. Answers whether the wish is done with.
    async fn remove(&self, wish: &RemovalWish) -> anyhow::Result<bool> {
        let (id, now) = (wish.id, self.clock.now());
        // Somebody may have asked again meanwhile, and been told that it is over.
        let Some(wish) = self.ask(move |store| store.removal(id)).await? else { return Ok(true) };
        let Some(recording) = self.ask(move |store| store.get(id)).await?.filter(|one| one.deletion.is_none()) else {
            return self.give_up(id, "It was removed meanwhile.").await;
        };
        if recording.legal_hold {
            return self.give_up(id, "It came under legal hold meanwhile; nothing was removed.").await;
        }
        match self.discoverer.remove_at_source(&recording, &wish.by, now).await {
            Ok(()) => {}
            Err(DiscoverError::Store(error)) => return Err(error.into()),
            // An account that is not configured may come back.
            Err(error @ DiscoverError::Source(_)) if error.disposition() == Disposition::Reject => {
                tracing::warn!(recording = %id, %error, "A provider did not delete its copy; nothing was removed.");
                return self.give_up(id, &format!("The provider did not delete its copy: {error}")).await;
            }
            Err(error) => {
                tracing::warn!(recording = %id, %error, "A recording could not be deleted at its provider yet; it is tried again.");
                let error = error.to_string();
                self.ask(move |store| store.note_removal(id, &error)).await?;
                return Ok(false);
            }
        }
        let by = wish.by.clone();
        let removed = match self.ask(move |store| store.soft_delete(id, &by, now)).await {
            Ok(removed) => removed,
            Err(error @ (StoreError::LegalHold(_) | StoreError::WrongState(_))) => {
                return self.give_up(id, &format!("The provider deleted its copy, but here it stays: {error}")).await;
            }
            Err(error) => return Err(error.into()),
        };
        let files = self.files.clone();
        let gone = spawn_blocking(move || {
            let audio = removed.audio_path.map_or(Ok(()), |path| files.remove(&path));
            files.remove_derived(id).and(audio)
        });
        // The database has forgotten the files: should this fail, the comparison at the next start finds them.
        if let Err(error) = gone.await? {
            tracing::warn!(recording = %id, %error, "The files of a removed recording are still there; the next start removes them.");
        }
        tracing::info!(recording = %id, "A removal that was cut off was finished.");
        Ok(true)
    }

    async fn give_up(&self, id: RecordingId, why: &str) -> anyhow::Result<bool> {
        let (why, now) = (why.to_owned(), self.clock.now());
        self.ask(move |store| store.withdraw_removal(id, &why, now)).await?;
        Ok(true)
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        let asked = spawn_blocking(move || question(&store)).await;
        asked.unwrap_or_else(|panic| Err(StoreError::WrongState(panic.to_string())))
    }
}
