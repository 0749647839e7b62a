//! What changes something at Webex.

use callscribe::call::Disposition;
use callscribe::config::WebexReach;
use callscribe::provider::Provider;

use crate::account::begun;
use crate::fakes::{Endpoint, Fault, Match};
use crate::support::{Account, RETRY, check_sentence};

#[tokio::test]
async fn a_compliance_officer_deletes_for_good_and_twice_is_once() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    for _ in 0..2 {
        provider.remove(&recording.id).await.unwrap();
        assert!(account.webex.recording(&recording.id).unwrap().is("purged"));
    }
    let asked = account.webex.requests_to(Endpoint::Delete)[0].asked.json().unwrap();
    assert_eq!(asked["reason"], "audit");
    assert!(asked["comment"].as_str().unwrap().chars().count() <= 255);
}

#[tokio::test]
async fn everybody_else_goes_through_the_recycle_bin() {
    for (reach, prefix) in [(WebexReach::User, "spark:"), (WebexReach::Admin, "spark-admin:")] {
        let (account, _, recording) = Account::with_one(|_| ()).await;
        let account = account.reaching(reach, &[&format!("{prefix}recordings_write")]);
        account.provider().remove(&recording.id).await.unwrap();
        assert!(account.webex.recording(&recording.id).unwrap().is("purged"));
    }
}

#[tokio::test]
async fn a_removal_that_is_refused_says_which_scope_it_needs() {
    let (account, _, recording) = Account::with_one(|_| ()).await;
    account.sign_in(&["spark-compliance:recordings_read"]);
    let error = account.provider().remove(&recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["403", "spark-compliance:recordings_write"]);
    account.webex.fault(Endpoint::Delete, Match::Any, 1, Fault::status(500));
    assert_eq!(account.provider().remove(&recording.id).await.unwrap_err().disposition, RETRY);
}

#[tokio::test]
async fn a_running_call_is_recorded_and_one_that_is_over_is_absent() {
    let (account, provider, _) = Account::with_one(|_| ()).await;
    account.webex.add_live_call("call-1");
    assert_eq!(begun(provider.record("call-1").await.unwrap()).state, "started");
    assert_eq!(account.webex.recordings_begun("call-1"), 1);
    let error = provider.record("call-2").await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Absent);
    check_sentence(&error, &["The call is over"]);
    account.webex.fault(Endpoint::StartRecording, Match::Any, 1, Fault::status(403));
    check_sentence(&provider.record("call-1").await.unwrap_err(), &["spark:calls_write", "recording mode"]);
}
