//! Calls as a company has them, the same every time: recording `n` is made of `n` alone.

use callscribe::call::{
    AccountName, Audio, CallFacts, CategoryResult, Direction, Insight, Language, Party, ProviderKind, Recording,
    RecordingId, RecordingKey, Segment, Sentiment, SentimentLabel, Step, StepState, SummarySentence, Transcript,
    TranscriptSource, Word,
};
use callscribe::store::WholeRecording;
use fastrand::Rng;
use jiff::Timestamp;

/// The first call: 2025-01-01. Calls come every six minutes; 100 000 are a little more than a year.
const FIRST_S: i64 = 1_735_689_600;
const BETWEEN_S: i64 = 360;

const PEOPLE: [&str; 12] = [
    "Marta Ruiz",
    "Ada Holm",
    "Jens Kolb",
    "Aisha Rahman",
    "Tomás Vega",
    "Lin Zhao",
    "Olga Petrova",
    "Sam Okafor",
    "Nora Lind",
    "Pablo Núñez",
    "Emma Clarke",
    "Kenji Mori",
];
const LOCATIONS: [&str; 5] = ["Berlin", "Madrid", "Dublin", "Austin", "Lyon"];
const QUEUES: [&str; 6] = ["billing", "support", "sales", "returns", "retention", "technical"];
const TOPICS: [&str; 10] =
    ["refund", "invoice", "delivery", "contract", "password", "internet", "complaint", "card", "appointment", "price"];
const ENGLISH: &str = "hello this is billing how can I help you I would like a refund for my last invoice because the \
    delivery never came could you call me back tomorrow yes of course let me look at your account the contract ends in \
    March thank you very much the password does not work any more please restart the router and wait two minutes we \
    sent the parcel on Monday my card was charged twice I am sorry to hear that one moment please is there anything else";
const SPANISH: &str = "hola buenos días le atiende facturación en qué puedo ayudarle perdí mi tarjeta y quiero anular la \
    última factura por favor espere un momento la canción de espera es muy larga el contrato termina en marzo muchas \
    gracias por llamar la contraseña no funciona reinicie el router y espere dos minutos el paquete salió el lunes";

/// The day on which call `n` was recorded.
#[allow(dead_code, reason = "the benchmark asks for it")]
pub fn day(n: u64) -> String {
    started(n).strftime("%Y-%m-%d").to_string()
}

fn started(n: u64) -> Timestamp {
    Timestamp::from_second(FIRST_S + n.cast_signed() * BETWEEN_S).unwrap()
}

/// Call `n`.
pub fn recording(n: u64) -> WholeRecording {
    let mut rng = Rng::with_seed(n);
    let at = started(n);
    let (provider, account) = *rng
        .choice(&[
            (ProviderKind::Twilio, "main"),
            (ProviderKind::Twilio, "main"),
            (ProviderKind::RingCentral, "office"),
            (ProviderKind::Webex, "calling"),
            (ProviderKind::Folder, "pbx"),
        ])
        .unwrap();
    let account: AccountName = account.parse().unwrap();
    let key = RecordingKey { provider, account, remote_id: format!("RE{n:032x}") };
    let id = RecordingId::from_bytes(
        ((u128::from(at.as_millisecond().cast_unsigned()) << 80) | 0x7000 << 64 | u128::from(n)).to_be_bytes(),
    );
    let language = if rng.u8(0..4) == 0 { "es" } else { "en" };
    let transcript = (rng.u8(0..20) > 0).then(|| transcript(&mut rng, language));
    let mut recording = Recording::discovered(id, key, call(&mut rng, n, at), at);
    recording.metadata = serde_json::json!({
        "call": { "direction": if n.is_multiple_of(2) { "inbound" } else { "outbound" }, "leg": format!("leg-{n:06}"), "rating": rng.u8(1..6) },
        "tags": [*rng.choice(&TOPICS).unwrap(), *rng.choice(&QUEUES).unwrap()],
        "trunk": format!("trunk-{}", rng.u8(0..8)), "codec": "PCMU", "region": *rng.choice(&["eu", "us"]).unwrap(),
    });
    recording.audio = Some(audio(n, at, id, &mut rng));
    let topics: Vec<String> = (0..3).map(|_| (*rng.choice(&TOPICS).unwrap()).to_owned()).collect();
    let label = *rng.choice(&SentimentLabel::ALL).unwrap();
    for step in Step::ALL {
        let needs_words = step >= Step::Transcribe;
        recording.steps.get_mut(step).state = if needs_words && transcript.is_none() {
            StepState::Failed { at, error: "The audio cannot be decoded.".to_owned() }
        } else {
            StepState::Completed { at }
        };
    }
    recording.insight = transcript.as_ref().map(|transcript| Insight {
        summary: vec![SummarySentence::spoken(transcript.segments[0].text.clone(), 0, 0)],
        categories: vec![CategoryResult {
            name: topics[0].clone(),
            matched: true,
            absent: false,
            hits: Vec::new(),
            alert: false,
        }],
        topics,
        sentiment: Some(Sentiment { label, score: 0.3, parties: Vec::new(), course: Vec::new() }),
        ..Insight::default()
    });
    WholeRecording { recording, locator: format!("https://api.example/recordings/RE{n:032x}"), transcript }
}

