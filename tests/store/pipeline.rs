//! The pipeline brings every recording to an end, whatever its source does, and stops without losing a step.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callscribe::call::{AccountName, CallFacts, Disposition, ProviderKind, Recording, RecordingId, Step, StepState};
use callscribe::clock::ManualClock;
use callscribe::config::Config;
use callscribe::pipeline::{Activity, Pipeline, PipelineError};
use callscribe::provider::{Discovery, Provider, ProviderError};
use callscribe::store::Store;
use callscribe::transcribe::Supervisor;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::*;

/// A source whose every answer the test decides.
struct Shelf {
    account: AccountName,
    audio: Mutex<HashMap<String, Vec<u8>>>,
    trouble: Mutex<Option<(Disposition, &'static str)>>,
    is_stuck: AtomicBool,
    /// Done while a download runs.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    downloads: AtomicUsize,
    questions: AtomicUsize,
    /// Whose details were asked for, in order.
    asked: Mutex<Vec<String>>,
}

impl Shelf {
    fn with(names: &[&str]) -> Arc<Self> {
        let audio = names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect();
        Arc::new(Self {
            account: account(),
            audio: Mutex::new(audio),
            trouble: Mutex::new(None),
            is_stuck: AtomicBool::new(false),
            meanwhile: Mutex::new(None),
            downloads: AtomicUsize::new(0),
            questions: AtomicUsize::new(0),
            asked: Mutex::default(),
        })
    }

    fn trouble(self: Arc<Self>, disposition: Disposition) -> Arc<Self> {
        *self.trouble.lock().unwrap() = Some((disposition, "The shelf is locked."));
        self
    }

    /// How often the details of one were asked for.
    fn asked(&self, remote_id: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == remote_id).count()
    }

    fn answer<T>(&self, value: T) -> Result<T, ProviderError> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        match *self.trouble.lock().unwrap() {
            Some((disposition, message)) => Err(ProviderError { message: message.to_owned(), disposition }),
            None => Ok(value),
        }
    }
}

impl Provider for Shelf {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Folder
    }

    fn account(&self) -> &AccountName {
        &self.account
    }

    fn discover(&self, _cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        Box::pin(async { Ok(Discovery::default()) })
    }

    fn details<'a>(&'a self, remote_id: &'a str, _: &'a str) -> BoxFuture<'a, Result<CallFacts, ProviderError>> {
        self.asked.lock().unwrap().push(remote_id.to_owned());
        Box::pin(async { self.answer(CallFacts { queue: Some("support".into()), ..CallFacts::default() }) })
    }

    fn metadata<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>> {
        Box::pin(async { self.answer(json!({"shelf": 1})) })
    }

    fn download<'a>(
        &'a self,
        remote_id: &'a str,
        _locator: &'a str,
        into: &'a Path,
        _bytes_max: u64,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            self.downloads.fetch_add(1, Ordering::SeqCst);
            if let Some(deed) = self.meanwhile.lock().unwrap().take() {
                deed();
            }
            if self.is_stuck.load(Ordering::SeqCst) {
                std::fs::write(into, "half").unwrap();
                std::future::pending::<()>().await;
            }
            let bytes = self.audio.lock().unwrap()[remote_id].clone();
            std::fs::write(into, bytes).unwrap();
            self.answer(())
        })
    }
}

fn config(state_dir: &Path) -> Config {
    let mut config = Config::default_for(state_dir);
    config.pipeline.attempts_max = ATTEMPTS_MAX;
    config.pipeline.drain_timeout = Duration::from_millis(50);
    config.pipeline.free_disk_bytes_min = 1;
    config
}

/// A pipeline at work. There is no model, so that transcription always waits.
struct Plant {
    store: Store,
    clock: Arc<ManualClock>,
    activity: Arc<Activity>,
    cancel: CancellationToken,
    run: JoinHandle<Result<(), PipelineError>>,
}

impl Plant {
    fn start(store: Store, shelf: Arc<Shelf>, config: Config) -> Self {
        let clock = Arc::new(ManualClock::at(at(100)));
        let supervisor = Supervisor::without_model("There is no model; pull one.".to_owned());
        let rng = fastrand::Rng::with_seed(1);
        let providers: Vec<Arc<dyn Provider>> = vec![shelf];
        let pipeline = Pipeline::new(
            store.clone(),
            providers,
            Arc::new(supervisor),
            Arc::new(config),
            Arc::<ManualClock>::clone(&clock),
            rng,
        );
        let pipeline = pipeline.unwrap();
        let (activity, cancel) = (pipeline.activity(), CancellationToken::new());
        let stop = cancel.clone();
        let run = tokio::spawn(async move { pipeline.run(stop).await });
        Self { store, clock, activity, cancel, run }
    }

