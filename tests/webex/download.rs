//! The audio.

use std::time::Duration;

use callscribe::call::Disposition;
use callscribe::config::WebexReach;
use callscribe::provider::Provider;

use crate::fakes::webex::status;
use crate::fakes::{ALWAYS, Endpoint, Fault, Listener, Match, Reply};
use crate::support::{Account, RETRY, WAIT, check_sentence, download};

#[tokio::test]
async fn audio_comes_whole_and_no_token_goes_to_its_host() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    assert_eq!(download(&provider, &recording.id).await.unwrap(), recording.sound.mp3());
    assert_eq!(account.webex.credentials_on_media_host().len(), 0);
    assert_eq!(account.webex.count(Endpoint::Media), 1);
}

#[tokio::test]
async fn a_link_to_the_audio_is_handed_on_only_to_the_accounts_own_hosts() {
    let (mut account, provider, recording) = Account::with_one(|_| ()).await;
    assert!(provider.audio_link(&recording.id).await.unwrap().is_some());
    account.config.media_hosts = Vec::new();
    let error = account.provider().audio_link(&recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Reject);
    assert_eq!(account.webex.count(Endpoint::Media), 0);
}

#[tokio::test]
async fn links_that_are_not_ready_are_waited_for() {
    let (_account, provider, recording) = Account::with_one(|one| one.links_after = 2).await;
    for _ in 0..2 {
        let error = download(&provider, &recording.id).await.unwrap_err();
        assert_eq!(error.disposition, WAIT);
        check_sentence(&error, &["not made yet", "Prevent Downloading", "compliance officer"]);
    }
    download(&provider, &recording.id).await.unwrap();
}

#[tokio::test]
async fn links_that_never_come_are_explained() {
    let (account, provider, recording) = Account::with_one(|one| one.no_links = true).await;
    assert_eq!(download(&provider, &recording.id).await.unwrap_err().disposition, WAIT);
    let account = account.reaching(WebexReach::Admin, &["spark-admin:recordings_read"]);
    let error = download(&account.provider(), &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Absent);
    check_sentence(&error, &["administrator", "reach = \"compliance\""]);
    let account = account.reaching(WebexReach::User, &["spark:recordings_read"]);
    let error = download(&account.provider(), &recording.id).await.unwrap_err();
    check_sentence(&error, &["somebody else owns the recording"]);
}

#[tokio::test]
async fn a_sign_in_without_the_scope_for_links_parks_the_account() {
    let (account, _, recording) = Account::with_one(|_| ()).await;
    account.sign_in(&["spark-admin:recordings_read"]);
    let error = download(&account.provider(), &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Park);
    check_sentence(&error, &["lacks the scope spark-compliance:recordings_read", "callscribe login webex"]);
}

#[tokio::test]
async fn a_link_that_ended_is_fetched_anew_once() {
    for code in [401, 403, 404, 410] {
        let (account, provider, recording) = Account::with_one(|_| ()).await;
        account.webex.fault(Endpoint::Media, Match::Any, 1, Fault::status(code));
        assert_eq!(download(&provider, &recording.id).await.unwrap(), recording.sound.mp3(), "{code}");
        assert_eq!((account.webex.count(Endpoint::Details), account.webex.count(Endpoint::Media)), (2, 2));
    }
}

#[tokio::test]
async fn what_is_deleted_between_list_and_download_is_absent() {
    let (_account, provider, recording) = Account::with_one(|one| one.media_gone = true).await;
    let error = download(&provider, &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Absent);
    let (_account, provider, recording) = Account::with_one(|one| one.status = status::DELETED.to_owned()).await;
    let error = download(&provider, &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Absent);
    check_sentence(&error, &["recycle bin"]);
}

#[tokio::test]
async fn links_to_strange_hosts_are_not_followed() {
    let (mut account, _, recording) = Account::with_one(|_| ()).await;
    account.config.media_hosts = Vec::new();
    let error = download(&account.provider(), &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Reject);
    check_sentence(&error, &["none of this account's hosts", "media_hosts"]);
    assert_eq!(account.webex.count(Endpoint::Media), 0);
}

#[tokio::test]
async fn redirects_to_foreign_and_private_hosts_are_refused() {
    let trap = Listener::start(|_| Reply::of(200, "audio/mpeg", "ID3")).await;
    let inside = ["http://10.0.0.1/x", "http://169.254.169.254/latest", "https://evil-webex.com/x", &trap.url];
    for target in inside {
        let (account, provider, recording) = Account::with_one(|_| ()).await;
        account.webex.fault(Endpoint::Media, Match::Any, ALWAYS, Fault::RedirectTo(target.to_owned()));
        let error = download(&provider, &recording.id).await.unwrap_err();
        assert_eq!(error.disposition, Disposition::Reject, "{target}");
    }
    assert_eq!(trap.heard().len(), 0);
}

#[tokio::test]
async fn details_that_redirect_elsewhere_take_no_token_along() {
    let (mut account, _, recording) = Account::with_one(|_| ()).await;
    let elsewhere = Listener::start(|_| Reply::of(200, "application/json", "{}")).await;
    account.config.media_hosts.push(elsewhere.url.trim_start_matches("http://").to_owned());
    account.webex.fault(Endpoint::Details, Match::Any, 1, Fault::RedirectTo(elsewhere.url.clone()));
    download(&account.provider(), &recording.id).await.unwrap_err();
    let heard = elsewhere.heard();
    assert_eq!((heard.len(), heard[0].header("authorization")), (1, None));
}

#[tokio::test]
async fn a_private_address_is_never_asked_unless_configured() {
    let (mut account, _, recording) = Account::with_one(|_| ()).await;
    account.config.allow_private_addresses = false;
    let error = download(&account.provider(), &recording.id).await.unwrap_err();
    check_sentence(&error, &["nothing was sent to it"]);
    assert_eq!(account.webex.requests().len(), 0);
}

#[tokio::test]
async fn rude_bodies_are_given_up_in_time_and_tried_again() {
    let rude = [
        (Fault::Truncated { after: 900 }, RETRY),
        (Fault::WrongLength { by: 50 }, RETRY),
        (Fault::SlowDrip { pause: Duration::from_millis(15) }, RETRY),
        (Fault::Html, RETRY),
        (Fault::Endless, Disposition::Reject),
        (Fault::Hang, RETRY),
    ];
    for (fault, expected) in rude {
        let (account, provider, recording) = Account::with_one(|_| ()).await;
        account.webex.fault(Endpoint::Media, Match::Any, ALWAYS, fault.clone());
        let error = download(&provider, &recording.id).await.unwrap_err();
        assert_eq!(error.disposition, expected, "{fault:?}: {}", error.message);
        check_sentence(&error, &["the audio of a recording"]);
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_neither_kept_nor_inflated() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    account.webex.fault(Endpoint::Media, Match::Any, ALWAYS, Fault::GzipBomb);
    let error = download(&provider, &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, RETRY);
    check_sentence(&error, &["is compressed, which was not asked for"]);
    account.webex.fault(Endpoint::Details, Match::Any, ALWAYS, Fault::GzipBomb);
    assert_eq!(provider.details(&recording.id, "").await.unwrap_err().disposition, RETRY);
}

#[tokio::test]
async fn audio_larger_than_allowed_is_refused_before_it_is_written() {
    let (_account, provider, recording) = Account::with_one(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("audio");
    let error = provider.download(&recording.id, "", &into, 1000).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Reject);
    assert!(std::fs::metadata(&into).unwrap().len() <= 1000);
}
