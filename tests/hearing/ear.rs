//! The worker under test, and the scripts of the sample calls.

use std::path::{Path, PathBuf};
use std::time::Duration;

use callscribe::call::{Language, Segment, Transcript, Word};
use callscribe::models;
use callscribe::transcribe::{Event, ModelProfile, Request, Supervisor, SupervisorConfig, TranscribeError};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The sample calls.
pub const CALLS: [&str; 3] = ["en-refund", "es-tarjeta", "en-complaint"];

/// A file of the sample calls.
pub fn call_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls").join(name)
}

/// A supervisor for the shipped model.
pub fn ear(states: usize) -> Supervisor {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/mini-q8_0.bin");
    let model = models::resolve(path.to_str().unwrap(), &[]).unwrap();
    Supervisor::new(SupervisorConfig {
        program: env!("CARGO_BIN_EXE_callscribe").into(),
        model: model.path.clone(),
        profile: ModelProfile::of(&model),
        vad_model: None,
        states,
        threads_per_state: 1,
        heartbeat_timeout: Duration::from_secs(120),
        memory_bytes_max: 4 << 30,
        call_duration_max: Duration::from_secs(12 * 3600),
    })
}

/// English or Spanish, to be found out.
pub fn request(audio: &Path) -> Request {
    Request { audio: audio.to_owned(), languages: ["en", "es"].map(Language::new).to_vec(), ..Request::default() }
}

/// Hears one file and keeps all news of it.
pub async fn hear_with_news(ear: &Supervisor, request: Request) -> (Result<Transcript, TranscribeError>, Vec<Event>) {
    let (sender, mut receiver) = mpsc::channel(1000);
    let outcome = ear.transcribe(request, sender, CancellationToken::new()).await;
    let mut news = Vec::new();
    while let Some(event) = receiver.recv().await {
        news.push(event);
    }
    (outcome.map(|outcome| outcome.transcript), news)
}

/// Hears one file with a worker of its own.
pub async fn hear(audio: &Path) -> Transcript {
    hear_with_news(&ear(2), request(audio)).await.0.unwrap()
}

/// A true turn of a sample call.
#[derive(Debug, Clone, Deserialize)]
pub struct Turn {
    /// Absent for music.
    pub channel: Option<u16>,
    pub start: f64,
    pub end: f64,
    #[serde(default)]
    pub text: String,
}

/// The true turns, music left out.
pub fn turns(name: &str) -> Vec<Turn> {
    #[derive(Deserialize)]
    struct Script {
        turns: Vec<Turn>,
    }
    let text = std::fs::read_to_string(call_file(&format!("{name}.json"))).unwrap();
    let script: Script = serde_json::from_str(&text).unwrap();
    script.turns.into_iter().filter(|turn| turn.channel.is_some()).collect()
}

/// What is said on one channel according to the script.
pub fn script_of(name: &str, channel: u16) -> String {
    let turns: Vec<String> =
        turns(name).into_iter().filter(|turn| turn.channel == Some(channel)).map(|turn| turn.text).collect();
    turns.join(" ")
}

/// What was heard on one channel.
pub fn text_of(transcript: &Transcript, channel: u16) -> String {
    let texts: Vec<&str> = segments_of(transcript, channel).map(|segment| segment.text.as_str()).collect();
    texts.join(" ")
}

/// The segments of one channel.
pub fn segments_of(transcript: &Transcript, channel: u16) -> impl Iterator<Item = &Segment> {
    transcript.segments.iter().filter(move |segment| segment.channel == channel)
}

/// The words of one channel that lie in a stretch of time, with a little room around it.
pub fn words_in(transcript: &Transcript, channel: u16, start: f64, end: f64) -> Vec<&Word> {
    let middle = |word: &Word| (word.start_ms + word.end_ms) as f64 / 2000.0;
    segments_of(transcript, channel)
        .flat_map(|segment| &segment.words)
        .filter(|word| (start - 0.1..end + 0.1).contains(&middle(word)))
        .collect()
}
