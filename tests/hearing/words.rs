//! Words and segments of the sample calls lie where they are spoken, to 100 ms.

use callscribe::call::{Segment, Word};
use callscribe::models;
use callscribe::transcribe::{ModelProfile, Request, Supervisor, SupervisorConfig};
use std::time::Duration;

const CALLS: [&str; 3] = ["en-refund", "es-tarjeta", "en-complaint"];
const TOLERANCE_MS: u64 = 100;

/// A word of the script with the times that the synthesiser gave.
#[derive(serde::Deserialize)]
struct Spoken {
    channel: u16,
    start_ms: u64,
    end_ms: u64,
    word: String,
}

fn spoken(call: &str) -> Vec<Spoken> {
    serde_json::from_str(&std::fs::read_to_string(format!("tests/calls/{call}.words.json")).unwrap()).unwrap()
}

fn supervisor() -> Supervisor {
    let model = models::resolve("models/mini-q8_0.bin", &[]).unwrap();
    Supervisor::new(SupervisorConfig {
        program: env!("CARGO_BIN_EXE_callscribe").into(),
        model: model.path.clone(),
        profile: ModelProfile::of(&model),
        vad_model: None,
        states: 2,
        threads_per_state: 1,
        heartbeat_timeout: Duration::from_secs(120),
        memory_bytes_max: 4 << 30,
        call_duration_max: Duration::from_secs(3600),
    })
}

async fn heard(supervisor: &Supervisor, call: &str) -> Vec<Segment> {
    let (events, mut told) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    let request = Request { audio: format!("tests/calls/{call}.wav").into(), ..Request::default() };
    supervisor.transcribe(request, events, Default::default()).await.unwrap().transcript.segments
}

fn letters(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Words that were heard as they were spoken: the longest common subsequence of one channel.
fn pairs<'a>(spoken: &[&'a Spoken], heard: &[&'a Word]) -> Vec<(&'a Spoken, &'a Word)> {
    let mut longest = vec![vec![0; heard.len() + 1]; spoken.len() + 1];
    for s in (0..spoken.len()).rev() {
        for h in (0..heard.len()).rev() {
            longest[s][h] = if letters(&spoken[s].word) == letters(&heard[h].word) {
                longest[s + 1][h + 1] + 1
            } else {
                longest[s + 1][h].max(longest[s][h + 1])
            };
        }
    }
    let (mut s, mut h, mut pairs) = (0, 0, Vec::new());
    while s < spoken.len() && h < heard.len() {
        if letters(&spoken[s].word) == letters(&heard[h].word) {
            pairs.push((spoken[s], heard[h]));
            (s, h) = (s + 1, h + 1);
        } else if longest[s + 1][h] >= longest[s][h + 1] {
            s += 1;
        } else {
            h += 1;
        }
    }
    pairs
}

/// Share of errors within the tolerance, and a line about all of them.
fn share_within(what: &str, mut errors: Vec<u64>) -> f64 {
    errors.sort_unstable();
    let at = |share: usize| errors[(errors.len() - 1) * share / 100];
    let within = errors.iter().filter(|error| **error <= TOLERANCE_MS).count() as f64 / errors.len() as f64;
    let mean = errors.iter().sum::<u64>() / errors.len() as u64;
    let (median, most, max) = (at(50), at(95), at(100));
    println!("{what}: mean {mean}, median {median}, 95 % under {most}, at most {max} ms; within 100 ms: {within:.3}");
    within
}

#[tokio::test]
async fn words_begin_and_end_where_they_are_spoken() {
    let supervisor = supervisor();
    let (mut starts, mut ends, mut all) = (Vec::new(), Vec::new(), 0);
    for call in CALLS {
        let (script, segments) = (spoken(call), heard(&supervisor, call).await);
        all += script.len();
        for channel in 0..2 {
            let script: Vec<&Spoken> = script.iter().filter(|word| word.channel == channel).collect();
            let words: Vec<&Word> = segments.iter().filter(|s| s.channel == channel).flat_map(|s| &s.words).collect();
            for (spoken, heard) in pairs(&script, &words) {
                starts.push(spoken.start_ms.abs_diff(heard.start_ms));
                ends.push(spoken.end_ms.abs_diff(heard.end_ms));
            }
        }
    }
    assert!(starts.len() * 10 >= all * 9, "only {} of {all} words were heard", starts.len());
    assert!(share_within("starts", starts) >= 0.95);
    assert!(share_within("ends", ends) >= 0.95);
}

#[tokio::test]
async fn segments_begin_and_end_with_speech_and_words_keep_their_order() {
    let supervisor = supervisor();
    for call in CALLS {
        let script = spoken(call);
        for segment in heard(&supervisor, call).await {
            let near = |time: fn(&Spoken) -> u64, edge_ms: u64| {
                let own = script.iter().filter(|word| word.channel == segment.channel);
                own.map(|word| time(word).abs_diff(edge_ms)).min().unwrap()
            };
            let place = format!("{call}, channel {}, {} to {} ms", segment.channel, segment.start_ms, segment.end_ms);
            assert!(near(|word| word.start_ms, segment.start_ms) <= TOLERANCE_MS, "start: {place}");
            assert!(near(|word| word.end_ms, segment.end_ms) <= TOLERANCE_MS, "end: {place}");
            assert!(segment.words.iter().all(|word| word.start_ms < word.end_ms), "empty word: {place}");
            assert!(segment.words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms), "overlapping words: {place}");
            assert_eq!(segment.words.first().unwrap().start_ms, segment.start_ms);
            assert_eq!(segment.words.last().unwrap().end_ms, segment.end_ms);
        }
    }
}
