//! What a sink hears, and how it knows whom it is from.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::common::wait_until;
use crate::seed::{at, transcript};
use crate::sink::{SECRET, Sink, Told, config};

#[test]
fn a_completed_recording_is_told_with_its_final_transcript() {
    let sink = Sink::that_answers(204);
    let told = Told::start(&[sink.config("crm")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    let heard = sink.wait_for(1).remove(0);
    assert_eq!(heard.header("content-type"), "application/json");
    assert_eq!(heard.json()["id"], heard.event_id());
    insta::assert_json_snapshot!(heard.json(), { ".id" => "[event]", ".recording.id" => "[recording]" });
}

#[test]
fn the_signature_covers_time_stamp_and_body() {
    let sink = Sink::that_answers(200);
    let told = Told::start(&[sink.config("crm")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    let heard = sink.wait_for(1).remove(0);
    let stamp = heard.header("x-callscribe-timestamp");
    assert_eq!(stamp.parse::<i64>().unwrap(), at("2026-11-20T13:00:00Z").as_second());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{stamp}.").as_bytes());
    mac.update(&heard.body);
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(heard.header("x-callscribe-signature"), format!("v1={digits}"));
}

#[test]
fn a_sink_hears_only_what_it_asked_for() {
    let sink = Sink::that_answers(200);
    let failures = callscribe::config::NotifyConfig { events: vec!["failed".to_owned()], ..sink.config("alarm") };
    let others = callscribe::config::NotifyConfig { account: Some("other".parse().unwrap()), ..sink.config("other") };
    let told = Told::start(&[failures, others, sink.config("all")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    told.wait_for("all", "delivered", 1);
    assert!(told.store.deliveries("alarm", None, 10).unwrap().is_empty());
    assert!(told.store.deliveries("other", None, 10).unwrap().is_empty());
}

#[test]
fn words_stay_here_when_the_sink_is_not_to_have_them() {
    let sink = Sink::that_answers(200);
    let short = callscribe::config::NotifyConfig { include_transcript: false, ..sink.config("crm") };
    let told = Told::start(&[short]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    let heard = sink.wait_for(1).remove(0).json();
    assert!(heard["transcript"].is_null());
    assert_eq!(heard["recording"]["transcript_source"], "local");
}

#[test]
fn of_a_recording_that_was_removed_meanwhile_only_that_is_told() {
    let sink = Sink::that_answers(500);
    let told = Told::start(&[sink.config("crm")]);
    let id = told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    sink.wait_for(1);
    told.store.soft_delete(id, "test", at("2026-11-20T14:00:00Z")).unwrap();
    sink.answers(|_, _| Some(200));
    told.wait_for("crm", "delivered", 1);
    let last = sink.heard().pop().unwrap();
    insta::assert_json_snapshot!(last.json(), { ".id" => "[event]", ".recording.id" => "[recording]" });
}

#[test]
fn nothing_is_kept_where_nobody_listens() {
    let told = Told::start(&[]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    assert!(!told.store.give_out(&[], at("2026-11-20T13:00:00Z")).unwrap());
    assert_eq!(told.store.check_integrity().unwrap().findings, Vec::<String>::new());
}

#[test]
fn an_address_inside_this_network_is_refused_unless_that_was_meant() {
    let inside =
        callscribe::config::NotifyConfig { allow_private_addresses: false, ..config("crm", "https://10.0.0.1/calls") };
    let store_dir = tempfile::tempdir().unwrap();
    let store = callscribe::store::Store::open(&store_dir.path().join("callscribe.redb")).unwrap();
    let clock: std::sync::Arc<dyn callscribe::clock::Clock> = std::sync::Arc::new(callscribe::clock::SystemClock);
    let made =
        callscribe::notify::Notifier::new(&store, &clock, &[inside], &callscribe::provider::client::Timing::default());
    assert!(made.err().unwrap().to_string().contains("address inside this network"));
}

#[test]
fn a_redirect_is_not_followed() {
    let sink = Sink::that_answers(307);
    let told = Told::start(&[sink.config("crm")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    let refused =
        wait_until("the redirect is noted as a refusal", || told.deliveries("crm", "pending").pop()?.last_error);
    assert!(refused.ends_with("answered 307."), "{refused}");
    assert_eq!(sink.heard().len(), 1);
}
