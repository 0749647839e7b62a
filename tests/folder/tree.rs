//! What lies in a folder: sub-folders, names of all sorts, files that are none of our business.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use callscribe::clock::ManualClock;
use callscribe::provider::Provider;
use callscribe::provider::folder::FolderProvider;
use jiff::{SignedDuration, Timestamp};

use crate::support::{Inbox, context, folder_config, source};

#[tokio::test]
async fn sub_folders_are_looked_into() {
    let inbox = Inbox::new();
    inbox.write("2024/01/31/a.wav", "a");
    inbox.write("b.mp3", "b");
    inbox.look().await;
    assert_eq!(inbox.names(), ["2024/01/31/a.wav", "b.mp3"]);
}

#[tokio::test]
async fn sub_folders_are_left_alone_when_so_configured() {
    let now = Timestamp::now() + SignedDuration::from_hours(48);
    let inbox = Inbox::with(now, |config| config.recursive = false);
    inbox.write("2024/a.wav", "a");
    inbox.write("b.mp3", "b");
    inbox.look().await;
    assert_eq!(inbox.names(), ["b.mp3"]);
}

#[tokio::test]
async fn hidden_unfinished_and_side_files_are_passed_over_in_silence() {
    let inbox = Inbox::new();
    for name in [".hidden.wav", ".call.wav.Xq3f9z", ".git/a.wav", "a.wav~", "a.wav.part", "a.tmp", "a.filepart"] {
        inbox.write(name, name);
    }
    for name in ["a.crdownload", "a.json", "a.txt", "a.xml", "a.cue", "a.md5", "a.vtt"] {
        inbox.write(name, name);
    }
    let report = inbox.look().await;
    assert_eq!((report.listed, report.refused, report.unsettled), (0, 0, 0));
}

#[tokio::test]
async fn names_that_are_not_text_are_taken_in_and_found_again() {
    let inbox = Inbox::new();
    for bytes in [&b"caf\xe9.wav"[..], b"two\nlines.wav", b"100%.wav", b"\xff\xfe.mp3"] {
        inbox.write(OsString::from_vec(bytes.to_vec()), &format!("{bytes:?}"));
    }
    assert_eq!(inbox.look().await.new, 4);
    assert_eq!(inbox.names(), ["%FF%FE.mp3", "100%25.wav", "caf%E9.wav", "two%0Alines.wav"]);
    for recording in inbox.recordings() {
        let into = inbox.beside("audio");
        inbox.provider().download(&recording.key.remote_id, &source(&recording), &into, 1000).await.unwrap();
        assert!(fs::metadata(into).unwrap().len() > 0);
    }
}

#[tokio::test]
async fn the_programs_own_state_inside_the_folder_is_never_looked_into() {
    let base = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::now() + SignedDuration::from_hours(48)));
    // Its own state, and that of another installation.
    for own in ["state", "calls/other"] {
        fs::create_dir_all(base.path().join(own).join("recordings")).unwrap();
        fs::write(base.path().join(own).join("callscribe.redb"), "").unwrap();
        fs::write(base.path().join(own).join("recordings/a.wav"), own).unwrap();
    }
    fs::write(base.path().join("calls/call.wav"), "a call").unwrap();
    let provider = FolderProvider::new(folder_config(base.path().to_owned()), context(base.path(), &clock)).unwrap();
    let found = provider.discover(None).await.unwrap();
    assert_eq!(found.listed.len(), 1);
    assert!(found.listed[0].locator.ends_with("/calls/call.wav"));
}

#[tokio::test]
async fn a_folder_inside_the_state_folder_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::now()));
    fs::create_dir_all(base.path().join("state/recordings")).unwrap();
    for folder in ["state", "state/recordings"] {
        let config = folder_config(base.path().join(folder));
        let error = FolderProvider::new(config, context(base.path(), &clock)).err().unwrap();
        assert!(error.message.contains("again and again"), "{error}");
    }
}

#[tokio::test]
async fn what_vanishes_between_two_looks_costs_nothing() {
    let inbox = Inbox::live();
    let path = inbox.write("call.wav", "hello");
    assert_eq!(inbox.look().await.unsettled, 1);
    fs::remove_file(path).unwrap();
    let report = inbox.look().await;
    assert_eq!((report.new, report.refused, report.unsettled), (0, 0, 0));
}

/// The folder changes under the walk all the time; every file is taken in all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_vanishes_between_walk_and_reading_is_no_problem() {
    let inbox = Inbox::new();
    for number in 0..200 {
        inbox.write(format!("stays-{number}.wav"), &format!("stays {number}"));
    }
    let root = inbox.config.path.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let coming_and_going = tokio::task::spawn_blocking(move || {
        let mut stopped = stopped;
        for number in 0.. {
            let path = root.join(format!("goes-{}.wav", number % 50));
            let part = root.join(format!("goes-{}.part", number % 50));
            fs::write(&part, format!("goes {number}")).unwrap();
            fs::rename(&part, &path).unwrap();
            if stopped.try_recv().is_ok() {
                return;
            }
            fs::remove_file(path).unwrap();
        }
    });
    for _ in 0..5 {
        inbox.look().await;
    }
    stop.send(()).unwrap();
    coming_and_going.await.unwrap();
    assert_eq!(inbox.names().iter().filter(|name| name.starts_with("stays")).count(), 200);
    assert_eq!(inbox.quarantine(), []);
}
