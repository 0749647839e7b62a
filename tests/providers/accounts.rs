//! What people ask of accounts: sign in, say how you stand, record this, delete that; and what accounts keep to.

use std::process::Command;
use std::time::{Duration, Instant};

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};

use crate::common::wait_until;
use crate::fakes::{self, ALWAYS, Endpoint, Fault, Host, Match, TwilioCall, TwilioRecording, WebexRecording};
use crate::telephony::{Plan, Telephony};

#[test]
fn a_running_call_is_recorded_once_however_often_that_is_asked() {
    let telephony = Telephony::start(0, "");
    let call = TwilioCall::new(9, Timestamp::now()).in_progress();
    telephony.twilio.add_call(call.clone());
    let http = telephony.daemon.http();
    let path = format!("/api/v1/calls/{}/record?account=main", call.sid);
    let first = http.post(&path).json();
    assert!(first["recording_id"].as_str().unwrap().starts_with("RE"), "{first}");
    assert_eq!(http.post(&path).json()["state"], "started_before");
    assert_eq!(telephony.twilio.count(Endpoint::StartRecording), 1);
    let over = http.post("/api/v1/calls/CA00000000000000000000000000000000/record?account=main");
    assert_eq!(over.status, 409, "{}", over.text());
}

#[test]
fn check_says_for_each_account_that_it_is_signed_in() {
    let telephony = Telephony::start(6, "transcripts = false");
    let config = telephony.daemon.config();
    let ran = Command::new(env!("CARGO_BIN_EXE_callscribe"))
        .args(["--config".as_ref(), config.as_os_str(), "check".as_ref()])
        .output()
        .unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    for account in ["twilio/main", "ringcentral/office", "webex/clinic"] {
        let line = text.lines().find(|line| line.contains(account)).unwrap_or_else(|| panic!("{account}: {text}"));
        assert!(line.contains("It is signed in"), "{line}");
    }
}

#[test]
fn an_account_says_how_it_stands_and_a_copy_at_the_provider_is_deleted_when_asked() {
    let telephony = Telephony::start(3, "transcripts = false");
    let http = telephony.daemon.http();
    for vendor in ["twilio", "ringcentral", "webex"] {
        let access = http.get(&format!("/api/v1/recordings/test/{vendor}-access")).json();
        assert_eq!(access["items"][0]["is_signed_in"], true, "{access}");
    }
    let id = wait_until("a recording of Twilio is completed", || {
        let page = http.get("/api/v1/recordings/?provider=twilio&status=completed").json();
        page["items"][0]["id"].as_str().map(str::to_owned)
    });
    let removed = http.delete(&format!("/api/v1/recordings/{id}?delete_from_provider=true"));
    assert_eq!(removed.json()["deleted_from_provider"], true, "{}", removed.text());
    assert_eq!(telephony.twilio.count(Endpoint::Delete), 1);
}

#[test]
fn a_removal_that_a_kill_cuts_off_is_finished_by_the_next_start() {
    let mut telephony = Telephony::start(3, "transcripts = false");
    let http = telephony.daemon.http();
    let id = wait_until("a recording of Twilio is completed", || {
        let page = http.get("/api/v1/recordings/?provider=twilio&status=completed").json();
        page["items"][0]["id"].as_str().map(str::to_owned)
    });
    let target = format!("/api/v1/recordings/{id}");
    telephony.twilio.fault(Endpoint::Delete, Match::Any, 1, Fault::Hang);
    let asking = std::thread::spawn({
        let (http, target) = (http.clone(), format!("{target}?delete_from_provider=true"));
        move || std::panic::catch_unwind(|| http.delete(&target)).is_ok()
    });
    let wish = wait_until("the provider is being asked", || {
        let asked = telephony.twilio.count(Endpoint::Delete) > 0;
        asked.then(|| http.get(&target).json()["removal"].clone())
    });
    assert_eq!(wish["by"], "api:api-token", "whoever looks sees that it is being removed");
    telephony.daemon.kill();
    asking.join().unwrap();
    telephony.daemon.restart();
    let http = telephony.daemon.http();
    wait_until("it is removed", || (http.get(&target).status == 410).then_some(()));
    assert_eq!(telephony.twilio.count(Endpoint::Delete), 2);
}

#[test]
fn a_removal_that_the_provider_refuses_is_over_with_the_answer() {
    let telephony = Telephony::start(3, "transcripts = false");
    let http = telephony.daemon.http();
    let id = wait_until("a recording of Twilio is completed", || {
        let page = http.get("/api/v1/recordings/?provider=twilio&status=completed").json();
        page["items"][0]["id"].as_str().map(str::to_owned)
    });
    telephony.twilio.fault(Endpoint::Delete, Match::Any, ALWAYS, Fault::status(403));
    let refused = http.delete(&format!("/api/v1/recordings/{id}?delete_from_provider=true"));
    assert_eq!(refused.status, 502, "{}", refused.text());
    let recording = http.get(&format!("/api/v1/recordings/{id}"));
    assert_eq!(
        (recording.status, recording.json().get("removal")),
        (200, None),
        "nothing was removed, nothing will be"
    );
}

