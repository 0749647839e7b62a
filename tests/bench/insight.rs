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

use callscribe::call::{
    CallSound, CategoryRule, ChannelFacts, Language, Phase, PhaseKind, PiiKind, PrivacyPolicy, Segment, Stretch,
    Transcript, TranscriptSource, Veil as _, Word,
};
use callscribe::config::Config;
use callscribe::understand::insight::{Rules, draw};
use callscribe::understand::pii::Pii;
use callscribe::understand::pii::veil::Mask;

/// Ten minutes at 150 words a minute, both parties together.
const CALL_MS: u64 = 600_000;
const WORD_MS: u64 = 400;
/// Runs a figure is the mean of.
const RUNS: u64 = 50;
/// Processor time in which an insight is to be drawn.
const GOAL_MS: f64 = 100.0;

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
    let speech = |channel| {
        let own = segments.iter().filter(|segment| segment.channel == channel);
        own.map(|segment| Stretch::new(segment.start_ms, segment.end_ms)).collect()
    };
    let sound = CallSound { speech: vec![speech(0), speech(1)], phases: phases(at), ..CallSound::default() };
    Transcript {
        sound: Some(sound),
        channels: vec![ChannelFacts::new(0, "agent"), ChannelFacts::new(1, "customer")],
        language: Some(Language::new("en")),
        language_confidence: 0.99,
        duration_ms: at,
        ..Transcript::new(TranscriptSource::Local, "base", segments)
    }
}

/// An announcement, a hold in the middle, people else.
fn phases(end_ms: u64) -> Vec<Phase> {
    let phase = |(kind, start_ms, end_ms)| Phase { kind, start_ms, end_ms };
    let (hold, after) = (CALL_MS / 2, CALL_MS / 2 + 20_000);
    let all = [
        (PhaseKind::Announcement, 0, 5_000),
        (PhaseKind::Conversation, 5_000, hold),
        (PhaseKind::Hold, hold, after),
        (PhaseKind::Conversation, after, end_ms),
    ];
    all.map(phase).to_vec()
}

/// One of each kind: said, near, not said, misheard.
fn categories() -> Vec<CategoryRule> {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let rule =
        |name: &str, any: &[&str]| CategoryRule { name: name.to_owned(), any: texts(any), ..CategoryRule::default() };
    vec![
        rule("money", &["refund", "charged twice", "money back", "chargeback"]),
        CategoryRule { near: texts(&["invoice", "wrong"]), near_s: 20, ..rule("wrong invoice", &[]) },
        CategoryRule { absent: true, within_first_s: Some(30), ..rule("no notice", &["this call may be recorded"]) },
        CategoryRule {
            fuzzy: true,
            party: Some("customer".to_owned()),
            ..rule("leaving", &["cancel my contract", "router"])
        },
        CategoryRule { all: texts(&["friday", "contract"]), ..rule("promised", &[]) },
    ]
}

/// Mean processor time of one run.
fn timed(what: &str, mut run: impl FnMut()) -> f64 {
    run();
    let before = process::cpu_ms();
    for _ in 0..RUNS {
        run();
    }
    let took_ms = (process::cpu_ms() - before) as f64 / RUNS as f64;
    println!("{what:<44} {took_ms:>7.1} ms");
    took_ms
}

fn main() {
    let privacy = Config::default_for(Path::new("/var/lib/callscribe")).privacy;
    let (call, rules) = (call(), Rules::of(&categories(), &privacy));
    let everything = PrivacyPolicy { mask: PiiKind::ALL.to_vec(), ..privacy.clone() };
    let (pii, mask) = (Pii::of(&privacy.national_ids), Mask::of(&everything));
    println!(
        "{}; {} words in {} min; processor time, mean of {RUNS}; {}",
        process::machine(),
        call.words().count(),
        call.duration_ms / 60_000,
        if cfg!(debug_assertions) { "dev profile" } else { "release" }
    );
    let took_ms = timed("insight, all of it, five categories", || drop(draw(&call, &rules)));
    println!("goal: under {GOAL_MS:.0} ms: {}", if took_ms < GOAL_MS { "met" } else { "MISSED" });
    timed("of it: personal data", || drop(pii.find(&call)));
    timed("masked: found, replaced, suspects too", || drop(mask.transcript(&call)));
    timed("where the sound is to be silent", || drop(mask.silences(&call)));
}
