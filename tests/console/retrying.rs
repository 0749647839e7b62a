//! What happens is seen without loading the page again, and what failed is mended from it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::person::{Person, drop_call, wait_for_calls};

fn stored_audio(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| match entry.path() {
        path if path.is_dir() => stored_audio(&path),
        path => (path.extension()? == "wav").then_some(path),
    })
}

/// Marks the page, to see later that it is still the same one.
const MARK: &str = "window.isTheSame = true";
const IS_SAME: &str = "return window.isTheSame === true";

#[test]
fn a_call_that_comes_in_is_seen_from_its_first_moment_to_its_summary() {
    let person = Person::with_calls(&[]);
    let browser = &person.browser;
    assert!(browser.text("#results").contains("No calls yet"));
    browser.run(MARK);
    drop_call(&person.daemon, "en-complaint.wav", "call.wav");
    browser.wait_until("the call is listed", "return document.querySelector('.call-row') !== null");
    browser.wait_until("all of it is done", "return document.querySelectorAll('.badge.is-done').length === 3");
    browser.wait_until("it says what it was about", "return document.querySelector('.says') !== null");
    assert_eq!(browser.run(IS_SAME), true);
    person.heard_no_complaint();
}

#[test]
fn a_failed_step_shows_its_error_and_is_retried_from_the_page() {
    let person = Person::with_calls(&["en-refund.wav"]);
    let (daemon, browser) = (&person.daemon, &person.browser);
    let id = wait_for_calls(daemon, 1)[0]["id"].as_str().unwrap().to_owned();
    let audio = stored_audio(&daemon.state().join("recordings")).unwrap();
    let whole = fs::read(&audio).unwrap();
    fs::write(&audio, b"This is no sound.").unwrap();

    person.go(&format!("/calls/{id}"));
    browser.wait_for("#steps");
    browser.run(MARK);
    browser.click("#steps form[action$='steps=transcribe'] button");
    browser.wait_until("the step has failed", "return document.querySelector('#steps .badge.is-failed') !== null");
    assert!(!browser.text("#steps .trouble").is_empty());

    fs::write(&audio, whole).unwrap();
    let retry = "#steps form[action$='steps=transcribe'] button";
    assert_eq!(browser.text(retry), "Retry");
    browser.click(retry);
    browser.wait_until("all steps are done", "return document.querySelectorAll('#steps .badge.is-done').length === 6");
    assert_eq!(browser.run(IS_SAME), true);
    let standing = browser.text("#standing");
    assert!(standing.contains("Completed"), "{standing}");
    let complaints = browser.complaints();
    // The sound that was no sound was refused, and that is all.
    assert!(complaints.iter().all(|line| line.contains("409 (Conflict)")), "{complaints:?}");
}
