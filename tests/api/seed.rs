//! A served archive with one recording in each standing, put there through the store's own doors.
#![allow(dead_code, reason = "no suite uses all of it")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callscribe::call::{
    AccountName, Audio, AudioFormatFacts, CallFacts, ChannelFacts, Direction, Disposition, Insight, Language, Party,
    ProviderKind, Recording, RecordingId, RecordingKey, Segment, SummarySentence, Transcript, TranscriptSource, Word,
};
use callscribe::clock::ManualClock;
use callscribe::fetch::Files;
use callscribe::provider::ProviderError;
use callscribe::provider::upload::Uploads;
use callscribe::search::Search;
use callscribe::serve::{
    Account, ApiParts, Check, Door, Intake, Looked, Loops, Parked, Reach, Running, Standing, Workers, router, serve,
};
use callscribe::store::{BootId, ClaimOrder, ClaimRequest, Lane, NewRecording, StepOutcome, StepResult, Store};
use futures_util::future::{BoxFuture, FutureExt as _};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::common::Http;

pub const TOKEN: &str = "6b1f0c9e2d8a47538c1e9f7a0b3d5e6f";
pub const SOUND: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
pub const SOUND_SHA256: &str = "74e7e5bb9d22d6db26bf76946d40fff3ea9f0346b884fd0694920fccfad15e33";

/// What the loops would report; a test may change it.
#[derive(Default)]
pub struct Report {
    pub model_error: Option<String>,
    /// What waits for a person besides, by name.
    pub waiting: Option<String>,
    /// Where audio is heard that is not here.
    pub audio_link: Option<String>,
    pub running: Vec<Running>,
    pub workers: Workers,
    pub look: Looked,
    /// Neither looks nor removals at the provider ever end.
    pub stuck: bool,
    pub reaches: Vec<Reach>,
    /// What every provider says of its accounts.
    pub standings: Vec<Standing>,
    pub cancelled: Vec<RecordingId>,
}

pub struct ScriptedLoops(Mutex<Report>);

impl ScriptedLoops {
    pub fn set(&self, change: impl FnOnce(&mut Report)) {
        self.with(change);
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Report) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }
}

impl Loops for ScriptedLoops {
    fn checks(&self) -> Vec<Check> {
        let error = self.0.lock().unwrap().model_error.clone();
        let message = error.clone().unwrap_or_else(|| "Model base can be used.".to_owned());
        let waiting = self.0.lock().unwrap().waiting.clone();
        let waiting = waiting.map(|name| Check { name, ok: false, message: "It waits for a person.".to_owned() });
        let model = Check { name: "model".to_owned(), ok: error.is_none(), message };
        [Some(model), waiting].into_iter().flatten().collect()
    }

    fn running(&self) -> Vec<Running> {
        self.0.lock().unwrap().running.clone()
    }

    fn workers(&self) -> Workers {
        self.0.lock().unwrap().workers.clone()
    }

    fn parked(&self) -> Vec<Parked> {
        let error = self.0.lock().unwrap().model_error.clone();
        let parked = |reason| Parked { what: "transcribe".to_owned(), reason, until: at("2026-11-20T13:02:00Z") };
        error.map(parked).into_iter().collect()
    }

    fn cancel(&self, id: RecordingId) {
        self.0.lock().unwrap().cancelled.push(id);
    }

    fn accounts(&self) -> Vec<Account> {
        vec![Account {
            provider: ProviderKind::Folder,
            account: "inbox".to_owned(),
            location: "/srv/calls".to_owned(),
            last_look_at: Some(at("2026-11-20T12:00:00Z")),
            failures: 0,
            last_error: None,
        }]
    }

