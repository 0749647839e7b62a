//! Every page, in both themes, at a desk and on a phone: no finding of axe that is serious, nothing to scroll sideways, no
//! complaint of the browser. Pictures are kept where CALLSCRIBE_SCREENSHOTS says.

use std::fs;

use serde_json::Value;

use crate::browser::{Browser, DESK, PHONE, tool};
use crate::person::{Person, wait_for_calls};

/// What axe finds serious on the page, as text.
fn findings(browser: &Browser, axe: &str) -> Vec<String> {
    browser.run(axe);
    let found = browser.run_until_called(
        "const done = arguments[arguments.length - 1];
         axe.run(document, { resultTypes: ['violations'] }).then((result) => done(result.violations))",
    );
    let serious = |finding: &&Value| matches!(finding["impact"].as_str(), Some("serious" | "critical"));
    let text = |finding: &Value| {
        let nodes = finding["nodes"].as_array().into_iter().flatten().take(3);
        let places: Vec<String> = nodes.map(|node| format!("{} {}", node["html"], node["failureSummary"])).collect();
        format!("{}: {}\n  {}", finding["id"], finding["help"], places.join("\n  "))
    };
    found.as_array().expect("axe's findings").iter().filter(serious).map(text).collect()
}

/// How far a page reaches beyond the screen, in pixels.
const SIDEWAYS: &str = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";

fn look_at(browser: &Browser, name: &str, address: &str, axe: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        for (screen, place) in [(DESK, "desk"), (PHONE, "phone")] {
            browser.resize(screen);
            browser.go(address);
            browser.wait_until("the page is there", "return document.readyState === 'complete'");
            if name == "call" {
                browser.wait_until("the sound is drawn", "return document.querySelector('.lane.is-drawn') !== null");
            }
            browser.take_picture(&format!("{name}-{scheme}-{place}"));
            let seen = format!("{name}, {scheme}, {place}");
            wrong.extend(findings(browser, axe).into_iter().map(|finding| format!("{seen}: {finding}")));
            let sideways = browser.run(SIDEWAYS).as_f64().unwrap_or(f64::MAX);
            if sideways > 0.0 {
                wrong.push(format!("{seen}: {sideways} pixels wider than the screen"));
            }
        }
    }
    browser.resize(DESK);
    wrong
}

#[test]
fn every_page_is_fit_for_everybody() {
    let axe = fs::read_to_string(tool("CALLSCRIBE_AXE")).unwrap();
    let person = Person::with_calls(&["en-refund.wav", "en-complaint.wav", "es-tarjeta.wav"]);
    fs::write(person.daemon.inbox().join("broken.wav"), b"RIFF and then nothing that could be heard").unwrap();
    let calls = wait_for_calls(&person.daemon, 3);
    let id = calls.iter().find(|call| call["original_name"] == "en-refund.wav").unwrap()["id"].as_str().unwrap();
    let pages = [
        ("calls", "/calls".to_owned()),
        ("found", "/calls?search_text=card&has_transcript=true".to_owned()),
        ("nothing-found", "/calls?search_text=zzzz".to_owned()),
        ("call", format!("/calls/{id}")),
        ("numbers", "/numbers".to_owned()),
        ("queue", "/queue".to_owned()),
        ("trends", "/trends".to_owned()),
        ("system", "/system".to_owned()),
    ];
    let mut wrong: Vec<String> =
        pages.iter().flat_map(|(name, path)| look_at(&person.browser, name, &person.address(path), &axe)).collect();
    person.heard_no_complaint();
    person.browser.click("form[action='/sign-out'] button");
    wrong.extend(look_at(&person.browser, "sign-in", &person.address("/sign-in"), &axe));
    person.heard_no_complaint();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_theme_is_chosen_by_a_button_and_stays() {
    let person = Person::with_calls(&[]);
    let browser = &person.browser;
    browser.prefer("light");
    let ground = "return getComputedStyle(document.body).backgroundColor";
    person.go("/calls");
    let light = browser.run(ground);
    browser.click("#theme");
    browser.click("#theme");
    assert_eq!(browser.text("#theme-word"), "Dark");
    assert_ne!(browser.run(ground), light);
    person.go("/queue");
    assert_ne!(browser.run(ground), light);
    person.heard_no_complaint();
}

#[test]
fn the_keyboard_reaches_the_content_first() {
    let person = Person::with_calls(&[]);
    person.go("/calls");
    person.browser.press("\u{E004}");
    assert_eq!(person.browser.run("return document.activeElement.className"), "skip");
    person.browser.press("\u{E007}");
    person.browser.wait_until("the content has the focus", "return document.activeElement.id === 'main'");
}