    /// Waits until a recording is as wanted.
    async fn until(&self, id: RecordingId, wanted: impl Fn(&Recording) -> bool) -> Recording {
        wait_until("the recording is as wanted", || {
            let recording = self.store.get(id).unwrap().unwrap();
            if wanted(&recording) {
                return Some(recording);
            }
            assert!(!self.run.is_finished(), "the pipeline ended early: {:#?}", recording.steps);
            None
        })
        .await
    }

    fn shows(&self, step: Step) -> bool {
        self.activity.snapshot().running.iter().any(|running| running.step == step)
    }

    async fn stop(self) -> Result<(), PipelineError> {
        self.cancel.cancel();
        self.run.await.unwrap()
    }
}

/// Asks `probe` again and again until it answers; longer than any busy machine needs, so that only what never comes fails.
async fn wait_until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    const PATIENCE: Duration = Duration::from_secs(120);
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is(recording: &Recording, step: Step, name: &str) -> bool {
    recording.steps.get(step).state.name() == name
}

fn shelf_fixture(name: &str) -> (Fixture, RecordingId, TempDir) {
    let fixture = Fixture::new();
    let id = fixture.insert(name, 0);
    (fixture, id, tempfile::tempdir().unwrap())
}

#[tokio::test]
async fn a_recording_is_fetched_and_then_waits_for_the_transcriber() {
    let (fixture, id, state) = shelf_fixture("a");
    let plant = Plant::start(fixture.store.clone(), Shelf::with(&["a"]), config(state.path()));
    let recording = plant.until(id, |recording| is(recording, Step::Transcribe, "waiting")).await;
    assert_eq!(recording.call.queue.as_deref(), Some("support"));
    assert_eq!(recording.call.caller.name.as_deref(), Some("Ada Holm"), "what discovery knew is kept");
    assert_eq!(recording.metadata, json!({"shelf": 1, "source": "in/a.wav"}));
    let audio = recording.audio.unwrap();
    assert_eq!((audio.size_bytes, audio.original_name.as_deref()), (1, Some("a.wav")));
    assert_eq!(std::fs::read(state.path().join("recordings").join(audio.path)).unwrap(), b"a");
    let transcribe = recording.steps.get(Step::Transcribe);
    assert_eq!(transcribe.attempts, 0, "a missing model is no fault of the recording's");
    assert!(matches!(&transcribe.state, StepState::Waiting { reason, .. } if reason == "There is no model; pull one."));
    assert_eq!(plant.activity.snapshot().parked[0].what, "transcribe");
    plant.stop().await.unwrap();
    assert_whole(&fixture.store);
}

