//! What cannot be taken in is refused with a reason, and tried again when it changes.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::support::{Inbox, SETTLE};

#[tokio::test]
async fn a_file_of_an_unknown_kind_is_refused_until_it_gets_its_ending() {
    let inbox = Inbox::new();
    inbox.write("invoice.pdf", "%PDF");
    assert_eq!(inbox.look().await.refused, 1);
    assert_eq!(inbox.look().await.refused, 1, "it still stands");
    assert!(inbox.quarantine()[0].1.contains("no kind of audio file"));
    fs::rename(inbox.path("invoice.pdf"), inbox.path("call.wav")).unwrap();
    assert_eq!(inbox.look().await.new, 1);
    assert_eq!(inbox.quarantine(), []);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_unread_and_taken_when_it_shrinks() {
    let inbox = Inbox::new();
    let path = inbox.write("call.wav", &"x".repeat((1 << 20) + 1));
    inbox.look().await;
    assert_eq!(inbox.quarantine()[0].1, "This file takes 2 MiB; the limit is 1 MiB (transcribe.file_mib_max).");
    assert_eq!(inbox.files_read(), 0);
    fs::write(path, "smaller").unwrap();
    inbox.look().await;
    inbox.wait(SETTLE);
    inbox.look().await;
    assert_eq!((inbox.recordings().len(), inbox.quarantine()), (1, vec![]));
}

#[tokio::test]
async fn what_may_not_be_read_is_refused_and_taken_when_it_may() {
    if rustix::process::geteuid().is_root() {
        return; // Root may read everything.
    }
    let inbox = Inbox::new();
    let file = inbox.write("call.wav", "hello");
    inbox.write("closed/inside.wav", "hello from inside");
    fs::set_permissions(&file, Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(inbox.path("closed"), Permissions::from_mode(0o0)).unwrap();
    assert_eq!(inbox.look().await.refused, 2);
    assert!(inbox.quarantine().iter().all(|(_, reason)| reason.contains("the right to read it")));
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(inbox.path("closed"), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(inbox.look().await.new, 2);
    assert_eq!(inbox.quarantine(), []);
}

#[tokio::test]
async fn what_is_removed_leaves_the_quarantine_even_when_nobody_was_looking() {
    let inbox = Inbox::new();
    inbox.write("a.pdf", "a");
    inbox.write("b.pdf", "b");
    inbox.look().await;
    assert_eq!(inbox.quarantine().len(), 2);
    fs::remove_file(inbox.path("a.pdf")).unwrap();
    inbox.look().await;
    assert_eq!(inbox.quarantine().len(), 1);
    fs::remove_file(inbox.path("b.pdf")).unwrap();
    let inbox = inbox.restart();
    inbox.look().await;
    assert_eq!(inbox.quarantine(), []);
}
