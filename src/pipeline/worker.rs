//! One worker of one lane: claims, runs, commits, and sleeps exactly until there is something to do again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::activity::Running;
use super::outcome::{DISK, TRANSCRIPTION, parked_name};
use super::shared::Shared;
use super::steps::{self, Setback};
use super::{PipelineError, late, sweep, withhold};
use crate::call::{Insight, Language, ProviderKind, Recording, Step, StepState, Transcript};
use crate::observe::metrics;
use crate::store::{Claim, ClaimRequest, Lane, StepOutcome, StepResult, StoreError};
use crate::transcribe::{Event, Outcome};
use crate::understand::insight::{RULES_VERSION, Rules};

/// Longest sleep while something waits for its time: the machine's clock may be set, and a laptop suspended, meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// News from the worker that may queue up while a checkpoint is written.
const EVENTS_MAX: usize = 64;
/// How long work waits whose account is not configured.
const UNKNOWN_ACCOUNT_RETRY: Duration = Duration::from_secs(3600);

/// Works until `stop`; `abort` ends what still runs then.
pub(super) async fn work(
    shared: Arc<Shared>,
    lane: Lane,
    stop: CancellationToken,
    abort: CancellationToken,
) -> Result<(), PipelineError> {
    let mut added = shared.store.subscribe();
    while !stop.is_cancelled() {
        // Marked before the question, so that work added after it wakes this worker.
        added.mark_unchanged();
        let due = match shared.due(lane).await? {
            Next::Claim(claim) => {
                run_claim(&shared, *claim, &abort).await?;
                continue;
            }
            Next::Sleep(due) => due,
        };
        let wait = due.map(|due| due.duration_since(shared.clock.now()).try_into().unwrap_or(Duration::ZERO));
        tokio::select! {
            () = stop.cancelled() => {}
            changed = added.changed() => changed.map_err(|gone| PipelineError::Broken(gone.to_string()))?,
            () = tokio::time::sleep(wait.unwrap_or(SLEEP_MAX).min(SLEEP_MAX)), if wait.is_some() => {}
        }
    }
    Ok(())
}

/// What a worker does next.
enum Next {
    Claim(Box<Claim>),
    /// Until then, or until work is added.
    Sleep(Option<Timestamp>),
}

impl Shared {
    async fn due(&self, lane: Lane) -> Result<Next, PipelineError> {
        let now = self.clock.now();
        let door = match lane {
            Lane::Transcribe => TRANSCRIPTION,
            Lane::Light | Lane::Summarise => DISK,
        };
        if let Some(parked) = self.activity.parked(door, now) {
            return Ok(Next::Sleep(Some(parked.until)));
        }
        let attempts_max = self.config.pipeline.attempts_max;
        let request = ClaimRequest { boot: self.boot, lane, order: self.next_order(lane), attempts_max };
        self.ask(move |store| {
            if store.paused_since()?.is_some() {
                return Ok(Next::Sleep(None));
            }
            Ok(match store.claim(now, &request)? {
                Some(claim) => Next::Claim(Box::new(claim)),
                None => Next::Sleep(store.next_due(lane)?),
            })
        })
        .await
    }
}

