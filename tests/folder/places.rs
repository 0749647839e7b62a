//! A recording is its content: renamed, moved and copied files are one recording.

use std::fs;

use callscribe::provider::Provider;

use crate::support::{Inbox, SETTLE};

#[tokio::test]
async fn a_renamed_file_is_the_same_recording_and_its_locator_follows() {
    let inbox = Inbox::new();
    inbox.write("call.wav", "hello");
    inbox.look().await;
    fs::create_dir(inbox.path("old")).unwrap();
    fs::rename(inbox.path("call.wav"), inbox.path("old/renamed.wav")).unwrap();
    assert_eq!(inbox.look().await.new, 0);
    assert_eq!(inbox.names(), ["old/renamed.wav"]);
}

#[tokio::test]
async fn copies_are_one_recording_at_the_oldest_place() {
    let inbox = Inbox::new();
    inbox.write("a/first.wav", "hello");
    inbox.look().await;
    fs::copy(inbox.path("a/first.wav"), inbox.path("copy.wav")).unwrap();
    assert_eq!(inbox.look().await.new, 0);
    assert_eq!(inbox.names(), ["a/first.wav"]);
}

#[tokio::test]
async fn when_the_first_copy_goes_the_locator_moves_to_the_other() {
    let inbox = Inbox::new();
    inbox.write("first.wav", "hello");
    inbox.write("second.wav", "hello");
    assert_eq!(inbox.look().await.new, 1);
    inbox.look().await;
    let [at] = inbox.names().try_into().unwrap();
    fs::remove_file(inbox.path(&at)).unwrap();
    inbox.look().await;
    let other = if at == "first.wav" { "second.wav" } else { "first.wav" };
    assert_eq!(inbox.names(), [other]);
}

#[tokio::test]
async fn a_file_that_is_gone_is_downloaded_from_its_copy() {
    let inbox = Inbox::new();
    inbox.write("first.wav", "hello");
    inbox.write("second.wav", "hello");
    inbox.look().await;
    let recording = &inbox.recordings()[0];
    fs::remove_file(inbox.path(&inbox.names()[0])).unwrap();
    let (id, into) = (&recording.key.remote_id, inbox.beside("audio"));
    let locator = crate::support::source(recording);
    inbox.provider().download(id, &locator, &into, 100).await.unwrap();
    assert_eq!(fs::read_to_string(into).unwrap(), "hello");
}

#[tokio::test]
async fn a_file_that_changed_since_is_not_downloaded_under_its_old_name() {
    let inbox = Inbox::new();
    let path = inbox.write("call.wav", "hello");
    inbox.look().await;
    let recording = &inbox.recordings()[0];
    fs::write(path, "another call").unwrap();
    let locator = crate::support::source(recording);
    let error =
        inbox.provider().download(&recording.key.remote_id, &locator, &inbox.beside("audio"), 100).await.unwrap_err();
    assert!(error.message.contains("changed after it was taken in"), "{error}");
}

#[tokio::test]
async fn a_download_stops_at_its_limit() {
    let inbox = Inbox::new();
    inbox.write("call.wav", &"x".repeat(1 << 20));
    inbox.look().await;
    let recording = &inbox.recordings()[0];
    let (id, into) = (&recording.key.remote_id, inbox.beside("audio"));
    let locator = crate::support::source(recording);
    let error = inbox.provider().download(id, &locator, &into, (1 << 20) - 1).await.unwrap_err();
    assert_eq!(error.message, "The file is larger than 0 MiB (transcribe.file_mib_max).");
    assert!(inbox.provider().download(id, &locator, &into, 1 << 20).await.is_ok());
}

#[tokio::test]
async fn what_was_found_and_not_stored_is_found_again() {
    let inbox = Inbox::new();
    inbox.write("call.wav", "hello");
    assert_eq!(inbox.discovery().await.listed.len(), 1);
    assert_eq!(inbox.look().await.new, 1, "the first discovery was never stored");
    inbox.wait(SETTLE);
    assert_eq!(inbox.look().await.listed, 0, "the second was");
}

#[tokio::test]
async fn a_locator_outside_of_the_folder_is_never_opened() {
    let inbox = Inbox::new();
    let outside = inbox.beside("secret.wav");
    fs::write(&outside, "secret").unwrap();
    for locator in [outside.display().to_string(), inbox.path("../secret.wav").display().to_string()] {
        let result = inbox.provider().download(&"0".repeat(64), &locator, &inbox.beside("audio"), 100).await;
        assert!(result.unwrap_err().message.contains("no longer where it was found"));
        assert!(!inbox.beside("audio").exists());
    }
}
