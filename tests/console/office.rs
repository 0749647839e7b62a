//! An office whose calls are in the database before its daemon starts: some hundred over ten weeks, and one with everything
//! that a call can have.

use std::fs;
use std::path::Path;

use callscribe::call::{
    Agreement, Audio, CallFacts, CallSound, ChannelFacts, Direction, Dispute, Insight, Language, Party, PartyRole,
    PartyTalk, Phase, PhaseKind, ProviderKind, Recording, RecordingId, RecordingKey, SecondOpinion, Segment, Sentiment,
    SentimentLabel, Step, StepState, Stretch, SummarySentence, Suspect, SuspectReason, TalkBasis, TalkMetrics,
    Transcript, TranscriptSource, Word,
};
use callscribe::store::{KeptOpinion, Store, WholeRecording};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

/// What the office looks for in its calls.
pub const CATEGORIES: &str = "[[categories]]\nname = \"refund\"\nany = [\"refund\", \"money back\"]\n\
                              [[categories]]\nname = \"recording announced\"\nany = [\"this call is being recorded\"]\nabsent = true\n\
                              [[categories]]\nname = \"complaint\"\nany = [\"complaint\"]\n";
/// The source's name of the call that has everything.
pub const CONFERENCE: &str = "conference";
/// The caller of every tenth call.
pub const REGULAR: &str = "+1 202 555 0142";

/// Ordinary calls, and how many of them there are to one with the provider's transcript.
const CALLS: u64 = 420;
const OPINION_EVERY: usize = 6;
const DESKS: [&str; 5] = ["Front desk", "Billing desk", "Nurse line", "Appointments", "Laboratory"];
const LOCATIONS: [&str; 3] = ["Harbor Street", "Old Mill", "Airport Road"];
const QUEUES: [&str; 4] = ["appointments", "billing", "prescriptions", "results"];
const TOPICS: [&str; 9] = [
    "appointment",
    "invoice",
    "refund",
    "prescription",
    "blood test",
    "insurance",
    "opening hours",
    "credit card",
    "parking",
];
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/en-refund.wav");

/// Fills the state folder of a daemon that has not started yet.
pub fn fill(state: &Path) {
    fs::create_dir_all(state).unwrap();
    let store = Store::open(&state.join("callscribe.redb")).unwrap();
    let now = Timestamp::now();
    let calls: Vec<WholeRecording> = (0..CALLS).map(|n| ordinary(n, now)).collect();
    store.insert_whole(&calls, now).unwrap();
    for (n, call) in (0..).zip(&calls).step_by(OPINION_EVERY) {
        give_opinion(&store, n, call, now);
    }
    fill_conference(&store, state);
}

