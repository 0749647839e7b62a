//! Audio: what comes, what is waited for, what is not to be had, and rude bodies.

use std::time::Duration;

use callscribe::call::Disposition;
use callscribe::provider::Provider;

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, TwilioRecording};
use crate::support::{Office, recording, refused, wait};

/// How often the media were asked for.
fn asks(office: &Office) -> usize {
    office.fake.count(Endpoint::Media)
}

async fn office_of(recording: &TwilioRecording) -> Office {
    let office = Office::new().await;
    office.add(recording.clone());
    office
}

#[tokio::test]
async fn two_channels_are_asked_for_first() {
    let recording = recording(1);
    let office = office_of(&recording).await;
    assert_eq!(office.audio(&recording.sid).await.unwrap(), recording.sound.wav(2));
    let asked = office.fake.requests_to(Endpoint::Media).pop().unwrap().asked.target();
    assert!(asked.ends_with(&format!("/Recordings/{}.wav?RequestedChannels=2", recording.sid)), "{asked}");
}

#[tokio::test]
async fn where_there_are_no_two_channels_one_is_taken() {
    let recording = TwilioRecording { dual_version: false, channels: 1, ..recording(1) };
    let office = office_of(&recording).await;
    assert_eq!(office.audio(&recording.sid).await.unwrap(), recording.sound.wav(1));
    assert_eq!(asks(&office), 2);
}

#[tokio::test]
async fn two_channels_may_be_kept_of_a_recording_that_says_one() {
    let recording = TwilioRecording { channels: 1, ..recording(1) };
    let office = office_of(&recording).await;
    assert_eq!(office.audio(&recording.sid).await.unwrap(), recording.sound.wav(2));
}

#[tokio::test]
async fn audio_that_is_not_ready_is_waited_for() {
    let recording = TwilioRecording { media_404s: 1, ..recording(1) };
    let office = office_of(&recording).await;
    let error = refused(office.audio(&recording.sid).await);
    assert_eq!(error.disposition, wait());
    assert!(error.message.contains("code 20404") && error.message.contains("not ready yet"), "{}", error.message);
    assert_eq!(office.audio(&recording.sid).await.unwrap(), recording.sound.wav(2));
}

#[tokio::test]
async fn what_was_deleted_is_gone_whenever_that_happened() {
    let (before, between) = (recording(1), TwilioRecording { media_gone: true, ..recording(2) });
    let office = office_of(&before).await;
    office.add(between.clone());
    office.provider.remove(&before.sid).await.unwrap();
    for sid in [&before.sid, &between.sid, &recording(3).sid] {
        assert_eq!(refused(office.audio(sid).await).disposition, Disposition::Absent);
    }
    assert_eq!(asks(&office), 1);
}

#[tokio::test]
async fn what_never_had_audio_is_not_asked_for() {
    let recording = recording(1).absent();
    let office = office_of(&recording).await;
    let error = refused(office.audio(&recording.sid).await);
    assert_eq!((error.disposition, asks(&office)), (Disposition::Absent, 0));
    assert!(error.message.contains("(its code 99999)"), "{}", error.message);
}

#[tokio::test]
async fn a_running_recording_is_waited_for() {
    let recording = TwilioRecording { status: "in-progress".to_owned(), ..recording(1) };
    let office = office_of(&recording).await;
    assert_eq!((refused(office.audio(&recording.sid).await).disposition, asks(&office)), (wait(), 0));
}

#[tokio::test]
async fn encrypted_audio_is_named_with_its_key_and_not_fetched() {
    let recording = TwilioRecording { encrypted: true, ..recording(1) };
    let office = office_of(&recording).await;
    let error = refused(office.audio(&recording.sid).await);
    assert_eq!((error.disposition, asks(&office)), (Disposition::Reject, 0));
    assert!(error.message.contains("CR0123456789abcdef0123456789abcdef"), "{}", error.message);
}