/// Runs one claimed step and stores what came of it.
async fn run_claim(shared: &Shared, claim: Claim, abort: &CancellationToken) -> Result<(), PipelineError> {
    let (id, step, attempt) = (claim.id(), claim.step, claim.attempt);
    let cancel = abort.child_token();
    let running = Running {
        recording: id,
        step,
        attempt,
        since: shared.clock.now(),
        windows_done: 0,
        windows_total: 0,
        duration_ms: None,
        speech_ms: None,
    };
    let shown = shared.activity.begin(running, cancel.clone());
    let done = match step {
        // Listens to `cancel` itself: the child must be told, not just forgotten.
        Step::Transcribe => transcribe(shared, &claim, cancel).await?,
        // Listens itself too: a file that is being put in its place is put there, so that it can be found and removed.
        Step::DownloadAudio => light(shared, &claim, &cancel).await?,
        _ => tokio::select! {
            done = light(shared, &claim, &cancel) => done?,
            () = cancel.cancelled() => Err(Setback::Cancelled),
        },
    };
    let (outcome, has_new_words) = match done {
        Ok(done) => {
            open_door(shared, &claim);
            (done.outcome, done.has_new_words)
        }
        Err(setback) => (shared.outcome_of(&claim, setback, abort.is_cancelled())?, false),
    };
    let kept = match &outcome {
        StepOutcome::Completed { result: StepResult::Audio(audio), .. } => Some(audio.path.clone()),
        _ => None,
    };
    let audio_before = claim.recording.audio.as_ref().map(|audio| audio.path.clone());
    let now = shared.clock.now();
    let finished = shared.ask(move |store| match store.finish(&claim, outcome, now) {
        Err(StoreError::ClaimLost(_)) => Ok(None),
        finished => finished.map(Some),
    });
    let Some(recording) = finished.await? else {
        tracing::info!(recording = %id, %step, "The recording was removed or sent back meanwhile; the result was dropped.");
        return sweep::remove_forgotten(shared, id, kept).await;
    };
    drop(shown);
    if step == Step::DownloadAudio
        && recording.audio.is_some()
        && let Some(provider) = shared.provider(&recording)
    {
        provider.taken(&recording.key.remote_id).await;
    }
    tell(&recording, step, attempt);
    if let (Some(before), Some(audio)) = (audio_before, &recording.audio)
        && before != audio.path
    {
        sweep::replace(shared, id, before, audio.path.clone()).await?;
    }
    if let Some(audio) = recording.audio.as_ref().filter(|_| has_new_words) {
        sweep::write_transcript(shared, id, audio.path.clone()).await?;
        // Whoever removed the recording between the commit and now has not seen this file.
        sweep::remove_forgotten(shared, id, Some(audio.path.clone())).await?;
    }
    if step == Step::GenerateSummary && late::awaits_comparison(&recording) {
        // The earlier comparison stays until there is another.
        shared.ask(move |store| store.hasten_late(id, now)).await?;
    }
    if recording.steps.next().is_none() {
        withhold::one(shared, id).await?;
    }
    Ok(())
}

/// A step that went well shows that what it depends on is mended.
fn open_door(shared: &Shared, claim: &Claim) {
    if claim.step <= Step::Transcribe {
        shared.activity.unpark(&parked_name(claim));
    }
    if claim.step == Step::DownloadAudio {
        shared.activity.unpark(DISK);
    }
}

/// What a step brought, and whether the transcript that people find on disk changes by it.
struct Done {
    outcome: StepOutcome,
    has_new_words: bool,
}

impl Done {
    fn with(result: StepResult) -> Self {
        Self { outcome: StepOutcome::Completed { result, version: Some(program_version()) }, has_new_words: false }
    }

    /// The same, made by something that has a version of its own.
    fn made_by(mut self, maker: String) -> Self {
        if let StepOutcome::Completed { version, .. } = &mut self.outcome {
            *version = Some(maker);
        }
        self
    }
}

/// The program, the rules that draw insights, a digest of those that the operator set, and the model that wrote the summary, if
/// one did.
fn insight_version(insight: &Insight, rules: &Rules) -> String {
    let by_rule = format!("{} with rules {RULES_VERSION}, configured {}", program_version(), rules.digest);
    match &insight.summary_model {
        Some(model) => format!("{by_rule} and {}, prompt {}", model.name, model.prompt_version),
        None => by_rule,
    }
}

pub(super) fn program_version() -> String {
    format!("callscribe {}", env!("CARGO_PKG_VERSION"))
}

