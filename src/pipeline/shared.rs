//! What all workers of the pipeline hold in common.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::{Activity, PipelineError};
use crate::call::{AccountName, ProviderKind, Recording};
use crate::clock::Clock;
use crate::config::{Config, FolderConfig};
use crate::fetch::Files;
use crate::provider::Provider;
use crate::store::{BootId, ClaimOrder, Lane, Store, StoreError};
use crate::transcribe::Supervisor;

/// The cycle over which [`crate::config::PipelineConfig::newest_first_of_five`] counts.
const ORDER_CYCLE: u32 = 5;

type Source = (ProviderKind, AccountName);

/// What all workers hold in common.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) config: Arc<Config>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) activity: Arc<Activity>,
    pub(super) boot: BootId,
    providers: HashMap<Source, Arc<dyn Provider>>,
    rng: Mutex<fastrand::Rng>,
    /// Claims asked for, by lane.
    claims: [AtomicU32; 2],
}

impl Shared {
    pub(super) fn new(
        store: Store,
        files: Files,
        providers: Vec<Arc<dyn Provider>>,
        supervisor: Arc<Supervisor>,
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
        rng: fastrand::Rng,
    ) -> Self {
        let providers = providers.into_iter().map(|one| ((one.kind(), one.account().clone()), one)).collect();
        let activity = Arc::new(Activity::default());
        let (boot, rng, claims) = (BootId::fresh(), Mutex::new(rng), [const { AtomicU32::new(0) }; 2]);
        Self { store, files, supervisor, config, clock, activity, boot, providers, rng, claims }
    }

    /// Runs a blocking question or order to the store off the async threads.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, PipelineError> {
        let store = self.store.clone();
        let answer = tokio::task::spawn_blocking(move || question(&store)).await;
        Ok(answer.map_err(|panic| PipelineError::Broken(panic.to_string()))??)
    }

    /// The provider of a recording; absent when its account is not configured.
    pub(super) fn provider(&self, recording: &Recording) -> Option<Arc<dyn Provider>> {
        self.providers.get(&(recording.key.provider, recording.key.account.clone())).cloned()
    }

    /// The watched folder a recording came from.
    pub(super) fn folder(&self, recording: &Recording) -> Option<&FolderConfig> {
        let is_its = |folder: &&FolderConfig| folder.name == recording.key.account;
        self.config.folders.iter().find(is_its).filter(|_| recording.key.provider == ProviderKind::Folder)
    }

    /// The full path of a recording's audio.
    pub(super) fn audio_path(&self, recording: &Recording) -> Option<PathBuf> {
        recording.audio.as_ref().map(|audio| self.files.audio_path(&audio.path))
    }

    /// Of five claims so many take the newest as the configuration says, the rest the oldest.
    pub(super) fn next_order(&self, lane: Lane) -> ClaimOrder {
        let turn = self.claims[lane as usize].fetch_add(1, Ordering::Relaxed) % ORDER_CYCLE;
        if turn < u32::from(self.config.pipeline.newest_first_of_five) {
            ClaimOrder::NewestFirst
        } else {
            ClaimOrder::OldestFirst
        }
    }

    /// The next random number in `0.0..1.0`.
    pub(super) fn jitter(&self) -> f64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    /// The time `wait` from now.
    pub(super) fn later(&self, wait: Duration) -> Timestamp {
        self.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX)
    }
}
