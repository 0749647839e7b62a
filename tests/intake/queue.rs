//! The queue: pause, forecast, another try.

use crate::common::{TestDaemon, wait_until};
use crate::support::{drop_call, wait_for};

#[test]
fn a_pause_survives_a_restart_and_calls_are_found_all_the_same() {
    let mut daemon = TestDaemon::start("");
    let http = daemon.http();
    let paused = http.post("/api/v1/queue/pause").json();
    assert_eq!(paused["paused"], true);
    assert_eq!(http.post("/api/v1/queue/pause").json()["paused_since"], paused["paused_since"], "paused once");
    drop_call(&daemon, "en-refund.wav");
    wait_for(&http, "/api/v1/recordings/", "the call is found", |page| page["total"] == 1);
    daemon.kill();
    daemon.restart();
    daemon.wait_until_ready();
    let http = daemon.http();
    let queue = http.get("/api/v1/queue").json();
    assert_eq!((&queue["paused"], &queue["waiting_total"]), (&true.into(), &1.into()));
    assert_eq!((&queue["eta_seconds"], &queue["eta_note"]), (&None::<f64>.into(), &"The queue is paused.".into()));
    assert!(http.get("/readyz").text().contains("The queue is paused since"), "and readyz says so");
    wait_until("the log says so too", || daemon.log().contains("The queue is paused").then_some(()));
    assert_eq!(http.get("/api/v1/recordings/?status=pending").json()["total"], 1, "nothing was taken up");
    assert_eq!(http.post("/api/v1/queue/resume").json()["paused"], false);
    wait_for(&http, "/api/v1/recordings/?status=completed", "it is worked on", |page| page["total"] == 1);
}

#[test]
fn the_forecast_rests_on_what_was_measured() {
    let daemon = TestDaemon::start("");
    daemon.wait_until_ready();
    let http = daemon.http();
    assert_eq!(http.get("/api/v1/queue").json()["eta_seconds"], 0.0);
    drop_call(&daemon, "en-refund.wav");
    wait_for(&http, "/api/v1/recordings/?status=completed", "a call is done", |page| page["total"] == 1);
    http.post("/api/v1/queue/pause");
    drop_call(&daemon, "es-tarjeta.wav");
    wait_for(&http, "/api/v1/recordings/", "another is found", |page| page["total"] == 2);
    let by_step = http.get("/api/v1/queue").json()["by_step"].clone();
    assert_eq!((&by_step["fetch_details"], &by_step["transcribe"]), (&1.into(), &0.into()));
    http.post("/api/v1/queue/resume");
    let queue = wait_for(&http, "/api/v1/queue", "there is a forecast", |queue| {
        queue["eta_seconds"].as_f64() > Some(0.0) || queue["waiting_total"] == 0
    });
    assert!(queue["eta_note"].is_string());
}

#[test]
fn what_failed_is_tried_again_at_one_word() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    std::fs::write(
        daemon.inbox().join("noise.wav"),
        (0..50_000u32).map(|i| ((i * 7919) >> 3) as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    let failed = "/api/v1/recordings/?status=failed";
    wait_for(&http, failed, "it failed", |page| page["total"] == 1);
    assert_eq!(http.post("/api/v1/queue/retry-failed?step=generate_summary").json()["queued"], 0);
    let answer = http.post("/api/v1/queue/retry-failed?step=transcribe");
    assert_eq!((answer.status, &answer.json()["queued"]), (202, &1.into()));
    wait_for(&http, failed, "it failed again", |page| page["total"] == 1);
    assert_eq!(http.post("/api/v1/queue/retry-failed?step=nothing").error_code(), "bad_parameter");
}

#[test]
fn the_commands_pause_show_and_resume() {
    let daemon = TestDaemon::start("");
    let said = |arguments: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_callscribe"));
        let output = program.arg("--config").arg(daemon.config()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(said(&["pause"]).starts_with("Nothing is taken up"));
    let queue: serde_json::Value = serde_json::from_str(&said(&["queue", "--json"])).unwrap();
    assert_eq!(queue["paused"], true);
    let text = said(&["queue"]);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert!(text.starts_with("Paused since "), "{text}");
    assert_eq!(lines, ["0 wait.", "Nothing waits."]);
    assert_eq!(said(&["resume"]), "The queue is worked on.\n");
}
