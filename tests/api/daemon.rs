//! The real program: `callscribe serve` with its worker and model, and the commands that talk to it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::common::{TestDaemon, wait_until};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls");
const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models");

fn drop_call(daemon: &TestDaemon, name: &str) {
    // Whole at once, however slow the machine: a part that is taken in stays a call of its own.
    let part = daemon.inbox().join(format!(".{name}.part"));
    fs::copy(Path::new(SAMPLES).join(name), &part).unwrap();
    fs::rename(part, daemon.inbox().join(name)).unwrap();
}

/// The only recording of the daemon's archive, once `is_it` holds of it.
fn the_recording(daemon: &TestDaemon, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let http = daemon.http();
    wait_until(what, || {
        let page = http.get("/api/v1/recordings/").json();
        page["items"].as_array().and_then(|items| items.first()).filter(|item| is_it(item)).cloned()
    })
}

fn is_completed(item: &Value) -> bool {
    item["processing_status"] == "completed"
}

fn callscribe(daemon: &TestDaemon, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_callscribe"));
    program.arg("--config").arg(daemon.config()).args(arguments).output().expect("the program was built")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_call_dropped_into_the_folder_can_be_read_and_heard() {
    let mut daemon = TestDaemon::start("");
    daemon.wait_until_ready();
    drop_call(&daemon, "en-refund.wav");
    let item = the_recording(&daemon, "the call is transcribed", is_completed);
    assert_eq!(item["model_is_miniature"], true);
    let (http, id) = (daemon.http(), item["id"].as_str().unwrap().to_owned());
    let transcript = http.get(&format!("/api/v1/recordings/{id}/transcript?format=txt"));
    assert!(transcript.text().contains("refund"), "{}", transcript.text());
    let sample = fs::read(Path::new(SAMPLES).join("en-refund.wav")).unwrap();
    assert_eq!(http.get(&format!("/api/v1/recordings/{id}/audio")).body, sample);
    let tail = http.send("GET", &format!("/api/v1/recordings/{id}/audio"), &["Range: bytes=-10"]);
    assert_eq!((tail.status, tail.body.as_slice()), (206, &sample[sample.len() - 10..]));

    // The commands answer the same with the daemon and without it.
    let with_daemon = ["list", "show"].map(|command| commands(&daemon, command, &id));
    assert!(daemon.stop().success());
    let without = ["list", "show"].map(|command| commands(&daemon, command, &id));
    assert_eq!(with_daemon, without);
    assert!(text(&callscribe(&daemon, &["show", &id, "--format", "srt"])).starts_with("1\n00:00:00"));

    // What is queued while the daemon is away is done when it is back.
    let retried = callscribe(&daemon, &["retry", &id, "--steps", "generate_summary", "--json"]);
    let queued: Value = serde_json::from_slice(&retried.stdout).unwrap();
    assert_eq!(queued["queued"][0]["steps"], serde_json::json!(["generate_summary"]));
    daemon.restart();
    the_recording(&daemon, "the summary is made again", |item| {
        is_completed(item) && item["updated_at"].as_str() > Some(without_update(&without))
    });
}

fn commands(daemon: &TestDaemon, command: &str, id: &str) -> Value {
    let arguments = if command == "show" { vec![command, id, "--json"] } else { vec![command, "--json"] };
    let output = callscribe(daemon, &arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn without_update(answers: &[Value; 2]) -> &str {
    answers[1]["updated_at"].as_str().unwrap()
}

#[test]
fn a_stop_is_graceful_and_leaves_no_address_behind() {
    let mut daemon = TestDaemon::start("");
    let token = daemon.http().token;
    let status = daemon.stop();
    assert_eq!(status.code(), Some(0));
    assert!(!daemon.state().join("api-address").exists());
    daemon.restart();
    assert_eq!(daemon.http().token, token, "the token is kept");
    assert!(!daemon.log().contains(&token), "the token is never logged");
}

#[test]
fn a_killed_daemon_comes_back_on_the_same_state() {
    let mut daemon = TestDaemon::start("");
    drop_call(&daemon, "es-tarjeta.wav");
    the_recording(&daemon, "the call is known", |_| true);
    daemon.kill();
    daemon.restart();
    let item = the_recording(&daemon, "the call is transcribed after all", is_completed);
    assert_eq!(item["language"], "es");
    assert_eq!(daemon.http().get("/api/v1/recordings/").json()["total"], 1);
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused() {
    let daemon = TestDaemon::start("");
    let second = callscribe(&daemon, &["serve"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another callscribe runs on the same state folder"), "{said}");
    assert_eq!(daemon.http().get("/healthz").status, 200);
}

#[test]
fn a_daemon_without_its_model_takes_calls_in_and_begins_once_it_is_there() {
    let daemon = TestDaemon::start("[transcribe]\nmodel = \"mini-later\"\n");
    let http = daemon.http();
    drop_call(&daemon, "en-refund.wav");
    let waits = |item: &Value| item["recording_status"] == "completed" && item["transcript_status"] == "processing";
    let item = the_recording(&daemon, "the call is here and waits", waits);
    assert!(item["last_error"].is_null(), "waiting for a model is no failure of the call: {item}");
    let ready = http.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("mini-later"), "{}", ready.text());
    assert_eq!(http.get(&format!("/api/v1/recordings/{}/transcript", item["id"].as_str().unwrap())).status, 409);

    let models = daemon.state().join("models");
    fs::create_dir_all(&models).unwrap();
    fs::copy(Path::new(MODELS).join("mini-q8_0.bin"), models.join("mini-later.part")).unwrap();
    fs::rename(models.join("mini-later.part"), models.join("mini-later.bin")).unwrap();
    daemon.wait_until_ready();
    let retried = callscribe(&daemon, &["retry", item["id"].as_str().unwrap()]);
    assert!(retried.status.success(), "{retried:?}");
    the_recording(&daemon, "the call is transcribed", is_completed);
}

#[test]
fn commands_say_with_their_exit_code_what_was_wrong() {
    let daemon = TestDaemon::start("");
    let code = |arguments: &[&str]| callscribe(&daemon, arguments).status.code();
    assert_eq!(code(&["show", "nobody"]), Some(66));
    assert_eq!(code(&["retry", "nobody"]), Some(66));
    assert_eq!(code(&["list", "--limit", "501"]), Some(1));
    assert_eq!(code(&["list", "--status", "failed"]), Some(0));
    assert_eq!(text(&callscribe(&daemon, &["list"])), "No recordings.\n");
    assert_eq!(text(&callscribe(&daemon, &["retry", "--failed"])), NOTHING);
}

const NOTHING: &str = "There is nothing to do again. --steps all does every step again.\n";
