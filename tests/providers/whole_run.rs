//! The whole run: a population over three providers, with and without kills.
//!
//! 36 recordings here; `CALLSCRIBE_WORLD=300` for more, `CALLSCRIBE_KILL_SEED` for other moments.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::common::{Http, wait_until};
use crate::fakes::Expected;
use crate::telephony::{Plan, Telephony};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// The population of a run: every quirk of every provider is in it.
fn population() -> u32 {
    u32::try_from(setting("CALLSCRIBE_WORLD", 36)).unwrap()
}

/// Looks again and again, since some recordings appear late, until nothing has anything to do.
fn wait_until_all_ended(telephony: &Telephony) -> Vec<Value> {
    let fates = telephony.world.fates.iter();
    let expected = fates.filter(|fate| fate.expected != Expected::Nothing).count() as u64;
    let http = telephony.daemon.http();
    wait_until("every recording has ended", || {
        http.post("/api/v1/recordings/fetch?hours=168&limit=1000&wait=false");
        let page = http.get("/api/v1/recordings/?limit=500").json();
        let items = page["items"].as_array().unwrap().clone();
        let is_open = |item: &Value| matches!(item["processing_status"].as_str(), Some("pending" | "processing"));
        (page["total"].as_u64().unwrap() >= expected && !items.iter().any(is_open)).then_some(items)
    })
}

/// How each recording ended, against the world's table.
fn assert_each_ended_where_it_should(telephony: &Telephony, items: &[Value]) {
    let ended: BTreeMap<(&str, &str), &str> = items
        .iter()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap();
            ((text("provider"), text("provider_recording_id")), text("processing_status"))
        })
        .collect();
    assert_eq!(ended.len(), items.len(), "each recording once");
    for fate in &telephony.world.fates {
        let wanted = match fate.expected {
            Expected::Completed => Some("completed"),
            Expected::Partial(_) => Some("partial"),
            Expected::Failed(_) => Some("failed"),
            Expected::Nothing => None,
        };
        assert_eq!(ended.get(&(fate.provider, fate.id.as_str())).copied(), wanted, "{fate:?}");
    }
}

/// The log tells every step that ended; a completed one never ends again.
fn assert_nothing_was_transcribed_twice(log: &str) {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    let transcribed = |line: &&str| line.contains("A step ended.") && line.contains("step=transcribe");
    for line in log.lines().filter(transcribed).filter(|line| line.contains("state=\"completed\"")) {
        *times.entry(line.split("recording=").nth(1).unwrap().split(' ').next().unwrap()).or_default() += 1;
    }
    assert!(!times.is_empty(), "the log tells what was done");
    assert!(times.values().all(|count| *count == 1), "{times:?}");
}

fn assert_no_secret_was_told(telephony: &Telephony, http: &Http) {
    let mut told = telephony.daemon.log();
    for path in ["/api/v1/providers", "/api/v1/recordings/?limit=500", "/api/v1/queue"] {
        told.push_str(http.get(path).text());
    }
    let (twilio, ringcentral, webex) =
        (&telephony.twilio.settings, &telephony.ringcentral.settings, &telephony.webex.settings);
    for secret in
        [&twilio.auth_token, &ringcentral.client_secret, &ringcentral.jwt, &webex.client_secret, &webex.developer_token]
    {
        assert!(!told.contains(secret.as_str()), "a secret stands in a log or an answer");
    }
    assert!(!told.contains("canary-"), "a secret stands in a log or an answer");
}

#[test]
fn every_recording_of_three_providers_ends_where_it_should() {
    let telephony = Telephony::start(population(), "");
    let items = wait_until_all_ended(&telephony);
    assert_each_ended_where_it_should(&telephony, &items);
    assert_nothing_was_transcribed_twice(&telephony.daemon.log());
    let http = telephony.daemon.http();
    assert_no_secret_was_told(&telephony, &http);
    let with_opinion = wait_until("some providers have told what they heard", || {
        let details =
            items.iter().map(|item| http.get(&format!("/api/v1/recordings/{}", item["id"].as_str().unwrap())).json());
        let agreeing: Vec<Value> = details.filter(|detail| detail["opinion"]["agreement"].is_number()).collect();
        (agreeing.len() >= 3).then_some(agreeing)
    });
    // The fakes' transcripts are the sample calls' scripts, so most agree with what was heard.
    let scores: Vec<f64> = with_opinion.iter().filter_map(|detail| detail["opinion"]["agreement"].as_f64()).collect();
    assert!(scores.iter().any(|score| *score > 0.9), "{scores:?}");
    let id = with_opinion[0]["id"].as_str().unwrap();
    let opinion = http.get(&format!("/api/v1/recordings/{id}/opinion")).json();
    assert_eq!(opinion["transcript"]["source"], "provider", "{opinion}");
    assert_eq!(telephony.webex.credentials_on_media_host().len(), 0, "download links need no token");
}

#[test]
fn kills_at_random_times_lose_no_recording_and_transcribe_none_twice() {
    // Every kill may cost the same recording an attempt.
    let plan = Plan {
        recordings: population(),
        keys: "transcripts = false",
        pipeline: "attempts_max = 100",
        ..Plan::default()
    };
    let mut telephony = Telephony::planned(plan);
    let mut random = fastrand::Rng::with_seed(setting("CALLSCRIBE_KILL_SEED", 7));
    for _ in 0..setting("CALLSCRIBE_KILL_ROUNDS", 8) {
        std::thread::sleep(Duration::from_millis(random.u64(0..1500)));
        telephony.kill_and_restart();
    }
    let items = wait_until_all_ended(&telephony);
    assert_each_ended_where_it_should(&telephony, &items);
    assert_nothing_was_transcribed_twice(&telephony.daemon.log());
}
