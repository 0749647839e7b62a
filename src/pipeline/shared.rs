//! What all workers of the pipeline hold in common.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::steps::model_summary::Writer;
use super::translate::ByModel;
use super::{Activity, PipelineError};
use crate::call::{AccountName, Language, ProviderKind, RawAudio, Recording, RecordingKey};
use crate::clock::Clock;
use crate::config::Config;
use crate::fetch::Files;
use crate::provider::Provider;
use crate::store::{BootId, ClaimOrder, Lane, Store, StoreError};
use crate::transcribe::Supervisor;
use crate::understand::insight::Rules;

/// The cycle over which [`crate::config::PipelineConfig::newest_first_of_five`] counts.
const ORDER_CYCLE: u32 = 5;

type Source = (ProviderKind, AccountName);

/// What is configured for one folder or account, as far as transcription goes by it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SourceSettings<'a> {
    /// Who speaks on each channel.
    pub(super) channels: &'a [String],
    /// Languages of its calls; empty means the general ones.
    pub(super) languages: &'a [Language],
    /// How files without a header are read.
    pub(super) raw: Option<RawAudio>,
}

/// What all workers hold in common.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) config: Arc<Config>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) activity: Arc<Activity>,
    pub(super) boot: BootId,
    /// What transcripts are looked through for.
    pub(super) rules: Arc<Rules>,
    /// Audio is replaced by one at a time.
    pub(super) withholding: tokio::sync::Mutex<()>,
    /// Writes summaries; absent where no language model is configured.
    pub(super) writer: Option<Writer>,
    /// Translates; absent where no language model is configured.
    pub(super) translator: Option<ByModel>,
    providers: HashMap<Source, Arc<dyn Provider>>,
    rng: Mutex<fastrand::Rng>,
    /// Claims asked for, by lane.
    claims: [AtomicU32; Lane::ALL.len()],
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
    ) -> Result<Self, PipelineError> {
        let providers = providers.into_iter().map(|one| ((one.kind(), one.account().clone()), one)).collect();
        let activity = Arc::new(Activity::default());
        let (boot, rng, claims) = (BootId::fresh(), Mutex::new(rng), [const { AtomicU32::new(0) }; Lane::ALL.len()]);
        let rules = Arc::new(Rules::of(&config.categories, &config.privacy));
        let withholding = tokio::sync::Mutex::default();
        let writer = Writer::of(config.language_model.as_ref())?;
        let translator = ByModel::of(config.language_model.as_ref())?;
        store.translate(config.translation.clone());
        Ok(Self {
            rules,
            withholding,
            writer,
            translator,
            store,
            files,
            supervisor,
            config,
            clock,
            activity,
            boot,
            providers,
            rng,
            claims,
        })
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

    /// What is configured for the folder or account a recording came from.
    pub(super) fn source(&self, recording: &Recording) -> SourceSettings<'_> {
        let RecordingKey { provider, account, .. } = &recording.key;
        if *provider == ProviderKind::Folder {
            let folder = self.config.folders.iter().find(|folder| folder.name == *account);
            return folder.map_or_else(SourceSettings::default, |folder| SourceSettings {
                channels: &folder.channels,
                languages: &folder.languages,
                raw: folder.raw,
            });
        }
        let configured = self.config.accounts.iter().find(|one| one.kind() == *provider && one.name == *account);
        configured.map_or_else(SourceSettings::default, |account| SourceSettings {
            channels: &account.channels,
            languages: &account.languages,
            raw: None,
        })
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