/// All steps but transcription.
async fn light(
    shared: &Shared,
    claim: &Claim,
    cancel: &CancellationToken,
) -> Result<Result<Done, Setback>, PipelineError> {
    let id = claim.id();
    let transcript = match claim.step {
        Step::DetectLanguage | Step::GenerateSummary => shared.ask(move |store| store.spoken(id)).await?,
        _ => None,
    };
    Ok(match (claim.step, transcript) {
        (Step::DetectLanguage, Some(transcript)) => detect_language(shared, claim, &transcript),
        (Step::GenerateSummary, Some(transcript)) => summarise(shared, claim, &transcript).await,
        (Step::DetectLanguage | Step::GenerateSummary, None) => {
            Err(Setback::NotToBeHad("There is no transcript.".to_owned()))
        }
        (step, _) => fetch(shared, claim, step, cancel).await,
    })
}

async fn summarise(shared: &Shared, claim: &Claim, transcript: &Transcript) -> Result<Done, Setback> {
    let (privacy, earlier) = (&shared.config.privacy, claim.recording.insight.as_ref());
    let insight =
        steps::generate_summary::run(transcript, &shared.rules, privacy, shared.writer.as_ref(), earlier).await?;
    let version = insight_version(&insight, &shared.rules);
    Ok(Done::with(StepResult::Insight(Box::new(insight))).made_by(version))
}

fn detect_language(shared: &Shared, claim: &Claim, transcript: &Transcript) -> Result<Done, Setback> {
    let config = &shared.config.transcribe;
    let said: Vec<Language> = said_language(&claim.recording).into_iter().collect();
    let source = shared.source(&claim.recording);
    let allowed = if said.is_empty() { steps::transcribe::languages(config, &source) } else { &said };
    let guess = steps::detect_language::run(transcript, allowed)?;
    let result = StepResult::Language { language: Some(guess.language), confidence: guess.confidence };
    Ok(Done { has_new_words: true, ..Done::with(result) })
}

/// The language an upload came with.
fn said_language(recording: &Recording) -> Option<Language> {
    let said = recording.metadata["upload"]["language"].as_str()?;
    (recording.key.provider == ProviderKind::Upload).then(|| Language::new(said))
}

/// The steps that ask the provider.
async fn fetch(shared: &Shared, claim: &Claim, step: Step, cancel: &CancellationToken) -> Result<Done, Setback> {
    if let Some(parked) = shared.activity.parked(&parked_name(claim), shared.clock.now()) {
        let after = parked.until.duration_since(shared.clock.now()).try_into().unwrap_or(Duration::ZERO);
        return Err(Setback::NotYet { after, reason: parked.reason });
    }
    let Some(provider) = shared.provider(&claim.recording) else {
        let account = parked_name(claim);
        let reason = format!("The account {account} is not configured; add it back or remove the recording.");
        return Err(Setback::NotYet { after: UNKNOWN_ACCOUNT_RETRY, reason });
    };
    let (remote_id, locator) = (claim.recording.key.remote_id.as_str(), claim.locator.as_str());
    if !provider.reaches(locator) {
        let account = parked_name(claim);
        let reason = format!("It was found outside of what {account} reads now; read that place again to go on.");
        return Err(Setback::NotYet { after: UNKNOWN_ACCOUNT_RETRY, reason });
    }
    let result = match step {
        Step::FetchDetails => {
            StepResult::Details(Box::new(steps::fetch_details::run(&*provider, remote_id, locator).await?))
        }
        Step::FetchMetadata => StepResult::Metadata(steps::fetch_metadata::run(&*provider, remote_id, locator).await?),
        _ => {
            let limits = steps::download_audio::Limits {
                file_bytes_max: shared.config.transcribe.file_bytes_max,
                free_disk_bytes_min: shared.config.pipeline.free_disk_bytes_min,
            };
            let audio =
                steps::download_audio::run(&*provider, &shared.files, &claim.recording, locator, limits, cancel);
            StepResult::Audio(Box::new(audio.await?))
        }
    };
    Ok(Done::with(result))
}