    fn access(&self, _kind: Option<ProviderKind>, _account: Option<AccountName>) -> BoxFuture<'static, Vec<Standing>> {
        let standings = self.0.lock().unwrap().standings.clone();
        async move { standings }.boxed()
    }

    fn audio_link(&self, _recording: Recording) -> BoxFuture<'static, Option<String>> {
        let link = self.0.lock().unwrap().audio_link.clone();
        async { link }.boxed()
    }

    fn model(&self) -> String {
        "base".to_owned()
    }

    fn look(&self, reach: Reach) -> BoxFuture<'static, Looked> {
        let mut report = self.0.lock().unwrap();
        report.reaches.push(reach);
        let (looked, is_stuck) = (report.look.clone(), report.stuck);
        async move { if is_stuck { std::future::pending().await } else { looked } }.boxed()
    }

    fn remove_at_source(&self, _recording: Recording, _by: String) -> BoxFuture<'static, Result<(), ProviderError>> {
        let is_stuck = self.0.lock().unwrap().stuck;
        let refused = ProviderError::new("The provider keeps its copy.", Disposition::Reject);
        async move { if is_stuck { std::future::pending().await } else { Err(refused) } }.boxed()
    }
}

/// A server with its archive.
pub struct Served {
    pub http: Http,
    pub store: Store,
    pub search: Search,
    pub loops: Arc<ScriptedLoops>,
    pub state: tempfile::TempDir,
    stop: CancellationToken,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Served {
    /// Without recordings.
    pub fn empty() -> Self {
        Self::behind(Door::default())
    }

    /// Without recordings, behind this door.
    pub fn behind(door: Door) -> Self {
        Self::within(door, Duration::from_secs(30))
    }

    /// The same, with this time for a request.
    pub fn within(door: Door, request_timeout: Duration) -> Self {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(&state.path().join("callscribe.redb")).unwrap();
        let search = Search::open(&store, state.path());
        let loops = Arc::new(ScriptedLoops(Mutex::default()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let parts = ApiParts {
            store: store.clone(),
            search: search.clone(),
            files: Files::open(state.path()).unwrap(),
            loops: loops.clone(),
            clock: Arc::new(ManualClock::at(at("2026-11-20T13:00:00Z"))),
            token: TOKEN.to_owned().into(),
            door,
            address,
            request_timeout,
            body_bytes_max: 1000,
            intake: Intake {
                uploads: Arc::new(Uploads::open(state.path()).unwrap()),
                upload_bytes_max: 1_000_000,
                queue_max: 10,
                free_disk_bytes_min: 0,
            },
            stop: stop.clone(),
        };
        runtime.spawn(serve(listener, router(parts), stop.clone(), Duration::from_secs(1)));
        let http = Http { address, token: TOKEN.to_owned() };
        Self { http, store, search, loops, state, stop, runtime: Some(runtime) }
    }

    /// One recording in each standing, newest first: pending, failed, waiting, completed.
    pub fn archive() -> (Self, Archive) {
        let served = Self::empty();
        let completed = served.completed("call-1", "2026-11-20T09:00:00Z");
        let waiting = served.seeds().waiting("call-2", "2026-11-20T10:00:00Z");
        let failed = served.seeds().failed("call-3", "2026-11-20T11:00:00Z");
        let pending = served.discover("call-4", "2026-11-20T12:00:00Z", &refund_call());
        (served, Archive { completed, waiting, failed, pending })
    }

    pub fn discover(&self, remote_id: &str, started_at: &str, call: &CallFacts) -> RecordingId {
        self.seeds().discover(remote_id, started_at, call)
    }

    /// Fails step after step of the recording whose turn it is, until none is left to do.
    pub fn finish_all(&self, id: RecordingId) {
        while self.store.get(id).unwrap().unwrap().steps.next().is_some() {
            let error = "The source has no such recording.".to_owned();
            self.seeds().finish(Lane::Light, StepOutcome::Failed { error }, at("2026-11-20T13:00:00Z"));
        }
    }

    pub fn completed(&self, remote_id: &str, started_at: &str) -> RecordingId {
        self.seeds().completed(remote_id, started_at, transcript())
    }

    /// Another insight for a recording that has one; no other may wait for its own.
    pub fn draw_again(&self, id: &str, insight: Insight) {
        let answer = self.http.post(&format!("/api/v1/recordings/{id}/reprocess?steps=generate_summary"));
        assert_eq!(answer.status, 202, "{}", answer.text());
        self.seeds().drawn(insight, at("2030-01-01T00:00:00Z"));
    }

    pub fn recordings(&self) -> PathBuf {
        self.state.path().join("recordings")
    }

    fn seeds(&self) -> Seeds<'_> {
        Seeds { store: &self.store, recordings: self.recordings() }
    }
}

/// Puts recordings into a store that nobody works on.
pub struct Seeds<'a> {
    pub store: &'a Store,
    pub recordings: PathBuf,
}

impl Seeds<'_> {
    fn discover(&self, remote_id: &str, started_at: &str, call: &CallFacts) -> RecordingId {
        let account = "inbox".parse().unwrap();
        let key = RecordingKey {
            provider: ProviderKind::Folder,
            account: "inbox".parse().unwrap(),
            remote_id: remote_id.to_owned(),
        };
        let call = CallFacts { started_at: Some(at(started_at)), ..call.clone() };
        let found = [NewRecording {
            key,
            call,
            locator: format!("/srv/calls/{remote_id}.wav"),
            returned: false,
            opinion_due: None,
        }];
        let now = at(started_at);
        let inserted = self.store.insert_discovered((ProviderKind::Folder, &account), &found, &[], None, now).unwrap();
        inserted[0].id
    }