#[test]
fn a_person_signs_webex_in_by_the_browser_and_that_survives_a_kill() {
    let mut telephony = Telephony::planned(Plan { webex_needs_a_person: true, ..Plan::default() });
    telephony.webex.add_recording(WebexRecording::new(7, Timestamp::now() - SignedDuration::from_mins(20)));
    let is_signed_in = |telephony: &Telephony| {
        let access = telephony.daemon.http().get("/api/v1/recordings/test/webex-access").json();
        access["items"][0]["is_signed_in"] == true
    };
    assert!(!is_signed_in(&telephony));
    let login = Command::new(env!("CARGO_BIN_EXE_callscribe"))
        .args(["--config".as_ref(), telephony.daemon.config().as_os_str(), "login".as_ref(), "webex".as_ref()])
        .output()
        .unwrap();
    let told = String::from_utf8(login.stdout).unwrap();
    let address = told.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("{told}"));
    // The person consents, and their browser goes where Webex sends it: to the proxy's address, without any token.
    let visit = |url: &str| telephony.runtime.block_on(fakes::ask(Method::GET, url, &[], ""));
    let back = visit(address).header("location").unwrap().to_owned();
    assert!(back.starts_with(&format!("{}/auth/callback?", telephony.front.url)), "{back}");
    let forged = back.replace("state=", "state=0");
    assert_eq!(visit(&forged).status, Some(409));
    assert_eq!(visit(&back).status, Some(200));
    assert_eq!(visit(&back).status, Some(409), "good once");
    assert!(is_signed_in(&telephony));
    // Nobody has to ask for it.
    telephony.wait_for_the_one_recording();
    telephony.kill_and_restart();
    assert!(is_signed_in(&telephony));
}

#[test]
fn twenty_accounts_that_come_back_keep_to_the_configured_rate() {
    let pipeline = "host_requests_per_s_max = 20";
    let plan = Plan { twilio_accounts: 20, keys: "transcripts = false", pipeline, ..Plan::default() };
    let mut telephony = Telephony::planned(plan);
    telephony.twilio.fault_everywhere(&Fault::status(503));
    telephony.kill_and_restart();
    let http = telephony.daemon.http();
    wait_until("all accounts have failed", || {
        let accounts = http.get("/api/v1/providers").json();
        let own = accounts["items"].as_array().unwrap().iter().filter(|item| item["provider"] == "twilio");
        (own.filter(|item| !item["last_error"].is_null()).count() == 20).then_some(())
    });
    let recorded_at = Timestamp::now() - SignedDuration::from_mins(10);
    for n in 1..=3 {
        telephony.twilio.add_call(TwilioCall::new(n, recorded_at));
        telephony.twilio.add_recording(TwilioRecording::new(n, recorded_at));
    }
    telephony.daemon.kill();
    telephony.twilio.heal();
    telephony.twilio.forget_requests();
    telephony.daemon.restart();
    let http = telephony.daemon.http();
    wait_until("every account has its recordings", || {
        (http.get("/api/v1/recordings/?limit=1").json()["total"] == 60).then_some(())
    });
    wait_until("their audio was asked for", || (telephony.twilio.count(Endpoint::Media) >= 60).then_some(()));
    let asked = telephony.twilio.requests();
    let mut at: Vec<Instant> = asked.iter().filter(|one| one.asked.host == Host::Api).map(|one| one.asked.at).collect();
    at.sort();
    assert!(at.len() >= 60, "{}", at.len());
    let at_least = Duration::from_millis(50) * u32::try_from(at.len() - 1).unwrap();
    // What is sent in time may arrive late, which brings the first and the last nearer to each other.
    let late = Duration::from_secs(1);
    assert!(at[at.len() - 1] - at[0] + late >= at_least, "{} requests in {:?}", at.len(), at[at.len() - 1] - at[0]);
}

#[test]
fn an_outage_longer_than_all_attempts_costs_no_recording() {
    let pipeline = "attempts_max = 1\ngive_up_s = 3600";
    let telephony = Telephony::planned(Plan { keys: "transcripts = false", pipeline, ..Plan::default() });
    telephony.wait_for_first_look("twilio");
    for endpoint in [Endpoint::Details, Endpoint::Call, Endpoint::Media] {
        telephony.twilio.fault(endpoint, Match::Any, ALWAYS, Fault::status(503));
    }
    let recorded_at = Timestamp::now() - SignedDuration::from_mins(10);
    telephony.twilio.add_call(TwilioCall::new(1, recorded_at));
    telephony.twilio.add_recording(TwilioRecording::new(1, recorded_at));
    let http = telephony.daemon.http();
    http.post("/api/v1/recordings/fetch?hours=1");
    wait_until("it was asked for in vain, more often than attempts are allowed", || {
        (telephony.twilio.count(Endpoint::Details) >= 2).then_some(())
    });
    telephony.twilio.heal();
    telephony.wait_for_the_one_recording();
}
