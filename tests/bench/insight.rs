//! What the default path costs after a transcript: everything that is drawn from the words of a ten-minute call, and masking
//! them.
//!
//! `cargo bench --bench insight` prints processor time; the goal is less than 100 ms.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "the table is what a bench is for")]

#[allow(dead_code, reason = "shared with the other benchmarks")]
#[path = "process.rs"]
mod process;

use std::path::Path;

use callscribe::call::{Language, PiiKind, PrivacyPolicy, Segment, Transcript, TranscriptSource, Veil as _, Word};
use callscribe::config::Config;
use callscribe::understand::insight::{Rules, draw};
use callscribe::understand::pii::Pii;
use callscribe::understand::pii::veil::Mask;

/// Ten minutes at 150 words a minute, both parties together.
const CALL_MS: u64 = 600_000;
const WORD_MS: u64 = 400;
/// Runs a figure is the mean of.
const RUNS: u64 = 50;

/// What people say, over and over; numbers and addresses among it as often as in no real call.
const LINES: [&str; 12] = [
    "Billing, hello, how can I help you today?",
    "I would like a refund for my last invoice because the delivery never came.",
    "Could you give me the number on the card, please?",
    "It is four two four two four two four two four two four two four two four two.",
    "Thank you, and a phone number where I can reach you?",
    "Call me at 917 555 0163 after six, I am at work until then.",
    "I will call you back on Friday and send you the contract by e-mail.",
    "My email is mariela dot quint at example dot org and I was born on March 14, 1987.",
    "I am really sorry about that, this is not how it should be.",
    "The IBAN is GB82 WEST 1234 5698 7654 32, and the last one was wrong.",
    "Why was the amount of 1250 dollars charged twice on the third of May?",
    "One moment please, let me look at your account, the router was sent on Monday.",
];

fn call() -> Transcript {
    let (mut segments, mut at) = (Vec::new(), 0);
    for turn in 0.. {
        if at >= CALL_MS {
            break;
        }
        let text = LINES[turn % LINES.len()];
        let words: Vec<Word> = (0..)
            .zip(text.split(' '))
            .map(|(index, word)| Word {
                word: word.to_owned(),
                start_ms: at + index * WORD_MS,
                end_ms: at + index * WORD_MS + 350,
                probability: 0.9,
            })
            .collect();
        let end_ms = words.last().unwrap().end_ms;
        segments.push(Segment {
            channel: (turn % 2) as u16,
            speaker: ["agent", "customer"][turn % 2].to_owned(),
            start_ms: at,
            end_ms,
            text: text.to_owned(),
            words,
            avg_logprob: -0.2,
            no_speech_prob: 0.0,
        });
        at = end_ms + 300;
    }
    Transcript {
        language: Some(Language::new("en")),
        language_confidence: 0.99,
        duration_ms: at,
        ..Transcript::new(TranscriptSource::Local, "base", segments)
    }
}

/// Mean processor time of one run.
fn timed(what: &str, mut run: impl FnMut()) {
    run();
    let before = process::cpu_ms();
    for _ in 0..RUNS {
        run();
    }
    println!("{what:<44} {:>7.1} ms", (process::cpu_ms() - before) as f64 / RUNS as f64);
}

fn main() {
    let privacy = Config::default_for(Path::new("/var/lib/callscribe")).privacy;
    let (call, rules) = (call(), Rules::of(&[], &privacy));
    let everything = PrivacyPolicy { mask: PiiKind::ALL.to_vec(), ..privacy.clone() };
    let (pii, mask) = (Pii::of(&privacy.national_ids), Mask::of(&everything));
    println!(
        "{}; {} words in {} min; processor time, mean of {RUNS}; {}",
        process::machine(),
        call.words().count(),
        call.duration_ms / 60_000,
        if cfg!(debug_assertions) { "dev profile" } else { "release" }
    );
    timed("insight, all of it", || drop(draw(&call, &rules)));
    timed("of it: personal data", || drop(pii.find(&call)));
    timed("masked: found, replaced, suspects too", || drop(mask.transcript(&call)));
    timed("where the sound is to be silent", || drop(mask.silences(&call)));
}
