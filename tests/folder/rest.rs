//! A file is taken in when it is at rest.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::time::{Duration, SystemTime};

use callscribe::clock::Clock;

use crate::support::{Inbox, SETTLE};

#[tokio::test]
async fn a_file_that_grows_is_not_taken_until_it_rests() {
    let inbox = Inbox::live();
    let path = inbox.write("call.wav", "R");
    for _ in 0..3 {
        let report = inbox.look().await;
        assert_eq!((report.new, report.unsettled), (0, 1));
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"IFF").unwrap();
        inbox.wait(SETTLE);
    }
    assert_eq!(inbox.look().await.new, 0, "it has just changed");
    inbox.wait(SETTLE / 2);
    assert_eq!(inbox.look().await.new, 0, "half of the time is not all of it");
    inbox.wait(SETTLE / 2);
    let report = inbox.look().await;
    assert_eq!((report.new, report.unsettled), (1, 0));
    assert_eq!(inbox.files_read(), 1, "nothing was read before its time");
}

#[tokio::test]
async fn a_file_whose_times_lie_ahead_is_taken_once_our_own_clock_saw_it_rest() {
    let inbox = Inbox::live();
    let path = inbox.write("call.wav", "from a server whose clock is a year ahead");
    let ahead = SystemTime::now() + Duration::from_secs(365 * 86_400);
    File::options().append(true).open(path).unwrap().set_modified(ahead).unwrap();
    assert_eq!(inbox.look().await.unsettled, 1);
    inbox.wait(SETTLE);
    assert_eq!(inbox.look().await.new, 1);
}

#[tokio::test]
async fn a_file_that_changes_between_walk_and_reading_waits_for_the_next_look() {
    let inbox = Inbox::new();
    let path = inbox.write("call.wav", "first");
    assert_eq!(inbox.look().await.new, 1);
    fs::write(&path, "second").unwrap();
    inbox.wait(SETTLE);
    // It was at rest with one content and now has another: a recording of its own.
    assert_eq!(inbox.look().await.new, 1);
    assert_eq!(inbox.recordings().len(), 2);
}

#[tokio::test]
async fn an_empty_file_has_ten_minutes_then_is_refused_and_taken_when_it_fills() {
    let inbox = Inbox::live();
    let path = inbox.write("call.wav", "");
    assert_eq!(inbox.look().await.unsettled, 1);
    inbox.wait(Duration::from_secs(599));
    assert_eq!(inbox.look().await.unsettled, 1);
    inbox.wait(Duration::from_secs(1));
    assert_eq!(inbox.look().await.refused, 1);
    assert!(inbox.quarantine()[0].1.contains("is empty"));
    fs::write(path, "RIFF").unwrap();
    inbox.look().await;
    inbox.wait(SETTLE);
    assert_eq!(inbox.look().await.new, 1);
    assert_eq!(inbox.quarantine(), []);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_a_problem_and_not_an_empty_folder() {
    let inbox = Inbox::new();
    inbox.write("call.wav", "RIFF");
    assert_eq!(inbox.look().await.new, 1);
    fs::rename(&inbox.config.path, inbox.beside("away")).unwrap();
    assert!(inbox.problem().await.contains("cannot be read"), "{}", inbox.problem().await);
    fs::rename(inbox.beside("away"), &inbox.config.path).unwrap();
    assert_eq!(inbox.look().await.new, 0);
    assert_eq!(inbox.files_read(), 1, "what comes back is not read again");
}

#[tokio::test]
async fn without_a_date_in_the_name_the_files_time_is_the_calls() {
    let inbox = Inbox::new();
    let path = inbox.write("call.wav", "RIFF");
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    File::options().append(true).open(path).unwrap().set_modified(noon).unwrap();
    inbox.look().await;
    assert_eq!(inbox.only_call().started_at.unwrap().as_second(), 1_700_000_000);
    assert!(inbox.clock.now().as_second() > 1_700_000_000);
}
