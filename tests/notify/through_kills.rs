//! A kill between the commit and the sending, before the sink's answer, after it: the event comes, with the same id.

use std::net::SocketAddr;

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
    let (mut daemon, _secret) = daemon_that_tells(sink.address);
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

/// A daemon that tells a sink at `address`, and the folder of the secret.
fn daemon_that_tells(address: SocketAddr) -> (TestDaemon, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let daemon = TestDaemon::start(&format!(
        "[[notify]]\nname = \"crm\"\nurl = \"http://{address}/calls\"\nsecret_file = {secret:?}\n\
         allow_private_addresses = true"
    ));
    (daemon, folder)
}

fn pending(daemon: &TestDaemon) -> Option<serde_json::Value> {
    let page = daemon.http().get("/api/v1/webhooks/crm/deliveries?status=pending").json();
    page["items"].as_array().unwrap().first().cloned()
}

#[test]
fn what_was_committed_and_never_sent_is_sent_after_a_kill() {
    // Nobody listens there yet.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (mut daemon, _secret) = daemon_that_tells(address);
    cut_call(&daemon.inbox().join("call.wav"), 0, 8000);
    let waits = wait_until("the event waits", || pending(&daemon));
    daemon.kill();
    let sink = Sink::start_at(address, |_, _| Some(200));
    daemon.restart();
    assert_eq!(sink.wait_for(1)[0].event_id(), waits["id"]);
}

#[test]
fn what_was_taken_and_not_noted_comes_again_with_its_id() {
    let sink = Sink::that_answers(200);
    let (mut daemon, _secret) = daemon_that_tells(sink.address);
    cut_call(&daemon.inbox().join("call.wav"), 0, 8000);
    let id = sink.wait_for(1)[0].event_id();
    let delivered = |daemon: &TestDaemon| {
        let page = daemon.http().get("/api/v1/webhooks/crm/deliveries?status=delivered").json();
        (page["items"][0]["id"] == id.as_str()).then_some(())
    };
    for _ in 0..5 {
        // Right after the answer: before it is noted, or just after.
        let before = sink.heard().len();
        wait_until("it is delivered", || delivered(&daemon));
        let replay = daemon.http().post(&format!("/api/v1/webhooks/crm/deliveries/{id}/replay"));
        assert_eq!(replay.status, 202);
        sink.wait_for(before + 1);
        daemon.kill();
        daemon.restart();
    }
    wait_until("it is delivered in the end", || delivered(&daemon));
    assert!(sink.heard().iter().all(|heard| heard.event_id() == id));
}

#[test]
fn what_is_imported_without_a_daemon_is_told_by_the_next_one() {
    let sink = Sink::that_answers(200);
    let (mut daemon, folder) = daemon_that_tells(sink.address);
    assert!(daemon.stop().success());
    let archive = folder.path().join("archive");
    std::fs::create_dir(&archive).unwrap();
    cut_call(&archive.join("call.wav"), 0, 8000);
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_callscribe"));
    let imported = program.arg("--config").arg(daemon.config()).arg("import").arg(&archive).output().unwrap();
    assert!(imported.status.success(), "{imported:?}");
    assert_eq!(sink.heard().len(), 0);
    daemon.restart();
    assert_eq!(sink.wait_for(1)[0].json()["event"], "recording.completed");
}
