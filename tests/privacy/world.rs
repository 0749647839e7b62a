//! A stopped daemon's archive gets a call full of personal data, as far as the last step; the daemon does the rest.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callscribe::call::{
    AudioFormatFacts, Insight, ProviderKind, RecordingId, RecordingKey, SecondOpinion, Segment, Step, Suspect,
    SuspectReason, Transcript, TranscriptSource,
};
use callscribe::config::Config;
use callscribe::fetch::{Destination, Files};
use callscribe::store::{
    BootId, ClaimOrder, ClaimRequest, KeptOpinion, Lane, NewRecording, StepOutcome, StepResult, Store,
};
use callscribe::understand::agreement;
use callscribe::understand::pii::veil::Mask;
use jiff::SignedDuration;
use serde_json::json;

use crate::common::{Http, TestDaemon, wait_until};
use crate::seed::{at, refund_call, segment, transcript};
use crate::sink::{SECRET, Sink};

/// Every kind there is.
pub const MASK_ALL: &str = "mask = [\"card\", \"phone\", \"email\", \"iban\", \"birth_date\", \"national_id\"]";
/// What may be found nowhere, as it stands in texts and as single words in JSON.
pub const CANARIES: [&str; 19] = [
    "4539 1488",
    "0343 6467",
    "\"4539\"",
    "\"1488\"",
    "\"6467\"",
    ">4539<",
    "4539148803436467",
    "917 555",
    "9175550163",
    "in 6467",
    "<b>4539",
    "tel:+1917",
    "\"0163",
    "quintx",
    "WEST 1234",
    "5698 7654",
    "GB82WEST",
    "March 14",
    "\"March\"",
];
/// Sample rate and values of the two channels of the sound.
pub const RATE: u64 = 8000;
pub const VALUES: [i16; 2] = [1000, 2000];
const SOUND_S: u64 = 60;
const READER: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

pub struct World {
    pub daemon: TestDaemon,
    pub id: RecordingId,
    pub sink: Sink,
    pub original: Vec<u8>,
    _secrets: tempfile::TempDir,
}

/// The words, each at its time: 250 ms a word from where its segment begins.
pub fn spoken() -> Transcript {
    let say = |channel, speaker: &str, start_s: u64, text: &str| {
        segment(channel, speaker, start_s * 1000, &text.split(' ').collect::<Vec<_>>())
    };
    let mut call = transcript();
    call.duration_ms = SOUND_S * 1000;
    call.segments = vec![
        say(0, "agent", 0, "Billing, hello, I will call you back on Friday about the refund."),
        say(1, "customer", 5, "My card number is 4539 1488 0343 6467, I want a refund."),
        say(0, "agent", 10, "Thank you, and your phone number?"),
        say(1, "customer", 13, "Please call me at 917 555 0163 tomorrow."),
        say(1, "customer", 20, "My email is mariela.quintx@example.org and that is all."),
        say(1, "customer", 25, "The IBAN is GB82 WEST 1234 5698 7654 32 as I said."),
        say(1, "customer", 30, "My date of birth is March 14, 1987."),
    ];
    let suspect = say(1, "customer", 40, "My card number is 4539 1488 0343 6467 again.");
    let reason = SuspectReason::Loop { phrase: "4539 1488".to_owned(), times: 3 };
    call.suspects = vec![Suspect { segment: suspect, reasons: vec![reason] }];
    call
}

/// The provider heard one digit of the card wrong, and wrote the rest into its notes.
fn opinion(ours: &Transcript) -> SecondOpinion {
    let mut theirs = Transcript { source: TranscriptSource::Provider, suspects: Vec::new(), ..ours.clone() };
    let heard: Vec<&str> = "My card number is 4539 1488 0343 6461, I want a refund.".split(' ').collect();
    theirs.segments[1] = Segment { ..segment(1, "customer", 5_100, &heard) };
    SecondOpinion {
        agreement: Some(agreement::compare(ours, &theirs)),
        transcript: Some(theirs),
        insights: json!({ "notes": ["The customer's phone number is 917 555 0163.", "mariela.quintx@example.org"],
            "card": "ends in 6467",
            "html": "<p>Card&nbsp;<b>4539</b> <i>1488</i>&nbsp;0343 6467<br>tel:+19175550163</p>\
                <a href=\"mailto:mariela.quintx@example.org\">write</a>", "next step": "write to her (quintx)" }),
        fetched_at: at("2026-11-20T12:00:00Z"),
    }
}

impl World {
    /// With these lines in `[privacy]`; waits until the daemon has nothing left to do.
    pub fn under(privacy: &str) -> Self {
        let secrets = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            let path = secrets.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        let sink = Sink::that_answers(204);
        let extra = format!(
            "[privacy]\n{privacy}\n[[notify]]\nname = \"crm\"\nurl = \"http://{}/calls\"\nsecret_file = {:?}\n\
             allow_private_addresses = true\ninclude_transcript = true\n\
             [[tokens]]\nname = \"wallboard\"\nrole = \"read\"\ntoken_file = {:?}\n",
            sink.address,
            secret("sink", SECRET),
            secret("reader", READER),
        );
        let mut daemon = TestDaemon::start(&extra);
        assert!(daemon.stop().success());
        let (id, original) = seeded(&daemon);
        daemon.restart();
        let world = Self { daemon, id, sink, original, _secrets: secrets };
        world.wait_until_settled();
        world
    }

    pub fn http(&self) -> Http {
        self.daemon.http()
    }

    /// Somebody who may only read.
    pub fn reader(&self) -> Http {
        Http { token: READER.to_owned(), ..self.http() }
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/recordings/{}{rest}", self.id)
    }

