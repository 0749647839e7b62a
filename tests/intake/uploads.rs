//! Calls that come in by the API.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::Value;

use crate::common::{TestDaemon, wait_until};
use crate::support::{Form, files_below, sample, upload, wait_for};

const FACTS: [(&str, &str); 8] = [
    ("started_at", "2026-11-20T09:30:00Z"),
    ("direction", "inbound"),
    ("caller", "+4930123456"),
    ("callee_name", "Support"),
    ("channels", "agent,customer"),
    ("language", "en"),
    ("metadata", "{\"ticket\": {\"id\": 42}}"),
    ("external_id", "crm-7"),
];

#[test]
fn an_uploaded_call_becomes_a_transcript_with_its_facts() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    let answer = upload(&http, "en-refund.wav", &FACTS);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let uploaded = answer.json();
    assert_eq!((&uploaded["duplicate"], &uploaded["recording"]["provider"]), (&false.into(), &"upload".into()));
    let target = format!("/api/v1/jobs/{}", uploaded["job_id"].as_str().unwrap());
    let job = wait_for(&http, &target, "the job has ended", |job| !job["ended_at"].is_null());
    assert_eq!(
        (&job["state"], &job["kind"], &job["progress"]["recordings_done"]),
        (&"completed".into(), &"upload".into(), &1.into())
    );

    let id = uploaded["recording"]["id"].as_str().unwrap();
    let recording = http.get(&format!("/api/v1/recordings/{id}")).json();
    assert_eq!(recording["caller"]["number"], "+4930123456");
    assert_eq!(recording["started_at"], "2026-11-20T09:30:00Z");
    assert_eq!(recording["metadata"]["ticket"]["id"], 42, "{}", recording["metadata"]);
    assert_eq!(recording["metadata"]["upload"]["external_id"], "crm-7");
    let text = http.get(&format!("/api/v1/recordings/{id}/transcript?format=txt")).text().to_owned();
    assert!(text.contains("refund") && text.contains("agent"), "{text}");
    let audio = http.get(&format!("/api/v1/recordings/{id}/audio"));
    assert_eq!(audio.body, std::fs::read(sample("en-refund.wav")).unwrap());
    wait_until("the upload was moved in", || files_below(&daemon.state().join("uploads")).is_empty().then_some(()));

    // All steps again, though the source has nothing left.
    let again = http.post(&format!("/api/v1/recordings/{id}/reprocess")).json();
    let target = format!("/api/v1/jobs/{}", again["job_id"].as_str().unwrap());
    let job = wait_for(&http, &target, "it was done again", |job| !job["ended_at"].is_null());
    assert_eq!((&job["state"], &job["kind"]), (&"completed".into(), &"reprocess".into()));
    let recording = http.get(&format!("/api/v1/recordings/{id}")).json();
    assert_eq!(
        (&recording["metadata"]["ticket"]["id"], &recording["caller"]["number"]),
        (&42.into(), &"+4930123456".into())
    );
}

#[test]
fn the_same_bytes_twice_are_one_recording() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let first = upload(&http, "es-tarjeta.wav", &[]).json();
    let second = upload(&http, "es-tarjeta.wav", &[("caller", "123")]);
    assert_eq!(second.status, 200);
    let second = second.json();
    assert_eq!(second["duplicate"], true);
    assert_eq!((&second["recording"]["id"], &second["job_id"]), (&first["recording"]["id"], &first["job_id"]));
    assert_eq!(http.get("/api/v1/recordings/").json()["total"], 1);

    let target = format!("/api/v1/recordings/{}", first["recording"]["id"].as_str().unwrap());
    assert_eq!(http.delete(&target).status, 200);
    assert!(files_below(&daemon.state().join("uploads")).is_empty(), "a removed upload leaves no bytes");
    assert_eq!(upload(&http, "es-tarjeta.wav", &[]).status, 410);
    assert!(files_below(&daemon.state().join("uploads")).is_empty());
}

