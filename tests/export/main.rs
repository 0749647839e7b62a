//! What is written can be read back: by parsers that are not ours, with nothing lost.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cues;
mod formats;

use callscribe::call::{Language, Segment, Suspect, SuspectReason, Transcript, TranscriptSource, Word};

/// A segment with its words spread evenly over its time.
fn segment(channel: u16, speaker: &str, start_ms: u64, end_ms: u64, text: &str) -> Segment {
    let spoken: Vec<&str> = text.split_whitespace().collect();
    let at = |index: usize| start_ms + (end_ms - start_ms) * index as u64 / spoken.len().max(1) as u64;
    let words = (0..spoken.len())
        .map(|index| Word {
            word: spoken[index].to_owned(),
            start_ms: at(index),
            end_ms: at(index + 1),
            probability: 0.98765,
        })
        .collect();
    Segment {
        channel,
        speaker: speaker.to_owned(),
        start_ms,
        end_ms,
        text: text.to_owned(),
        words,
        avg_logprob: -0.0625,
        no_speech_prob: 0.015625,
    }
}

fn transcript(segments: Vec<Segment>) -> Transcript {
    Transcript {
        language: Some(Language::new("en")),
        language_confidence: 0.97,
        ..Transcript::new(TranscriptSource::Local, "base", segments)
    }
}

/// A short call with everything a transcript can hold.
fn call() -> Transcript {
    let mut call = transcript(vec![
        segment(0, "agent", 100, 3_070, "How can I help you today?"),
        segment(
            1,
            "customer",
            2_900,
            12_540,
            "Hello, this is Daniel. I have a problem with my invoice. I was charged two hundred dollars, and that is more than I ordered.",
        ),
        segment(0, "agent", 13_000, 14_250, "R&D <says> \"no\" --> really?"),
    ]);
    let reasons = vec![
        SuspectReason::NoSpeech { no_speech_prob: 0.5, voiced_share: 0.0 },
        SuspectReason::Loop { phrase: "thank you".to_owned(), times: 3 },
    ];
    let segment = segment(1, "customer", 20_000, 22_000, "Thank you. Thank you.");
    call.suspects = vec![Suspect { segment, reasons }];
    call.notes = vec!["Channel 2 carries nothing.".to_owned()];
    call.model = "mini-q8_0".to_owned();
    call.model_is_miniature = true;
    call.duration_ms = 23_456;
    call
}