    /// The archive of the stopped daemon, under the policy its configuration has by now.
    pub fn store(&self) -> Store {
        open(&self.daemon)
    }

    /// Has the call transcribed anew, with these words.
    pub fn transcribed(&self, store: &Store, words: Transcript) {
        let now = at("2026-11-21T12:00:00Z");
        store.reset(self.id, &[Step::Transcribe], now).unwrap();
        finish(store, Lane::Transcribe, StepResult::Transcript { transcript: Box::new(words), format: format() });
    }

    /// Has the call's summary made anew, with this result.
    pub fn summarised(&self, store: &Store, insight: Insight) {
        store.reset(self.id, &[Step::GenerateSummary], at("2026-11-21T12:00:00Z")).unwrap();
        finish(store, Lane::Summarise, StepResult::Insight(Box::new(insight)));
    }

    fn wait_until_settled(&self) {
        let http = self.http();
        wait_until("the call is done", || {
            let recording = http.get(&self.path("")).json();
            (recording["processing_status"] == "completed").then_some(())
        });
        self.sink.wait_for(1);
        wait_until("the index has the call", || {
            let found = http.get("/api/v1/search?q=refund");
            (found.status == 200 && found.json()["total"] == 1 && found.json()["index"]["waiting"] == 0).then_some(())
        });
    }
}

fn open(daemon: &TestDaemon) -> Store {
    let state = daemon.state();
    let store = Store::open(&state.join("callscribe.redb")).unwrap();
    let nothing = |_: &str| None;
    let config = Config::load(Some(daemon.config()), &nothing).unwrap();
    store.show_through(Arc::new(Mask::of(&config.privacy)), &state).unwrap();
    store
}

fn format() -> AudioFormatFacts {
    AudioFormatFacts {
        container: "wav".to_owned(),
        codec: "pcm_s16le".to_owned(),
        sample_rate_hz: RATE as u32,
        channel_count: 2,
    }
}

/// Takes up the next piece of work and ends it with this.
fn finish(store: &Store, lane: Lane, result: StepResult) {
    let now = at("2026-11-20T12:00:00Z");
    let request = ClaimRequest { boot: BootId::from_u128(1), lane, order: ClaimOrder::NewestFirst, attempts_max: 8 };
    let claim = store.claim(now, &request).unwrap().expect("work to do");
    let outcome = StepOutcome::Completed { result, version: None };
    if lane == Lane::Transcribe {
        let id = claim.recording.id;
        store.checkpoint(&claim, 0, "{\"text\":\"4539 1488 0343 6467\"}").unwrap();
        assert_eq!(store.checkpoints(id).unwrap()[0].1, "{\"text\":\"4539 1488 0343 6467\"}");
    }
    store.finish(&claim, outcome, now + SignedDuration::from_secs(1)).unwrap();
}

/// Puts the call into the archive the way the pipeline does, up to and without the last step.
fn seeded(daemon: &TestDaemon) -> (RecordingId, Vec<u8>) {
    let (state, store) = (daemon.state(), open(daemon));
    let now = at("2026-11-20T12:00:00Z");
    let key = RecordingKey {
        provider: ProviderKind::Folder,
        account: "inbox".parse().unwrap(),
        remote_id: "call-1".to_owned(),
    };
    let call = callscribe::call::CallFacts { started_at: Some(now), ..refund_call() };
    let found = [NewRecording {
        key: key.clone(),
        call: call.clone(),
        locator: "/srv/calls/call-1.wav".to_owned(),
        returned: false,
        opinion_due: None,
    }];
    let id = store.insert_discovered((key.provider, &key.account), &found, &[], None, now).unwrap()[0].id;
    finish(&store, Lane::Light, StepResult::Details(Box::new(call)));
    finish(&store, Lane::Light, StepResult::Metadata(json!({})));
    let files = Files::open(&state).unwrap();
    let partial = files.partial().unwrap();
    let original = wav();
    fs::write(partial.path(), &original).unwrap();
    let destination = Destination { id, recorded_at: now, original_name: Some("call-1.wav") };
    let audio = files.keep(partial, &destination, u64::MAX).unwrap();
    finish(&store, Lane::Light, StepResult::Audio(Box::new(audio)));
    finish(&store, Lane::Transcribe, StepResult::Transcript { transcript: Box::new(spoken()), format: format() });
    finish(
        &store,
        Lane::Light,
        StepResult::Language { language: Some(callscribe::call::Language::new("en")), confidence: 0.9 },
    );
    let ours = store.spoken(id).unwrap();
    let opinion = opinion(&spoken());
    let kept =
        KeptOpinion { opinion: &opinion, compared: ours.as_ref(), named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(id, &kept, now).unwrap().unwrap();
    (id, original)
}

/// A minute of two channels that are nowhere silent.
fn wav() -> Vec<u8> {
    let frames = RATE * SOUND_S;
    let data_bytes = (frames * 4) as u32;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((data_bytes + 36).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    for field in [1_u16, 2] {
        wav.extend(field.to_le_bytes());
    }
    wav.extend((RATE as u32).to_le_bytes());
    wav.extend((RATE as u32 * 4).to_le_bytes());
    for field in [4_u16, 16] {
        wav.extend(field.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(data_bytes.to_le_bytes());
    for _ in 0..frames {
        for value in VALUES {
            wav.extend(value.to_le_bytes());
        }
    }
    wav
}

/// Fails when any canary is in there.
pub fn assert_clean(what: &str, bytes: &[u8]) {
    for canary in CANARIES {
        let found = bytes.windows(canary.len()).position(|window| window == canary.as_bytes());
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(80)..bytes.len().min(at + 80)];
            panic!("{what} holds {canary:?}: …{}…", String::from_utf8_lossy(around));
        }
    }
}

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}
