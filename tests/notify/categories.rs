//! Sinks are told of calls that come into a category: once, whatever is drawn again, and of what is new.

use std::collections::BTreeSet;

use callscribe::call::{CategoryHit, CategoryResult, Insight, RecordingId, Step};
use callscribe::config::NotifyConfig;
use callscribe::store::{EventKind, SinkRule, Store};
use serde_json::Value;

use crate::common::{TestDaemon, wait_until};
use crate::sample::cut_call;
use crate::seed::{Seeds, Served, at, transcript};
use crate::sink::{Heard, SECRET, Sink, Told};

fn hit() -> CategoryHit {
    CategoryHit {
        phrase: "refund".to_owned(),
        words: "a refund.".to_owned(),
        speaker: "customer".to_owned(),
        segment: 1,
        start_ms: 2000,
        end_ms: 2450,
    }
}

fn result(name: &str, matched: bool) -> CategoryResult {
    let hits = if matched { vec![hit()] } else { vec![] };
    CategoryResult { name: name.to_owned(), matched, absent: false, hits, alert: true }
}

fn insight(categories: Vec<CategoryResult>) -> Insight {
    Insight { categories, ..Insight::default() }
}

/// Draws the insight of a recording again.
fn redraw(seeds: &Seeds<'_>, id: RecordingId, categories: Vec<CategoryResult>) {
    seeds.store.reset(id, &[Step::GenerateSummary], at("2026-11-20T13:00:00Z")).unwrap();
    seeds.drawn(insight(categories), at("2026-11-20T13:01:00Z"));
}

/// A sink that is told of nothing else.
fn alarm(sink: &Sink) -> NotifyConfig {
    NotifyConfig { events: vec!["category_matched".to_owned()], ..sink.config("alarm") }
}

fn categories(sink: &Sink) -> Vec<Value> {
    sink.heard().iter().map(|heard| heard.json()["category"]["name"].clone()).collect()
}

#[test]
fn a_call_that_comes_into_a_category_is_told_of_once() {
    let sink = Sink::that_answers(200);
    let told = Told::start(&[alarm(&sink)]);
    let id = told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    redraw(&told.seeds(), id, vec![result("refunds", true), result("threats", false)]);
    insta::assert_json_snapshot!(sink.wait_for(1)[0].json(), { ".id" => "[event]", ".recording.id" => "[recording]" });
    redraw(&told.seeds(), id, vec![result("refunds", true), result("threats", false)]);
    redraw(&told.seeds(), id, vec![result("refunds", true), result("threats", true)]);
    sink.wait_for(2);
    redraw(&told.seeds(), id, vec![]);
    redraw(&told.seeds(), id, vec![result("refunds", true)]);
    sink.wait_for(3);
    assert_eq!(categories(&sink), ["refunds", "threats", "refunds"], "each time it came in, and no more");
    assert_eq!(told.store.deliveries("alarm", None, 10).unwrap()[0].event.category.as_deref(), Some("refunds"));
}

#[test]
fn rules_without_an_alert_are_told_of_nowhere() {
    let sink = Sink::that_answers(200);
    let told = Told::start(&[sink.config("crm")]);
    let id = told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    redraw(&told.seeds(), id, vec![CategoryResult { alert: false, ..result("refunds", true) }]);
    let events: Vec<Value> = sink.wait_for(2).iter().map(|heard| heard.json()["event"].clone()).collect();
    assert_eq!(events, ["recording.completed", "recording.completed"]);
}

#[test]
fn a_sink_that_is_not_to_have_words_gets_the_place_alone() {
    let sink = Sink::that_answers(200);
    let told = Told::start(&[NotifyConfig { include_transcript: false, ..alarm(&sink) }]);
    let id = told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    redraw(&told.seeds(), id, vec![result("refunds", true)]);
    let hit = sink.wait_for(1)[0].json()["category"]["hits"][0].clone();
    assert_eq!((&hit["words"], &hit["party"], &hit["start"]), (&Value::Null, &"customer".into(), &2.0.into()));
}

