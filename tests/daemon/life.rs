//! A day in the life: a call comes in, hostile files come in, the daemon is stopped and started.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::common::{TestDaemon, wait_until};
use crate::sample::cut_call;

/// The one recording whose original name is `name`, once it has ended.
pub fn ended(daemon: &TestDaemon, count: usize) -> Vec<Value> {
    let http = daemon.http();
    wait_until("the recordings have ended", || {
        let page = http.get("/api/v1/recordings/?limit=500").json();
        let items = page["items"].as_array().unwrap().clone();
        let open = |item: &Value| matches!(item["processing_status"].as_str(), Some("pending" | "processing"));
        (items.len() >= count && !items.iter().any(open)).then_some(items)
    })
}

#[test]
fn a_call_in_the_folder_becomes_a_transcript_with_speakers_and_times() {
    let daemon = TestDaemon::start("");
    cut_call(&daemon.inbox().join("call.wav"), 8600, 25_000);
    let items = ended(&daemon, 1);
    assert_eq!(items[0]["processing_status"], "completed", "{}", items[0]);
    let id = items[0]["id"].as_str().unwrap();
    let text = daemon.http().get(&format!("/api/v1/recordings/{id}/transcript?format=txt")).text().to_owned();
    assert!(text.contains("I have a problem with my invoice."), "{text}");
    assert!(text.contains("Can I have your phone number, please?"), "{text}");
    let transcript = daemon.http().get(&format!("/api/v1/recordings/{id}/transcript?format=json")).json();
    let first = &transcript["segments"][0];
    assert_eq!((&first["channel"], &transcript["language"]), (&1.into(), &"en".into()));
    let start = first["start"].as_f64().unwrap();
    assert!((start - 0.45).abs() < 0.1, "the customer begins at 9.05 s of the whole call, heard at {start}");
}

/// Why a file that is no call has no transcript: the reason in quarantine, the error of the step that failed, or the reason
/// why one was skipped. Absent until it has ended.
fn fate(daemon: &TestDaemon, name: &str) -> Option<String> {
    let http = daemon.http();
    let accounts = http.get("/api/v1/providers").json()["items"].as_array().unwrap().clone();
    let mut refused = accounts.iter().flat_map(|account| account["quarantine"].as_array().unwrap());
    if let Some(entry) = refused.find(|entry| entry["locator"].as_str().unwrap().ends_with(name)) {
        return entry["reason"].as_str().map(str::to_owned);
    }
    let page = http.get("/api/v1/recordings/?limit=500").json();
    let detail = |item: &Value| http.get(&format!("/api/v1/recordings/{}", item["id"].as_str().unwrap())).json();
    let recording = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(detail)
        .find(|recording| recording["metadata"]["source"].as_str().is_some_and(|source| source.ends_with(name)))?;
    if matches!(recording["processing_status"].as_str(), Some("pending" | "processing")) {
        return None;
    }
    let reason = recording["steps"].as_object().unwrap().values().find_map(|step| step["reason"].as_str());
    let note = recording["transcript"]["notes"][0].as_str();
    recording["last_error"].as_str().or(reason).or(note).map(str::to_owned).or(Some(String::new()))
}

#[test]
fn hostile_files_end_with_a_sentence_and_never_block_the_queue() {
    let daemon = TestDaemon::start("");
    fs::write(daemon.inbox().join("login.mp3"), "<!DOCTYPE html><html><body>Please sign in</body></html>").unwrap();
    fs::write(daemon.inbox().join("noise.wav"), (0..50_000u32).map(|i| ((i * 7919) >> 3) as u8).collect::<Vec<_>>())
        .unwrap();
    cut_call(&daemon.inbox().join("whole.wav"), 8600, 16_000);
    let cut_short = daemon.inbox().join("cut-short.wav");
    cut_call(&cut_short, 20_000, 28_000);
    let bytes = fs::read(&cut_short).unwrap();
    fs::write(&cut_short, &bytes[..bytes.len() / 2]).unwrap();
    let http = daemon.http();
    wait_until("both calls have a transcript", || {
        let page = http.get("/api/v1/recordings/?has_transcript=true").json();
        (page["total"].as_u64() >= Some(2)).then_some(())
    });
    let noise = wait_until("the noise has ended", || fate(&daemon, "noise.wav"));
    assert!(noise.contains("no known audio format"), "what became of the noise is said: {noise:?}");
    let providers = http.get("/api/v1/providers");
    let all = http.get("/api/v1/recordings/?limit=500").text().to_owned() + providers.text();
    assert!(all.contains("HTML") || all.contains("web page"), "the login page is named: {all}");
    assert_eq!(http.get("/healthz").status, 200);
}

#[test]
fn a_stopped_daemon_ends_with_0_and_goes_on_where_it_was() {
    let mut daemon = TestDaemon::start("");
    cut_call(&daemon.inbox().join("call.wav"), 8600, 25_000);
    let http = daemon.http();
    wait_until("the call was found", || (http.get("/api/v1/recordings/").json()["total"] == 1).then_some(()));
    assert!(daemon.stop().success());
    daemon.restart();
    assert_eq!(ended(&daemon, 1)[0]["processing_status"], "completed");
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_with_a_sentence() {
    let daemon = TestDaemon::start("");
    let second = Command::new(env!("CARGO_BIN_EXE_callscribe"))
        .args(["--config".as_ref(), daemon.config().as_os_str(), "serve".as_ref()])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another callscribe runs on the same state folder"), "{said}");
}

#[test]
fn a_missing_model_keeps_the_daemon_serving_and_the_calls_waiting() {
    let daemon = TestDaemon::start("[transcribe]\nmodel = \"small\"");
    cut_call(&daemon.inbox().join("call.wav"), 8600, 16_000);
    let http = daemon.http();
    let ready = wait_until("the call waits", || {
        let found = http.get("/api/v1/recordings/").json()["total"] == 1;
        let ready = http.get("/readyz");
        (found && ready.status == 503).then(|| ready.text().to_owned())
    });
    assert!(ready.contains("callscribe models pull small"), "{ready}");
}
