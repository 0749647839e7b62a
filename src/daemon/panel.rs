//! What the API shows of the loops: pipeline, discovery and model, in the words of `serve`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Url;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::engine::Gauge;
use super::ledger;
use crate::call::{AccountName, Disposition, ProviderKind, Recording, RecordingId, Transcript, Translator};
use crate::clock::Clock;
use crate::config::{Config, NotifyConfig, knows_english_only};
use crate::discover::{DiscoverError, Discoverer, SignIns};
use crate::notify::{Health, Notifier};
use crate::pipeline::workers_of;
use crate::provider::{Delivery, ProviderError, Started, WebhookAnswer};
use crate::serve::{
    Account, Check, Hearing, Incoming, Looked, Loops, Parked, Reach, Running, Sink, Standing, Tongues, Workers,
};
use crate::store::Egress;
use crate::transcribe::{Event, Request, TranscribeError};

/// Looks asked for by people that may stand in line; each takes as long as a walk through the largest folder.
const LOOKS_MAX: usize = 4;

/// News of a file that is heard for a request, until they are handed on.
const NEWS_MAX: usize = 16;

/// How often it is looked whether the first pipeline runs, and whether another does.
const PIPELINE_START: Duration = Duration::from_millis(200);
const PIPELINE_CHECK: Duration = Duration::from_secs(2);

/// Asks the loops on behalf of the API.
pub(super) struct Panel {
    engine: Gauge,
    discoverer: Discoverer,
    config: Arc<Config>,
    looks: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    sign_ins: Arc<SignIns>,
    notifier: Notifier,
}

impl Panel {
    pub(super) fn new(
        engine: Gauge,
        discoverer: Discoverer,
        notifier: Notifier,
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let looks = Arc::new(Semaphore::new(LOOKS_MAX));
        Self { engine, discoverer, config, looks, clock, sign_ins: Arc::default(), notifier }
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

    fn workers(&self) -> Workers {
        let process = self.engine.read().supervisor.map(|supervisor| supervisor.standing());
        Workers { process, lanes: workers_of(&self.config).into() }
    }

    fn unpark(&self) -> Vec<RecordingId> {
        self.engine.read().activity.map(|activity| activity.unpark_all()).unwrap_or_default()
    }

    fn cancel(&self, id: RecordingId) {
        if let Some(activity) = self.engine.read().activity
            && activity.cancel(id)
        {
            tracing::info!(recording = %id, "Work on a recording was ended.");
        }
    }

    fn progressed(&self) -> BoxFuture<'static, ()> {
        let activity = self.engine.read().activity;
        async move {
            let Some(mut changes) = activity.map(|activity| activity.subscribe()) else {
                return tokio::time::sleep(PIPELINE_START).await;
            };
            // Another pipeline may start with the next model, so nobody waits for one for ever.
            let _another_pipeline = tokio::time::timeout(PIPELINE_CHECK, changes.changed()).await;
        }
        .boxed()
    }

