//! What several groups of tests share: HTTP by hand, waiting on conditions, and the real daemon on a folder of its own.
//!
//! Used with `#[path = "../common/mod.rs"] mod common;`. Not every group uses all of it.
#![allow(dead_code, missing_docs, unused_imports, clippy::unwrap_used)]

mod daemon;
mod http;

use std::time::{Duration, Instant};

pub use daemon::TestDaemon;
pub use http::{Answer, Http};

/// Longest wait for anything: far more than a busy machine needs, so that only what never comes fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks `probe` again and again until it answers; panics with `what` when it never does.
pub fn wait_until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A sample call so many times over: transcribing it takes long enough to be watched.
pub fn long_call(sample: &str, times: usize) -> Vec<u8> {
    let sample = std::fs::read(format!("{}/tests/calls/{sample}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let data = sample.windows(4).position(|four| four == b"data").unwrap() + 8;
    let (head, sound) = sample.split_at(data);
    let mut call = head.to_vec();
    (0..times).for_each(|_| call.extend_from_slice(sound));
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    call[data - 4..data].copy_from_slice(&length(sound.len() * times));
    let whole = length(call.len() - 8);
    call[4..8].copy_from_slice(&whole);
    call
}