#[tokio::test]
async fn work_added_later_wakes_the_pipeline() {
    let (fixture, first, state) = shelf_fixture("a");
    let plant = Plant::start(fixture.store.clone(), Shelf::with(&["a", "b"]), config(state.path()));
    plant.until(first, |recording| recording.audio.is_some()).await;
    let second = fixture.insert("b", 1);
    plant.until(second, |recording| recording.audio.is_some()).await;
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn a_rejected_download_fails_at_once() {
    let (fixture, id, state) = shelf_fixture("a");
    let shelf = Shelf::with(&["a"]).trouble(Disposition::Reject);
    let plant = Plant::start(fixture.store.clone(), shelf, config(state.path()));
    let recording = plant.until(id, |recording| recording.steps.next().is_none()).await;
    assert!(is(&recording, Step::DownloadAudio, "failed") && is(&recording, Step::Transcribe, "skipped"));
    assert_eq!(recording.steps.last_error(), Some("The shelf is locked."));
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn trouble_at_a_source_is_waited_out_and_ends_after_the_attempts_and_the_age_allowed() {
    let (fixture, id, state) = shelf_fixture("a");
    let shelf = Shelf::with(&["a", "x", "y", "z"]).trouble(Disposition::Retry { after: None });
    let plant = Plant::start(fixture.store.clone(), Arc::clone(&shelf), config(state.path()));
    // The third is the last, and the recording young: it is given back.
    for (asked, attempts, waker) in [(1, 1, "x"), (2, 2, "y"), (3, 2, "z")] {
        let recording = plant.until(id, |recording| {
            let record = recording.steps.get(Step::FetchDetails);
            shelf.asked("a") >= asked && record.attempts == attempts && is(recording, Step::FetchDetails, "waiting")
        });
        let StepState::Waiting { until, .. } = recording.await.steps.get(Step::FetchDetails).state.clone() else {
            panic!("it waits");
        };
        assert!(until > callscribe::clock::Clock::now(&*plant.clock));
        let days = if asked == 3 { 4 * 24 } else { 1 };
        plant.clock.advance_ms(days * 3_600_000);
        // A sleeper looks at the clock again when work is added.
        fixture.insert(waker, 5);
    }
    let recording = plant.until(id, |recording| is(recording, Step::FetchDetails, "failed")).await;
    assert_eq!(recording.steps.last_error(), Some("Given up after 3 attempts. The shelf is locked."));
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn a_locked_account_is_parked_and_not_asked_again_for_each_recording() {
    let (fixture, first, state) = shelf_fixture("a");
    let others = ["b", "c", "d"].map(|name| fixture.insert(name, 1));
    let shelf = Shelf::with(&["a", "b", "c", "d"]).trouble(Disposition::Park);
    let plant = Plant::start(fixture.store.clone(), Arc::clone(&shelf), config(state.path()));
    for id in others.into_iter().chain([first]) {
        let recording = plant.until(id, |recording| is(recording, Step::FetchDetails, "waiting")).await;
        assert_eq!(recording.steps.get(Step::FetchDetails).attempts, 0);
    }
    // Two workers may have asked before either heard the answer.
    assert!(shelf.questions.load(Ordering::SeqCst) <= 2);
    let parked = plant.activity.snapshot().parked;
    assert!(parked.iter().any(|parked| parked.what == "folder/inbox" && parked.reason == "The shelf is locked."));
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_taken_in_and_no_attempt_is_lost() {
    let (fixture, id, state) = shelf_fixture("a");
    let shelf = Shelf::with(&["a"]);
    let mut config = config(state.path());
    config.pipeline.free_disk_bytes_min = u64::MAX;
    let plant = Plant::start(fixture.store.clone(), Arc::clone(&shelf), config);
    let recording = plant.until(id, |recording| is(recording, Step::DownloadAudio, "waiting")).await;
    assert_eq!(recording.steps.get(Step::DownloadAudio).attempts, 0);
    assert_eq!(shelf.downloads.load(Ordering::SeqCst), 0);
    assert_eq!(plant.activity.snapshot().parked[0].what, "disk");
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn recordings_of_an_account_that_is_gone_wait_for_it() {
    let (fixture, id, state) = shelf_fixture("a");
    let mut shelf = Shelf::with(&["a"]);
    Arc::get_mut(&mut shelf).unwrap().account = "elsewhere".parse().unwrap();
    let plant = Plant::start(fixture.store.clone(), shelf, config(state.path()));
    let recording = plant.until(id, |recording| is(recording, Step::FetchDetails, "waiting")).await;
    let StepState::Waiting { reason, .. } = &recording.steps.get(Step::FetchDetails).state else { panic!("it waits") };
    assert_eq!(reason, "The account folder/inbox is not configured; add it back or remove the recording.");
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn a_graceful_stop_puts_back_what_does_not_end_in_time() {
    let (fixture, id, state) = shelf_fixture("a");
    let shelf = Shelf::with(&["a"]);
    shelf.is_stuck.store(true, Ordering::SeqCst);
    let plant = Plant::start(fixture.store.clone(), Arc::clone(&shelf), config(state.path()));
    plant.until(id, |_| plant.shows(Step::DownloadAudio)).await;
    plant.stop().await.unwrap();
    let record = fixture.get(id).steps.get(Step::DownloadAudio).clone();
    assert_eq!((record.state, record.attempts), (StepState::Pending, 0));
    assert_eq!(std::fs::read_dir(state.path().join("recordings/.partial")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_killed_run_left_is_done_again_under_the_same_id() {
    let (fixture, id, state) = shelf_fixture("a");
    let shelf = Shelf::with(&["a"]);
    shelf.is_stuck.store(true, Ordering::SeqCst);
    let plant = Plant::start(fixture.store.clone(), Arc::clone(&shelf), config(state.path()));
    plant.until(id, |_| plant.shows(Step::DownloadAudio)).await;
    std::fs::write(state.path().join("recordings/.partial/left.part"), "half").unwrap();
    plant.run.abort();
    // What is killed takes nothing up any more.
    assert!(plant.run.await.is_err_and(|end| end.is_cancelled()));
    shelf.is_stuck.store(false, Ordering::SeqCst);
    let plant = Plant::start(fixture.store.clone(), shelf, config(state.path()));
    let recording = plant.until(id, |recording| recording.audio.is_some()).await;
    assert_eq!(recording.steps.get(Step::DownloadAudio).attempts, 2);
    assert_eq!(recording.steps.get(Step::FetchDetails).attempts, 1, "what was done is not done again");
    assert_eq!(std::fs::read_dir(state.path().join("recordings/.partial")).unwrap().count(), 0);
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn a_removal_in_the_middle_of_a_step_ends_it() {
    let (fixture, id, state) = shelf_fixture("a");
    let shelf = Shelf::with(&["a"]);
    shelf.is_stuck.store(true, Ordering::SeqCst);
    let plant = Plant::start(fixture.store.clone(), shelf, config(state.path()));
    plant.until(id, |_| plant.shows(Step::DownloadAudio)).await;
    fixture.store.soft_delete(id, "operator", at(101)).unwrap();
    assert!(plant.activity.cancel(id));
    wait_until("nothing runs any more", || plant.activity.snapshot().running.is_empty().then_some(())).await;
    plant.stop().await.unwrap();
    assert!(fixture.get(id).audio.is_none());
}

/// Files of the day after something happened to a recording in the last moment of its download.
async fn files_after(happens: impl FnOnce(&Store, RecordingId) + Send + 'static) -> usize {
    let (fixture, id, state) = shelf_fixture("a");
    let shelf = Shelf::with(&["a"]);
    let store = fixture.store.clone();
    *shelf.meanwhile.lock().unwrap() = Some(Box::new(move || happens(&store, id)));
    let plant = Plant::start(fixture.store.clone(), shelf, config(state.path()));
    plant.until(id, |recording| recording.steps.next().is_none()).await;
    plant.stop().await.unwrap();
    assert!(fixture.get(id).audio.is_none());
    std::fs::read_dir(state.path().join("recordings/2023/11/14")).unwrap().count()
}

#[tokio::test]
async fn a_download_that_ends_after_the_removal_leaves_no_file() {
    let left = files_after(|store, id| drop(store.soft_delete(id, "operator", at(101)).unwrap()));
    assert_eq!(left.await, 0);
}

#[tokio::test]
async fn a_download_that_ends_after_it_was_cancelled_leaves_no_file() {
    let left = files_after(|store, id| drop(store.cancel(id, "operator", at(101)).unwrap()));
    assert_eq!(left.await, 0);
}

#[tokio::test]
async fn language_and_summary_follow_from_the_words() {
    let (fixture, id, state) = shelf_fixture("a");
    drain_until(&fixture.store, 1, |claim| claim.step == Step::DetectLanguage);
    let plant = Plant::start(fixture.store.clone(), Shelf::with(&[]), config(state.path()));
    let recording = plant.until(id, |recording| recording.steps.next().is_none()).await;
    assert_eq!(recording.steps.quality_score(), 1.0);
    assert_eq!(recording.transcript.unwrap().language.unwrap().as_str(), "en");
    assert!(recording.insight.is_some());
    plant.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_writes_lost_transcripts_again_and_removes_what_was_forgotten() {
    let (fixture, id, state) = shelf_fixture("a");
    drain(&fixture.store, 1);
    let removed = fixture.insert("b", 1);
    fixture.store.soft_delete(removed, "operator", at(2)).unwrap();
    let files = callscribe::fetch::Files::open(state.path()).unwrap();
    let left_over = files.audio_path(&format!("2023/11/14/{removed}.wav"));
    std::fs::create_dir_all(left_over.parent().unwrap()).unwrap();
    std::fs::write(&left_over, "sound").unwrap();
    let plant = Plant::start(fixture.store.clone(), Shelf::with(&[]), config(state.path()));
    let words = files.transcript_path(&fixture.get(id).audio.unwrap().path);
    wait_until("the lost transcript is back and the rest gone", || {
        (words.exists() && !left_over.exists()).then_some(())
    })
    .await;
    assert!(std::fs::read_to_string(words).unwrap().contains("hello from the test"));
    plant.stop().await.unwrap();
}

/// Storage that stops working when told to.
#[derive(Debug)]
struct Failing(redb::backends::InMemoryBackend, Arc<AtomicBool>);

impl redb::StorageBackend for Failing {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> std::io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        if self.1.load(Ordering::SeqCst) { Err(std::io::Error::other("the disk is gone")) } else { self.0.sync_data() }
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
}

#[tokio::test]
async fn a_failing_database_ends_the_pipeline_and_says_so() {
    let is_broken = Arc::new(AtomicBool::new(false));
    let backend = Failing(redb::backends::InMemoryBackend::new(), Arc::clone(&is_broken));
    let store = Store::open_backend(backend).unwrap();
    insert(&store, "a", 0);
    let state = tempfile::tempdir().unwrap();
    is_broken.store(true, Ordering::SeqCst);
    let plant = Plant::start(store, Shelf::with(&["a"]), config(state.path()));
    let ended = plant.run.await.unwrap();
    assert!(matches!(ended, Err(PipelineError::Store(callscribe::store::StoreError::Storage(_)))), "{ended:?}");
    let fault = plant.activity.snapshot().fault.unwrap();
    // Of several workers the first may have met the failure itself or the lock redb puts on after it.
    assert!(fault.starts_with("The database failed: "), "{fault}");
}
