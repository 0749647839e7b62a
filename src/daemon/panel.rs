//! What the API shows of the loops: pipeline, discovery and model, in the words of `serve`.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::engine::Gauge;
use crate::call::RecordingId;
use crate::config::Config;
use crate::discover::Discoverer;
use crate::serve::{Account, Check, Looked, Loops, Parked, Reach, Running};

/// Looks asked for by people that may stand in line; each takes as long as a walk through the largest folder.
const LOOKS_MAX: usize = 4;

/// Asks the loops on behalf of the API.
pub(super) struct Panel {
    engine: Gauge,
    discoverer: Discoverer,
    config: Arc<Config>,
    looks: Arc<Semaphore>,
}

impl Panel {
    pub(super) fn new(engine: Gauge, discoverer: Discoverer, config: Arc<Config>) -> Self {
        Self { engine, discoverer, config, looks: Arc::new(Semaphore::new(LOOKS_MAX)) }
    }

    /// Whether the watchdog may be petted: the pipeline runs.
    pub(super) fn is_healthy(&self) -> bool {
        self.engine.read().activity.is_none_or(|activity| activity.snapshot().fault.is_none())
    }

    fn pipeline_check(&self) -> Check {
        let (ok, message) = match self.engine.read().activity {
            None => (false, "The pipeline is starting.".to_owned()),
            Some(activity) => match activity.snapshot().fault {
                Some(fault) => (false, fault),
                None => (true, "The pipeline works.".to_owned()),
            },
        };
        Check { name: "pipeline".to_owned(), ok, message }
    }

    fn model_check(&self) -> Check {
        let (ok, message) = match self.engine.read().model {
            None => (false, "The model is being looked for.".to_owned()),
            Some(Err(problem)) => (false, problem),
            Some(Ok(model)) if model.is_miniature => {
                let name = model.name;
                (true, format!("Model {name} can be used. It is a miniature that knows only the sample calls."))
            }
            Some(Ok(model)) => (true, format!("Model {} can be used.", model.name)),
        };
        Check { name: "model".to_owned(), ok, message }
    }
}

impl Loops for Panel {
    fn checks(&self) -> Vec<Check> {
        let mut checks = vec![self.pipeline_check(), self.model_check()];
        // What the model check says already is not said twice.
        let parked = self.parked().into_iter().filter(|parked| parked.what != "transcribe" || checks[1].ok);
        let parked: Vec<Check> =
            parked.map(|Parked { what, reason, .. }| Check { name: what, ok: false, message: reason }).collect();
        checks.extend(parked);
        checks
    }

    fn running(&self) -> Vec<Running> {
        let Some(activity) = self.engine.read().activity else { return Vec::new() };
        let running = activity.snapshot().running.into_iter();
        running
            .map(|work| Running {
                id: work.recording,
                step: work.step,
                since: work.since,
                attempt: work.attempt,
                windows: (work.windows_total > 0).then_some((work.windows_done, work.windows_total)),
                duration_ms: work.duration_ms,
            })
            .collect()
    }

    fn parked(&self) -> Vec<Parked> {
        let Some(activity) = self.engine.read().activity else { return Vec::new() };
        let parked = activity.snapshot().parked.into_iter();
        parked.map(|work| Parked { what: work.what, reason: work.reason, until: work.until }).collect()
    }

    fn cancel(&self, id: RecordingId) {
        if let Some(activity) = self.engine.read().activity
            && activity.cancel(id)
        {
            tracing::info!(recording = %id, "Work on a removed recording was ended.");
        }
    }

    fn accounts(&self) -> Vec<Account> {
        let location = |name: &str| {
            let folder = self.config.folders.iter().find(|folder| folder.name.as_str() == name);
            folder.map(|folder| folder.path.display().to_string()).unwrap_or_default()
        };
        let statuses = self.discoverer.statuses().into_iter();
        statuses
            .map(|status| Account {
                location: location(status.account.as_str()),
                provider: status.provider,
                account: status.account.to_string(),
                last_look_at: status.looked_at,
                failures: status.failures,
                last_error: status.problem,
            })
            .collect()
    }

    fn model(&self) -> String {
        match self.engine.read().model {
            Some(Ok(model)) => model.name,
            _ => self.config.transcribe.model.clone(),
        }
    }

    /// Folders are always walked whole, so `reach.hours` has nobody to go to yet.
    fn look(&self, _reach: Reach) -> BoxFuture<'static, Looked> {
        let discoverer = self.discoverer.clone();
        let Ok(turn) = Arc::clone(&self.looks).try_acquire_owned() else {
            let busy = "Looks asked for earlier are still under way; they show what is new.".to_owned();
            return async { Looked { errors: vec![busy], ..Looked::default() } }.boxed();
        };
        async move {
            let _turn = turn;
            match discoverer.discover_once(None).await {
                Ok(report) => Looked { new: report.new_ids, unsettled: report.unsettled, errors: report.problems },
                Err(error) => Looked { errors: vec![error.to_string()], ..Looked::default() },
            }
        }
        .boxed()
    }
}
