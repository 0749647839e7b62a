//! Audio: from the media host, with the bearer and only there, at the allowed rate, whole or not at all.

use std::time::Duration;

use callscribe::call::Disposition;
use callscribe::provider::{Listed, Provider};

use crate::fakes::ringcentral::{Group, Limits};
use crate::fakes::{ALWAYS, CallLogRecord, Endpoint, Fault, Listener, Match, Reply, RingCentralSettings};
use crate::support::{Account, BYTES_MAX, record, short};

#[tokio::test]
async fn audio_comes_from_the_media_host_with_the_bearer() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    assert_eq!(account.download(&listed).await.unwrap(), record(0).sound.mp3());
    let asked = account.fake.requests_to(Endpoint::Media);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].asked.bearer().is_some() && asked[0].asked.raw_query.is_empty());
    assert_eq!(account.fake.count(Endpoint::Details), 0, "the log told everything");
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_the_audio_asked_for_again() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    account.fake.expire_access_tokens();
    account.download(&listed).await.unwrap();
    assert_eq!(account.fake.count(Endpoint::Media), 2);
}

#[tokio::test]
async fn audio_that_is_not_ready_is_waited_for() {
    let account = Account::new(0).await;
    account.fake.add_record(CallLogRecord { media_404s: 1, as_wav: true, ..record(0) });
    let listed = account.only().await;
    let error = account.download(&listed).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Wait { after: None });
    assert_eq!(account.download(&listed).await.unwrap(), record(0).sound.wav(1));
}

#[tokio::test]
async fn audio_that_was_deleted_meanwhile_is_absent() {
    let account = Account::new(0).await;
    account.fake.add_record(CallLogRecord { media_gone: true, ..record(0) });
    let listed = account.only().await;
    for _ in 0..2 {
        let error = account.download(&listed).await.unwrap_err();
        assert_eq!(error.disposition, Disposition::Absent, "{}", error.message);
    }
    assert_eq!(account.details(&listed).await.unwrap_err().disposition, Disposition::Absent);
}

