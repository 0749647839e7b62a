//! Removing recordings there, and beginning them.

use callscribe::call::Disposition;
use callscribe::provider::Provider;
use serde_json::json;

use crate::account::begun;
use crate::fakes::ringcentral::LiveSession;
use crate::fakes::{Endpoint, Fault, Match};
use crate::support::{Account, record};

#[tokio::test]
async fn a_recording_is_removed_by_its_id_in_the_body_and_removed_is_removed() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    for _ in 0..2 {
        account.provider.remove(&listed.remote_id).await.unwrap();
    }
    assert!(account.fake.record(&listed.remote_id).unwrap().deleted);
    let asked = account.fake.requests_to(Endpoint::Delete);
    assert_eq!(asked[0].asked.json().unwrap(), json!({ "records": [listed.remote_id] }));
    account.fake.fault(Endpoint::Delete, Match::Any, 1, Fault::status(404));
    account.provider.remove("1").await.unwrap();
}

#[tokio::test]
async fn a_removal_that_is_not_allowed_names_the_permission() {
    let account = Account::new(1).await;
    account.fake.take_permission(Some("EditCompanyCallRecordings"));
    let error = account.provider.remove(&record(0).recording_id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    insta::assert_snapshot!(error.message);
}

#[tokio::test]
async fn a_running_call_is_recorded_by_session_and_party_or_by_session_alone() {
    let account = Account::new(0).await;
    let live = LiveSession::new(1);
    account.fake.add_live_session(live.clone());
    let session = live.telephony_session_id.clone();
    for call in [format!("{session}/{}", live.party_id), session.clone()] {
        let started = begun(account.provider.record(&call).await.unwrap());
        assert_eq!((started.remote_id.as_str(), started.state.as_str()), (live.recording_id.as_str(), "active"));
    }
    assert_eq!(account.fake.recordings_begun(&session), 2);
}

#[tokio::test]
async fn a_call_that_is_over_cannot_be_recorded_and_nonsense_is_not_sent() {
    let account = Account::new(0).await;
    for call in ["s-over/p-over", "s-over"] {
        assert_eq!(account.provider.record(call).await.unwrap_err().disposition, Disposition::Absent);
    }
    account.fake.forget_requests();
    for call in ["", "../oauth", "a/b/c", "s 1"] {
        assert_eq!(account.provider.record(call).await.unwrap_err().disposition, Disposition::Reject);
    }
    assert!(account.fake.requests().is_empty());
}
