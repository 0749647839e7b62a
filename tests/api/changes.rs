//! What a caller may set going.

use callscribe::call::{ProcessingStatus, Step, StepState};
use callscribe::serve::{Looked, Reach};

use crate::seed::{Served, at};

#[test]
fn a_fetch_starts_a_look_and_answers_at_once() {
    let served = Served::empty();
    let answer = served.http.post("/api/v1/recordings/fetch?hours=48&limit=7");
    assert_eq!((answer.status, answer.json()["state"].as_str()), (202, Some("started")));
    served.loops.set(|report| assert_eq!(report.reaches, [Reach { hours: 48, limit: 7 }]));
}

#[test]
fn a_fetch_that_waits_answers_with_what_was_done() {
    let (served, archive) = Served::archive();
    served.finish_all(archive.pending);
    served.loops.set(|report| report.look.new = vec![archive.completed, archive.failed]);
    let answer = served.http.post("/api/v1/recordings/fetch?wait=true").json();
    assert_eq!((&answer["success"], &answer["processed_count"]), (&true.into(), &2.into()));
    assert_eq!(answer["state"], "finished");
    let ids: Vec<_> = answer["recordings"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, [archive.failed.to_string(), archive.completed.to_string()]);
}

#[test]
fn a_fetch_waits_for_what_a_look_just_before_it_found() {
    let (served, archive) = Served::archive();
    let http = served.http.clone();
    let fetch = std::thread::spawn(move || http.post("/api/v1/recordings/fetch?wait=true").json());
    crate::common::wait_until("the fetch has begun", || {
        served.loops.with(|report| (!report.reaches.is_empty()).then_some(()))
    });
    served.finish_all(archive.pending);
    let answer = fetch.join().unwrap();
    assert_eq!((&answer["state"], &answer["processed_count"]), (&"finished".into(), &1.into()));
    assert_eq!(answer["recordings"][0]["id"], archive.pending.to_string());
}

#[test]
fn a_fetch_says_which_account_could_not_be_looked_at() {
    let served = Served::empty();
    let errors = vec!["The folder /srv/calls cannot be read: permission denied.".to_owned()];
    served.loops.set(|report| report.look = Looked { errors: errors.clone(), ..Looked::default() });
    let answer = served.http.post("/api/v1/recordings/fetch?wait=1").json();
    assert_eq!((&answer["success"], &answer["errors"]), (&false.into(), &errors.into()));
}

#[test]
fn reprocess_queues_the_steps_and_what_follows_from_them() {
    let (served, archive) = Served::archive();
    let answer = served.http.post(&format!("/api/v1/recordings/{}/reprocess?steps=transcribe", archive.completed));
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["steps"], serde_json::json!(["transcribe", "detect_language", "generate_summary"]));
    let recording = served.store.get(archive.completed).unwrap().unwrap();
    assert_eq!(recording.steps.next(), Some(Step::Transcribe));
    assert!(recording.transcript.is_some(), "the earlier result stays until there is a new one");
}

#[test]
fn reprocess_of_everything_brings_a_failed_recording_back() {
    let (served, archive) = Served::archive();
    let answer = served.http.post("/api/v1/recordings/call-3/reprocess?model=base");
    assert_eq!(answer.status, 202);
    let steps = served.store.get(archive.failed).unwrap().unwrap().steps;
    assert!(steps.iter().all(|(_, record)| record.state == StepState::Pending));
    assert_ne!(steps.processing_status(), ProcessingStatus::Failed);
}

#[test]
fn a_removed_recording_is_gone_with_its_audio_and_stays_known() {
    let (served, archive) = Served::archive();
    let target = format!("/api/v1/recordings/{}", archive.completed);
    let file = served.recordings().join(format!("2026/11/20/{}.wav", archive.completed));
    assert!(file.exists());
    assert_eq!(served.http.delete(&target).json()["deleted"], true);
    assert!(!file.exists());
    served.loops.set(|report| assert_eq!(report.cancelled, [archive.completed], "work on it has ended"));
    for path in ["", "/transcript", "/audio"] {
        let answer = served.http.get(&format!("{target}{path}"));
        assert_eq!((answer.status, answer.error_code().as_str()), (410, "removed"), "{path}");
    }
    assert_eq!(served.http.delete(&target).status, 410);
    assert_eq!(served.http.get("/api/v1/recordings/").json()["total"], 3);
}

#[test]
fn legal_hold_forbids_removal() {
    let (served, archive) = Served::archive();
    served.store.set_legal_hold(archive.completed, true, at("2026-11-20T13:00:00Z")).unwrap();
    let answer = served.http.delete("/api/v1/recordings/call-1?delete_from_provider=false");
    assert_eq!((answer.status, answer.error_code().as_str()), (409, "legal_hold"));
    assert_eq!(served.http.get("/api/v1/recordings/call-1").status, 200);
}