#[test]
fn of_a_removed_recording_not_even_the_category_is_told() {
    let sink = Sink::that_answers(500);
    let told = Told::start(&[alarm(&sink)]);
    let id = told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    redraw(&told.seeds(), id, vec![result("refunds", true)]);
    sink.wait_for(1);
    told.store.soft_delete(id, "test", at("2026-11-20T14:00:00Z")).unwrap();
    sink.answers(|_, _| Some(200));
    told.wait_for("alarm", "delivered", 1);
    let last = sink.heard().pop().unwrap().json();
    assert!(last["category"].is_null() && !last.to_string().contains("refund"), "{last}");
}

#[test]
fn an_alert_is_durable_with_the_insight_it_tells_of() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("callscribe.redb");
    let store = Store::open(&path).unwrap();
    store.tell_ends(true);
    let seeds = Seeds { store: &store, recordings: state.path().join("recordings") };
    let id = seeds.completed("call-1", "2026-11-20T09:00:00Z", transcript());
    redraw(&seeds, id, vec![result("refunds", true)]);
    drop(store);
    let store = Store::open(&path).unwrap();
    let kinds = vec![EventKind::CategoryMatched];
    let rule = SinkRule { name: "alarm".to_owned(), kinds, provider: None, account: None };
    store.give_out(&[rule], at("2026-11-20T14:00:00Z")).unwrap();
    assert_eq!(store.deliveries("alarm", None, 10).unwrap().len(), 1);
}

#[test]
fn a_rule_that_is_added_later_is_told_of_when_the_archive_is_looked_through_again() {
    let sink = Sink::that_answers(200);
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let notify = format!(
        "[[notify]]\nname = \"alarm\"\nurl = \"http://{}/calls\"\nsecret_file = {secret:?}\n\
         events = [\"category_matched\"]\nallow_private_addresses = true\n",
        sink.address
    );
    let rule =
        |name: &str, phrase: &str| format!("[[categories]]\nname = \"{name}\"\nany = [\"{phrase}\"]\nalert = true\n");
    let mut daemon = TestDaemon::start(&format!("{notify}{}", rule("never", "xylophone quartet")));
    cut_call(&daemon.inbox().join("call.wav"), 0, 8000);
    let http = daemon.http();
    let text = wait_until("the call is done", || {
        let page = http.get("/api/v1/recordings/?status=completed").json();
        let id = page["items"][0]["id"].as_str()?.to_owned();
        Some(http.get(&format!("/api/v1/recordings/{id}/transcript")).json()["segments"][0]["text"].clone())
    });
    let words: Vec<&str> = text.as_str().unwrap().split_whitespace().take(2).collect();
    assert!(daemon.stop().success());
    let mut config = std::fs::read_to_string(daemon.config()).unwrap();
    config.push_str(&rule("greetings", words.join(" ").trim_matches(['.', ',', '!', '?'])));
    std::fs::write(daemon.config(), config).unwrap();
    daemon.restart();
    for _ in 0..2 {
        let target = "/api/v1/recordings/reprocess?steps=generate_summary&has_transcript=true";
        let begun = daemon.http().post(target).json();
        let job = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
        wait_until("it was drawn again", || (!daemon.http().get(&job).json()["ended_at"].is_null()).then_some(()));
    }
    sink.wait_for(1);
    assert_eq!(categories(&sink), ["greetings"]);
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_description_of_the_api_has_the_fields_that_a_sink_is_told_and_no_others() {
    let sink = Sink::that_answers(200);
    let told = Told::start(&[sink.config("crm")]);
    let id = told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    redraw(&told.seeds(), id, vec![result("refunds", true)]);
    let alert = wait_until("the alert is heard", || {
        sink.heard().iter().map(Heard::json).find(|heard| heard["category"].is_object())
    });
    let description = Served::empty().http.get("/openapi.json").json();
    let fields = |schema: &str| keys(&description["components"]["schemas"][schema]["properties"]);
    let body = &description["webhooks"]["recording_event"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(body["schema"]["$ref"], "#/components/schemas/SinkEvent");
    assert_eq!(keys(&alert), fields("SinkEvent"));
    assert_eq!(&keys(&alert["recording"]) | &BTreeSet::from(["removed_at"]), fields("SinkRecording"));
    assert_eq!(keys(&alert["category"]), fields("SinkCategory"));
    assert_eq!(keys(&alert["category"]["hits"][0]), fields("SinkHit"));
}