/// The provider's transcript of call `n`, which agrees the less the younger the call is.
fn give_opinion(store: &Store, n: u64, call: &WholeRecording, now: Timestamp) {
    let Some(ours) = &call.transcript else { return };
    let theirs = Transcript { source: TranscriptSource::Provider, model: "folder".into(), ..ours.clone() };
    let score = 0.8 + 0.18 * n as f32 / CALLS as f32;
    let opinion = SecondOpinion {
        transcript: Some(theirs),
        insights: serde_json::Value::Null,
        fetched_at: now,
        agreement: Some(Agreement { score, disputes: Vec::new(), rules_version: 1 }),
    };
    let kept =
        KeptOpinion { opinion: &opinion, compared: Some(ours), named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(call.recording.id, &kept, now).unwrap().expect("our transcript is the one that was compared");
}

/// With the one call that has everything, and no others.
pub fn fill_one(state: &Path) {
    fs::create_dir_all(state).unwrap();
    fill_conference(&Store::open(&state.join("callscribe.redb")).unwrap(), state);
}

fn fill_conference(store: &Store, state: &Path) {
    let at = Timestamp::now() - SignedDuration::from_mins(50);
    let path = "2026/01/02/conference.wav";
    let file = state.join("recordings").join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::copy(SAMPLE, &file).unwrap();
    let call = conference(at, path, fs::metadata(&file).unwrap().len());
    let (id, ours) = (call.recording.id, call.transcript.clone());
    store.insert_whole(&[call], at).unwrap();
    let dispute = |start_ms, ours: &str, theirs: &str| Dispute {
        start_ms,
        end_ms: start_ms + 900,
        ours: ours.to_owned(),
        theirs: theirs.to_owned(),
    };
    let opinion = SecondOpinion {
        transcript: ours.clone().map(|ours| Transcript {
            source: TranscriptSource::Provider,
            model: "webex".into(),
            ..ours
        }),
        insights: serde_json::json!({ "summary": "A patient asks for a refund.", "sentiment": "mixed" }),
        fetched_at: at,
        agreement: Some(Agreement {
            rules_version: 1,
            score: 0.93,
            disputes: vec![
                dispute(13_000, "two hundred dollars", "two hundred collars"),
                dispute(31_000, "", "شكراً"),
                dispute(41_500, "refund of one hundred", "refund of nine hundred"),
            ],
        }),
    };
    let kept =
        KeptOpinion { opinion: &opinion, compared: ours.as_ref(), named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(id, &kept, at).unwrap().expect("our transcript is the one that was compared");
}

fn recording(n: u64, at: Timestamp, remote_id: String, call: CallFacts) -> Recording {
    let key = RecordingKey { provider: ProviderKind::Folder, account: "inbox".parse().unwrap(), remote_id };
    let milliseconds = u128::from(at.as_millisecond().cast_unsigned());
    let id = RecordingId::from_bytes(((milliseconds << 80) | (0x7000 << 64) | u128::from(n + 1)).to_be_bytes());
    Recording::discovered(id, key, call, at)
}

/// Call `n`, some hours before call `n - 1`, in the hours in which people call.
fn ordinary(n: u64, now: Timestamp) -> WholeRecording {
    let mut rng = Rng::with_seed(n);
    let hour = *rng.choice(&[8, 9, 9, 9, 10, 10, 11, 11, 13, 14, 14, 15, 16, 17]).unwrap();
    let day = i64::try_from(n / 6).unwrap();
    let midnight = Timestamp::from_second(now.as_second() / 86_400 * 86_400).unwrap();
    let at = midnight - SignedDuration::from_hours(24 * day + 24 - hour) + SignedDuration::from_secs(rng.i64(0..3600));
    let number = if n.is_multiple_of(10) { REGULAR.to_owned() } else { format!("+1 202 555 {:04}", rng.u32(0..9000)) };
    let desk = *rng.choice(&DESKS).unwrap();
    let duration_ms = rng.u64(30_000..480_000);
    let call = CallFacts {
        started_at: Some(at),
        duration_ms: Some(duration_ms),
        direction: Some(if rng.u8(0..4) == 0 { Direction::Outbound } else { Direction::Inbound }),
        caller: Party { number: Some(number), ..Party::default() },
        callee: Party { number: Some("+1 202 555 0100".into()), name: Some(desk.into()), ..Party::default() },
        owner: Party { name: Some(desk.into()), ..Party::default() },
        location: Some((*rng.choice(&LOCATIONS).unwrap()).to_owned()),
        queue: Some((*rng.choice(&QUEUES).unwrap()).to_owned()),
        ..CallFacts::default()
    };
    let mut recording = recording(n, at, format!("call-{n}"), call);
    let topics = rng.choose_multiple(TOPICS, 3);
    let topics: Vec<String> = topics.into_iter().map(str::to_owned).collect();
    let fails = rng.u8(0..25) == 0;
    // Some have everything but what their source knows of them.
    let lacks_metadata = n % 70 == 3 && !fails;
    for step in Step::ALL {
        recording.steps.get_mut(step).state = match (fails, step) {
            (true, Step::Transcribe) => {
                StepState::Failed { at, error: "The file is GSM 6.10, which callscribe does not read.".to_owned() }
            }
            (_, Step::FetchMetadata) if lacks_metadata => {
                StepState::Failed { at, error: "The side file call.json is not JSON (line 4).".to_owned() }
            }
            (true, Step::DetectLanguage | Step::GenerateSummary) => {
                StepState::Skipped { at, reason: "There is no transcript.".to_owned() }
            }
            _ => StepState::Completed { at },
        };
    }
    let text = format!("I am calling about my {} and the {}.", topics[0], topics[1]);
    let transcript = (!fails).then(|| Transcript {
        segments: vec![said(0, "Caller", 1_000, &text)],
        duration_ms,
        language: Some(Language::new(if rng.u8(0..5) == 0 { "es" } else { "en" })),
        ..blank()
    });
    let label = *rng
        .choice(&[SentimentLabel::Neutral, SentimentLabel::Neutral, SentimentLabel::Positive, SentimentLabel::Negative])
        .unwrap();
    recording.insight = transcript.as_ref().map(|_| Insight {
        talk: Some(talk(desk, duration_ms)),
        summary: vec![SummarySentence::spoken(text, 0, 1_000)],
        topics,
        sentiment: Some(Sentiment { label, score: 0.0, parties: Vec::new(), course: Vec::new() }),
        ..Insight::default()
    });
    WholeRecording { recording, locator: format!("/srv/calls/call-{n}.wav"), transcript }
}

/// How a desk talks on each of its calls, one like the other: half the call, of which the first desk has 40 %, at 120 words
/// a minute, after half a second; every further desk 5 %, 10 words and a tenth of a second more, and interrupts once more.
fn talk(desk: &str, duration_ms: u64) -> TalkMetrics {
    let place = DESKS.iter().position(|one| *one == desk).unwrap() as u64;
    let talk_ms = duration_ms / 2;
    let share = 40 + 5 * place;
    let party = |channel, speaker: &str, role, share: u64, words_per_minute: u64| PartyTalk {
        channel,
        speaker: speaker.to_owned(),
        role: Some(role),
        talk_ms: talk_ms * share / 100,
        talk_share: share as f32 / 100.0,
        listen_ms: talk_ms * (100 - share) / 100,
        longest_monologue_ms: 9_000,
        turns: 6,
        interruptions: place as u32,
        response_median_ms: Some(500 + 100 * place),
        response_longest_ms: Some(2_000),
        words: ((talk_ms * share / 100 * words_per_minute + 30_000) / 60_000) as u32,
        words_per_minute: Some(words_per_minute as u32),
    };
    TalkMetrics {
        basis: TalkBasis::Channels,
        conversation_ms: duration_ms,
        talk_ms,
        silence_ms: duration_ms - talk_ms,
        silence_longest_ms: 4_000,
        dead_air_min_ms: 3_000,
        dead_air_count: 1,
        dead_air_ms: 4_000,
        overlap_ms: Some(0),
        hold_ms: 0,
        hold_count: 0,
        words_per_minute: Some(130),
        moments: Vec::new(),
        parties: vec![
            party(0, desk, PartyRole::Agent, share, 120 + 10 * place),
            party(1, "Caller", PartyRole::Customer, 100 - share, 140),
        ],
    }
}

/// Three people in two scripts, with doubts; its summary is left to the daemon.
fn conference(at: Timestamp, path: &str, size_bytes: u64) -> WholeRecording {
    let party =
        |number: &str, name: &str| Party { number: Some(number.into()), name: Some(name.into()), ..Party::default() };
    let call = CallFacts {
        started_at: Some(at),
        duration_ms: Some(56_000),
        direction: Some(Direction::Inbound),
        caller: party(REGULAR, "دانيال"),
        callee: party("+1 202 555 0100", "Harbor Health"),
        location: Some("Harbor Street".into()),
        queue: Some("billing".into()),
        ..CallFacts::default()
    };
    let mut recording = recording(9_999, at, CONFERENCE.to_owned(), call);
    recording.metadata =
        serde_json::json!({ "call": { "trunk": "north", "rating": 4 }, "note": "<b>called twice</b>" });
    recording.audio = Some(Audio {
        path: path.to_owned(),
        size_bytes,
        sha256: "0".repeat(64),
        original_name: Some("conference.wav".into()),
        container: Some("wav".into()),
        codec: Some("mulaw".into()),
        sample_rate_hz: Some(8000),
        channel_count: Some(2),
        duration_ms: Some(56_000),
        channels: vec![],
        redacted: None,
        unheard: false,
    });
    for step in Step::ALL.into_iter().filter(|step| *step != Step::GenerateSummary) {
        recording.steps.get_mut(step).state = StepState::Completed { at };
    }
    let suspect =
        |start_ms, text: &str, reason| Suspect { segment: said(1, "Customer", start_ms, text), reasons: vec![reason] };
    let phase = |kind, start_ms, end_ms| Phase { kind, start_ms, end_ms };
    let transcript = Transcript {
        segments: vec![
            said(0, "Agent", 500, "Thank you for calling Harbor Health. How can I help you today?"),
            said(
                1,
                "Customer",
                9_000,
                "I have a problem with my invoice. I was charged two hundred dollars and I am very unhappy.",
            ),
            said(1, "Interpreter", 16_000, "مرحبا، أريد استرداد المبلغ من فضلك."),
            said(0, "Agent", 21_000, "I am sorry about that. Can I have your phone number, please?"),
            said(1, "Customer", 25_000, "My phone number is 202 555 0142. My card number is 4111 1111 1111 1111."),
            said(1, "Interpreter", 31_000, "תודה רבה, אני מחכה."),
            said(0, "Agent", 37_500, "Thank you for waiting. We can give you a refund of one hundred dollars."),
            said(1, "Customer", 42_500, "Perfect, thank you very much. Will I get a letter about it?"),
            said(0, "Agent", 46_000, "I will call you back on Friday."),
            said(1, "Customer", 51_000, "Wonderful. What time do you open on Monday?"),
        ],
        suspects: vec![
            suspect(33_500, "Thanks for watching!", SuspectReason::StockPhrase),
            suspect(35_000, "yes yes yes yes", SuspectReason::Loop { phrase: "yes".into(), times: 4 }),
        ],
        channels: vec![channel(0, "Agent"), channel(1, "Customer")],
        sound: Some(CallSound {
            speech: vec![
                vec![
                    Stretch::new(500, 8_500),
                    Stretch::new(21_000, 24_500),
                    Stretch::new(37_500, 41_500),
                    Stretch::new(46_000, 50_000),
                ],
                vec![
                    Stretch::new(9_000, 20_500),
                    Stretch::new(25_000, 33_000),
                    Stretch::new(42_500, 45_500),
                    Stretch::new(51_000, 53_000),
                ],
            ],
            phases: vec![
                phase(PhaseKind::Ring, 0, 400),
                phase(PhaseKind::Conversation, 500, 33_000),
                phase(PhaseKind::Hold, 33_200, 37_200),
                phase(PhaseKind::Conversation, 37_500, 54_000),
                phase(PhaseKind::Beep, 55_000, 55_400),
            ],
            one_way: None,
            poor_because: Some("Channel 1 is noisy: its speech is 9 dB above the noise.".into()),
        }),
        duration_ms: 56_000,
        language: Some(Language::new("en")),
        ..blank()
    };
    WholeRecording { recording, locator: "/srv/calls/conference.wav".into(), transcript: Some(transcript) }
}

fn blank() -> Transcript {
    Transcript { language_confidence: 0.9, duration_ms: 0, ..Transcript::new(TranscriptSource::Local, "small", vec![]) }
}

fn channel(channel: u16, speaker: &str) -> ChannelFacts {
    ChannelFacts {
        speech_level_dbfs: Some(-20.0),
        noise_level_dbfs: Some(-40.0),
        speech_ms: 20_000,
        ..ChannelFacts::new(channel, speaker)
    }
}

/// Words a third of a second apart; the longest are those the model was unsure of.
fn said(channel: u16, speaker: &str, start_ms: u64, text: &str) -> Segment {
    let word = |(n, word): (u64, &str)| Word {
        word: word.to_owned(),
        start_ms: start_ms + n * 330,
        end_ms: start_ms + n * 330 + 300,
        probability: if word.len() > 8 { 0.4 } else { 0.95 },
    };
    let words: Vec<Word> = (0..).zip(text.split_whitespace()).map(word).collect();
    Segment {
        channel,
        speaker: speaker.to_owned(),
        start_ms,
        end_ms: words.last().map_or(start_ms, |word| word.end_ms),
        text: text.to_owned(),
        words,
        avg_logprob: -0.2,
        no_speech_prob: 0.01,
    }
}
