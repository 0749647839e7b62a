//! The pipeline with its model: started even when there is none, and anew once there is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::models::{self, ModelFile};
use crate::pipeline::{Activity, Pipeline, PipelineError};
use crate::provider::Provider;
use crate::store::Store;
use crate::transcribe::{Supervisor, SupervisorConfig};

/// How often a missing model is looked for again: soon after `callscribe models pull` brought it.
const MODEL_CHECK: Duration = Duration::from_secs(10);

/// What the pipeline is doing and with which model. Changes when the pipeline starts anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// The pipeline's live view; absent before its first start.
    pub(super) activity: Option<Arc<Activity>>,
    /// The model, or why there is none; absent before it was looked for.
    pub(super) model: Option<Result<Model, String>>,
    /// What transcribes with it.
    pub(super) supervisor: Option<Arc<Supervisor>>,
}

/// The model in use.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// Its name in the catalogue.
    pub(super) name: String,
    /// It knows only the sample calls.
    pub(super) is_miniature: bool,
}

/// The latest [`Reading`], for whoever shows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Gauge(Arc<Mutex<Reading>>);

impl Gauge {
    pub(super) fn read(&self) -> Reading {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, reading: Reading) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reading;
    }
}

/// Everything the pipeline is made of, kept to make it again.
pub(super) struct Engine {
    store: Store,
    providers: Vec<Arc<dyn Provider>>,
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    gauge: Gauge,
}

impl Engine {
    pub(super) fn new(
        store: Store,
        providers: Vec<Arc<dyn Provider>>,
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, providers, config, clock, gauge: Gauge::default() }
    }

    /// Shows what [`Engine::run`] does.
    pub(super) fn gauge(&self) -> Gauge {
        self.gauge.clone()
    }

    /// Runs the pipeline until `stop`; without a model until there is one, then with it.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), PipelineError> {
        while !stop.is_cancelled() {
            let model = self.find_model().await;
            let round = stop.child_token();
            let supervisor = match &model {
                Ok(model) => Supervisor::new(SupervisorConfig::new(&self.config.transcribe, model)),
                Err(problem) => {
                    tracing::warn!(problem, "There is no model to transcribe with; recordings wait for one.");
                    Supervisor::without_model(problem.clone())
                }
            };
            let supervisor = Arc::new(supervisor);
            let pipeline = Pipeline::new(
                self.store.clone(),
                self.providers.clone(),
                Arc::clone(&supervisor),
                Arc::clone(&self.config),
                Arc::clone(&self.clock),
                fastrand::Rng::new(),
            )?;
            let model =
                model.map(|found| Model { name: found.entry.name.into_owned(), is_miniature: found.entry.miniature });
            let is_missing = model.is_err();
            self.gauge.show(Reading {
                activity: Some(pipeline.activity()),
                model: Some(model),
                supervisor: Some(Arc::clone(&supervisor)),
            });
            let run = pipeline.run(round.clone());
            tokio::pin!(run);
            let ended = tokio::select! {
                ended = &mut run => ended,
                () = self.wait_for_model(), if is_missing => {
                    tracing::info!("The model is here now; transcription begins.");
                    round.cancel();
                    run.await
                }
            };
            supervisor.shutdown().await;
            ended?;
        }
        Ok(())
    }

    async fn wait_for_model(&self) {
        loop {
            tokio::time::sleep(MODEL_CHECK).await;
            if self.find_model().await.is_ok() {
                return;
            }
        }
    }

    /// Reads the model file's header, off the async threads.
    async fn find_model(&self) -> Result<ModelFile, String> {
        let config = Arc::clone(&self.config);
        let find = move || models::resolve(&config.transcribe.model, &config.transcribe.model_dirs);
        match spawn_blocking(find).await {
            Ok(found) => found.map_err(|error| error.to_string()),
            Err(panic) => Err(format!("The model could not be looked for: {panic}.")),
        }
    }
}
