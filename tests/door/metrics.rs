//! What is measured, and for whom.

use std::collections::BTreeSet;
use std::path::Path;

use callscribe::daemon::ledger;
use callscribe::serve::Door;
use callscribe::store::Egress;
use regex::Regex;

use crate::common::{TestDaemon, wait_until};
use crate::sample::cut_call;
use crate::seed::Served;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)).unwrap()
}

#[test]
fn every_metric_that_the_alerts_and_the_dashboard_ask_for_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "a-secret-of-enough-characters").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let daemon = TestDaemon::start(&format!(
        "[[folders]]\nname = \"gone\"\npath = {:?}\n[[notify]]\nname = \"crm\"\nurl = \"http://127.0.0.1:9/\"\n\
         secret_file = {secret:?}\nallow_private_addresses = true",
        folder.path().join("gone"),
    ));
    cut_call(&daemon.inbox().join("call.wav"), 0, 8000);
    let http = daemon.http();
    wait_until("the call is transcribed", || {
        let page = http.get("/api/v1/recordings/?status=completed").json();
        (page["total"] == 1).then_some(())
    });
    let known = Regex::new(r"\bcallscribe_[a-z_]+\b").unwrap();
    let asked: BTreeSet<String> = [file("prometheus-alerts.yml"), file("grafana-dashboard.json")]
        .iter()
        .flat_map(|text| known.find_iter(text).map(|found| found.as_str().to_owned()).collect::<Vec<_>>())
        .collect();
    assert!(asked.len() > 15, "{asked:?}");
    let missing = || {
        let answer = http.get("/metrics");
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let there: BTreeSet<String> =
            answer.text().lines().filter_map(|line| known.find(line)).map(|found| found.as_str().to_owned()).collect();
        asked.difference(&there).cloned().collect::<Vec<_>>()
    };
    wait_until("the folder that is gone was looked at", || {
        missing().iter().all(|name| !name.contains("provider_errors")).then_some(())
    });
    assert_eq!(missing(), Vec::<String>::new());
    let text = http.get("/metrics").text().to_owned();
    let labels = Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}|\+?\d{7,}[^.\d]*\W").unwrap();
    let told: Vec<&str> =
        text.lines().filter(|line| line.find('{').is_some_and(|_| labels.is_match(labels_of(line)))).collect();
    assert!(told.is_empty(), "{told:?}");
    assert!(text.contains("callscribe_recordings{status=\"completed\"} 1"), "{text}");
}

/// What stands between the braces.
fn labels_of(line: &str) -> &str {
    let (_, rest) = line.split_once('{').unwrap_or_default();
    rest.split_once('}').map_or("", |(labels, _)| labels)
}

#[test]
fn a_check_that_is_mended_is_told_to_be_well_again() {
    let served = Served::empty();
    let tells = |value: u8| {
        let line = format!("callscribe_check_ok{{check=\"twilio/mended\"}} {value}");
        served.http.get("/metrics").text().lines().any(|told| told == line)
    };
    served.loops.set(|report| report.waiting = Some("twilio/mended".to_owned()));
    assert!(tells(0));
    served.loops.set(|report| report.waiting = None);
    assert!(tells(1));
}

#[test]
fn metrics_need_a_token_unless_they_are_open() {
    let ask = |served: &Served| {
        let host = format!("Host: {}", served.http.address);
        served.http.raw("GET", "/metrics", &[&host]).status
    };
    assert_eq!(ask(&Served::empty()), 401);
    assert_eq!(ask(&Served::behind(Door { open_metrics: true, ..Door::default() })), 200);
}

#[test]
fn the_ledger_takes_in_what_commands_sent_beside_the_daemon() {
    let mut daemon = TestDaemon::start("");
    daemon.stop();
    let at = "2026-11-20T13:00:00Z".parse().unwrap();
    let pulled = Egress {
        host: "models.example.com".to_owned(),
        requests: 2,
        bytes_sent: 0,
        bytes_received: 1000,
        first_at: at,
        last_at: at,
    };
    ledger::leave(&daemon.state(), std::slice::from_ref(&pulled)).unwrap();
    ledger::leave(&daemon.state(), &[pulled]).unwrap();
    daemon.restart();
    let http = daemon.http();
    let items = wait_until("the ledger is kept", || {
        let items = http.get("/api/v1/egress").json()["items"].clone();
        items.as_array().is_some_and(|items| !items.is_empty()).then_some(items)
    });
    let expected = serde_json::json!([{
        "host": "models.example.com", "requests": 4, "bytes_sent": 0, "bytes_received": 2000,
        "first_at": "2026-11-20T13:00:00Z", "last_at": "2026-11-20T13:00:00Z",
    }]);
    assert_eq!(items, expected);
    let left = daemon.state().join("egress");
    wait_until("what was taken in is gone", || (std::fs::read_dir(&left).unwrap().count() == 0).then_some(()));
}