#[test]
fn a_full_queue_says_when_to_come_back() {
    let daemon = TestDaemon::start_with("queue_max = 1", "");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    assert_eq!(upload(&http, "en-refund.wav", &[]).status, 202);
    let full = upload(&http, "es-tarjeta.wav", &[]);
    assert_eq!((full.status, full.error_code().as_str()), (503, "queue_full"));
    let wait: u64 = full.header("retry-after").unwrap().parse().unwrap();
    assert!((5..=3600).contains(&wait), "{wait}");
    http.post("/api/v1/queue/resume");
    wait_until("there is room again", || (upload(&http, "es-tarjeta.wav", &[]).status == 202).then_some(()));
}

#[test]
fn half_an_upload_leaves_nothing_after_a_kill() {
    let mut daemon = TestDaemon::start("");
    let http = daemon.http();
    let bytes = std::fs::read(sample("en-refund.wav")).unwrap();
    let request = Form { fields: &[], file: Some(("call.wav", &bytes)) }.request(&http, "/api/v1/recordings");
    let mut stream = TcpStream::connect(http.address).unwrap();
    stream.write_all(&request[..request.len() / 2]).unwrap();
    let uploads = daemon.state().join("uploads");
    wait_until("half of it is on the disk", || {
        files_below(&uploads).iter().any(|file| file.metadata().is_ok_and(|file| file.len() > 0)).then_some(())
    });
    // What would be there had the daemon died between the file and its row.
    std::fs::write(uploads.join("0".repeat(64)), b"nobody's").unwrap();
    daemon.kill();
    daemon.restart();
    assert!(files_below(&uploads).is_empty(), "{:?}", files_below(&uploads));
    assert_eq!(daemon.http().get("/api/v1/recordings/").json()["total"], 0);
}

#[test]
fn an_upload_that_waits_survives_a_kill() {
    let mut daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let job = upload(&http, "en-refund.wav", &[]).json()["job_id"].as_str().unwrap().to_owned();
    daemon.kill();
    daemon.restart();
    let http = daemon.http();
    assert_eq!(http.get(&format!("/api/v1/jobs/{job}")).json()["state"], "queued");
    http.post("/api/v1/queue/resume");
    let done = wait_for(&http, &format!("/api/v1/jobs/{job}"), "it is done", |job| !job["ended_at"].is_null());
    assert_eq!(done["state"], "completed");
}

fn refusal(http: &crate::common::Http, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Value {
    let answer = Form { fields, file }.send(http, "/api/v1/recordings/");
    let body = answer.json();
    serde_json::json!({
        "status": answer.status, "code": body["error"]["code"], "message": body["error"]["message"],
    })
}

#[test]
fn what_cannot_be_taken_is_refused_with_a_sentence() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    let call = std::fs::read(sample("en-refund.wav")).unwrap();
    let file = Some(("call.wav", call.as_slice()));
    let refusals = [
        refusal(&http, &[], None),
        refusal(&http, &[], Some(("empty.wav", b""))),
        refusal(&http, &[], Some(("page.mp3", b"<!DOCTYPE html><html><body>Please sign in</body></html>"))),
        refusal(&http, &[("direction", "sideways")], file),
        refusal(&http, &[("started_at", "yesterday")], file),
        refusal(&http, &[("metadata", "[1]")], file),
        refusal(&http, &[("language", "klingon")], file),
        refusal(&http, &[("callr", "123")], file),
    ];
    insta::assert_json_snapshot!(refusals);
    assert_eq!(http.get("/api/v1/recordings/").json()["total"], 0);
    assert!(files_below(&daemon.state().join("uploads")).is_empty(), "and nothing is left of it");
}

#[test]
fn more_than_the_limit_is_refused() {
    let daemon = TestDaemon::start_with("upload_mib_max = 1", "");
    let http = daemon.http();
    let mut call = std::fs::read(sample("en-refund.wav")).unwrap();
    call.resize(2 << 20, 0);
    let answer = Form { fields: &[], file: Some(("call.wav", &call)) }.send(&http, "/api/v1/recordings");
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "body_too_large"));
    assert!(files_below(&daemon.state().join("uploads")).is_empty());
}
