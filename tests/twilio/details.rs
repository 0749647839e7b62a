//! What is known of a recording and its call.

use callscribe::call::{Direction, Disposition};
use callscribe::provider::Provider;
use serde_json::json;

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, TwilioCall, TwilioRecording, examples};
use crate::support::{Office, noon, recording, refused, wait};

/// A call from a telephone that was answered by an agent's softphone, recorded by `<Dial>`.
fn dialled() -> (TwilioRecording, [TwilioCall; 2]) {
    let recording = TwilioRecording { source: "DialVerb".to_owned(), ..recording(1) };
    let call = TwilioCall { direction: "inbound".to_owned(), ..TwilioCall::new(1, noon()) };
    let leg = TwilioCall {
        direction: "outbound-dial".to_owned(),
        to: "client:ana".to_owned(),
        parent_call_sid: Some(call.sid.clone()),
        ..TwilioCall::new(77, noon())
    };
    (recording, [call, leg])
}

async fn dialled_office() -> (Office, String) {
    let (office, (recording, calls)) = (Office::new().await, dialled());
    office.fake.add_recording(recording.clone());
    calls.into_iter().for_each(|call| office.fake.add_call(call));
    (office, recording.sid)
}

#[tokio::test]
async fn details_hold_every_field_that_twilio_knows() {
    let (office, sid) = dialled_office().await;
    insta::assert_json_snapshot!(office.provider.details(&sid, "").await.unwrap());
}

#[tokio::test]
async fn metadata_keep_recording_call_and_legs_whole() {
    let (office, sid) = dialled_office().await;
    let metadata = office.provider.metadata(&sid, "").await.unwrap();
    let own = office.fake.recording(&sid).unwrap();
    let settings = &office.fake.settings;
    assert_eq!(metadata["recording"], own.json(&settings.account_sid, &office.fake.bases.api, ""));
    assert_eq!(metadata["call"]["sid"], own.call_sid);
    assert_eq!(metadata["call"]["queue_time"], "0");
    assert_eq!(metadata["legs"][0]["to"], "client:ana");
    assert_eq!(metadata["parent_call"], json!(null));
}

#[tokio::test]
async fn a_recording_on_a_dialled_leg_takes_its_caller_from_the_call_that_dialled() {
    let (office, (recording, [call, leg])) = (Office::new().await, dialled());
    office.fake.add_recording(TwilioRecording { call_sid: leg.sid.clone(), ..recording.clone() });
    [call.clone(), leg].into_iter().for_each(|call| office.fake.add_call(call));
    let facts = office.provider.details(&recording.sid, "").await.unwrap();
    assert_eq!((facts.caller.number, facts.direction), (Some(call.from), Some(Direction::Inbound)));
    assert_eq!((facts.callee.id.as_deref(), facts.session_id), (Some("client:ana"), Some(call.sid)));
}

#[tokio::test]
async fn channels_are_named_only_where_it_is_certain_unless_they_are_configured() {
    let case = async |source: &str, channels: u8, direction: &str, from: &str, configured: &[&str]| {
        let office = Office::with(|config, _| config.channels = configured.iter().map(|&name| name.into()).collect());
        let (office, (recording, [call, _])) = (office.await, dialled());
        office.fake.add_recording(TwilioRecording { source: source.to_owned(), channels, ..recording.clone() });
        office.fake.add_call(TwilioCall { direction: direction.to_owned(), from: from.to_owned(), ..call });
        office.provider.details(&recording.sid, "").await.unwrap().channel_parties.join(" ")
    };
    assert_eq!(case("DialVerb", 2, "inbound", "+14155550001", &[]).await, "customer agent");
    assert_eq!(case("DialVerb", 2, "inbound", "client:ana", &[]).await, "agent customer");
    assert_eq!(case("DialVerb", 2, "inbound", "+14155550001", &["left", "right"]).await, "left right");
    for (source, channels, direction, from) in [
        ("DialVerb", 1, "inbound", "+14155550001"),
        ("DialVerb", 2, "inbound", "sip:pbx@example.com"),
        ("DialVerb", 2, "outbound-api", "+14155550001"),
        ("StartCallRecordingAPI", 2, "inbound", "+14155550001"),
        ("Trunking", 2, "inbound", "+14155550001"),
        ("SomethingNew", 2, "sideways", "+14155550001"),
    ] {
        assert_eq!(case(source, channels, direction, from, &[]).await, "", "{source} {channels} {direction} {from}");
    }
}

#[tokio::test]
async fn what_is_still_being_recorded_is_waited_for() {
    let office = Office::new().await;
    for (n, status) in ["in-progress", "paused", "stopped", "processing"].into_iter().enumerate() {
        let recording = TwilioRecording { status: status.to_owned(), ..recording(u32::try_from(n).unwrap()) };
        office.add(recording.clone());
        assert_eq!(refused(office.provider.details(&recording.sid, "").await).disposition, wait(), "{status}");
    }
    assert_eq!(office.fake.count(Endpoint::Call), 0);
}

#[tokio::test]
async fn a_recording_deleted_meanwhile_keeps_its_details() {
    let office = Office::with_recordings(2).await;
    let sid = recording(1).sid;
    office.provider.remove(&sid).await.unwrap();
    assert_eq!(office.provider.details(&sid, "").await.unwrap().duration_ms, Some(6_000));
    let unknown = refused(office.provider.details(&recording(9).sid, "").await);
    assert_eq!(unknown.disposition, Disposition::Absent);
}

#[tokio::test]
async fn a_call_that_twilio_forgot_takes_nothing_from_the_recording() {
    let office = Office::new().await;
    office.fake.add_recording(recording(1));
    let facts = office.provider.details(&recording(1).sid, "").await.unwrap();
    assert_eq!((facts.duration_ms, facts.direction), (Some(6_000), None));
    assert_eq!(office.provider.metadata(&recording(1).sid, "").await.unwrap()["call"], json!(null));
}

#[tokio::test]
async fn a_recording_is_found_by_any_of_its_addresses() {
    let office = Office::with_recordings(1).await;
    let sid = recording(0).sid;
    for ending in ["", ".json", ".wav", ".mp3?RequestedChannels=2"] {
        let locator = format!("https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/ACx/Recordings/{sid}{ending}");
        assert!(office.provider.details("", &locator).await.is_ok(), "{ending}");
    }
    let nonsense = refused(office.provider.details("../../Calls", "x").await);
    assert_eq!(nonsense.disposition, Disposition::Reject);
}

#[tokio::test]
async fn numbers_may_come_as_text_or_as_numbers() {
    let office = Office::with_recordings(1).await;
    let body = examples::with(examples::json("twilio_recording.json"), json!({ "duration": 187, "channels": "2" }));
    let body = Some(body.to_string());
    office.fake.fault(Endpoint::Details, Match::Any, ALWAYS, Fault::Status { code: 200, retry_after: None, body });
    assert_eq!(office.provider.details(&recording(0).sid, "").await.unwrap().duration_ms, Some(187_000));
}
