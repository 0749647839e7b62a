//! Every page, in both themes, at a desk and on a phone: no finding of axe that is serious, nothing to scroll sideways, no
//! complaint of the browser. Pictures are kept where CALLSCRIBE_SCREENSHOTS says.

use std::fs;

use serde_json::Value;

use crate::browser::{Browser, DESK, PHONE, tool};
use crate::common::{TestDaemon, wait_until};
use crate::office::{CATEGORIES, CONFERENCE, REGULAR, fill};
use crate::person::{Person, drop_call, wait_for_calls};
use crate::sink::Sink;

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
            if ["call", "conference"].contains(&name) {
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

/// Looks at these pages; the daemon behind them is one with work behind it.
pub fn look_at_all(person: &Person, pages: &[(&str, &str)], axe: &str) -> Vec<String> {
    let wrong =
        pages.iter().flat_map(|(name, path)| look_at(&person.browser, name, &person.address(path), axe)).collect();
    person.heard_no_complaint();
    wrong
}

#[test]
fn every_page_is_fit_for_everybody() {
    let axe = fs::read_to_string(tool("CALLSCRIBE_AXE")).unwrap();
    let person = Person::with_calls(&["en-refund.wav", "en-complaint.wav", "es-tarjeta.wav"]);
    fs::write(person.daemon.inbox().join("broken.wav"), b"RIFF and then nothing that could be heard").unwrap();
    let calls = wait_for_calls(&person.daemon, 4);
    let id = |name: &str| {
        let call = calls.iter().find(|call| call["original_name"] == name).unwrap();
        format!("/calls/{}", call["id"].as_str().unwrap())
    };
    let (whole, broken) = (id("en-refund.wav"), id("broken.wav"));
    let pages = [
        ("calls-few", "/calls"),
        ("found", "/calls?search_text=card&has_transcript=true"),
        ("nothing-found", "/calls?search_text=zzzz"),
        ("call", whole.as_str()),
        ("call-failed", broken.as_str()),
        ("numbers-none", "/numbers"),
        ("queue-idle", "/queue"),
        ("trends-few", "/trends"),
        ("system", "/system"),
        ("no-such-page", "/nowhere"),
    ];
    let mut wrong: Vec<String> = pages
        .iter()
        .filter(|(name, _)| *name != "no-such-page")
        .flat_map(|(name, path)| look_at(&person.browser, name, &person.address(path), &axe))
        .collect();
    person.heard_no_complaint();
    wrong.extend(look_at(&person.browser, "no-such-page", &person.address("/nowhere"), &axe));
    // The browser itself notes the 404 that the page is about.
    assert!(person.browser.complaints().iter().all(|line| line.contains("404")));
    person.browser.click("form[action='/sign-out'] button");
    wrong.extend(look_at(&person.browser, "sign-in", &person.address("/sign-in"), &axe));
    person.heard_no_complaint();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_of_a_busy_office_is_fit_for_everybody() {
    let axe = fs::read_to_string(tool("CALLSCRIBE_AXE")).unwrap();
    let person = Person::at(TestDaemon::start_on("", CATEGORIES, fill));
    let http = person.daemon.http();
    wait_until("the summary is made", || {
        let call = http.get(&format!("/api/v1/recordings/{CONFERENCE}")).json();
        (call["summary_status"] == "completed").then_some(())
    });
    let (conference, number) =
        (format!("/calls/{CONFERENCE}"), format!("/numbers/{}", REGULAR.replace(['+', ' '], "")));
    let pages = [
        ("calls", "/calls"),
        ("calls-filtered", "/calls?search_text=invoice&queue=billing&sentiment=negative"),
        ("conference", conference.as_str()),
        ("numbers", "/numbers"),
        ("numbers-found", "/numbers?number=0142"),
        ("number", number.as_str()),
        ("queue", "/queue"),
        ("trends", "/trends"),
        ("trends-quarter", "/trends?days=90"),
        ("trends-year", "/trends?days=365"),
    ];
    let wrong = look_at_all(&person, &pages, &axe);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_of_a_daemon_in_trouble_is_fit_for_everybody() {
    let axe = fs::read_to_string(tool("CALLSCRIBE_AXE")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (well, down) = (Sink::that_answers(200), Sink::that_answers(503));
    let name = "ticketing-system-of-the-branch-in-the-old-mill";
    let config = format!(
        "[[folders]]\nname = \"gone\"\npath = {:?}\n[[categories]]\nname = \"refund\"\nany = [\"refund\"]\nalert = true\n{}{}",
        folder.path().join("a-share-that-nobody-has-mounted-since-the-last-restart-of-this-machine"),
        well.config(folder.path(), "crm"),
        down.config(folder.path(), name),
    );
    let person = Person::at(TestDaemon::start(&config));
    let inbox = person.daemon.inbox();
    fs::write(inbox.join("broken.wav"), b"RIFF and then nothing that could be heard").unwrap();
    fs::write(inbox.join("مكالمة.mp3"), "<!DOCTYPE html><html><head><title>Sign in</title></head></html>").unwrap();
    ["en-refund.wav", "en-complaint.wav"].iter().for_each(|name| drop_call(&person.daemon, name, name));
    wait_for_calls(&person.daemon, 3);
    let http = person.daemon.http();
    let worker = wait_until("the worker is idle", || {
        let worker = http.get("/api/v1/workers").json()["process"].take();
        (worker["state"] == "idle").then(|| i32::try_from(worker["process_id"].as_i64().unwrap()).unwrap())
    });
    rustix::process::kill_process(rustix::process::Pid::from_raw(worker).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    wait_until("it is missed", || {
        let worker = http.get("/api/v1/workers").json()["process"].take();
        worker["process_id"].is_null().then_some(())
    });
    wait_until("both sinks heard of the calls", || {
        let heard = |sink: &Sink| sink.heard.load(std::sync::atomic::Ordering::SeqCst);
        (heard(&well) >= 5 && heard(&down) >= 1).then_some(())
    });
    let sink = format!("/system/webhooks/{name}");
    let pages = [
        ("system-troubled", "/system"),
        ("webhook", "/system/webhooks/crm"),
        ("webhook-none-dead", "/system/webhooks/crm?status=dead"),
        ("webhook-down", sink.as_str()),
        ("queue-troubled", "/queue"),
        ("calls-troubled", "/calls?failed_step=any"),
    ];
    let wrong = look_at_all(&person, &pages, &axe);
    person.go("/system/webhooks/crm");
    let told = person.browser.text("#deliveries tbody");
    assert!(told.contains("Category matched: refund") && told.contains("Failed"), "{told}");
    person.go("/system");
    let workers = person.browser.text("[aria-labelledby=workers]");
    assert!(workers.contains("failed once") && workers.contains("0 of 1"), "{workers}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_and_trends_are_those_of_the_archive() {
    let person = Person::at(TestDaemon::start_on("", CATEGORIES, fill));
    let browser = &person.browser;
    person.go("/numbers?number=555%200142");
    assert_eq!(browser.run("return document.querySelectorAll('#numbers tbody tr').length"), 1);
    let row = browser.text("#numbers tbody tr");
    assert!(row.contains(REGULAR) && row.contains("دانيال") && row.contains("43"), "{row}");
    browser.click("#numbers tbody a");
    browser.wait_until("its calls are shown", "return document.querySelectorAll('.call-row').length === 25");
    browser.click("a[rel=next]");
    browser.wait_until("the rest is shown", "return document.querySelectorAll('.call-row').length === 18");

    person.go("/trends?days=90");
    let tiles = browser.text(".tiles");
    assert!(tiles.contains("421"), "{tiles}");
    let charts = "return [...document.querySelectorAll('.chart')].map((chart) => [chart.querySelector('figcaption').innerText.trim(), chart.querySelectorAll('svg').length])";
    let charts = browser.run(charts);
    for title in [
        "Calls by day",
        "Calls by hour of the day",
        "Sentiment",
        "Quality of transcripts",
        "Topics",
        "Calls by user",
        "Calls by location",
    ] {
        let chart = charts.as_array().unwrap().iter().find(|chart| chart[0] == title);
        assert!(chart.is_some_and(|chart| chart[1].as_u64() > Some(0)), "{title}: {charts}");
    }
    // What a chart shows stands in its table too, and a name leads to its calls.
    let sum = "const rows = document.querySelectorAll('.chart .as-table tbody'); return [...rows[0].rows].reduce((sum, row) => sum + Number(row.cells[1].textContent), 0)";
    assert_eq!(browser.run(sum), 421);
    let bar = "const bar = [...document.querySelectorAll('.bars li')].find((bar) => bar.innerText.startsWith('Nurse line')); bar.querySelector('a').id = 'nurse'; return bar.querySelector('.number').innerText";
    let calls = browser.run(bar);
    browser.click("#nurse");
    browser.wait_until("the calls are shown", "return location.pathname === '/calls'");
    let tally = browser.text(".tally");
    assert!(tally.ends_with(&format!("of {}", calls.as_str().unwrap())), "{tally}, {calls}");
    person.heard_no_complaint();
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