    /// Claims the step that comes next and ends it with `outcome`. Only one recording may have work to do.
    fn finish(&self, lane: Lane, outcome: StepOutcome, now: Timestamp) {
        let boot = BootId::from_u128(1);
        let request = ClaimRequest { boot, lane, order: ClaimOrder::NewestFirst, attempts_max: 8 };
        let claim = self.store.claim(now, &request).unwrap().expect("work to do");
        self.store.finish(&claim, outcome, now + SignedDuration::from_secs(2)).unwrap();
    }

    fn fetched(&self, remote_id: &str, started_at: &str) -> (RecordingId, Timestamp) {
        let id = self.discover(remote_id, started_at, &refund_call());
        let now = at(started_at) + SignedDuration::from_mins(5);
        self.finish(Lane::Light, done(StepResult::Details(Box::new(refund_call()))), now);
        self.finish(Lane::Light, done(StepResult::Metadata(serde_json::json!({ "queue": "billing" }))), now);
        let path = format!("2026/11/20/{id}.wav");
        self.put_sound(&path);
        self.finish(Lane::Light, done(StepResult::Audio(Box::new(sound(path)))), now);
        (id, now)
    }

    fn put_sound(&self, path: &str) {
        let file = self.recordings.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, SOUND).unwrap();
    }

    /// A recording with nothing left to do.
    pub fn completed(&self, remote_id: &str, started_at: &str, transcript: Transcript) -> RecordingId {
        let (id, now) = self.fetched(remote_id, started_at);
        let transcript = Box::new(transcript);
        self.finish(Lane::Transcribe, done(StepResult::Transcript { transcript, format: format_facts() }), now);
        let language = Some(Language::new("en"));
        self.finish(Lane::Light, done(StepResult::Language { language, confidence: 0.97 }), now);
        let sentence = SummarySentence::spoken("I want a refund.".to_owned(), 1, 1500);
        let insight = Insight { summary: vec![sentence], topics: vec!["refund".to_owned()], ..Insight::default() };
        self.finish(Lane::Summarise, done(StepResult::Insight(Box::new(insight))), now);
        id
    }

    /// The summary, again, of the recording that waits for it.
    pub fn summarised(&self, now: Timestamp) {
        self.drawn(Insight::default(), now);
    }

    /// This insight for the recording that waits for it.
    pub fn drawn(&self, insight: Insight, now: Timestamp) {
        self.finish(Lane::Summarise, done(StepResult::Insight(Box::new(insight))), now);
    }

    fn waiting(&self, remote_id: &str, started_at: &str) -> RecordingId {
        let (id, now) = self.fetched(remote_id, started_at);
        let error = "The worker died while it transcribed.".to_owned();
        self.finish(Lane::Transcribe, StepOutcome::Retry { until: at("2030-01-01T00:00:00Z"), error }, now);
        id
    }

    fn failed(&self, remote_id: &str, started_at: &str) -> RecordingId {
        let id = self.discover(remote_id, started_at, &refund_call());
        let now = at(started_at) + SignedDuration::from_mins(5);
        self.finish(Lane::Light, done(StepResult::Details(Box::new(refund_call()))), now);
        self.finish(Lane::Light, done(StepResult::Metadata(serde_json::Value::Null)), now);
        let error = "The file is gone from its folder; put it back, then reprocess.".to_owned();
        self.finish(Lane::Light, StepOutcome::Failed { error }, now);
        id
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// The recordings of [`Served::archive`].
pub struct Archive {
    pub completed: RecordingId,
    pub waiting: RecordingId,
    pub failed: RecordingId,
    pub pending: RecordingId,
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn done(result: StepResult) -> StepOutcome {
    StepOutcome::Completed { result, version: Some("0.1.0".to_owned()) }
}

pub fn refund_call() -> CallFacts {
    CallFacts {
        direction: Some(Direction::Inbound),
        caller: Party { number: Some("+49 30 1234567".to_owned()), ..Party::default() },
        callee: Party { name: Some("Billing".to_owned()), number: Some("200".to_owned()), ..Party::default() },
        queue: Some("billing".to_owned()),
        duration_ms: Some(4_000),
        ..CallFacts::default()
    }
}

fn sound(path: String) -> Audio {
    Audio {
        path,
        size_bytes: SOUND.len() as u64,
        sha256: SOUND_SHA256.to_owned(),
        original_name: Some("Rückruf \"Müller\".wav".to_owned()),
        container: None,
        codec: None,
        sample_rate_hz: None,
        channel_count: None,
        duration_ms: None,
        channels: vec![],
        redacted: None,
        unheard: false,
    }
}

fn format_facts() -> AudioFormatFacts {
    AudioFormatFacts {
        container: "wav".to_owned(),
        codec: "pcm_s16le".to_owned(),
        sample_rate_hz: 8000,
        channel_count: 2,
    }
}

pub fn transcript() -> Transcript {
    Transcript {
        language: Some(Language::new("en")),
        language_confidence: 0.5,
        duration_ms: 3_250,
        channels: vec![channel(0, "agent"), channel(1, "customer")],
        ..Transcript::new(
            TranscriptSource::Local,
            "base",
            vec![
                segment(0, "agent", 250, &["Billing,", "hello."]),
                segment(1, "customer", 1500, &["I", "want", "a", "refund."]),
            ],
        )
    }
}

fn channel(channel: u16, speaker: &str) -> ChannelFacts {
    ChannelFacts {
        speech_level_dbfs: Some(-20.0),
        noise_level_dbfs: Some(-60.0),
        speech_ms: 1_000,
        ..ChannelFacts::new(channel, speaker)
    }
}

pub fn segment(channel: u16, speaker: &str, start_ms: u64, words: &[&str]) -> Segment {
    let word = |(index, word): (u64, &&str)| Word {
        word: (*word).to_owned(),
        start_ms: start_ms + index * 250,
        end_ms: start_ms + index * 250 + 200,
        probability: 0.9375,
    };
    let words: Vec<Word> = (0..).zip(words).map(word).collect();
    Segment {
        channel,
        speaker: speaker.to_owned(),
        start_ms,
        end_ms: words.last().map_or(start_ms, |word| word.end_ms),
        text: words.iter().map(|word| word.word.as_str()).collect::<Vec<_>>().join(" "),
        words,
        avg_logprob: -0.25,
        no_speech_prob: 0.125,
    }
}
