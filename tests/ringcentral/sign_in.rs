//! Signing in: by JWT, by refresh tokens that rotate, once however many ask.

use std::sync::Arc;

use callscribe::call::Disposition;
use callscribe::provider::Provider;

use crate::fakes::{Endpoint, Fault, Match, RingCentralSettings};
use crate::support::{Account, generous, ringcentral};

fn grants(account: &Account) -> Vec<String> {
    let asked = account.fake.requests_to(Endpoint::SignIn);
    asked.iter().map(|seen| seen.asked.form("grant_type").unwrap().rsplit(':').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_credential_gets_tokens_which_are_used_until_they_end() {
    let account = Account::new(1).await;
    assert_eq!(account.listed().await.len(), 1);
    account.wait(50);
    account.listed().await;
    assert_eq!(grants(&account), ["jwt-bearer"]);
    account.wait(9);
    account.listed().await;
    assert_eq!(grants(&account), ["jwt-bearer", "refresh_token"], "renewed a minute before the end");
}

#[tokio::test]
async fn tokens_survive_a_restart() {
    let account = Account::new(1).await;
    account.listed().await;
    let account = account.restart();
    account.listed().await;
    assert_eq!(grants(&account), ["jwt-bearer"]);
    account.fake.expire_access_tokens();
    let account = account.restart();
    assert_eq!(account.listed().await.len(), 1);
    assert_eq!(grants(&account), ["jwt-bearer", "refresh_token"]);
}

#[tokio::test]
async fn a_dead_refresh_token_falls_back_to_the_credential() {
    let account = Account::new(1).await;
    account.listed().await;
    account.fake.end_sessions();
    assert_eq!(account.listed().await.len(), 1);
    assert_eq!(grants(&account), ["jwt-bearer", "refresh_token", "jwt-bearer"]);
}

#[tokio::test]
async fn without_refresh_tokens_the_credential_is_used_again() {
    let settings = RingCentralSettings { refresh_tokens: false, ..generous() };
    let account = Account::with(settings, 1, |_| ()).await;
    account.listed().await;
    account.fake.expire_access_tokens();
    assert_eq!(account.listed().await.len(), 1);
    assert_eq!(grants(&account), ["jwt-bearer", "jwt-bearer"]);
}

#[tokio::test]
async fn fifty_tasks_with_an_expired_token_make_one_refresh() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    account.fake.expire_access_tokens();
    let tasks = (0..50).map(|_| {
        let (provider, listed) = (Arc::clone(&account.provider), listed.clone());
        tokio::spawn(async move {
            let folder = tempfile::tempdir().unwrap();
            let into = folder.path().join("audio");
            provider.download(&listed.remote_id, &listed.locator, &into, 1_000_000).await
        })
    });
    for done in futures_util::future::join_all(tasks).await {
        done.unwrap().unwrap();
    }
    assert_eq!(grants(&account), ["jwt-bearer", "refresh_token"]);
}

#[tokio::test]
async fn a_token_refused_twice_is_renewed_once() {
    let account = Account::new(1).await;
    account.fake.fault(Endpoint::List, Match::Any, 2, Fault::status(401));
    let error = account.provider.discover(None).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    assert_eq!((account.fake.count(Endpoint::List), account.fake.count(Endpoint::SignIn)), (2, 2));
}

#[tokio::test]
async fn refused_credentials_are_told_with_account_code_and_mend() {
    let wrong_app = Account::with(generous(), 0, |config| ringcentral(config).client_id = "other".to_owned()).await;
    let wrong_jwt = Account::with(generous(), 0, |config| ringcentral(config).jwt = Some("forged-jwt-x".into())).await;
    for (account, part) in [(&wrong_app, "OAU-146"), (&wrong_jwt, "OAU-213")] {
        let error = account.provider.discover(None).await.unwrap_err();
        assert_eq!(error.disposition, Disposition::Park);
        assert!(error.message.contains("'main'") && error.message.contains(part), "{}", error.message);
        assert!(!error.message.contains("forged") && !error.message.contains("s3cr3t"), "{}", error.message);
    }
    let app = wrong_app.provider.discover(None).await.unwrap_err().message;
    let jwt = wrong_jwt.provider.discover(None).await.unwrap_err().message;
    insta::assert_snapshot!(format!("{app}\n{jwt}"));
}

#[tokio::test]
async fn an_account_that_cannot_be_is_refused_when_it_is_made() {
    let account = Account::new(0).await;
    let mut config = account.config.clone();
    ringcentral(&mut config).jwt = None;
    let context = callscribe::provider::AccountContext {
        clock: account.clock.clone(),
        vault: Arc::new(crate::support::MemoryVault::default()),
        public_url: None,
        local_url: "http://localhost:8377".to_owned(),
        timing: crate::support::impatient(),
    };
    let made = callscribe::provider::ringcentral::RingCentralProvider::new(&config, context);
    let Err(error) = made else { panic!("it was made") };
    assert!(error.message.contains("jwt_file"), "{}", error.message);
}
