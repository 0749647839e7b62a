//! What providers deliver comes in at once, and only when it is signed.

use crate::common::wait_until;
use crate::fakes::twilio::{Callback, Signed};
use crate::fakes::{Endpoint, TwilioCall, TwilioRecording};
use crate::telephony::{PUBLIC_URL, Telephony};

#[test]
fn a_signed_delivery_brings_its_recording_and_an_unsigned_one_nothing() {
    let telephony = Telephony::start(0, "webhooks = true");
    let http = telephony.daemon.http();
    // What the first look would show is no test of deliveries.
    wait_until("the first look is over", || {
        let accounts = http.get("/api/v1/providers").json();
        let mut of_twilio = accounts["items"].as_array().unwrap().iter().filter(|item| item["provider"] == "twilio");
        of_twilio.all(|item| !item["last_look_at"].is_null()).then_some(())
    });
    let recording = TwilioRecording::new(7, jiff::Timestamp::now() - jiff::SignedDuration::from_mins(2));
    telephony.twilio.add_call(TwilioCall::new(7, jiff::Timestamp::now() - jiff::SignedDuration::from_mins(2)));
    telephony.twilio.add_recording(recording.clone());
    let local = format!("http://{}", http.address);
    let deliver = |signed| {
        let callback = Callback::completed(&recording, &format!("{local}/webhook/handle_recording"), &telephony.twilio);
        telephony.runtime.block_on(telephony.twilio.deliver(&callback.known_as(PUBLIC_URL).signed(signed)))
    };
    assert!(!deliver(Signed::Unsigned).accepted());
    assert!(!deliver(Signed::WrongToken).accepted());
    assert_eq!(http.get("/api/v1/recordings/").json()["total"], 0);
    // At least once, says Twilio: the second changes nothing.
    assert!(deliver(Signed::Rightly).accepted() && deliver(Signed::WithPort).accepted());
    wait_until("the recording is transcribed", || {
        let page = http.get("/api/v1/recordings/").json();
        assert!(page["total"].as_u64().unwrap() <= 1, "{page}");
        (page["items"][0]["processing_status"] == "completed").then_some(())
    });
}

#[test]
fn a_running_call_is_recorded_once_however_often_that_is_asked() {
    let telephony = Telephony::start(0, "");
    let call = TwilioCall::new(9, jiff::Timestamp::now()).in_progress();
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
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_callscribe"))
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