/// Transcription: reads the windows an earlier attempt finished, keeps the new ones as they come.
async fn transcribe(
    shared: &Shared,
    claim: &Claim,
    cancel: CancellationToken,
) -> Result<Result<Done, Setback>, PipelineError> {
    let Some(audio) = shared.audio_path(&claim.recording) else {
        return Ok(Err(Setback::NotToBeHad("There is no audio.".to_owned())));
    };
    let id = claim.id();
    let checkpoints = shared.ask(move |store| store.checkpoints(id)).await?;
    let source = shared.source(&claim.recording);
    let mut request =
        steps::transcribe::request(&claim.recording, audio, &shared.config.transcribe, &source, checkpoints);
    if let Some(language) = said_language(&claim.recording) {
        request.languages = vec![language];
    }
    let (events, news) = mpsc::channel(EVENTS_MAX);
    let (outcome, kept) = tokio::join!(
        steps::transcribe::run(&shared.supervisor, request, events, cancel.clone()),
        keep_windows(shared, claim, news, &cancel),
    );
    kept?;
    Ok(outcome.map(transcribed))
}

fn transcribed(Outcome { transcript, format }: Outcome) -> Done {
    let version = Some(format!("{} with {}", program_version(), transcript.model));
    let result = StepResult::Transcript { transcript: Box::new(transcript.clone()), format };
    let outcome = if transcript.segments.is_empty() {
        StepOutcome::Skipped { reason: "No speech was found.".to_owned(), result: Some(result) }
    } else {
        StepOutcome::Completed { result, version }
    };
    Done { outcome, has_new_words: true }
}

/// Shows and keeps the news of a transcription until it ends. A claim that is lost meanwhile ends it.
async fn keep_windows(
    shared: &Shared,
    claim: &Claim,
    mut news: mpsc::Receiver<Event>,
    cancel: &CancellationToken,
) -> Result<(), PipelineError> {
    while let Some(event) = news.recv().await {
        match event {
            Event::Surveyed { duration_ms, speech_ms, windows, .. } => shared.activity.update(claim.id(), |running| {
                running.duration_ms = Some(duration_ms);
                running.speech_ms = Some(speech_ms);
                running.windows_total = windows;
            }),
            Event::Said { .. } => {}
            Event::Window { checkpoint, done, windows } => {
                shared.activity.update(claim.id(), |running| {
                    running.windows_done = done;
                    running.windows_total = windows;
                });
                let claim = claim.clone();
                let kept = shared.ask(move |store| store.checkpoint(&claim, checkpoint.window, &checkpoint.body));
                match kept.await {
                    Err(PipelineError::Store(StoreError::ClaimLost(_))) => cancel.cancel(),
                    Err(PipelineError::Store(StoreError::WrongState(error))) => {
                        tracing::warn!(error, "A window was not kept.");
                    }
                    kept => kept.inspect_err(|_| cancel.cancel())?,
                }
            }
        }
    }
    Ok(())
}

/// Adds a step that ended to the metrics.
fn measure(recording: &Recording, step: Step) {
    let record = recording.steps.get(step);
    let took_s = record.took_ms.map_or(0.0, |ms| ms as f64 / 1000.0);
    metrics::step_ended(step.as_str(), record.state.name(), took_s);
    let call_ms = recording.audio.as_ref().and_then(|audio| audio.duration_ms);
    if let (Step::Transcribe, StepState::Completed { .. }, Some(call_ms)) = (step, &record.state, call_ms) {
        let confidence = recording.transcript.as_ref().and_then(|transcript| transcript.confidence);
        metrics::transcribed(call_ms as f64 / 1000.0, took_s, confidence);
    }
}

/// One line in the log for each step that ends.
fn tell(recording: &Recording, step: Step, attempt: u32) {
    let record = recording.steps.get(step);
    let (id, state, took_ms) = (recording.id, record.state.name(), record.took_ms);
    measure(recording, step);
    match &record.state {
        StepState::Failed { error, .. } => {
            tracing::warn!(recording = %id, %step, attempt, took_ms, error, "A step failed.");
        }
        StepState::Waiting { until, reason } => {
            tracing::info!(recording = %id, %step, attempt, took_ms, %until, reason, "A step will be tried again.");
        }
        _ => tracing::info!(recording = %id, %step, attempt, state, took_ms, "A step ended."),
    }
}
