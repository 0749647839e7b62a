//! How an account stands, in words.

use callscribe::provider::{Access, Provider, Visible};

use crate::fakes::{Endpoint, Fault, Match, RingCentralSettings, examples};
use crate::support::{Account, generous, ringcentral};

#[tokio::test]
async fn all_is_well() {
    let account = Account::new(3).await;
    let visible = Some(Visible { count: 3, at_least: false });
    let well = Access { is_reachable: true, is_signed_in: true, visible, ..Access::default() };
    assert_eq!(account.provider.access().await, well);
}

#[tokio::test]
async fn more_than_a_page_is_at_least_so_many() {
    let account = Account::new(300).await;
    let visible = account.provider.access().await.visible;
    assert_eq!(visible, Some(Visible { count: 250, at_least: true }));
}

#[tokio::test]
async fn a_wrong_secret_is_reached_and_not_signed_in() {
    let account = Account::with(generous(), 1, |config| ringcentral(config).client_id = "other".to_owned()).await;
    let access = account.provider.access().await;
    assert!(access.is_reachable && !access.is_signed_in && access.visible.is_none());
    assert!(access.advice[0].contains("OAU-146"), "{:?}", access.advice);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_not_reached() {
    let account = Account::with(generous(), 1, |config| config.base_url = Some("http://127.0.0.1:1".to_owned())).await;
    let access = account.provider.access().await;
    assert!(!access.is_reachable && !access.is_signed_in);
    assert!(access.advice[0].contains("could not be reached"), "{:?}", access.advice);
}

#[tokio::test]
async fn missing_scopes_and_permissions_are_named_with_advice() {
    let settings = RingCentralSettings { full_company_call_log: false, ..generous() };
    let account = Account::with(settings, 1, |config| config.record_calls = true).await;
    let token = examples::with(
        examples::json("ringcentral_token.json"),
        serde_json::json!({ "access_token": account.fake.access_token(), "scope": "ReadCallRecording" }),
    );
    let answer = Fault::Status { code: 200, retry_after: None, body: Some(token.to_string()) };
    account.fake.fault(Endpoint::SignIn, Match::Any, 1, answer);
    insta::assert_json_snapshot!(account.provider.access().await);
}