fn call(rng: &mut Rng, n: u64, at: Timestamp) -> CallFacts {
    // A tenth of the people call again and again.
    let caller = if rng.u8(0..10) == 0 { rng.u64(0..500) } else { rng.u64(0..1_000_000) };
    let owner = *rng.choice(&PEOPLE).unwrap();
    let party =
        |number: String, name: &str| Party { number: Some(number), name: Some(name.to_owned()), ..Party::default() };
    CallFacts {
        call_id: Some(format!("CA{n:032x}")),
        started_at: Some(at),
        duration_ms: Some(rng.u64(20_000..600_000)),
        direction: Some(if n.is_multiple_of(2) { Direction::Inbound } else { Direction::Outbound }),
        caller: party(format!("+49 30 {caller:07}"), rng.choice(&PEOPLE).unwrap()),
        callee: party("+49 30 9000100".to_owned(), owner),
        owner: Party {
            name: Some(owner.to_owned()),
            email: Some(format!("{}@company.example", owner.to_lowercase().replace(' ', "."))),
            ..Party::default()
        },
        location: Some((*rng.choice(&LOCATIONS).unwrap()).to_owned()),
        queue: Some((*rng.choice(&QUEUES).unwrap()).to_owned()),
        channel_parties: vec!["agent".to_owned(), "customer".to_owned()],
        ..CallFacts::default()
    }
}

fn audio(n: u64, at: Timestamp, id: RecordingId, rng: &mut Rng) -> Audio {
    Audio {
        path: format!("{}/{id}.wav", at.strftime("%Y/%m/%d")),
        size_bytes: rng.u64(100_000..10_000_000),
        sha256: format!("{n:064x}"),
        original_name: Some(format!("call-{n:06}.wav")),
        container: Some("wav".to_owned()),
        codec: Some("mulaw".to_owned()),
        sample_rate_hz: Some(8000),
        channel_count: Some(2),
        duration_ms: Some(rng.u64(20_000..600_000)),
        channels: Vec::new(),
        redacted: None,
        unheard: false,
    }
}

/// Words in turns: most calls are over after a hundred, one in six has three hundred, one in fifty well over a thousand; the
/// mean is about a hundred and seventy.
fn transcript(rng: &mut Rng, language: &str) -> Transcript {
    let vocabulary: Vec<&str> = if language == "es" { SPANISH } else { ENGLISH }.split_whitespace().collect();
    let mut segments = Vec::new();
    let mut at_ms = 500;
    let turns = match rng.u8(0..100) {
        0..2 => rng.usize(60..120),
        2..18 => rng.usize(14..26),
        _ => rng.usize(4..10),
    };
    for turn in 0..turns {
        let start = rng.usize(0..vocabulary.len() - 8);
        let mut words: Vec<String> = vocabulary[start..(start + rng.usize(6..24)).min(vocabulary.len())]
            .iter()
            .map(|w| (*w).to_owned())
            .collect();
        if rng.u16(0..5000) == 0 {
            words.push("chargeback".to_owned());
        }
        // Names and order numbers make the vocabulary grow with the archive.
        words.push(format!("{}{}", *rng.choice(&["order", "kunde", "pedido"]).unwrap(), rng.u32(0..200_000)));
        let words: Vec<Word> = (0..)
            .zip(words)
            .map(|(n, word)| Word {
                word,
                start_ms: at_ms + n * 300,
                end_ms: at_ms + n * 300 + 250,
                probability: 0.5 + rng.f32() / 2.0,
            })
            .collect();
        let end_ms = words.last().map_or(at_ms, |word| word.end_ms);
        segments.push(Segment {
            channel: (turn % 2) as u16,
            speaker: if turn % 2 == 0 { "agent" } else { "customer" }.to_owned(),
            start_ms: at_ms,
            end_ms,
            text: words.iter().map(|word| word.word.as_str()).collect::<Vec<_>>().join(" "),
            words,
            avg_logprob: -0.2,
            no_speech_prob: 0.01,
        });
        at_ms = end_ms + 700;
    }
    Transcript {
        language: Some(Language::new(language)),
        language_confidence: 0.9,
        duration_ms: at_ms,
        ..Transcript::new(TranscriptSource::Local, "base", segments)
    }
}
