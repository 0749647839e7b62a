//! A call with everything: three speakers in two directions of writing, doubts, disputes, and what its words tell.

use crate::common::{TestDaemon, wait_until};
use crate::office::{CATEGORIES, CONFERENCE, fill_one};
use crate::person::Person;

/// At the page of the call that has everything, once its summary is there.
fn at_the_conference() -> Person {
    let person = Person::at(TestDaemon::start_on("", CATEGORIES, fill_one));
    let http = person.daemon.http();
    wait_until("the summary is made", || {
        let call = http.get(&format!("/api/v1/recordings/{CONFERENCE}")).json();
        (call["summary_status"] == "completed").then_some(())
    });
    person.go(&format!("/calls/{CONFERENCE}"));
    person.browser.wait_for("#told");
    person
}

#[test]
fn both_readings_of_a_disputed_place_stand_side_by_side() {
    let person = at_the_conference();
    let cells = "return [...document.querySelectorAll('.disputes tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))";
    let rows = person.browser.run(cells);
    assert_eq!(rows[0], serde_json::json!(["0:13", "two hundred dollars", "two hundred collars"]));
    assert_eq!(rows[1][1], "nothing");
    assert_eq!(rows.as_array().map(Vec::len), Some(3));
    assert!(person.browser.text("#opinion-title + p").contains("93 %"));
    person.heard_no_complaint();
}

#[test]
fn what_was_set_aside_is_shown_apart_with_the_reason() {
    let person = at_the_conference();
    let aside = person.browser.text(".aside");
    assert!(
        aside.contains("Thanks for watching!") && aside.contains("a stock phrase models write over silence"),
        "{aside}"
    );
    assert!(aside.contains("“yes” 4 times in a row"), "{aside}");
    assert!(!person.browser.text("#turns").contains("watching"), "it is no part of the transcript");
}

#[test]
fn each_of_three_speakers_has_a_lane_and_every_text_its_own_direction() {
    let person = at_the_conference();
    let browser = &person.browser;
    let lanes = "return [...document.querySelectorAll('.lane:not(.phases) .lane-name span:first-child')].map((name) => name.innerText)";
    assert_eq!(browser.run(lanes), serde_json::json!(["Agent", "Customer", "Interpreter"]));
    let direction = |turn: u32| {
        browser.run(&format!("return getComputedStyle(document.querySelector('#turn-{turn} p')).direction"))
    };
    assert_eq!((direction(0), direction(2), direction(5)), ("ltr".into(), "rtl".into(), "rtl".into()));
    // The words of a turn written from the right stand from the right: the first is the rightmost.
    let order = "const words = [...document.querySelectorAll('#turn-2 .w')].map((word) => word.getBoundingClientRect().left); return words[0] > words.at(-1)";
    assert_eq!(browser.run(order), true);
    // The arrow points from who called to who was called, whatever way their names are written.
    let heading = browser.text("h1").replace(['\u{2068}', '\u{2069}'], "");
    assert_eq!(heading, "دانيال → Harbor Health");
    assert_eq!(browser.run("return getComputedStyle(document.querySelector('h1')).direction"), "ltr");
}

#[test]
fn what_the_words_tell_is_shown_and_leads_to_its_second() {
    let person = at_the_conference();
    let browser = &person.browser;
    let to_do = browser.text("#actions");
    assert!(to_do.contains("Agent") && to_do.contains("Friday"), "{to_do}");
    assert!(browser.text("#questions").contains("What time do you open"), "{}", browser.text("#questions"));
    let categories = browser.text("#categories");
    assert!(categories.contains("refund") && categories.contains("recording announced"), "{categories}");
    assert!(
        categories.contains("was not said") && categories.contains("Looked for in vain: complaint"),
        "{categories}"
    );
    let personal = browser.text("#personal");
    assert!(personal.contains("Payment card") && personal.contains("Telephone number"), "{personal}");
    assert!(!personal.contains("4111") && !personal.contains("0142"), "places only: {personal}");
    assert!(
        !browser.text("#mood").is_empty()
            && browser.run("return document.querySelectorAll('#mood .course rect').length").as_u64() > Some(2)
    );
    assert_eq!(browser.run("return document.querySelectorAll('#mood .party-moods li').length"), 3);

    // A place is a link to its turn, and is played.
    browser.click("#actions .at");
    browser.wait_until(
        "the place is heard",
        "const now = document.querySelector('.w.is-now'); return now !== null && Number(now.dataset.s) >= 46000",
    );
    assert!(browser.url().contains("#turn-"), "{}", browser.url());
    person.heard_no_complaint();
}

#[test]
fn the_sound_of_a_call_is_told_phases_talk_and_why_its_transcript_is_poor() {
    let person = at_the_conference();
    let browser = &person.browser;
    assert!(browser.text("#poor").contains("9 dB above the noise"));
    let phases = browser.text("#phases .legend");
    assert!(["Ringing", "On hold", "Beep", "Conversation"].iter().all(|phase| phases.contains(phase)), "{phases}");
    assert_eq!(browser.run("return document.querySelectorAll('#phases rect').length"), 5);
    let talk = browser.text("#talk");
    assert!(["Talked", "Turns", "Interrupted", "Silence"].iter().all(|figure| talk.contains(figure)), "{talk}");
    person.heard_no_complaint();
}