    fn transcribe(
        &self,
        hearing: Hearing,
        cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Transcript, TranscribeError>> {
        let (supervisor, config) = (self.engine.read().supervisor, Arc::clone(&self.config));
        async move {
            let Some(supervisor) = supervisor else {
                return Err(TranscribeError::Model("The daemon is just starting.".to_owned()));
            };
            let given = hearing.languages;
            let request = Request {
                audio: hearing.audio,
                languages: if given.is_empty() { config.transcribe.languages.clone() } else { given },
                prompt: hearing.prompt.or_else(|| config.transcribe.prompt.clone()),
                // Each of the two addresses says for itself which it is.
                translate: hearing.translate,
                carry_context: config.transcribe.carry_context,
                tells: hearing.said.is_some(),
                ..Request::default()
            };
            let (events, mut news) = tokio::sync::mpsc::channel(NEWS_MAX);
            let hand_on = async {
                while let Some(event) = news.recv().await {
                    if let (Event::Said { texts }, Some(said)) = (event, &hearing.said) {
                        // Whoever goes away ends the work by other means.
                        texts.into_iter().for_each(|text| drop(said.send(text)));
                    }
                }
            };
            let (heard, ()) = tokio::join!(supervisor.transcribe(request, events, cancel), hand_on);
            Ok(heard?.transcript)
        }
        .boxed()
    }

    fn newest_first_of_five(&self) -> u8 {
        self.config.pipeline.newest_first_of_five
    }

    fn accounts(&self) -> Vec<Account> {
        let location = |kind: ProviderKind, name: &AccountName| {
            if kind != ProviderKind::Folder {
                let account = self.config.accounts.iter().find(|one| one.kind() == kind && one.name == *name);
                return account
                    .and_then(|account| account.base_url.clone())
                    .unwrap_or_else(|| usual_host(kind).to_owned());
            }
            let folder = self.config.folders.iter().find(|folder| folder.name == *name);
            folder.map(|folder| folder.path.display().to_string()).unwrap_or_default()
        };
        let statuses = self.discoverer.statuses().into_iter();
        statuses
            .map(|status| Account {
                location: location(status.provider, &status.account),
                provider: status.provider,
                account: status.account.to_string(),
                last_look_at: status.looked_at,
                failures: status.failures,
                last_error: status.problem.or_else(|| late(status.looking_since, self.clock.now())),
            })
            .collect()
    }

    fn translates_into(&self) -> Tongues {
        let is_by_whisper = self.config.translation.english_by == Translator::Whisper;
        if self.config.language_model.is_some() {
            Tongues::Any
        } else if is_by_whisper && !self.knows_english_only() {
            Tongues::English
        } else {
            let model = &self.config.transcribe.model;
            Tongues::Nothing(format!("The model {model} cannot translate, and no language model is configured."))
        }
    }

    fn knows_english_only(&self) -> bool {
        let supervisor = self.engine.read().supervisor;
        let says_so = supervisor.is_some_and(|one| one.profile().is_some_and(|profile| !profile.multilingual));
        // The name counts too: until the file was looked at, it is all there is.
        says_so || knows_english_only(&self.config.transcribe.model)
    }

    fn model(&self) -> String {
        match self.engine.read().model {
            Some(Ok(model)) => model.name,
            _ => self.config.transcribe.model.clone(),
        }
    }

    fn look(&self, reach: Reach) -> BoxFuture<'static, Looked> {
        let discoverer = self.discoverer.clone();
        let Ok(turn) = Arc::clone(&self.looks).try_acquire_owned() else {
            let busy = "Looks asked for earlier are still under way; they show what is new.".to_owned();
            return async { Looked { errors: vec![busy], ..Looked::default() } }.boxed();
        };
        async move {
            let _turn = turn;
            match discoverer.look_back(reach.hours, reach.limit).await {
                Ok(report) => Looked { new: report.new_ids, unsettled: report.unsettled, errors: report.problems },
                Err(error) => Looked { errors: vec![error.to_string()], ..Looked::default() },
            }
        }
        .boxed()
    }

