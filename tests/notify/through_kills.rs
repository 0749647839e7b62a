//! A kill between the commit and the sink's answer: the event comes again, with the same id.

use crate::common::{TestDaemon, wait_until};
use crate::sample::cut_call;
use crate::seed::transcript;
use crate::sink::{SECRET, Sink, Told};

#[test]
fn an_event_that_was_cut_off_comes_again_with_the_same_id() {
    let sink = Sink::start(|_, _| None);
    let told = Told::start(&[sink.config("crm")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    let first = sink.wait_for(1).remove(0).event_id();
    let state = told.cut_off();
    sink.answers(|_, _| Some(200));
    let told = Told::on(state, &[sink.config("crm")]);
    assert_eq!(told.wait_for("crm", "delivered", 1)[0].event.id.to_string(), first);
}

#[test]
fn the_daemon_tells_again_after_a_kill_and_shows_what_it_told() {
    let sink = Sink::start(|_, _| None);
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut daemon = TestDaemon::start(&format!(
        "[[notify]]\nname = \"crm\"\nurl = \"http://{}/calls\"\nsecret_file = {secret:?}\nallow_private_addresses = true",
        sink.address
    ));
    cut_call(&daemon.inbox().join("call.wav"), 0, 8000);
    let first = sink.wait_for(1).remove(0);
    assert_eq!(first.json()["event"], "recording.completed");
    daemon.kill();
    sink.answers(|_, _| Some(200));
    daemon.restart();
    let http = daemon.http();
    let told = wait_until("the event is delivered", || {
        let page = http.get("/api/v1/webhooks/crm/deliveries?status=delivered").json();
        page["items"].as_array().unwrap().first().cloned()
    });
    assert_eq!(told["id"], first.event_id());
    assert!(sink.heard().iter().all(|heard| heard.event_id() == first.event_id()));
    let shown = http.get("/api/v1/webhooks").json();
    assert_eq!((&shown["items"][0]["name"], &shown["items"][0]["delivered"]), (&"crm".into(), &1.into()));
    let tested = http.post("/api/v1/webhooks/crm/test").json();
    assert_eq!((&tested["success"], &tested["status"]), (&true.into(), &200.into()));
    let replayed = http.post(&format!("/api/v1/webhooks/crm/deliveries/{}/replay", first.event_id()));
    assert_eq!(replayed.status, 202);
    let again = wait_until("it comes again", || {
        let of_it = sink.heard().into_iter().filter(|heard| heard.event_id() == first.event_id()).count();
        (of_it >= 3).then_some(of_it)
    });
    assert!(again >= 3);
    let ledger = http.get("/api/v1/egress").json();
    let host = &ledger["items"][0];
    assert_eq!(host["host"], sink.address.to_string());
    let bodies: usize = sink.heard().iter().map(|heard| heard.body.len()).sum();
    assert!(host["requests"].as_u64().unwrap() >= 3 && host["bytes_sent"].as_u64().unwrap() <= bodies as u64);
    assert_eq!(http.post("/api/v1/webhooks/nobody/test").status, 404);
}
