//! SIGKILL at any moment: nothing lost, nothing done twice.
//!
//! Each round drops one call into the watched folder, lets the daemon work for a random while, kills it and starts it
//! again. Twenty seeded rounds here; `CALLSCRIBE_KILL_ROUNDS=500` for more, `CALLSCRIBE_KILL_SEED` for others.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::{TestDaemon, wait_until};
use crate::sample::cut_call;

/// Longest time between two kills; a call of eight seconds takes about half of it.
const ROUND_MS_MAX: u64 = 1500;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

#[test]
fn sigkill_at_random_times_loses_nothing_and_does_nothing_twice() {
    let rounds = setting("CALLSCRIBE_KILL_ROUNDS", 20);
    let mut random = fastrand::Rng::with_seed(setting("CALLSCRIBE_KILL_SEED", 7));
    // A recording may be hit by many kills here, so attempts must not run out; that they do is tested with the store.
    let mut daemon = TestDaemon::start("attempts_max = 100\n[transcribe]\nlanguages = [\"en\"]");
    for round in 0..rounds as usize {
        let start_ms = (round * 37) % 40_000;
        cut_call(&daemon.inbox().join(format!("call-{round}.wav")), start_ms, start_ms + 8000);
        std::thread::sleep(Duration::from_millis(random.u64(0..ROUND_MS_MAX)));
        daemon.kill();
        daemon.restart();
    }
    let total = wait_until_all_ended(&daemon, rounds);
    assert_eq!(total, rounds, "recordings: one for each call, no more");
    assert_every_recording_is_whole(&daemon);
    assert_nothing_was_done_twice(&daemon.log());
    assert_no_leftovers(&daemon);
}

/// Waits until no recording has anything to do; returns how many there are.
fn wait_until_all_ended(daemon: &TestDaemon, expected: u64) -> u64 {
    let http = daemon.http();
    wait_until("every recording has ended", || {
        let page = http.get("/api/v1/recordings/?limit=500").json();
        let items = page["items"].as_array().unwrap();
        let ended = items.iter().filter(|item| item["processing_status"] == "completed").count() as u64;
        (ended >= expected).then(|| page["total"].as_u64().unwrap())
    })
}

fn assert_every_recording_is_whole(daemon: &TestDaemon) {
    let http = daemon.http();
    let page = http.get("/api/v1/recordings/?limit=500").json();
    for item in page["items"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap();
        assert_eq!(item["quality_score"], 1.0, "{item}");
        let transcript = http.get(&format!("/api/v1/recordings/{id}/transcript?format=json")).json();
        assert_eq!(transcript["duration"], 8.0, "{item}");
        assert!(
            !transcript["segments"].as_array().unwrap().is_empty(),
            "every stretch of the sample call holds speech"
        );
        assert_eq!(http.get(&format!("/api/v1/recordings/{id}/audio")).status, 200);
    }
}

/// The log tells every step that ended; a completed one never ends again.
fn assert_nothing_was_done_twice(log: &str) {
    let mut completed: HashMap<(&str, &str), u32> = HashMap::new();
    for line in log.lines().filter(|line| line.contains("A step ended.") && line.contains("state=\"completed\"")) {
        let field = |name: &str| line.split(name).nth(1).unwrap().split(' ').next().unwrap();
        *completed.entry((field("recording="), field("step="))).or_default() += 1;
    }
    assert!(!completed.is_empty(), "the log does not tell what was done");
    let twice: Vec<_> = completed.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "done twice: {twice:?}");
}

/// As many audio files and transcripts as recordings, and nothing half written.
fn assert_no_leftovers(daemon: &TestDaemon) {
    let http = daemon.http();
    let total = http.get("/api/v1/recordings/").json()["total"].as_u64().unwrap() as usize;
    let audio = files_below(&daemon.state().join("recordings"));
    assert_eq!(audio.len(), total, "audio files: {audio:?}");
    let transcripts = files_below(&daemon.state().join("transcripts"));
    assert_eq!(transcripts.len(), total, "transcripts: {transcripts:?}");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