    fn deliver(&self, kind: ProviderKind, incoming: Incoming) -> BoxFuture<'static, WebhookAnswer> {
        let discoverer = self.discoverer.clone();
        let base = self.config.webhooks.public_url.clone();
        async move {
            let answer = |status| WebhookAnswer { status, headers: Vec::new() };
            let url = base.and_then(|base| Url::parse(&format!("{base}{}", incoming.path_and_query)).ok());
            // Without a public address nothing was ever asked to be delivered.
            let Some(url) = url else { return answer(404) };
            let Incoming { method, headers, body, .. } = &incoming;
            let delivery = Delivery { method, url: &url, headers, body };
            match discoverer.receive(kind, &delivery).await {
                Ok(delivered) => {
                    if let Some((account, call_id)) = delivered.record_call {
                        tokio::spawn(record(discoverer, account, call_id));
                    }
                    delivered.answer
                }
                // The provider delivers again.
                Err(error) => {
                    tracing::error!(%error, "A delivery could not be taken in.");
                    answer(503)
                }
            }
        }
        .boxed()
    }

    fn record(
        &self,
        account: Option<String>,
        call_id: String,
        by: String,
    ) -> BoxFuture<'static, Result<Started, ProviderError>> {
        let discoverer = self.discoverer.clone();
        async move {
            let account = account.map(|name| name.parse::<AccountName>()).transpose();
            let account = account.map_err(|error| ProviderError::new(error.to_string(), Disposition::Reject))?;
            discoverer.record(account.as_ref(), &call_id, &by).await.map_err(of_source)
        }
        .boxed()
    }

    fn access(&self, kind: Option<ProviderKind>, account: Option<AccountName>) -> BoxFuture<'static, Vec<Standing>> {
        let discoverer = self.discoverer.clone();
        async move {
            let standings = discoverer.access(kind, account.as_ref()).await.into_iter();
            standings.map(|one| Standing { provider: one.provider, account: one.account, access: one.access }).collect()
        }
        .boxed()
    }

    fn remove_at_source(&self, recording: Recording, by: String) -> BoxFuture<'static, Result<(), ProviderError>> {
        let (discoverer, clock) = (self.discoverer.clone(), Arc::clone(&self.clock));
        async move { discoverer.remove_at_source(&recording, &by, clock.now()).await.map_err(of_source) }.boxed()
    }

    fn audio_link(&self, recording: Recording) -> BoxFuture<'static, Option<String>> {
        let discoverer = self.discoverer.clone();
        async move {
            let asked = discoverer.audio_link(&recording).await;
            if let Err(error) = &asked {
                tracing::debug!(recording = %recording.id, %error, "There is no link to the audio at its provider.");
            }
            asked.ok().flatten().map(String::from)
        }
        .boxed()
    }

    fn sign_in(&self, account: String) -> BoxFuture<'static, Result<String, ProviderError>> {
        let begun = account
            .parse::<AccountName>()
            .map_err(|error| ProviderError::new(error.to_string(), Disposition::Reject))
            .and_then(|account| self.sign_ins.begin(&self.discoverer, &account).map_err(of_source));
        async { begun }.boxed()
    }

    fn signed_in(&self, state: String, code: String) -> BoxFuture<'static, Result<String, ProviderError>> {
        let (discoverer, sign_ins) = (self.discoverer.clone(), Arc::clone(&self.sign_ins));
        async move {
            let account = sign_ins.complete(&discoverer, &state, &code).await.map_err(of_source)?;
            tracing::info!(%account, "An account was signed in.");
            Ok(account.to_string())
        }
        .boxed()
    }

    fn sinks(&self) -> Vec<Sink> {
        self.config.notify.iter().zip(self.notifier.health()).map(|(config, health)| sink(config, health)).collect()
    }

    fn wake_sinks(&self) {
        self.notifier.hurry();
    }

    fn test_sink(&self, name: String) -> BoxFuture<'static, Option<(uuid::Uuid, Result<u16, String>)>> {
        let notifier = self.notifier.clone();
        async move { notifier.test(&name).await.map(|tried| (tried.event, tried.result)) }.boxed()
    }

    fn take_traffic(&self) -> Vec<Egress> {
        ledger::take()
    }
}

/// A sink as the configuration and its task see it.
fn sink(config: &NotifyConfig, health: Health) -> Sink {
    Sink {
        name: health.name,
        host: health.host,
        events: config.events.clone(),
        include_transcript: config.include_transcript,
        last_success_at: health.last_success_at,
        last_failure_at: health.last_failure_at,
        last_error: health.last_error,
        down_until: health.down_until,
    }
}

/// A look this long under way is told of: a drive that is away does not answer, and the first look at a large archive takes
/// its time.
const LATE_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

fn late(looking_since: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let since = looking_since.filter(|since| now.duration_since(*since) >= LATE_AFTER)?;
    Some(format!("The look that began at {since:.0} has not been answered yet."))
}

/// Where a provider's API is when the configuration says nothing else.
const fn usual_host(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Folder | ProviderKind::Upload => "",
        ProviderKind::Twilio => "https://api.twilio.com",
        ProviderKind::RingCentral => "https://platform.ringcentral.com",
        ProviderKind::Webex => "https://webexapis.com/v1",
    }
}

/// Waits between tries to record a call that has just begun.
const RECORD_AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10)];

/// Records a call that a delivery told of; whoever waits for it sees it in the log and, later, in the list.
async fn record(discoverer: Discoverer, account: AccountName, call_id: String) {
    for wait in RECORD_AGAIN.into_iter().map(Some).chain([None]) {
        match (discoverer.record(Some(&account), &call_id, "daemon").await, wait) {
            (Ok(started), _) => {
                tracing::info!(%account, state = started.state, "A call is being recorded.");
                return;
            }
            // Nothing was begun, and the call does not wait.
            (Err(error), Some(wait)) if matches!(error.disposition(), Disposition::Retry { .. }) => {
                tracing::debug!(%account, %error, "A call could not be recorded; it is tried again.");
                tokio::time::sleep(wait).await;
            }
            (Err(error), _) => {
                tracing::warn!(%account, %error, "A call could not be recorded.");
                return;
            }
        }
    }
}

fn of_source(error: DiscoverError) -> ProviderError {
    match error {
        DiscoverError::Source(error) => error,
        other => ProviderError::new(other.to_string(), other.disposition()),
    }
}
