//! How an account stands.

use callscribe::config::WebexReach;
use callscribe::provider::{Access, Provider, Visible};
use serde_json::json;

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, WebexRecording};
use crate::support::{Account, hours_before_noon, put_tokens};

async fn access(account: &Account) -> Access {
    let access = account.provider().access().await;
    assert!(access.advice.iter().all(|advice| advice.starts_with("Webex account main: ")), "{:?}", access.advice);
    access
}

#[tokio::test]
async fn an_account_that_is_well_says_what_it_sees_and_no_more() {
    let account = Account::with_recordings(3).await;
    let expected = Access {
        is_reachable: true,
        is_signed_in: true,
        visible: Some(Visible { count: 3, at_least: false }),
        ..Access::default()
    };
    assert_eq!(access(&account).await, expected);
    (10..150).for_each(|n| account.add(WebexRecording::new(n, hours_before_noon(2))));
    assert_eq!(access(&account).await.visible, Some(Visible { count: 100, at_least: true }));
}

#[tokio::test]
async fn an_account_nobody_signed_in_to_is_reachable() {
    let account = Account::new().await;
    put_tokens(&account.vault, &json!({}));
    let access = access(&account).await;
    assert!(access.is_reachable && !access.is_signed_in);
    assert!(access.advice[0].contains("callscribe login webex"));
}

#[tokio::test]
async fn a_host_that_is_not_there_is_not_reachable() {
    let mut account = Account::new().await;
    account.config.base_url = Some("http://127.0.0.1:1".to_owned());
    let gone = access(&account).await;
    assert!(!gone.is_reachable && gone.advice[0].contains("could not be reached"), "{gone:?}");
    account.config.allow_private_addresses = false;
    assert!(!access(&account).await.is_reachable);
}

#[tokio::test]
async fn missing_scopes_are_named() {
    let mut account = Account::with_recordings(1).await;
    account.config.webhooks = true;
    account.sign_in(&["spark-compliance:recordings_read", "spark-compliance:webhooks_read"]);
    let access = access(&account).await;
    assert_eq!(access.missing, ["spark-compliance:recordings_write", "spark-compliance:webhooks_write"]);
    assert!(access.advice[0].contains("spark-compliance:webhooks_write"));
    assert_eq!(access.visible, Some(Visible { count: 1, at_least: false }));
}

#[tokio::test]
async fn recordings_without_links_are_explained() {
    let account = Account::new().await;
    account.add(WebexRecording { no_links: true, ..WebexRecording::new(1, hours_before_noon(2)) });
    assert!(access(&account).await.advice[0].contains("Prevent Downloading"));
    let scopes = ["spark-admin:recordings_read", "spark-admin:recordings_write"];
    let account = account.reaching(WebexReach::Admin, &scopes);
    assert!(access(&account).await.advice[0].contains("reach = \"compliance\""));
}

#[tokio::test]
async fn an_empty_week_says_where_to_look() {
    let account = Account::new().await;
    let access = access(&account).await;
    assert_eq!(access.visible, Some(Visible { count: 0, at_least: false }));
    assert!(access.advice[0].contains("recording provider in Control Hub"));
}

#[tokio::test]
async fn a_list_that_is_refused_is_advice_and_no_failure() {
    for (status, is_signed_in) in [(401, false), (403, true), (500, true)] {
        let account = Account::new().await;
        account.webex.fault(Endpoint::List, Match::Any, ALWAYS, Fault::status(status));
        let access = access(&account).await;
        assert!(access.is_reachable && access.is_signed_in == is_signed_in && access.visible.is_none());
        assert!(access.advice[0].contains(&status.to_string()));
    }
}
