//! An archive of a few calls with its index.

use callscribe::call::{
    Audio, AudioFormatFacts, CallFacts, Insight, Language, Party, ProviderKind, RecordingId, RecordingKey, Segment,
    Step, SummarySentence, Transcript, TranscriptSource, Word,
};
use callscribe::search::{Ask, Search, Snippet};
use callscribe::store::{
    BootId, ClaimOrder, ClaimRequest, Lane, ListQuery, NewRecording, StepOutcome, StepResult, Store,
};
use jiff::Timestamp;
use tempfile::TempDir;

pub fn at(s: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + s).unwrap()
}

/// One thing said: by whom, from which second on, what. Each word takes half a second.
pub type Said<'t> = (&'t str, u64, &'t str);

pub struct Archive {
    pub store: Store,
    pub search: Search,
    pub folder: TempDir,
}

impl Archive {
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("callscribe.redb")).unwrap();
        let search = Search::open(&store, folder.path());
        Self { store, search, folder }
    }

    /// With calls of these words, all in `language`, indexed.
    pub fn of(language: &str, calls: &[(&str, &[Said<'_>])]) -> Self {
        let archive = Self::empty();
        for (name, said) in calls {
            archive.add(name, language, said);
        }
        archive.search.catch_up().unwrap();
        archive
    }

    /// A finished call; not indexed yet.
    pub fn add(&self, name: &str, language: &str, said: &[Said<'_>]) -> RecordingId {
        let account = "inbox".parse().unwrap();
        let party = |number: &str, name: &str| Party {
            number: Some(number.into()),
            name: Some(name.into()),
            email: Some(format!("{}@holm.example", name.to_lowercase())),
            ..Party::default()
        };
        let caller = party("+49 30 1234567", "Zoë");
        let new = NewRecording {
            key: RecordingKey {
                provider: ProviderKind::Folder,
                account: "inbox".parse().unwrap(),
                remote_id: name.into(),
            },
            call: CallFacts { started_at: Some(at(self.count() as i64)), caller, ..CallFacts::default() },
            locator: format!("in/{name}.wav"),
            returned: false,
            opinion_due: None,
        };
        let source = (ProviderKind::Folder, &account);
        let id = self.store.insert_discovered(source, &[new], &[], None, at(0)).unwrap()[0].id;
        self.finish_all(name, language, said);
        id
    }

    fn count(&self) -> u64 {
        self.store.stats().unwrap().total
    }

    /// Works on what there is to do.
    fn finish_all(&self, name: &str, language: &str, said: &[Said<'_>]) {
        let request =
            |lane| ClaimRequest { boot: BootId::from_u128(1), lane, order: ClaimOrder::NewestFirst, attempts_max: 9 };
        let claim = || Lane::ALL.iter().find_map(|lane| self.store.claim(at(900), &request(*lane)).unwrap());
        while let Some(claim) = claim() {
            let result = match claim.step {
                Step::FetchDetails => StepResult::Details(Box::new(claim.recording.call.clone())),
                Step::FetchMetadata => StepResult::Metadata(serde_json::json!({})),
                Step::DownloadAudio => StepResult::Audio(Box::new(audio(name))),
                Step::Transcribe => {
                    StepResult::Transcript { transcript: Box::new(transcript(language, said)), format: format() }
                }
                Step::DetectLanguage => {
                    StepResult::Language { language: Some(Language::new(language)), confidence: 1.0 }
                }
                Step::GenerateSummary => {
                    let sentence = SummarySentence::spoken(format!("Sumario of {name}"), 0, 0);
                    StepResult::Insight(Box::new(Insight {
                        summary: vec![sentence],
                        topics: vec!["billing".into()],
                        ..Insight::default()
                    }))
                }
            };
            self.store.finish(&claim, StepOutcome::Completed { result, version: None }, at(901)).unwrap();
        }
    }

    /// Transcribed anew, with other words.
    pub fn retranscribe(&self, id: RecordingId, language: &str, said: &[Said<'_>]) {
        self.store.reset(id, &[Step::Transcribe], at(910)).unwrap();
        self.finish_all("again", language, said);
    }

    /// The names of the calls that answer, oldest first.
    pub fn found(&self, question: &str) -> Vec<String> {
        self.found_by(question, None)
    }

    pub fn found_by(&self, question: &str, speaker: Option<&str>) -> Vec<String> {
        let among = self.search.among(&Ask::read(question, speaker).unwrap()).unwrap();
        let query = ListQuery { among: Some(among), limit: 100, ..ListQuery::default() };
        let page = self.store.list(&query).unwrap();
        assert_eq!(page.total as usize, page.items.len());
        let mut names: Vec<String> = page.items.into_iter().map(|recording| recording.key.remote_id).collect();
        names.reverse();
        names
    }

    /// The places of the only call that answers.
    pub fn snippets(&self, question: &str) -> Vec<Snippet> {
        let ask = Ask::read(question, None).unwrap();
        let found = self.search.find(&ask, true).unwrap();
        assert_eq!(found.len(), 1, "{question}");
        self.search.snippets(&ask, [found[0].place.id]).unwrap().remove(0).shown
    }

    /// As after a crash or restart.
    pub fn reopen(self) -> Self {
        let Self { store, search, folder } = self;
        drop((store, search));
        let store = Store::open(&folder.path().join("callscribe.redb")).unwrap();
        let search = Search::open(&store, folder.path());
        Self { store, search, folder }
    }

    pub fn index(&self) -> std::path::PathBuf {
        self.folder.path().join("index")
    }
}

fn audio(name: &str) -> Audio {
    Audio {
        path: format!("{name}.wav"),
        size_bytes: 10,
        sha256: "00".into(),
        original_name: Some(format!("{name}-20260101.wav")),
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

fn format() -> AudioFormatFacts {
    AudioFormatFacts { container: "wav".into(), codec: "pcm_s16le".into(), sample_rate_hz: 8000, channel_count: 2 }
}

fn transcript(language: &str, said: &[Said<'_>]) -> Transcript {
    let segment = |(speaker, second, text): &Said<'_>| {
        let word = |(n, word): (u64, &str)| Word {
            word: word.into(),
            start_ms: second * 1000 + n * 500,
            end_ms: second * 1000 + n * 500 + 400,
            probability: 0.9,
        };
        Segment {
            channel: u16::from(*speaker != "agent"),
            speaker: (*speaker).into(),
            start_ms: second * 1000,
            end_ms: second * 1000 + 5000,
            text: (*text).into(),
            words: (0..).zip(text.split_whitespace()).map(word).collect(),
            avg_logprob: -0.2,
            no_speech_prob: 0.01,
        }
    };
    Transcript {
        language: Some(Language::new(language)),
        language_confidence: 1.0,
        duration_ms: 60_000,
        ..Transcript::new(TranscriptSource::Local, "base", said.iter().map(segment).collect())
    }
}
