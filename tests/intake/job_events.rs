//! Jobs watched by server-sent events.

use std::io::Read as _;

use crate::common::{Http, TestDaemon, long_call};
use crate::support::{Event, Form, Listener, asked, drop_call, upload, wait_for};

/// Everything until the answer ends.
fn to_the_end(listener: &Listener) -> Vec<Event> {
    std::iter::from_fn(|| listener.next()).collect()
}

fn states(events: &[Event]) -> Vec<&str> {
    let mut states: Vec<&str> =
        events.iter().filter(|event| event.name == "job").filter_map(|event| event.data["state"].as_str()).collect();
    states.dedup();
    states
}

fn watched(job: &str) -> String {
    format!("/api/v1/jobs/{job}/events")
}

fn status_of(http: &Http, target: &str, after: &str) -> String {
    let mut head = [0; 12];
    asked(http, target, Some(after)).read_exact(&mut head).unwrap();
    String::from_utf8_lossy(&head[9..]).into_owned()
}

#[test]
fn an_upload_is_watched_from_the_queue_to_its_end() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let call = long_call("en-complaint.wav", 3);
    let uploaded = Form { fields: &[], file: Some(("call.wav", &call)) }.send(&http, "/api/v1/recordings").json();
    let (job, id) = (uploaded["job_id"].as_str().unwrap().to_owned(), uploaded["recording"]["id"].clone());
    upload(&http, "en-refund.wav", &[]);
    let listener = Listener::open(&http, &watched(&job), None);
    let first = listener.next().unwrap();
    assert_eq!((first.name.as_str(), &first.data["state"]), ("job", &"queued".into()));
    http.post("/api/v1/queue/resume");
    let rest = to_the_end(&listener);
    let last = rest.last().unwrap();
    assert_eq!((last.name.as_str(), &last.data), ("job", &http.get(&format!("/api/v1/jobs/{job}")).json()));
    assert_eq!(states(&rest), ["running", "completed"]);
    let recordings: Vec<&Event> = rest.iter().filter(|event| event.name != "job").collect();
    assert!(recordings.iter().all(|event| event.data["id"] == id), "nothing of the other call");
    assert!(recordings.iter().any(|event| event.name == "progress"), "{recordings:?}");

    // Whoever was away gets what was missed, and after the end is told that nothing follows.
    let back = to_the_end(&Listener::open(&http, &watched(&job), Some(&first.id)));
    let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&back), ids(&rest));
    assert_eq!(status_of(&http, &watched(&job), &last.id), "204");
}

#[test]
fn a_job_that_has_ended_is_shown_once() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let job = upload(&http, "en-refund.wav", &[]).json()["job_id"].as_str().unwrap().to_owned();
    http.delete(&format!("/api/v1/jobs/{job}"));
    for after in [None, Some("0badc0de-7")] {
        let shown = to_the_end(&Listener::open(&http, &watched(&job), after));
        assert_eq!(states(&shown), ["cancelled"], "{after:?}");
        assert_eq!(status_of(&http, &watched(&job), &shown.last().unwrap().id), "204", "{after:?}");
    }
    assert_eq!(http.get(&watched("0badc0de")).error_code(), "not_found");
}

#[test]
fn who_was_shown_the_end_before_a_restart_does_not_come_again() {
    let mut daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let job = upload(&http, "en-refund.wav", &[]).json()["job_id"].as_str().unwrap().to_owned();
    let going = upload(&http, "en-complaint.wav", &[]).json()["job_id"].as_str().unwrap().to_owned();
    http.delete(&format!("/api/v1/jobs/{job}"));
    let end = to_the_end(&Listener::open(&http, &watched(&job), None)).pop().unwrap();
    assert!(daemon.stop().success());
    daemon.restart();
    let http = daemon.http();
    assert_eq!(status_of(&http, &watched(&job), &end.id), "204");
    let told = Listener::open(&http, &watched(&going), Some(&end.id)).until(|event| event.name == "job");
    assert_eq!(states(&told), ["queued"], "another job goes on");
}

#[test]
fn a_listener_hears_that_its_job_was_cancelled() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let job = upload(&http, "en-refund.wav", &[]).json()["job_id"].as_str().unwrap().to_owned();
    let listener = Listener::open(&http, &watched(&job), None);
    let first = listener.next().unwrap();
    assert_eq!(first.data["state"], "queued");
    http.delete(&format!("/api/v1/jobs/{job}"));
    assert_eq!(states(&to_the_end(&listener)), ["cancelled"]);
}

#[test]
fn a_job_over_many_is_one_stream() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let everything = Listener::open(&http, "/api/v1/events", None);
    drop_call(&daemon, "en-refund.wav");
    drop_call(&daemon, "en-complaint.wav");
    wait_for(&http, "/api/v1/recordings/", "both were found", |list| list["total"] == 2);
    http.post("/api/v1/queue/resume");
    let job = http.post("/api/v1/recordings/reprocess?steps=transcribe&provider=folder").json();
    let job = job["job_id"].as_str().map(str::to_owned).unwrap();
    let told = to_the_end(&Listener::open(&http, &watched(&job), None));
    assert_eq!(states(&told).last(), Some(&"completed"), "{told:?}");
    let of_it = |event: &Event| event.name == "job" && event.data["job_id"] == job.as_str();
    let heard = everything.until(|event| of_it(event) && event.data["state"] == "completed");
    assert!(heard.iter().any(|event| event.name == "recording"), "whoever hears everything hears of jobs too");
}
