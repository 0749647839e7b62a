//! Links: never out of the folder, never in circles.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::Inbox;

#[tokio::test]
async fn links_in_circles_end() {
    let inbox = Inbox::new();
    inbox.write("a/b/call.wav", "hello");
    symlink(inbox.path("a"), inbox.path("a/b/up")).unwrap();
    symlink(inbox.path(""), inbox.path("a/root")).unwrap();
    symlink("self.wav", inbox.path("self.wav")).unwrap();
    assert_eq!(inbox.look().await.new, 1);
    assert_eq!(inbox.names(), ["a/b/call.wav"]);
}

#[tokio::test]
async fn a_link_inside_the_folder_shows_the_file_it_points_to() {
    let inbox = Inbox::new();
    inbox.write("store/call.wav", "hello");
    symlink("store/call.wav", inbox.path("link.wav")).unwrap();
    assert_eq!(inbox.look().await.new, 1);
    assert_eq!((inbox.names(), inbox.files_read()), (vec!["store/call.wav".to_owned()], 1));
}

#[tokio::test]
async fn links_that_lead_out_are_refused_with_a_reason() {
    let inbox = Inbox::new();
    fs::write(inbox.beside("secret.wav"), "secret").unwrap();
    symlink(inbox.beside("secret.wav"), inbox.path("out.wav")).unwrap();
    symlink("/", inbox.path("everything")).unwrap();
    symlink("nowhere.wav", inbox.path("dangling.wav")).unwrap();
    assert_eq!(inbox.look().await.refused, 3);
    assert_eq!(inbox.recordings(), []);
    let reasons = inbox.quarantine();
    let of = |name: &str| reasons.iter().find(|(at, _)| at == name).unwrap().1.as_str();
    assert!(of("out.wav").starts_with("This link leads out of the watched folder"));
    assert!(of("everything").starts_with("This link leads out of the watched folder"));
    assert!(of("dangling.wav").starts_with("This link points to nothing"));
}

#[tokio::test]
async fn a_link_to_the_state_folder_is_passed_over() {
    let inbox = Inbox::new();
    fs::write(inbox.beside("state/a.wav"), "ours").unwrap();
    symlink(inbox.beside("state/a.wav"), inbox.path("a.wav")).unwrap();
    let report = inbox.look().await;
    assert_eq!((report.new, report.refused), (0, 0));
}
