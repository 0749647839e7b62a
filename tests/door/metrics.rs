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
    let (alerts, dashboard) = (file("prometheus-alerts.yml"), questions(&file("grafana-dashboard.json")));
    let named = |text: &str| known.find_iter(text).map(|found| found.as_str().to_owned()).collect::<BTreeSet<_>>();
    assert!(dashboard.iter().all(|question| !named(question).is_empty()), "{dashboard:?}");
    let asked: BTreeSet<String> = dashboard.iter().chain([&alerts]).flat_map(|text| named(text)).collect();
    assert!(asked.len() > 15 && !named(&alerts).is_empty(), "{asked:?}");
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

/// What the panels of a dashboard ask for.
fn questions(dashboard: &str) -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).expect("the dashboard is JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter().filter(|panel| panel["type"] != "row");
    let targets = panels.flat_map(|panel| panel["targets"].as_array().expect("every panel asks for something"));
    targets.map(|target| target["expr"].as_str().expect("a question").to_owned()).collect()
}

/// The sum of the metric's lines that have all these labels; absent when there is none.
fn sum(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    let lines = lines.filter(|line| labels.iter().all(|label| labels_of(line).split(',').any(|own| own == *label)));
    let values = lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
    values.reduce(|one, other| one + other)
}

#[test]
fn what_is_measured_is_what_happened() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    cut_call(&daemon.inbox().join("call.wav"), 0, 8000);
    wait_until("the call is transcribed", || {
        let page = http.get("/api/v1/recordings/?status=completed").json();
        (page["total"] == 1).then_some(())
    });
    let waiting = ["state=\"waiting\""];
    let text = http.get("/metrics").text().to_owned();
    let value = |name: &str| sum(&text, name, &[]).unwrap_or_else(|| panic!("no {name} in {text}"));
    assert_eq!(value("callscribe_transcript_success_ratio"), 1.0);
    assert_eq!(value("callscribe_transcribe_real_time_factor_count"), 1.0);
    assert!(value("callscribe_transcribe_real_time_factor_sum") > 0.0);
    assert_eq!(value("callscribe_transcript_confidence_count"), 1.0);
    assert!((0.0..=1.0).contains(&value("callscribe_transcript_confidence_sum")));
    assert!(value("callscribe_disk_free_bytes") > 0.0);
    assert!(value("callscribe_disk_total_bytes") >= value("callscribe_disk_free_bytes"));
    let audio = std::fs::metadata(daemon.inbox().join("call.wav")).unwrap().len() as f64;
    assert_eq!(value("callscribe_audio_bytes"), audio);
    assert_eq!(sum(&text, "callscribe_queue_recordings", &waiting), Some(0.0));
    assert_eq!(value("callscribe_backlog_oldest_seconds"), 0.0);

    assert_eq!(http.post("/api/v1/queue/pause").status, 200);
    cut_call(&daemon.inbox().join("later.wav"), 8000, 16_000);
    let text = wait_until("the next call waits", || {
        let text = http.get("/metrics").text().to_owned();
        (sum(&text, "callscribe_backlog_oldest_seconds", &[]) > Some(0.0)).then_some(text)
    });
    assert_eq!(sum(&text, "callscribe_queue_recordings", &waiting), Some(1.0), "one step of it waits: {text}");
    assert_eq!(sum(&text, "callscribe_transcript_success_ratio", &[]), Some(1.0));
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
