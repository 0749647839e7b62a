//! What the policy masks is found nowhere: words with personal data run through the real daemon, and every answer, page,
//! stream, payload, log line and, where it is dropped, every file on disk is searched for them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../language_model/fake.rs"]
#[allow(dead_code, reason = "shared with the language model's own tests")]
mod fake;
#[path = "../api/seed.rs"]
mod seed;
#[path = "../notify/sink.rs"]
#[allow(dead_code, reason = "shared with the sinks' own tests")]
mod sink;

mod canaries;
mod changes;
mod fates;
mod sound;
mod translated;
mod world;
