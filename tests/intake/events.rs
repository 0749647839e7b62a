//! Server-sent events.

use std::collections::BTreeSet;
use std::io::Read as _;

use crate::common::{TestDaemon, wait_until};
use crate::support::{Event, Listener, asked, drop_call};

fn has_ended(event: &Event) -> bool {
    event.name == "recording" && event.data["processing_status"] == "completed"
}

#[test]
fn a_recording_is_seen_going_through_all_its_steps() {
    let daemon = TestDaemon::start("");
    let listener = Listener::open(&daemon.http(), "/api/v1/events", None);
    let first = listener.until(|event| event.name == "queue").pop().unwrap();
    assert_eq!((&first.data["unfinished"], &first.data["paused"]), (&0.into(), &false.into()));
    drop_call(&daemon, "en-refund.wav");
    let seen = listener.until(has_ended);
    let steps =
        ["fetch_details", "fetch_metadata", "download_audio", "transcribe", "detect_language", "generate_summary"];
    for step in steps {
        let states: Vec<&str> = seen.iter().filter_map(|event| event.data["steps"][step].as_str()).collect();
        let order: Vec<&str> = ["pending", "running", "completed"].into_iter().filter(|s| states.contains(s)).collect();
        assert_eq!(order, ["pending", "running", "completed"], "{step}: {states:?}");
    }
    let progress: Vec<&Event> = seen.iter().filter(|event| event.name == "progress").collect();
    assert!(progress.iter().any(|event| event.data["windows_total"].as_u64() > Some(0)), "{progress:?}");

    // Whoever was away for a while gets what was missed, once and in order.
    let id = seen.last().unwrap().data["id"].as_str().unwrap().to_owned();
    let back = Listener::open(&daemon.http(), &format!("/events?recording={id}"), Some(&seen[0].id));
    let again = back.until(has_ended);
    let of_it = |events: &[Event]| -> Vec<String> {
        events.iter().filter(|event| event.data["id"] == id.as_str()).map(|event| event.id.clone()).collect()
    };
    assert_eq!(of_it(&again), of_it(&seen[1..]));
    assert!(again.iter().all(|event| event.data["id"] == id.as_str()), "only what was asked for");
    assert_eq!(of_it(&again).iter().collect::<BTreeSet<_>>().len(), again.len());
}

#[test]
fn a_listener_who_knows_an_earlier_run_is_told_to_ask_anew() {
    let daemon = TestDaemon::start("");
    let listener = Listener::open(&daemon.http(), "/api/v1/events?last_event_id=0badc0de-7", None);
    assert_eq!(listener.next().unwrap().name, "reset");
}

#[test]
fn a_stop_ends_the_listeners_and_does_not_wait_for_them() {
    let mut daemon = TestDaemon::start("");
    let listener = Listener::open(&daemon.http(), "/api/v1/events", None);
    listener.until(|event| event.name == "queue");
    assert!(daemon.stop().success());
    while listener.next().is_some() {}
    assert!(!daemon.log().contains("cut off"), "{}", daemon.log());
}

#[test]
fn no_more_listen_than_there_is_room_for() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    let mut listeners: Vec<Listener> = (0..32).map(|_| Listener::open(&http, "/api/v1/events", None)).collect();
    for listener in &listeners {
        listener.until(|event| event.name == "queue");
    }
    let refused = http.get("/api/v1/events");
    assert_eq!((refused.status, refused.error_code().as_str()), (503, "busy"));
    listeners.pop();
    // The connection's end is noticed when the next event is written.
    wait_until("a place is free", || {
        http.post("/api/v1/queue/pause");
        http.post("/api/v1/queue/resume");
        let mut stream = asked(&http, "/api/v1/events", None);
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        (&head == b"HTTP/1.1 200").then_some(())
    });
}
