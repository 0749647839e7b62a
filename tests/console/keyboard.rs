//! Everything by keyboard alone.

use std::fs;

use crate::common::wait_until;
use crate::person::{Person, wait_for_calls};

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const RIGHT: &str = "\u{E014}";
const DOWN: &str = "\u{E015}";
/// More presses of Tab than any page takes to be walked through.
const TABS_MAX: usize = 200;

/// Presses Tab until the focus is on such an element; answers how often.
fn tab_to(person: &Person, selector: &str) -> usize {
    let reached = format!("return document.activeElement.matches({})", serde_json::json!(selector));
    for presses in 1..=TABS_MAX {
        person.browser.press(TAB);
        if person.browser.run(&reached) == true {
            return presses;
        }
    }
    panic!("{selector} cannot be reached by Tab");
}

#[test]
fn the_keyboard_reaches_the_content_first() {
    let person = Person::with_calls(&[]);
    person.go("/calls");
    person.browser.press(TAB);
    assert_eq!(person.browser.run("return document.activeElement.className"), "skip");
    person.browser.press(ENTER);
    person.browser.wait_until("the content has the focus", "return document.activeElement.id === 'main'");
}

#[test]
fn a_call_is_played_and_a_word_chosen_and_heard_without_a_pointer() {
    let person = Person::with_calls(&["en-refund.wav"]);
    let browser = &person.browser;
    let id = wait_for_calls(&person.daemon, 1)[0]["id"].as_str().unwrap().to_owned();
    person.go(&format!("/calls/{id}"));
    browser.wait_until("the sound can be played", "return document.getElementById('audio')?.readyState >= 1");
    tab_to(&person, "#play");
    browser.press(ENTER);
    browser.wait_until("it plays", "return !document.getElementById('audio').paused");
    browser.press(ENTER);
    browser.wait_until("it pauses", "return document.getElementById('audio').paused");

    // One word is on the way of Tab, not every one; arrows go on from it.
    tab_to(&person, "#turns .w");
    assert_eq!(browser.run("return document.querySelectorAll('#turns .w[tabindex=\"0\"]').length"), 1);
    browser.press(DOWN);
    browser.press(RIGHT);
    let chosen = "const word = document.activeElement; return [word.closest('.turn').id, [...word.parentElement.querySelectorAll('.w')].indexOf(word)]";
    let place = browser.run(chosen);
    assert_eq!(place[1], 1, "{place}");
    browser.run("window.wanted = document.activeElement");
    browser.press(ENTER);
    browser.wait_until("the chosen word is heard", "return Math.abs(document.getElementById('audio').currentTime * 1000 - Number(window.wanted.dataset.s)) < 3000 && !document.getElementById('audio').paused");
    person.heard_no_complaint();
}

#[test]
fn the_queue_is_paused_and_a_failed_call_retried_without_a_pointer() {
    let person = Person::with_calls(&[]);
    let browser = &person.browser;
    fs::write(person.daemon.inbox().join("broken.wav"), b"RIFF and then nothing that could be heard").unwrap();
    wait_for_calls(&person.daemon, 1);
    person.go("/queue");
    browser.wait_for("[aria-labelledby=failed] tbody tr");
    tab_to(&person, "form[action='/api/v1/queue/pause'] button");
    browser.press(ENTER);
    browser.wait_for("form[action='/api/v1/queue/resume']");
    // What takes its place has the focus too: one needs not begin from the top of the page.
    browser.wait_until("the focus stays", "return document.activeElement.matches('form[action$=\"/resume\"] button')");
    tab_to(&person, "[aria-labelledby=failed] tbody form button");
    browser.press(ENTER);
    browser
        .wait_until("it waits", "return document.querySelectorAll('[aria-labelledby=waiting] tbody tr').length === 1");
    tab_to(&person, "form[action='/api/v1/queue/resume'] button");
    browser.press(ENTER);
    browser.wait_for("form[action='/api/v1/queue/pause']");
    browser.wait_for("[aria-labelledby=failed] tbody tr");
    person.heard_no_complaint();
}

#[test]
fn calls_are_filtered_and_a_place_that_was_found_is_opened_without_a_pointer() {
    let person = Person::with_calls(&["en-refund.wav", "es-tarjeta.wav"]);
    let browser = &person.browser;
    let http = person.daemon.http();
    wait_until("the index has both calls", || {
        let found = http.get("/api/v1/recordings/?search_text=recorded").json();
        (found["total"] == 1).then_some(())
    });
    person.go("/calls");
    tab_to(&person, ".filters summary");
    browser.press(ENTER);
    browser.wait_until("the filters are shown", "return document.querySelector('.filters').open");
    tab_to(&person, "[name=language]");
    "es".chars().for_each(|letter| browser.press(&letter.to_string()));
    tab_to(&person, ".fields-end button");
    browser.press(ENTER);
    browser.wait_until(
        "one call is left",
        "return location.search.includes('language=es') && document.querySelectorAll('.call-row').length === 1",
    );
    tab_to(&person, ".fields-end a");
    browser.press(ENTER);
    browser.wait_until(
        "both are back",
        "return location.search === '' && document.querySelectorAll('.call-row').length === 2",
    );

    browser.press("/");
    "recorded".chars().for_each(|letter| browser.press(&letter.to_string()));
    browser.wait_for(".hits mark");
    tab_to(&person, ".hits a");
    browser.press(ENTER);
    browser.wait_until(
        "the place is heard of",
        "return location.hash.startsWith('#t=') && document.querySelector('#turns .w') !== null",
    );
    person.heard_no_complaint();
}

#[test]
fn what_has_the_focus_can_be_seen() {
    let person = Person::with_calls(&["en-refund.wav"]);
    let browser = &person.browser;
    for path in ["/calls", "/numbers", "/queue", "/trends", "/system"] {
        person.go(path);
        for _ in 0..12 {
            browser.press(TAB);
            let seen = "const at = document.activeElement; if (at === document.body) return true;
                const lit = (one) => one && (getComputedStyle(one).outlineStyle !== 'none' || getComputedStyle(one).boxShadow !== 'none');
                return lit(at) || lit(at.closest('.call-row')) ? true : at.outerHTML.slice(0, 200)";
            assert_eq!(browser.run(seen), true, "{path}");
        }
    }
}