#[tokio::test]
async fn a_refusal_concerns_the_account_only_where_it_speaks_of_it() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    let told = |code: &str, more: &str| format!(r#"{{"errorCode":"{code}","message":"No."{more}}}"#);
    let bodies = [
        (told("CMN-401", r#","permissionName":"ReadCallRecording""#), "park"),
        (told("CMN-408", ""), "park"),
        (told("InsufficientPermissions", ""), "park"),
        (told("CMN-404", ""), "absent"),
        (told("CMN-101", ""), "retry"),
        ("no".to_owned(), "retry"),
    ];
    for (body, consequence) in bodies {
        let fault = Fault::Status { code: 403, retry_after: None, body: Some(body.clone()) };
        account.fake.fault(Endpoint::Media, Match::Any, 1, fault);
        let error = account.download(&listed).await.unwrap_err();
        assert_eq!(short(error.disposition), consequence, "{body}: {}", error.message);
    }
}

#[tokio::test]
async fn ten_a_minute_are_never_more_and_the_penalty_is_never_hit() {
    let limits = Limits { heavy: 4, window: Duration::from_secs(1), ..Limits::default() };
    let account = Account::with(RingCentralSettings { limits, ..RingCentralSettings::default() }, 9, |_| ()).await;
    let listed = account.listed().await;
    let folder = tempfile::tempdir().unwrap();
    let downloads = listed.iter().enumerate().map(|(n, listed)| {
        let into = folder.path().join(n.to_string());
        let provider = account.provider.clone();
        async move { retried(&*provider, listed, &into).await }
    });
    futures_util::future::join_all(downloads).await;
    assert!(account.fake.requests().iter().all(|seen| seen.status == Some(200)), "nothing was refused");
    assert!(!account.fake.penalised(Group::Heavy));
    assert_eq!(account.fake.count(Endpoint::Media), 9);
}

/// The tests' downloads may take no longer than a moment; queues do.
async fn retried(provider: &impl Provider, listed: &Listed, into: &std::path::Path) {
    while let Err(error) = provider.download(&listed.remote_id, &listed.locator, into, BYTES_MAX).await {
        assert!(error.message.contains("had not answered"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_refusal_holds_back_the_whole_group_and_nothing_is_sent_meanwhile() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    account.fake.fault(Endpoint::Media, Match::Any, 1, Fault::too_many(600));
    let error = account.download(&listed).await.unwrap_err();
    assert_eq!(short(error.disposition), "retry 600s");
    account.fake.forget_requests();
    for _ in 0..3 {
        let error = account.provider.discover(None).await.unwrap_err();
        assert!(matches!(error.disposition, Disposition::Retry { after: Some(after) } if after.as_secs() >= 595));
    }
    assert!(account.fake.requests().is_empty(), "each request would begin the penalty anew");
    let waits = account.provider.opinion(&listed.remote_id, &listed.locator).await.unwrap_err();
    assert_eq!(
        (short(waits.disposition).as_str(), account.fake.count(Endpoint::Transcript)),
        ("wait", 1),
        "another group"
    );
}

#[tokio::test]
async fn rude_bodies_never_pass_for_audio() {
    let drip = Fault::SlowDrip { pause: Duration::from_millis(20) };
    let rude = [Fault::Html, Fault::GzipBomb, Fault::Endless, drip, Fault::Hang, Fault::WrongLength { by: 100 }];
    for fault in rude {
        let account = Account::new(1).await;
        let listed = account.only().await;
        account.fake.fault(Endpoint::Media, Match::Any, ALWAYS, fault.clone());
        let error = account.download(&listed).await.unwrap_err();
        assert!(error.message.contains("'main'"), "{fault:?}: {}", error.message);
        let is_too_large = matches!(fault, Fault::Endless);
        let expected = if is_too_large { Disposition::Reject } else { Disposition::Retry { after: None } };
        assert_eq!(error.disposition, expected, "{fault:?}: {}", error.message);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_begun_again_at_once() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    account.fake.fault(Endpoint::Media, Match::Any, 2, Fault::Truncated { after: 2_000 });
    assert_eq!(account.download(&listed).await.unwrap(), record(0).sound.mp3());
    assert_eq!(account.fake.count(Endpoint::Media), 3);
}

#[tokio::test]
async fn a_part_that_nobody_asked_for_is_no_whole() {
    let media = Listener::start(|_| {
        let reply = Reply::of(206, "audio/mpeg", "ID3 and so on");
        reply.header("content-range", "bytes 0-12/5000").header("content-length", 13)
    });
    let media = media.await;
    let account = Account::with(crate::support::generous(), 1, |config| {
        config.media_hosts = vec![media.url.trim_start_matches("http://").to_owned()];
    });
    let account = account.await;
    let listed = account.only().await;
    let locator = listed.locator.replace(&account.fake.bases.media, &media.url);
    let error = account.download(&Listed { locator, ..listed }).await.unwrap_err();
    assert!(error.message.contains("ended early"), "{}", error.message);
}

#[tokio::test]
async fn redirects_elsewhere_are_refused_and_nobody_else_hears_a_token() {
    let stranger = Listener::start(|_| Reply::of(200, "audio/mpeg", "ID3")).await;
    let account = Account::new(1).await;
    let listed = account.only().await;
    for elsewhere in [stranger.url.as_str(), "http://169.254.169.254/latest", "https://example.com/audio.mp3"] {
        account.fake.fault(Endpoint::Media, Match::Any, 1, Fault::RedirectTo(elsewhere.to_owned()));
        let error = account.download(&listed).await.unwrap_err();
        assert_eq!(error.disposition, Disposition::Reject);
        assert!(error.message.contains("media_hosts"), "{}", error.message);
    }
    assert!(stranger.heard().is_empty());
}

#[tokio::test]
async fn a_redirect_to_a_host_that_is_allowed_goes_without_the_bearer() {
    let store = Listener::start(|_| Reply::of(200, "audio/mpeg", "ID3 and so on")).await;
    let host = store.url.trim_start_matches("http://").to_owned();
    let account = Account::with(crate::support::generous(), 1, |config| config.media_hosts = vec![host]).await;
    let listed = account.only().await;
    account.fake.fault(Endpoint::Media, Match::Any, 1, Fault::RedirectTo(format!("{}/a.mp3", store.url)));
    assert_eq!(account.download(&listed).await.unwrap(), b"ID3 and so on");
    assert!(store.heard()[0].header("authorization").is_none());
}

#[tokio::test]
async fn audio_on_another_host_is_explained() {
    let account = Account::new(1).await;
    let listed = account.only().await;
    let locator = listed.locator.replace(&account.fake.bases.media, "https://media.example.com");
    let error = account.download(&Listed { locator, ..listed }).await.unwrap_err();
    insta::assert_snapshot!(error.message);
}