#[tokio::test]
async fn external_audio_comes_from_a_named_host_without_credentials() {
    let recording = TwilioRecording { external: true, ..recording(1) };
    let office = office_of(&recording).await;
    assert_eq!(office.audio(&recording.sid).await.unwrap(), recording.sound.wav(2));
    assert_eq!((asks(&office), office.fake.credentials_on_media_host().len()), (1, 0));
}

#[tokio::test]
async fn external_audio_on_a_host_nobody_named_is_not_asked_for() {
    let recording = TwilioRecording { external: true, ..recording(1) };
    let office = Office::with(|config, _| config.media_hosts.clear()).await;
    office.add(recording.clone());
    let error = refused(office.audio(&recording.sid).await);
    assert_eq!((error.disposition, asks(&office)), (Disposition::Reject, 0));
    assert!(error.message.contains("name the host in media_hosts"), "{}", error.message);
}

#[tokio::test]
async fn storage_that_refuses_stops_no_account() {
    let recording = TwilioRecording { external: true, ..recording(1) };
    let office = office_of(&recording).await;
    office.fake.fault(Endpoint::Media, Match::Any, ALWAYS, Fault::status(403));
    let error = refused(office.audio(&recording.sid).await);
    assert_eq!(error.disposition, Disposition::Reject);
    assert!(error.message.contains("no key to that storage"), "{}", error.message);
}

#[tokio::test]
async fn an_address_without_tls_is_none_to_go_by() {
    let recording = TwilioRecording { plain_http: true, ..recording(1) };
    let office = office_of(&recording).await;
    assert_eq!(office.audio(&recording.sid).await.unwrap(), recording.sound.wav(2));
}

#[tokio::test]
async fn a_connection_that_broke_is_tried_again_and_gives_the_whole() {
    let recording = recording(1);
    let office = office_of(&recording).await;
    office.fake.fault(Endpoint::Media, Match::Any, 1, Fault::Truncated { after: 1_000 });
    assert_eq!(office.audio(&recording.sid).await.unwrap(), recording.sound.wav(2));
}

#[tokio::test]
async fn rude_bodies_are_never_taken_for_audio() {
    let drip = Fault::SlowDrip { pause: Duration::from_millis(20) };
    let rude = [
        (Fault::Truncated { after: 1_000 }, Disposition::Retry { after: None }),
        (Fault::WrongLength { by: 500 }, Disposition::Retry { after: None }),
        (drip, Disposition::Retry { after: None }),
        (Fault::Hang, Disposition::Retry { after: None }),
        (Fault::Html, Disposition::Retry { after: None }),
        (Fault::GzipBomb, Disposition::Retry { after: None }),
        (Fault::Endless, Disposition::Reject),
    ];
    for (fault, disposition) in rude {
        let office = office_of(&recording(1)).await;
        office.fake.fault(Endpoint::Media, Match::Any, ALWAYS, fault.clone());
        let error = refused(office.audio(&recording(1).sid).await);
        assert_eq!(error.disposition, disposition, "{fault:?}: {}", error.message);
        assert!(error.message.starts_with("Account main at Twilio did not get a recording's audio: "));
    }
}

#[tokio::test]
async fn more_than_allowed_is_refused_before_it_comes() {
    let office = office_of(&recording(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("audio");
    let error = refused(office.provider.download(&recording(1).sid, "", &into, 100).await);
    assert_eq!(error.disposition, Disposition::Reject);
    assert_eq!(std::fs::metadata(&into).unwrap().len(), 0);
}

#[tokio::test]
async fn a_compressed_bomb_is_not_unpacked() {
    let office = office_of(&recording(1)).await;
    for endpoint in [Endpoint::Details, Endpoint::List] {
        office.fake.fault(endpoint, Match::Any, ALWAYS, Fault::GzipBomb);
    }
    let error = refused(office.provider.details(&recording(1).sid, "").await);
    assert!(error.message.contains("is compressed"), "{}", error.message);
    assert_eq!(refused(office.provider.discover(None).await).disposition, Disposition::Retry { after: None });
}
