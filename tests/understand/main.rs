//! What the words of a call tell.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audio;
mod categories;
mod follow_up;
mod hostile;
mod language;
mod phases;
mod pii;
mod sentiment;
mod summary;
mod talk;
mod topics;
mod wer;

use callscribe::call::{ChannelFacts, Language, Segment, Transcript, TranscriptSource, Word};

/// A transcript as the script of a call has it: one segment a turn, words spread evenly over it.
fn transcript(language: Option<&str>, turns: &[(u16, u64, u64, &str)]) -> Transcript {
    let segment = |&(channel, start_ms, end_ms, text): &(u16, u64, u64, &str)| {
        let spoken: Vec<&str> = text.split_whitespace().collect();
        let at = |index: usize| start_ms + (end_ms - start_ms) * index as u64 / spoken.len().max(1) as u64;
        let word = |index: usize| Word {
            word: spoken[index].to_owned(),
            start_ms: at(index),
            end_ms: at(index + 1),
            probability: 1.0,
        };
        Segment {
            channel,
            speaker: format!("Speaker {}", channel + 1),
            start_ms,
            end_ms,
            text: text.to_owned(),
            words: (0..spoken.len()).map(word).collect(),
            avg_logprob: -0.1,
            no_speech_prob: 0.0,
        }
    };
    Transcript {
        language: language.map(Language::new),
        language_confidence: 1.0,
        ..Transcript::new(TranscriptSource::Local, "base", turns.iter().map(segment).collect())
    }
}

/// A channel with a party on it.
fn channel(channel: u16, speaker: &str) -> ChannelFacts {
    ChannelFacts {
        speech_level_dbfs: Some(-20.0),
        noise_level_dbfs: Some(-60.0),
        speech_ms: 10_000,
        ..ChannelFacts::new(channel, speaker)
    }
}

/// The true turns of a sample call as a transcript.
fn sample_call(name: &str) -> Transcript {
    let path = format!("{}/tests/calls/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let script: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let ms = |seconds: &serde_json::Value| (seconds.as_f64().unwrap() * 1000.0) as u64;
    let spoken = script["turns"].as_array().unwrap().iter().filter(|turn| turn["text"].is_string());
    let turns: Vec<(u16, u64, u64, &str)> = spoken
        .map(|turn| {
            let channel = turn["channel"].as_u64().unwrap() as u16;
            (channel, ms(&turn["start"]), ms(&turn["end"]), turn["text"].as_str().unwrap())
        })
        .collect();
    transcript(script["language"].as_str(), &turns)
}
