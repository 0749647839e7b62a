//! Recordings begun and deleted.

use callscribe::call::Disposition;
use callscribe::provider::{Provider, Start};

use crate::account::begun;
use crate::fakes::{ALWAYS, Endpoint, Fault, Match, TwilioCall, TwilioRecording};
use crate::support::{Office, PUBLIC_URL, noon, recording, refused};

async fn with_live_call() -> (Office, TwilioCall) {
    let (office, call) = (Office::new().await, TwilioCall::new(1, noon()).in_progress());
    office.fake.add_call(call.clone());
    (office, call)
}

#[tokio::test]
async fn a_recording_is_begun_with_both_sides_apart_and_a_callback() {
    let (office, call) = with_live_call().await;
    let started = begun(office.provider.record(&call.sid).await.unwrap());
    assert_eq!(started.state, "in-progress");
    assert_eq!(office.fake.recording(&started.remote_id).unwrap().channels, 2);
    let asked = office.fake.requests_to(Endpoint::StartRecording).pop().unwrap().asked.clone();
    let told = |name: &str| asked.form_all(name).join(" ");
    assert_eq!(told("RecordingStatusCallback"), format!("{PUBLIC_URL}/webhook/handle_recording"));
    assert_eq!(told("RecordingStatusCallbackEvent"), "in-progress completed absent");
    assert_eq!([told("RecordingChannels"), told("RecordingTrack"), told("Trim")], ["dual", "both", "do-not-trim"]);
}

#[tokio::test]
async fn without_webhooks_no_callback_is_asked_for() {
    let office = Office::with(|config, _| config.webhooks = false).await;
    let call = TwilioCall::new(1, noon()).in_progress();
    office.fake.add_call(call.clone());
    office.provider.record(&call.sid).await.unwrap();
    assert_eq!(office.fake.callback_addresses(), serde_json::json!([]));
}

#[tokio::test]
async fn a_call_that_is_over_cannot_be_recorded() {
    let office = Office::new().await;
    office.fake.add_call(TwilioCall::new(1, noon()));
    let over = refused(office.provider.record(&TwilioCall::new(1, noon()).sid).await);
    assert_eq!(over.disposition, Disposition::Absent);
    assert!(over.message.contains("code 21220"), "{}", over.message);
    let unknown = refused(office.provider.record(&TwilioCall::new(2, noon()).sid).await);
    assert_eq!(unknown.disposition, Disposition::Absent);
    let nonsense = refused(office.provider.record("../Recordings").await);
    assert_eq!(nonsense.disposition, Disposition::Reject);
}

#[tokio::test]
async fn an_answer_that_got_lost_does_not_begin_a_second_recording() {
    let (office, call) = with_live_call().await;
    let late = Fault::Late(std::time::Duration::from_secs(3));
    let running = TwilioRecording { call_sid: call.sid.clone(), status: "in-progress".to_owned(), ..recording(9) };
    office.fake.add_recording(running.clone());
    for fault in [late, Fault::status(502), Fault::Html] {
        office.fake.heal();
        office.fake.fault(Endpoint::StartRecording, Match::Any, ALWAYS, fault);
        let started = begun(office.provider.record(&call.sid).await.unwrap());
        assert_eq!(started.remote_id, running.sid);
    }
}

#[tokio::test]
async fn a_call_that_was_not_begun_may_be_tried_again_and_one_of_which_nobody_knows_may_not() {
    let (office, call) = with_live_call().await;
    office.fake.fault(Endpoint::StartRecording, Match::Any, ALWAYS, Fault::status(502));
    let not_begun = refused(office.provider.record(&call.sid).await);
    assert_eq!(not_begun.disposition, Disposition::Retry { after: None });
    office.fake.fault_everywhere(&Fault::status(502));
    assert!(matches!(office.provider.record(&call.sid).await.unwrap(), Start::Unclear(_)));
}

#[tokio::test]
async fn a_recording_is_removed_once_and_gone_already_is_gone() {
    let office = Office::with_recordings(1).await;
    let sid = recording(0).sid;
    office.provider.remove(&sid).await.unwrap();
    office.provider.remove(&sid).await.unwrap();
    assert_eq!(office.fake.recording(&sid).unwrap().status, "deleted");
    office.provider.remove(&recording(9).sid).await.unwrap();
}

#[tokio::test]
async fn a_running_recording_is_not_removed() {
    let office = Office::new().await;
    let running = TwilioRecording { status: "in-progress".to_owned(), ..recording(1) };
    office.add(running.clone());
    let error = refused(office.provider.remove(&running.sid).await);
    assert_eq!(error.disposition, Disposition::Reject);
    assert!(error.message.contains("try again after the call"), "{}", error.message);
}
