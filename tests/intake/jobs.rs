//! Jobs: seen, cancelled, kept.

use crate::common::{TestDaemon, long_call};
use crate::support::{Form, drop_call, upload, wait_for};

#[test]
fn a_cancelled_job_ends_and_can_be_taken_up_again() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let uploaded = upload(&http, "en-refund.wav", &[]).json();
    let target = format!("/api/v1/jobs/{}", uploaded["job_id"].as_str().unwrap());
    let queued = http.get(&target).json();
    insta::assert_json_snapshot!(queued, {
        ".job_id" => "[id]", ".created_at" => "[time]", ".recordings[]" => "[id]",
    });
    assert_eq!(http.delete(&target).json()["state"], "cancelled");
    let again = http.delete(&target);
    assert_eq!((again.status, again.error_code().as_str()), (409, "wrong_state"));
    let id = uploaded["recording"]["id"].as_str().unwrap();
    let recording = http.get(&format!("/api/v1/recordings/{id}")).json();
    assert_eq!(recording["steps"]["transcribe"]["reason"], "Cancelled by api:api-token.");
    assert_eq!(recording["processing_status"], "partial");

    http.post("/api/v1/queue/resume");
    let job = http.post(&format!("/api/v1/recordings/{id}/reprocess")).json()["job_id"].as_str().unwrap().to_owned();
    let job = wait_for(&http, &format!("/api/v1/jobs/{job}"), "it is done after all", |job| !job["ended_at"].is_null());
    assert_eq!(job["state"], "completed");
    assert_eq!(http.get(&target).json()["state"], "cancelled", "what was, was");
    let listed = http.get("/api/v1/jobs?limit=1").json();
    assert_eq!(listed["items"][0]["kind"], "reprocess", "newest first");
}

#[test]
fn running_work_ends_when_it_is_cancelled() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    let call = long_call("en-complaint.wav", 30);
    let form = Form { fields: &[], file: Some(("call.wav", &call)) };
    let uploaded = form.send(&http, "/api/v1/recordings").json();
    let id = uploaded["recording"]["id"].as_str().unwrap().to_owned();
    wait_for(&http, "/api/v1/queue", "it is being transcribed", |queue| {
        queue["running"].as_array().unwrap().iter().any(|work| work["step"] == "transcribe")
    });
    let cancelled = http.post(&format!("/api/v1/recordings/{id}/cancel"));
    assert_eq!((cancelled.status, &cancelled.json()["processing_status"]), (200, &"partial".into()));
    wait_for(&http, "/api/v1/queue", "nothing runs", |queue| queue["running"].as_array().unwrap().is_empty());
    let recording = http.get(&format!("/api/v1/recordings/{id}")).json();
    assert_eq!(recording["steps"]["transcribe"]["state"], "skipped", "what came too late was dropped");
    assert_eq!(recording["steps"]["download_audio"]["state"], "completed", "what is there stays");
    let again = http.post(&format!("/api/v1/recordings/{id}/cancel"));
    assert_eq!(again.error_code(), "wrong_state");
}

#[test]
fn a_cancelled_rerun_leaves_what_was_there() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    let id = upload(&http, "en-refund.wav", &[]).json()["recording"]["id"].as_str().unwrap().to_owned();
    let recording = format!("/api/v1/recordings/{id}");
    let before = wait_for(&http, &recording, "it is done", |it| it["processing_status"] == "completed");
    http.post("/api/v1/queue/pause");
    let job = http.post(&format!("{recording}/reprocess")).json()["job_id"].as_str().unwrap().to_owned();
    let job = http.delete(&format!("/api/v1/jobs/{job}")).json();
    assert_eq!(job["state"], "cancelled");
    let after = http.get(&recording).json();
    assert_eq!((&after["processing_status"], &after["quality_score"]), (&"completed".into(), &1.0.into()));
    assert_eq!(after["steps"]["transcribe"]["at"], before["steps"]["transcribe"]["at"]);
    assert_eq!(after["summary"], before["summary"]);
}

#[test]
fn a_fetch_is_a_job_with_what_it_found() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let answer = http.post("/api/v1/recordings/fetch");
    let target = format!("/api/v1/jobs/{}", answer.json()["job_id"].as_str().unwrap());
    let job = wait_for(&http, &target, "the look has ended", |job| !job["ended_at"].is_null());
    assert_eq!((&job["kind"], &job["state"]), (&"fetch".into(), &"completed".into()));
    drop_call(&daemon, "es-tarjeta.wav");
    wait_for(&http, "/api/v1/recordings/", "the call is found", |page| page["total"] == 1);
    assert_eq!(http.get("/api/v1/jobs/none").error_code(), "not_found");
    assert_eq!(http.delete("/api/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057").status, 404);
}
