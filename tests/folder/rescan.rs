//! Looking again is cheap: one `stat` a file, however many there are and however often the daemon restarts.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use sha2::Digest;

use crate::support::{Inbox, SETTLE};

/// Writes until the file's time lies behind everything before: file systems tell times in steps of some milliseconds.
fn rewrite(path: &Path, text: &str) {
    let now = SystemTime::now();
    fs::write(path, text).unwrap();
    while fs::metadata(path).unwrap().modified().unwrap() <= now {
        fs::write(path, text).unwrap();
    }
}

#[tokio::test]
async fn ten_thousand_old_files_are_read_once() {
    let inbox = Inbox::new();
    for number in 0..10_000 {
        inbox.write(format!("{:02}/{number}.wav", number % 100), &format!("call {number}"));
    }
    assert_eq!(inbox.look().await.new, 10_000);
    assert_eq!(inbox.files_read(), 10_000);
    inbox.write("new.wav", "one more");
    let report = inbox.look().await;
    assert_eq!((report.listed, report.new), (1, 1));
    assert_eq!(inbox.files_read(), 10_001, "the old ones were not read again");
    let inbox = inbox.restart();
    assert_eq!(inbox.look().await.listed, 0);
    assert_eq!(inbox.files_read(), 0, "nor after a restart");
}

#[tokio::test]
async fn a_file_that_changed_while_nobody_looked_is_read_after_the_restart() {
    let inbox = Inbox::new();
    let path = inbox.write("a.wav", "before");
    inbox.write("b.wav", "untouched");
    inbox.look().await;
    rewrite(&path, "after!");
    let inbox = inbox.restart();
    assert_eq!(inbox.look().await.new, 1);
    assert_eq!((inbox.files_read(), inbox.recordings().len()), (1, 3));
}

#[tokio::test]
async fn a_file_that_was_unsettled_at_the_end_is_read_after_the_restart() {
    let inbox = Inbox::live();
    let path = inbox.write("a.wav", "before");
    inbox.wait(SETTLE * 2);
    assert_eq!(inbox.look().await.new, 1);
    // The known file is being written to while another, younger one comes in and moves the mark.
    rewrite(&path, "after!");
    inbox.look().await;
    inbox.write("b.wav", "younger");
    inbox.wait(SETTLE * 2);
    rewrite(&path, "after?");
    inbox.look().await;
    let inbox = inbox.restart();
    inbox.wait(SETTLE * 2);
    inbox.look().await;
    inbox.wait(SETTLE * 2);
    inbox.look().await;
    let last: String = sha2::Sha256::digest("after?").iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(inbox.recordings().iter().any(|recording| recording.key.remote_id == last), "what it was at last is known");
}

#[tokio::test]
async fn thousands_of_new_files_come_in_short_looks() {
    let inbox = Inbox::new();
    for number in 0..600 {
        inbox.write(format!("{number}.wav"), &format!("call {number}"));
    }
    let first = inbox.discovery().await;
    assert!(first.more && first.listed.len() < 600, "{}", first.listed.len());
    assert_eq!(inbox.look().await.new, 600);
}
