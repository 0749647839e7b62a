//! Signing in and staying so.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callscribe::call::Disposition;
use callscribe::config::WebexReach;
use callscribe::provider::Provider;
use callscribe::provider::webex::WebexProvider;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, WebexSettings};
use crate::support::{Account, RETRY, check_sentence, consent, kept_tokens, put_tokens};

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

async fn signed_in(provider: &WebexProvider) {
    let page = provider.authorize_url("some state", &challenge("the verifier")).unwrap();
    provider.complete_sign_in(&consent(&page).await, "the verifier").await.unwrap();
}

fn count_tokens(account: &Account) -> usize {
    account.webex.count(Endpoint::SignIn)
}

/// The answer of the token endpoint, in place of the fake's.
fn answer(account: &Account, status: u16, body: &Value) {
    let fault = Fault::Status { code: status, retry_after: None, body: Some(body.to_string()) };
    account.webex.fault(Endpoint::SignIn, Match::Any, 1, fault);
}

#[tokio::test]
async fn a_person_consents_and_the_tokens_survive_a_restart() {
    let account = Account::with_recordings(1).await;
    put_tokens(&account.vault, &json!({}));
    signed_in(&account.provider()).await;
    let kept = kept_tokens(&account.vault);
    assert_eq!(kept["scope"], "spark-compliance:recordings_read spark-compliance:recordings_write");
    assert!(kept["refresh"].is_string() && kept["refresh_until"].is_string());
    let asked = count_tokens(&account);
    assert_eq!(account.provider().discover(None).await.unwrap().listed.len(), 1);
    assert_eq!(count_tokens(&account), asked, "no new tokens were needed");
}

#[tokio::test]
async fn the_consent_page_asks_for_what_the_configuration_needs() {
    let mut account = Account::new().await;
    account.config.webhooks = true;
    account.config.record_calls = true;
    let page = reqwest::Url::parse(&account.provider().authorize_url("st&te", "abc").unwrap()).unwrap();
    let query: std::collections::HashMap<String, String> = page.query_pairs().into_owned().collect();
    assert_eq!(
        query["scope"],
        "spark-compliance:recordings_read spark-compliance:recordings_write spark-compliance:webhooks_read \
         spark-compliance:webhooks_write spark:calls_write"
    );
    assert_eq!(query["redirect_uri"], "https://calls.example.com/auth/callback");
    assert_eq!((query["state"].as_str(), query["code_challenge_method"].as_str()), ("st&te", "S256"));
    let here = account.provider().redirecting_to("http://localhost:9/auth/callback");
    assert!(here.authorize_url("s", "c").unwrap().contains("localhost%3A9"));
}

#[tokio::test]
async fn a_code_that_was_used_says_to_begin_again() {
    let account = Account::new().await;
    let provider = account.provider();
    let page = provider.authorize_url("s", &challenge("right")).unwrap();
    let error = provider.complete_sign_in(&consent(&page).await, "wrong").await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["400 invalid_grant", "callscribe login webex", "https://calls.example.com/auth/callback"]);
}

#[tokio::test]
async fn without_a_sign_in_the_account_is_parked_and_says_how() {
    let account = Account::new().await;
    put_tokens(&account.vault, &json!({}));
    let error = account.provider().discover(None).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["Nobody is signed in", "callscribe login webex"]);
    assert_eq!(account.webex.requests().len(), 0);
}

