//! The JSON other programs rely on.

use callscribe::call::Step;
use callscribe::serve::{Running, Workers};
use callscribe::store::Lane;
use callscribe::transcribe::{ProcessStanding, WorkerEnd, WorkerPhase, WorkerStanding};

use crate::seed::{Served, at};

#[test]
fn a_list() {
    let (served, _) = Served::archive();
    insta::assert_json_snapshot!(served.http.get("/api/v1/recordings/?limit=2&skip=2").json());
}

#[test]
fn a_completed_recording() {
    let (served, archive) = Served::archive();
    let by_our_id = served.http.get(&format!("/api/v1/recordings/{}", archive.completed));
    insta::assert_json_snapshot!(by_our_id.json());
    assert_eq!(served.http.get("/api/v1/recordings/call-1").body, by_our_id.body);
}

#[test]
fn a_recording_whose_transcription_waits() {
    let (served, archive) = Served::archive();
    let recording = served.http.get(&format!("/api/v1/recordings/{}", archive.waiting)).json();
    insta::assert_json_snapshot!(recording["steps"]);
}

#[test]
fn the_totals() {
    let (served, _) = Served::archive();
    insta::assert_json_snapshot!(served.http.get("/api/v1/recordings/stats/summary").json());
}

#[test]
fn the_queue() {
    let (served, archive) = Served::archive();
    let since = at("2026-11-20T13:00:00Z");
    let work = Running {
        id: archive.pending,
        step: Step::FetchDetails,
        since,
        attempt: 1,
        windows: Some((3, 12)),
        duration_ms: Some(61_500),
    };
    served.loops.set(|report| {
        report.running = vec![work];
        report.model_error = Some("Model base is not here; 'callscribe models pull base' brings it.".to_owned());
    });
    insta::assert_json_snapshot!(served.http.get("/api/v1/queue").json());
}

#[test]
fn the_workers() {
    let served = Served::empty();
    assert!(served.http.get("/api/v1/workers").json()["process"].is_null(), "none runs");
    let since = at("2026-11-20T12:00:00Z");
    let process = ProcessStanding {
        id: 4711,
        since,
        phase: WorkerPhase::Working,
        calls_done: 3,
        memory_bytes: Some(310_000_000),
    };
    let reason = "The worker process was killed while it worked on the call.".to_owned();
    let standing = WorkerStanding {
        model: Some("base".to_owned()),
        states: 2,
        threads_per_state: 1,
        memory_bytes_max: 6 << 30,
        process: Some(process),
        calls_done: 12,
        starts: 2,
        failures: 1,
        last_end: Some(WorkerEnd { at: since, reason, is_failure: true }),
    };
    let lanes = vec![(Lane::Light, 4), (Lane::Transcribe, 1), (Lane::Summarise, 4)];
    served.loops.set(|report| report.workers = Workers { process: Some(standing), lanes });
    insta::assert_json_snapshot!(served.http.get("/api/v1/workers").json(), { ".processors" => "[processors]" });
}

#[test]
fn the_providers() {
    let (served, _) = Served::archive();
    let account = "inbox".parse().unwrap();
    let source = (callscribe::call::ProviderKind::Folder, &account);
    let refused = [("/srv/calls/page.mp3".to_owned(), "This is an HTML page, not audio.".to_owned())];
    served.store.insert_discovered(source, &[], &refused, None, at("2026-11-20T12:30:00Z")).unwrap();
    insta::assert_json_snapshot!(served.http.get("/api/v1/providers").json());
}

#[test]
fn a_daemon_without_its_model_is_alive_and_not_ready() {
    let served = Served::empty();
    served.loops.set(|report| {
        report.model_error = Some("Model base is not here; 'callscribe models pull base' brings it.".to_owned());
    });
    assert_eq!(served.http.get("/healthz").json()["status"], "ok");
    let ready = served.http.get("/readyz");
    assert_eq!(ready.status, 503);
    insta::assert_json_snapshot!(ready.json());
}

#[test]
fn the_api_describes_itself() {
    let served = Served::empty();
    insta::assert_json_snapshot!("openapi", served.http.get("/openapi.json").json());
}

#[test]
fn transcripts_come_in_four_formats() {
    let (served, archive) = Served::archive();
    let get = |query: &str| served.http.get(&format!("/api/v1/recordings/{}/transcript{query}", archive.completed));
    let types = ["", "?format=json", "?format=TXT", "?format=vtt", "?format=srt"].map(|query| {
        let answer = get(query);
        assert_eq!(answer.status, 200);
        answer.header("content-type").unwrap().to_owned()
    });
    let plain = "text/plain; charset=utf-8";
    let [vtt, srt] = ["text/vtt; charset=utf-8", "application/x-subrip; charset=utf-8"];
    assert_eq!(types, ["application/json", "application/json", plain, vtt, srt]);
    assert_eq!(get("").json()["segments"][1]["text"], "I want a refund.");
    assert!(get("?format=vtt").text().starts_with("WEBVTT"));
}

#[test]
fn a_transcript_that_is_not_there_yet_says_how_its_step_stands() {
    let (served, archive) = Served::archive();
    let messages = [archive.waiting, archive.failed, archive.pending].map(|id| {
        let answer = served.http.get(&format!("/api/v1/recordings/{id}/transcript"));
        assert_eq!((answer.status, answer.error_code().as_str()), (409, "not_available"));
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    });
    insta::assert_snapshot!(messages.join("\n"));
}
