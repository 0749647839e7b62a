//! How an account stands, in words.

use callscribe::provider::{Access, Provider, Visible};

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, TwilioRecording};
use crate::support::{Office, minutes_before_noon};

/// What is wrong.
fn advice(access: &Access) -> String {
    access.advice.join("\n")
}

#[tokio::test]
async fn a_good_account_shows_its_week_and_asks_for_nothing() {
    let office = Office::with_recordings(5).await;
    office.add(TwilioRecording::new(99, minutes_before_noon(8 * 24 * 60)));
    let access = office.provider.access().await;
    let visible = Some(Visible { count: 5, at_least: false });
    let good = Access { is_reachable: true, is_signed_in: true, visible, ..Access::default() };
    assert_eq!(access, good);
}

#[tokio::test]
async fn a_busy_account_shows_at_least_a_page() {
    let office = Office::with_recordings(1_001).await;
    assert_eq!(office.provider.access().await.visible, Some(Visible { count: 1_000, at_least: true }));
}

#[tokio::test]
async fn refused_credentials_are_told_from_a_host_that_is_away() {
    let office = Office::with_recordings(1).await;
    office.fake.refuse_credentials(true);
    let access = office.provider.access().await;
    assert_eq!((access.is_reachable, access.is_signed_in), (true, false));
    assert!(advice(&access).contains("code 20003"), "{}", advice(&access));

    office.fake.refuse_credentials(false);
    office.fake.fault(Endpoint::List, Match::Any, ALWAYS, Fault::Hang);
    let access = office.provider.access().await;
    assert_eq!((access.is_reachable, access.is_signed_in), (false, false));
    assert!(advice(&access).contains("127.0.0.1"), "{}", advice(&access));
}

#[tokio::test]
async fn missing_permissions_are_named() {
    let office = Office::with_recordings(1).await;
    office.fake.fault(Endpoint::Transcript, Match::Any, ALWAYS, Fault::status(403));
    let access = office.provider.access().await;
    assert_eq!(access.missing, ["reading Voice Intelligence"]);
    assert!(advice(&access).contains("transcripts = false"), "{}", advice(&access));
    office.fake.fault(Endpoint::List, Match::Any, ALWAYS, Fault::status(403));
    let access = office.provider.access().await;
    assert_eq!((access.is_signed_in, access.missing), (true, vec!["reading recordings".to_owned()]));
}

#[tokio::test]
async fn an_empty_account_hints_at_subaccounts_and_regions() {
    let access = Office::new().await.provider.access().await;
    assert!(access.is_signed_in && advice(&access).contains("subaccount"), "{}", advice(&access));
}

#[tokio::test]
async fn deliveries_that_could_not_be_proved_are_told_of() {
    let office = Office::with(|_, twilio| {
        twilio.api_key_sid = Some("SK0123456789abcdef0123456789abcdef".to_owned());
        twilio.api_key_secret = Some("k3y-s3cr3t-0f-tw1l10".into());
        twilio.auth_token = None;
    })
    .await;
    let access = office.provider.access().await;
    assert!(access.is_signed_in && advice(&access).contains("set auth_token_file"), "{}", advice(&access));
}

#[tokio::test]
async fn nothing_has_to_be_kept_alive() {
    let office = Office::new().await;
    office.provider.tend().await.unwrap();
    assert_eq!(office.fake.requests().len(), 0);
}
