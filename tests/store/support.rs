//! A store in a temporary folder and short words for what the tests do to it.

use std::path::PathBuf;

use callscribe::call::{
    AccountName, Audio, AudioFormatFacts, CallFacts, Language, Party, ProviderKind, Recording, RecordingId,
    RecordingKey, Segment, Step, Transcript, TranscriptSource, Word,
};
use callscribe::store::{BootId, Claim, ClaimOrder, ClaimRequest, Lane, NewRecording, StepOutcome, StepResult, Store};
use jiff::Timestamp;
use tempfile::TempDir;

pub const ATTEMPTS_MAX: u32 = 3;

/// The moment `s` seconds into the tests' time.
pub fn at(s: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + s).unwrap()
}

pub fn account() -> AccountName {
    "inbox".parse().unwrap()
}

pub const BOOT: BootId = BootId::from_u128(1);
pub const NEXT_BOOT: BootId = BootId::from_u128(2);

pub struct Fixture {
    pub store: Store,
    pub folder: TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open(&folder.path().join("callscribe.redb")).unwrap(), folder }
    }

    pub fn path(&self) -> PathBuf {
        self.store.path().to_owned()
    }

    /// As after a crash or restart.
    pub fn reopen(self) -> Self {
        let Self { store, folder } = self;
        let path = store.path().to_owned();
        drop(store);
        Self { store: Store::open(&path).unwrap(), folder }
    }

    /// Takes in one recording named `remote_id`, recorded at second `s`.
    pub fn insert(&self, remote_id: &str, s: i64) -> RecordingId {
        insert(&self.store, remote_id, s)
    }

    pub fn claim(&self, s: i64, lane: Lane) -> Option<Claim> {
        self.store.claim(at(s), &request(lane)).unwrap()
    }

    pub fn get(&self, id: RecordingId) -> Recording {
        self.store.get(id).unwrap().unwrap()
    }
}

pub fn insert(store: &Store, remote_id: &str, s: i64) -> RecordingId {
    let inserted = store.insert_discovered(source(&account()), &[listed(remote_id, s)], &[], None, at(s)).unwrap();
    inserted[0].id
}

pub fn source(account: &AccountName) -> (ProviderKind, &AccountName) {
    (ProviderKind::Folder, account)
}

pub fn listed(remote_id: &str, s: i64) -> NewRecording {
    let caller = Party { number: Some("+49 30 1234567".into()), name: Some("Ada Holm".into()), ..Party::default() };
    NewRecording {
        key: RecordingKey { provider: ProviderKind::Folder, account: account(), remote_id: remote_id.into() },
        call: CallFacts { started_at: Some(at(s)), caller, ..CallFacts::default() },
        locator: format!("in/{remote_id}.wav"),
        returned: false,
        opinion_due: None,
    }
}

pub fn request(lane: Lane) -> ClaimRequest {
    ClaimRequest { boot: BOOT, lane, order: ClaimOrder::NewestFirst, attempts_max: ATTEMPTS_MAX }
}

pub fn audio(path: &str) -> Audio {
    Audio {
        path: path.into(),
        size_bytes: 1000,
        sha256: "00".into(),
        original_name: Some("call.wav".into()),
        container: None,
        codec: None,
        sample_rate_hz: None,
        channel_count: None,
        duration_ms: None,
        channels: Vec::new(),
        redacted: None,
        unheard: false,
    }
}

/// A transcript that says `text`, or nothing.
pub fn transcript(text: &str) -> Transcript {
    let words =
        text.split_whitespace().map(|word| Word { word: word.into(), start_ms: 0, end_ms: 500, probability: 0.9 });
    let segment = Segment {
        channel: 0,
        speaker: "Speaker 1".into(),
        start_ms: 0,
        end_ms: 500,
        text: text.into(),
        words: words.collect(),
        avg_logprob: -0.2,
        no_speech_prob: 0.01,
    };
    Transcript {
        model_is_miniature: true,
        language: (!text.is_empty()).then(|| Language::new("en")),
        language_confidence: 0.9,
        duration_ms: 2000,
        ..Transcript::new(TranscriptSource::Local, "mini", if text.is_empty() { Vec::new() } else { vec![segment] })
    }
}

pub fn format() -> AudioFormatFacts {
    AudioFormatFacts { container: "wav".into(), codec: "pcm_s16le".into(), sample_rate_hz: 8000, channel_count: 2 }
}

/// What each step brings when all goes well.
pub fn result_of(claim: &Claim) -> StepResult {
    match claim.step {
        Step::FetchDetails => StepResult::Details(Box::new(claim.recording.call.clone())),
        Step::FetchMetadata => StepResult::Metadata(serde_json::json!({"queue": "support"})),
        Step::DownloadAudio => StepResult::Audio(Box::new(audio(&format!("{}.wav", claim.id())))),
        Step::Transcribe => {
            StepResult::Transcript { transcript: Box::new(transcript("hello from the test")), format: format() }
        }
        Step::DetectLanguage => StepResult::Language { language: Some(Language::new("en")), confidence: 0.95 },
        Step::GenerateSummary => StepResult::Insight(Box::default()),
    }
}

pub fn done(claim: &Claim) -> StepOutcome {
    StepOutcome::Completed { result: result_of(claim), version: Some("test".into()) }
}

pub fn failed(error: &str) -> StepOutcome {
    StepOutcome::Failed { error: error.into() }
}

/// Claims and completes until nothing is due; answers how many steps ran.
pub fn drain(store: &Store, s: i64) -> usize {
    drain_until(store, s, |_| false)
}

/// Claims and completes until `stop` holds for a claim, which is left running.
pub fn drain_until(store: &Store, s: i64, mut stop: impl FnMut(&Claim) -> bool) -> usize {
    let mut steps = 0;
    loop {
        let claim = Lane::ALL.iter().find_map(|l| store.claim(at(s), &request(*l)).unwrap());
        let Some(claim) = claim else { return steps };
        if stop(&claim) {
            return steps;
        }
        store.finish(&claim, done(&claim), at(s)).unwrap();
        steps += 1;
    }
}

/// How many seeded rounds a test runs.
pub fn rounds(default: u64) -> u64 {
    std::env::var("CALLSCRIBE_STORE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The store agrees with itself: pages, records, index keys, counters.
pub fn assert_whole(store: &Store) {
    let integrity = store.check_integrity().unwrap();
    assert_eq!(integrity.findings, Vec::<String>::new());
}
