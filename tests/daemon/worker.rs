//! The worker process may die at any time; the daemon and the call live on.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{TestDaemon, wait_until};
use crate::life::ended;
use crate::sample::cut_call;

/// The worker of a daemon: its child with the hidden subcommand.
fn worker_of(daemon: &TestDaemon) -> Option<Pid> {
    let id = daemon.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    let of_any_thread = || {
        fs::read_dir(format!("/proc/{id}/task")).ok()?.flatten().find_map(|task| {
            let list = fs::read_to_string(task.path().join("children")).ok()?;
            list.split_whitespace().next()?.parse::<i32>().ok()
        })
    };
    let child = children.split_whitespace().next().and_then(|pid| pid.parse().ok()).or_else(of_any_thread)?;
    Pid::from_raw(child)
}

#[test]
fn a_worker_that_is_killed_is_replaced_and_its_call_finished() {
    // A stopped worker is one that hangs: it gives no sign of life and is killed.
    for signal in [Signal::KILL, Signal::ABORT, Signal::STOP] {
        let daemon = TestDaemon::start("[transcribe]\nlanguages = [\"en\"]\nheartbeat_timeout_s = 10");
        cut_call(&daemon.inbox().join("call.wav"), 0, 50_000);
        let http = daemon.http();
        wait_until("the worker is in the middle of the call", || {
            let running = http.get("/api/v1/queue").json()["running"].clone();
            running.as_array().unwrap().iter().any(|job| job["windows_done"].as_u64() >= Some(1)).then_some(())
        });
        kill_process(worker_of(&daemon).unwrap(), signal).unwrap();
        let items = ended(&daemon, 1);
        assert_eq!(items[0]["processing_status"], "completed", "after {signal:?}: {}", items[0]);
        assert_eq!(items[0]["retry_count"], 1, "the attempt was counted: {}", items[0]);
        let worker = http.get("/api/v1/workers").json()["process"].take();
        let counted = ["starts", "failures", "calls_done_total"].map(|name| worker[name].as_u64().unwrap());
        assert_eq!(counted, [2, 1, 1], "{worker}");
        assert_eq!(worker["last_end"]["is_failure"], true, "{worker}");
    }
}

#[test]
fn a_worker_that_dies_with_nothing_to_do_is_missed() {
    let daemon = TestDaemon::start("");
    cut_call(&daemon.inbox().join("call.wav"), 0, 8000);
    ended(&daemon, 1);
    let http = daemon.http();
    let worker = || http.get("/api/v1/workers").json()["process"].take();
    let idle = wait_until("the worker is idle", || Some(worker()).filter(|worker| worker["state"] == "idle"));
    assert!(idle["memory_bytes"].as_u64().unwrap() > 1_000_000, "{idle}");
    kill_process(worker_of(&daemon).unwrap(), Signal::KILL).unwrap();
    let gone = wait_until("it is missed", || Some(worker()).filter(|worker| worker["process_id"].is_null()));
    assert_eq!((&gone["state"], &gone["failures"]), (&"not_started".into(), &1.into()), "{gone}");
    assert!(gone["last_end"]["reason"].as_str().unwrap().contains("had nothing to do"), "{gone}");
    cut_call(&daemon.inbox().join("next.wav"), 0, 9000);
    assert!(ended(&daemon, 2).iter().all(|item| item["processing_status"] == "completed"));
    assert_eq!(worker()["starts"], 2);
}

#[test]
fn the_worker_dies_with_its_daemon() {
    let mut daemon = TestDaemon::start("");
    cut_call(&daemon.inbox().join("call.wav"), 0, 50_000);
    let worker = wait_until("a worker has started", || worker_of(&daemon));
    daemon.kill();
    wait_until("the worker is gone", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", worker.as_raw_nonzero())).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
}
