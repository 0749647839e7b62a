//! Finishes work: claim -> run step -> commit result and next step in one transaction.
//!
//! [`Pipeline::run`] takes due steps from the store until it is told to stop. Transcriptions run one at a time, each
//! with the whole machine; all other steps run beside them, a few at once, and summaries, for which a language model may
//! take minutes, beside those. What a step needs from the store is read
//! before it starts and what it brings is stored after it ends: the files under `steps/` know providers, files and the
//! worker, never the store.
//!
//! A kill at any point loses at most the running step, which the next start takes back. An error of the store ends the
//! pipeline: going on could do work twice.

mod activity;
mod late;
mod outcome;
mod rerun;
mod shared;
mod steps;
mod sweep;
mod translate;
mod withhold;
mod worker;

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::call::{Disposition, Translator};
use crate::chat::ChatError;
use crate::clock::Clock;
use crate::config::Config;
use crate::fetch::{FetchError, Files};
use crate::provider::Provider;
use crate::store::{Lane, Store, StoreError};
use crate::transcribe::Supervisor;

pub use activity::{Activity, Parked, Running, Snapshot};
use shared::Shared;
pub use sweep::StartupReport;

/// Why the pipeline ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The store failed; nothing more may be claimed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folders for files cannot be used.
    #[error(transparent)]
    Files(#[from] FetchError),
    /// The language model cannot be asked as it is configured.
    #[error(transparent)]
    LanguageModel(#[from] ChatError),
    /// A step ended in a way that nobody foresaw.
    #[error("The pipeline stopped: {0}. This is a fault of callscribe; the journal has more.")]
    Broken(String),
}

impl PipelineError {
    /// What the caller should do: the daemon ends, and its supervisor starts it again.
    pub const fn disposition(&self) -> Disposition {
        Disposition::Fatal
    }
}

/// How many steps of each lane are worked on at once.
pub fn workers_of(config: &Config) -> [(Lane, usize); Lane::ALL.len()] {
    let fetching = config.pipeline.fetch_concurrency.max(1);
    let model = config.language_model.as_ref().filter(|model| model.summaries);
    let writing = model.map_or(fetching, |model| model.concurrency.max(1));
    [(Lane::Light, fetching), (Lane::Transcribe, 1), (Lane::Summarise, writing)]
}

/// The loop that finishes work.
pub struct Pipeline(Arc<Shared>);

impl Pipeline {
    /// Puts the pipeline together; nothing runs yet.
    ///
    /// # Errors
    ///
    /// [`PipelineError::Files`] when the folders for files cannot be made.
    pub fn new(
        store: Store,
        providers: Vec<Arc<dyn Provider>>,
        supervisor: Arc<Supervisor>,
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
        rng: fastrand::Rng,
    ) -> Result<Self, PipelineError> {
        let files = Files::open(&config.state_dir)?;
        Ok(Self(Arc::new(Shared::new(store, files, providers, supervisor, config, clock, rng)?)))
    }

    /// What runs right now; live while the pipeline does.
    pub fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.0.activity)
    }

    /// The files the pipeline keeps, for whoever reads or removes them.
    pub fn files(&self) -> Files {
        self.0.files.clone()
    }

    /// Takes back what an earlier run left, then works until `cancel`. On `cancel` nothing new is claimed; what runs may
    /// end within `pipeline.drain_timeout` and is put back otherwise, without counting as an attempt.
    ///
    /// # Errors
    ///
    /// [`PipelineError`], once everything that ran has stopped.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), PipelineError> {
        let shared = &self.0;
        let (now, boot) = (shared.clock.now(), shared.boot);
        let rescued = shared.ask(move |store| store.rescue(now, boot)).await?;
        let rescued = rescued + translate::rescue(shared).await?;
        let partials = sweep::partials(shared).await?;
        tracing::info!(rescued, partials, "The pipeline starts.");
        if let Some(since) = shared.ask(Store::paused_since).await? {
            tracing::warn!(%since, "The queue is paused: nothing is taken up until somebody resumes it.");
        }

        let (stop, abort) = (cancel.child_token(), CancellationToken::new());
        let mut workers = JoinSet::new();
        workers.spawn(sweep::files(Arc::clone(shared), stop.clone()));
        workers.spawn(withhold::everything(Arc::clone(shared), stop.clone()));
        workers.spawn(rerun::feed(Arc::clone(shared), stop.clone()));
        for _ in 0..late::ASKERS {
            workers.spawn(late::ask(Arc::clone(shared), stop.clone(), abort.clone()));
        }
        for by in Translator::ALL {
            workers.spawn(translate::work(Arc::clone(shared), by, stop.clone()));
        }
        for lane in workers_of(&shared.config).into_iter().flat_map(|(lane, count)| std::iter::repeat_n(lane, count)) {
            workers.spawn(worker::work(Arc::clone(shared), lane, stop.clone(), abort.clone()));
        }
        let drain = tokio::spawn({
            let (stop, abort, drain_timeout) = (stop.clone(), abort.clone(), shared.config.pipeline.drain_timeout);
            async move {
                stop.cancelled().await;
                tokio::time::sleep(drain_timeout).await;
                abort.cancel();
            }
        });
        let mut ended = Ok(());
        while let Some(worker) = workers.join_next().await {
            let error = match worker {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error,
                Err(panic) => PipelineError::Broken(panic.to_string()),
            };
            tracing::error!(%error, "The pipeline stops.");
            shared.activity.fail(&error.to_string());
            stop.cancel();
            ended = ended.and(Err(error));
        }
        drain.abort();
        ended
    }
}