#[tokio::test]
async fn fifty_tasks_with_an_expired_token_make_one_refresh() {
    let account = Account::with_recordings(1).await;
    account.webex.expire_access_tokens();
    let provider = Arc::new(account.provider());
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let provider = Arc::clone(&provider);
            tokio::spawn(async move { provider.discover(None).await.unwrap().listed.len() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(count_tokens(&account), 1);
    assert!(account.webex.most_in_flight() <= 4, "a few at a time");
}

#[tokio::test]
async fn refresh_tokens_are_kept_whether_they_rotate_or_not() {
    for rotate in [false, true] {
        let settings = WebexSettings { rotate_refresh_tokens: rotate, ..WebexSettings::default() };
        let account = Account::with(settings).await;
        let before = kept_tokens(&account.vault)["refresh"].clone();
        for _ in 0..3 {
            account.webex.expire_access_tokens();
            account.provider().discover(None).await.unwrap();
        }
        assert_eq!(kept_tokens(&account.vault)["refresh"] != before, rotate);
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_left_out_stays_in_force() {
    let account = Account::new().await;
    let before = kept_tokens(&account.vault)["refresh"].clone();
    let (access, _) = account.webex.tokens(&["spark-compliance:recordings_read"]);
    put_tokens(
        &account.vault,
        &json!({ "access": "ended", "access_until": "2026-08-14T12:00:30Z", "refresh": before }),
    );
    answer(&account, 200, &json!({ "access_token": access, "expires_in": "1209599" }));
    account.provider().discover(None).await.unwrap();
    let kept = kept_tokens(&account.vault);
    assert_eq!((&kept["refresh"], &kept["access"]), (&before, &json!(access)));
    assert_eq!(kept["access_until"], "2026-08-28T11:59:59Z");
}

#[tokio::test]
async fn after_ninety_days_unused_the_account_is_parked_and_says_why() {
    let account = Account::new().await;
    account.webex.expire_access_tokens();
    account.webex.end_consent();
    let error = account.provider().discover(None).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["400 invalid_grant", "90 days", "callscribe login webex"]);
}

#[tokio::test]
async fn a_wrong_client_secret_is_told_from_a_spent_token() {
    let mut account = Account::new().await;
    account.webex_config().client_secret = Some("another".into());
    account.webex.expire_access_tokens();
    let error = account.provider().discover(None).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["401", "client_id and client_secret_file"]);
}

#[tokio::test]
async fn a_busy_or_broken_token_host_needs_time_and_no_person() {
    let account = Account::new().await;
    account.webex.expire_access_tokens();
    for (status, body) in [(503, json!({})), (200, json!({ "expires_in": 5 })), (200, json!([]))] {
        answer(&account, status, &body);
        let error = account.provider().discover(None).await.unwrap_err();
        assert_eq!(error.disposition, RETRY, "{status}");
        check_sentence(&error, &[]);
    }
    account.provider().discover(None).await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_refused_again_after_renewal_parks_the_account() {
    let account = Account::new().await;
    account.webex.fault(Endpoint::List, Match::Any, ALWAYS, Fault::status(401));
    let error = account.provider().discover(None).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["401", "Sign in again"]);
    assert_eq!((account.webex.count(Endpoint::List), count_tokens(&account)), (2, 1));
}

async fn service_app() -> Account {
    let mut account = Account::with_recordings(1).await;
    let settings = account.webex.settings.clone();
    let config = account.webex_config();
    config.service_app_id = Some(settings.service_app_id);
    config.organisation_id = Some(settings.org_id);
    config.developer_token = Some(settings.developer_token.into());
    put_tokens(&account.vault, &json!({}));
    account
}

#[tokio::test]
async fn a_service_app_signs_in_by_itself_and_begins_again_when_its_tokens_are_spent() {
    let account = service_app().await;
    assert_eq!(account.provider().discover(None).await.unwrap().listed.len(), 1);
    account.webex.expire_access_tokens();
    account.provider().discover(None).await.unwrap();
    assert_eq!(count_tokens(&account), 2, "first tokens, then a refresh");
    account.webex.expire_access_tokens();
    account.webex.end_consent();
    account.provider().discover(None).await.unwrap();
    assert_eq!(count_tokens(&account), 4, "a refresh in vain, then first tokens");
    let error = account.provider().authorize_url("s", "c").unwrap_err();
    check_sentence(&error, &["service app"]);
}

#[tokio::test]
async fn a_service_app_that_is_refused_says_which_setting_is_wrong() {
    type Spoil = fn(&mut callscribe::config::WebexConfig);
    let spoilt: [(Spoil, &str); 3] = [
        (|config| config.developer_token = Some("ended".into()), "developer_token_file"),
        (|config| config.organisation_id = Some("another".into()), "Control Hub"),
        (|config| config.service_app_id = Some("another".into()), "service_app_id"),
    ];
    for (spoil, mend) in spoilt {
        let mut account = service_app().await;
        spoil(account.webex_config());
        let error = account.provider().discover(None).await.unwrap_err();
        assert_eq!(error.disposition, Disposition::Park, "{mend}");
        check_sentence(&error, &[mend]);
    }
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let account = Account::new().await.reaching(WebexReach::Admin, &["spark:recordings_read"]);
    let error = account.provider().discover(None).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["403", "spark-admin:recordings_read", "sign in again", "ROUTERGW_"]);
}
