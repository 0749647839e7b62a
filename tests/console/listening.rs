//! A call is found by a word somebody said, read and heard.

use crate::common::wait_until;
use crate::person::Person;

#[test]
fn a_call_is_found_by_a_spoken_word_and_its_transcript_follows_the_sound() {
    let person = Person::with_calls(&["en-refund.wav", "es-tarjeta.wav"]);
    let browser = &person.browser;
    let http = person.daemon.http();
    wait_until("the index has both calls", || {
        let found = http.get("/api/v1/recordings/?search_text=recorded").json();
        (found["total"] == 1).then_some(())
    });
    browser.write("#search-text", "recorded");
    browser.wait_until("one call is left", "return document.querySelectorAll('.call-row').length === 1");
    assert_eq!(browser.text(".hits mark").to_lowercase(), "recorded");
    assert!(browser.url().contains("search_text=recorded"), "{}", browser.url());
    browser.click(".call-row h2 a");
    browser.wait_for("#turns .w");
    assert!(browser.text(".notice.is-warn").contains("miniature model"));

    // The sound is drawn, a lane a speaker.
    browser.wait_until("the sound is drawn", "return document.querySelectorAll('.lane.is-drawn').length === 2");

    // A word is clicked, and heard; the transcript goes on by itself.
    browser.run("[...document.querySelectorAll('#turns .w')].find((w) => w.textContent === 'invoice.').id = 'wanted'");
    browser.click("#wanted");
    browser.wait_until("the word is heard", "return document.querySelector('#wanted.is-now') !== null");
    browser.wait_until(
        "the words after it are heard",
        "const now = document.querySelector('.w.is-now'); return now && Number(now.dataset.s) > Number(document.getElementById('wanted').dataset.e)",
    );
    assert_eq!(browser.run("return document.querySelectorAll('.w.is-now').length"), 1);

    // By keyboard: pause, one turn on, faster.
    browser.run("document.activeElement.blur()");
    browser.press(" ");
    browser.wait_until("it pauses", "return document.getElementById('audio').paused");
    let before = browser.run("return document.getElementById('audio').currentTime").as_f64().unwrap();
    browser.press("\u{E015}");
    browser.wait_until("the next turn", &format!("return document.getElementById('audio').currentTime > {before}"));
    browser.press("]");
    assert_eq!(browser.run("return document.getElementById('audio').playbackRate"), 1.25);
    person.heard_no_complaint();
}

#[test]
fn every_format_can_be_downloaded_with_the_session_alone() {
    let person = Person::with_calls(&["en-refund.wav"]);
    person.browser.click(".call-row h2 a");
    person.browser.wait_for(".downloads a");
    let statuses = person.browser.run_until_called(
        "const done = arguments[arguments.length - 1];
         const links = [...document.querySelectorAll('.downloads a')];
         Promise.all(links.map((link) => fetch(link.href).then((answer) => answer.status))).then(done)",
    );
    assert_eq!(statuses, serde_json::json!([200, 200, 200, 200, 200]));
    person.heard_no_complaint();
}
