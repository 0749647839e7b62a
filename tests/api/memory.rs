//! The daemon stays small while long calls are read.

use std::fs;

use callscribe::call::{RecordingId, Transcript};
use callscribe::store::Store;

use crate::common::TestDaemon;
use crate::seed::{Seeds, segment, transcript};

/// What the daemon itself may take, without its worker.
const RESIDENT_KIB_MAX: u64 = 150 * 1024;
const CALL_S: u64 = 7200;
/// Words in a segment, and how long it takes to say them on each of two channels in turn.
const WORDS: [&str; 10] = ["and", "then", "I", "asked", "them", "for", "the", "invoice", "once", "more."];
const SEGMENT_S: u64 = 3;

/// Two people who talk for two hours without a pause: 24 000 words.
fn two_hours() -> Transcript {
    let said = |turn: u64| {
        let (channel, speaker) = if turn.is_multiple_of(2) { (0, "agent") } else { (1, "customer") };
        segment(channel, speaker, turn * SEGMENT_S * 1000, &WORDS)
    };
    let segments = (0..CALL_S / SEGMENT_S).map(said).collect();
    Transcript { duration_ms: CALL_S * 1000, segments, ..transcript() }
}

/// A stopped daemon's archive gets the call; the daemon is started again.
fn daemon_with_a_long_call() -> (TestDaemon, RecordingId) {
    let mut daemon = TestDaemon::start("");
    assert!(daemon.stop().success());
    let store = Store::open(&daemon.state().join("callscribe.redb")).unwrap();
    let seeds = Seeds { store: &store, recordings: daemon.state().join("recordings") };
    let id = seeds.completed("long-call", "2026-11-20T09:00:00Z", two_hours());
    drop(store);
    daemon.restart();
    (daemon, id)
}

/// The most memory the daemon ever had.
fn resident_peak_kib(daemon: &TestDaemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn many_readers_of_a_two_hour_call_at_once_leave_the_daemon_below_150_mib() {
    let (daemon, id) = daemon_with_a_long_call();
    let before = resident_peak_kib(&daemon);
    let http = daemon.http();
    std::thread::scope(|scope| {
        for reader in 0..32 {
            let (http, target) = (&http, format!("/api/v1/recordings/{id}"));
            scope.spawn(move || {
                let target = if reader % 4 == 0 { format!("{target}/transcript?format=json") } else { target };
                let answer = http.get(&target);
                assert_eq!(answer.status, 200);
                assert_eq!(answer.text().matches("\"word\"").count() as u64, CALL_S / SEGMENT_S * WORDS.len() as u64);
            });
        }
    });
    let peak = resident_peak_kib(&daemon);
    assert!(peak < RESIDENT_KIB_MAX, "{before} KiB before, {peak} KiB after");
}
