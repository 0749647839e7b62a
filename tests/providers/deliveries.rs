//! What providers deliver comes in at once, and only when it is proved to be theirs.

use jiff::{SignedDuration, Timestamp};

use crate::common::wait_until;
use crate::fakes::ringcentral::{Event, Named};
use crate::fakes::twilio::{Callback, Signed};
use crate::fakes::webex::{self, Delivery};
use crate::fakes::{CallLogRecord, Endpoint, TwilioCall, TwilioRecording, WebexRecording};
use crate::telephony::Telephony;

/// After the first look went past it, so that only a delivery can bring it before the next.
fn just_now() -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(2)
}

fn nothing_came(telephony: &Telephony) -> bool {
    telephony.daemon.http().get("/api/v1/recordings/").json()["total"] == 0
}

#[test]
fn twilio_a_signed_delivery_brings_its_recording_and_an_unsigned_one_nothing() {
    let telephony = Telephony::start(0, "webhooks = true");
    telephony.wait_for_first_look("twilio");
    let recording = TwilioRecording::new(7, just_now());
    telephony.twilio.add_call(TwilioCall::new(7, just_now()));
    telephony.twilio.add_recording(recording.clone());
    let door = format!("{}/webhook/handle_recording", telephony.front.url);
    let deliver = |signed| {
        let callback = Callback::completed(&recording, &door, &telephony.twilio);
        telephony.runtime.block_on(telephony.twilio.deliver(&callback.signed(signed)))
    };
    assert!(!deliver(Signed::Unsigned).accepted());
    assert!(!deliver(Signed::WrongToken).accepted());
    assert!(nothing_came(&telephony));
    // At least once, says Twilio: the second changes nothing.
    assert!(deliver(Signed::Rightly).accepted() && deliver(Signed::Rightly).accepted());
    telephony.wait_for_the_one_recording();
}

#[test]
fn ringcentral_is_subscribed_to_and_its_news_of_a_call_make_the_log_looked_at() {
    let telephony = Telephony::start(0, "webhooks = true");
    // Made only after the handshake, which came through the proxy.
    wait_until("there is a subscription", || (telephony.ringcentral.subscriptions().len() == 1).then_some(()));
    let record = CallLogRecord::new(7, just_now());
    telephony.ringcentral.add_record(record.clone());
    let send = |named| {
        let event = Event::telephony(&record, 3, "Disconnected", None).named(named);
        telephony.runtime.block_on(telephony.ringcentral.send(&event)).remove(0)
    };
    assert!(!send(Named::WrongToken).accepted() && !send(Named::Missing).accepted());
    assert!(nothing_came(&telephony));
    assert!(send(Named::VerificationToken).accepted());
    // Half a minute later: entries reach the log late.
    telephony.wait_for_the_one_recording();
}

#[test]
fn webex_gets_a_webhook_and_what_it_signs_brings_its_recording() {
    let telephony = Telephony::start(0, "webhooks = true");
    wait_until("there is a webhook", || (telephony.webex.kept_webhooks().len() == 1).then_some(()));
    let recording = WebexRecording::new(7, just_now());
    telephony.webex.add_recording(recording.clone());
    let send = |signed| {
        let delivery = Delivery::new("created", &recording.id).signed(signed);
        telephony.runtime.block_on(telephony.webex.send(&delivery)).remove(0)
    };
    assert!(!send(webex::Signed::Unsigned).accepted() && !send(webex::Signed::WrongSecret).accepted());
    assert!(nothing_came(&telephony));
    assert!(send(webex::Signed::Both).accepted() && send(webex::Signed::Both).accepted());
    telephony.wait_for_the_one_recording();
}

#[test]
fn a_call_that_begins_is_recorded_once_where_that_is_configured() {
    let telephony = Telephony::start(0, "webhooks = true\nrecord_calls = true");
    let call = TwilioCall::new(9, Timestamp::now()).in_progress();
    telephony.twilio.add_call(call.clone());
    let door = format!("{}/webhook/call_status", telephony.front.url);
    let fields = [("CallSid", call.sid.as_str()), ("CallStatus", "in-progress")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let begun = Callback::form(&door, fields.to_vec());
    for _ in 0..3 {
        assert!(telephony.runtime.block_on(telephony.twilio.deliver(&begun)).accepted());
    }
    wait_until("the call is recorded", || (telephony.twilio.count(Endpoint::StartRecording) == 1).then_some(()));
    let by_hand = telephony.daemon.http().post(&format!("/api/v1/calls/{}/record?account=main", call.sid));
    assert_eq!(by_hand.json()["state"], "started_before", "{}", by_hand.text());
    assert_eq!(telephony.twilio.count(Endpoint::StartRecording), 1);
}
