//! A call with everything: three speakers in two directions of writing, doubts, disputes, and what its words tell.

use callscribe::call::{Language, Translation, TranslationFacts, TranslationPolicy, Translator};
use callscribe::store::{BootId, Store};

use crate::browser::tool;
use crate::common::{TestDaemon, wait_until};
use crate::every_page::look_at_all;
use crate::office::{CATEGORIES, CONFERENCE, fill, fill_one};
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
    browser.click("#moments summary");
    let moments = browser.text("#moments .legend").replace('\n', " ");
    assert!(
        moments.contains("0:09 Customer Longest turn, 12 s") && moments.contains("0:42 Longest silence"),
        "{moments}"
    );
    browser.take_picture("moments");
    browser.click("#moments li:last-child .at");
    browser.wait_until("it is heard", "return document.querySelector('#audio').currentTime >= 42");
    person.heard_no_complaint();
}

#[test]
fn the_player_is_there_only_with_audio() {
    let person = Person::at(TestDaemon::start_on("", CATEGORIES, fill));
    let (browser, http) = (&person.browser, person.daemon.http());
    let calls = http.get("/api/v1/recordings/?status=completed&has_transcript=true&limit=5").json();
    let calls = calls["items"].as_array().unwrap();
    let whole = http.get(&format!("/api/v1/recordings/{CONFERENCE}")).json()["id"].take();
    let silent = calls.iter().find(|call| call["id"] != whole).expect("a call of which only words are kept");
    person.go(&format!("/calls/{}", silent["id"].as_str().unwrap()));
    browser.wait_for("#turns .turn");
    let parts = "return ['#audio', '.player', 'button.at', '[data-waveform]', '.keys'].map((part) => document.querySelectorAll(part).length > 0)";
    assert_eq!(browser.run(parts), serde_json::json!([false, false, false, false, false]));
    person.go(&format!("/calls/{CONFERENCE}"));
    browser.wait_for("#turns .turn");
    assert_eq!(browser.run(parts), serde_json::json!([true, true, true, true, true]));
    person.heard_no_complaint();
}

/// A language model that nobody answers for: translations can be asked for, and fail.
const NO_MODEL: &str =
    "[language_model]\nurl = \"http://127.0.0.1:9/v1\"\nmodel = \"qwen\"\nsummaries = false\nattempts = 1\n";

/// The call with everything, which is there in Spanish too, and was asked for in French.
fn fill_one_in_two_languages(state: &std::path::Path) {
    fill_one(state);
    let store = Store::open(&state.join("callscribe.redb")).unwrap();
    let (es, now) = (Language::new("es"), jiff::Timestamp::now());
    let id = store.find(CONFERENCE).unwrap().unwrap().id;
    store.translate(TranslationPolicy { to: Vec::new(), english_by: Translator::Whisper });
    store.wish_translation(id, &es, "test", now).unwrap();
    let claim = store.take_wish(Translator::LanguageModel, BootId::from_u128(1), 3, now).unwrap().unwrap();
    let mut words = store.spoken(id).unwrap().unwrap();
    for segment in &mut words.segments {
        (segment.text, segment.words) = (format!("En español: {}", segment.text.len()), Vec::new());
    }
    let facts = TranslationFacts {
        by: Translator::LanguageModel,
        made_with: "qwen".to_owned(),
        is_of_miniature: false,
        version: "test".to_owned(),
        from: words.language.clone(),
        made_at: now,
        doubtful: vec![1],
        is_stale: false,
    };
    store.keep_translation(&claim, Translation { facts, words }, now).unwrap().unwrap();
    store.wish_translation(id, &Language::new("fr"), "test", now).unwrap();
}

#[test]
fn a_call_is_read_in_another_language_with_what_was_said_below_each_line() {
    let person = Person::at(TestDaemon::start_on("", &format!("{CATEGORIES}{NO_MODEL}"), fill_one_in_two_languages));
    person.go(&format!("/calls/{CONFERENCE}"));
    let browser = &person.browser;
    browser.wait_for("#tongues");
    browser.run("document.querySelector('#tongues a[hreflang=es]').click()");
    browser.wait_for("#turns p[lang=es]");
    assert!(browser.text("#turns .turn:first-child p[lang=es]").starts_with("En español"));
    let counts = "return ['.turn', '.turn .original', '.w[data-s]'].map((one) => document.querySelectorAll('#turns ' + one).length)";
    let counts = browser.run(counts);
    assert_eq!((&counts[0], &counts[0]), (&counts[1], &counts[2]), "one segment in, one out, each with its time");
    assert!(browser.text("#turns .turn:nth-child(2)").contains("A number is not as it was said."));
    assert_eq!(browser.text("#tongues [aria-current=true]"), "ES");
    person.heard_no_complaint();
    let axe = std::fs::read_to_string(tool("CALLSCRIBE_AXE")).unwrap();
    let path = format!("/calls/{CONFERENCE}?translation=es");
    let wrong = look_at_all(&person, &[("translated", path.as_str())], &axe);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
