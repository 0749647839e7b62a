//! Work that is seen as it goes, stopped and let go on.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{TestDaemon, long_call, wait_until};
use crate::office::{CATEGORIES, fill};
use crate::person::{Person, drop_call, wait_for_calls};

fn drop_long_call(person: &Person) -> String {
    let part = person.daemon.inbox().join(".long.part");
    fs::write(&part, long_call("en-refund.wav", 8)).unwrap();
    fs::rename(part, person.daemon.inbox().join("long.wav")).unwrap();
    let http = person.daemon.http();
    wait_until("the call is found", || {
        let items = http.get("/api/v1/recordings/").json()["items"].take();
        items[0]["id"].as_str().map(str::to_owned)
    })
}

const BAR: &str = "const bar = document.querySelector('#queue [data-progress] progress'); return bar && bar.value > 0 ? [bar.value, bar.max] : null";

fn forecast(person: &Person) -> String {
    person.browser.text(".forecast").replace('\n', " ")
}

fn whole(value: &Value) -> u64 {
    value.as_f64().unwrap() as u64
}

#[test]
fn the_progress_of_a_transcription_is_seen_to_grow_and_cancel_ends_it() {
    let person = Person::with_calls(&[]);
    let browser = &person.browser;
    person.go("/queue");
    browser.wait_for("#queue");
    assert_eq!(forecast(&person), "Nothing to do Nothing waits.");
    browser.run("window.isTheSame = true");
    let id = drop_long_call(&person);
    let first = browser.wait_until("some of it is done", BAR);
    let told = forecast(&person);
    assert!(told.starts_with("No forecast") && told.contains("No call was transcribed yet"), "not made up: {told}");
    browser.take_picture("queue-at-work");
    let further = format!(
        "const bar = document.querySelector('#queue [data-progress] progress'); return bar && bar.value > {} ? [bar.value, bar.max] : null",
        first[0]
    );
    let second = browser.wait_until("more of it is done", &further);
    assert_eq!(first[1], second[1], "what is to be done stays");
    assert!(whole(&second[0]) <= whole(&second[1]), "{second}");
    let text = browser.text("#queue [data-progress] .number");
    assert!(text.ends_with(&format!(" of {}", whole(&second[1]))), "{text}");
    assert_eq!(browser.text(".job-head a"), "long.wav", "a call is named, not numbered");

    browser.click("#queue form[action$='/cancel'] button");
    browser.wait_until("nothing is worked on", "return document.querySelector('.jobs') === null");
    assert_eq!(browser.run("return window.isTheSame === true"), true);
    person.go(&format!("/calls/{id}"));
    browser.wait_until("the step says so", "return /cancel/i.test(document.querySelector('#steps')?.innerText ?? '')");
    person.heard_no_complaint();
}

#[test]
fn a_paused_queue_takes_nothing_up_until_it_is_resumed_and_then_forecasts_by_what_it_measured() {
    let person = Person::with_calls(&[]);
    let browser = &person.browser;
    person.go("/queue");
    browser.click("form[action='/api/v1/queue/pause'] button");
    browser.wait_for("form[action='/api/v1/queue/resume']");
    assert!(browser.text(".forecast").starts_with("Paused"));
    drop_call(&person.daemon, "en-complaint.wav", "call.wav");
    browser.wait_until(
        "the call waits",
        "return document.querySelectorAll('[aria-labelledby=waiting] tbody tr').length === 1",
    );
    assert!(browser.text("[aria-labelledby=waiting]").contains("the queue goes on"));
    browser.take_picture("queue-paused");

    browser.click("form[action='/api/v1/queue/resume'] button");
    browser.wait_until("nothing waits or runs", "return document.querySelector('.jobs') === null && document.querySelectorAll('[aria-labelledby=waiting] tbody tr').length === 0");
    browser.wait_for("form[action='/api/v1/queue/pause']");
    let http = person.daemon.http();
    wait_until("the call is done", || {
        let items = http.get("/api/v1/recordings/").json()["items"].take();
        (items[0]["processing_status"] == "completed").then_some(())
    });
    drop_long_call(&person);
    browser.wait_until("the next one is worked on", BAR);
    let told = forecast(&person);
    assert!(told.contains("of work left") && told.contains("of late a minute of call took"), "{told}");
    person.heard_no_complaint();
}

#[test]
fn a_waiting_call_is_cancelled_and_a_failed_one_retried_from_the_queue() {
    let person = Person::with_calls(&[]);
    let (browser, daemon) = (&person.browser, &person.daemon);
    fs::write(daemon.inbox().join("broken.wav"), b"RIFF and then nothing that could be heard").unwrap();
    person.go("/queue");
    let failed = "[aria-labelledby=failed]";
    browser.wait_until(
        "it has failed",
        "return document.querySelectorAll('[aria-labelledby=failed] tbody tr').length === 1",
    );
    let row = browser.text(&format!("{failed} tbody tr"));
    assert!(row.contains("broken.wav") && row.contains("Transcribe"), "{row}");
    // Paused, so that it can be seen to wait, and cancelled.
    browser.click("form[action='/api/v1/queue/pause'] button");
    browser.wait_for("form[action='/api/v1/queue/resume']");
    browser.click(&format!("{failed} tbody form button"));
    browser
        .wait_until("it waits", "return document.querySelectorAll('[aria-labelledby=waiting] tbody tr').length === 1");
    assert!(browser.text(failed).contains("Nothing has failed."));
    browser.click("[aria-labelledby=waiting] form[action$='/cancel'] button");
    browser.wait_until(
        "it waits no more",
        "return document.querySelectorAll('[aria-labelledby=waiting] tbody tr').length === 0",
    );
    person.heard_no_complaint();
}

/// A model that can be broken and mended beside the daemon that uses it.
fn own_model(folder: &Path) -> (PathBuf, String) {
    let model = folder.join("mini-q8_0.bin");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/models/mini-q8_0.bin"), &model).unwrap();
    let config = format!("[transcribe]\nmodel = {model:?}\n");
    (model, config)
}

#[test]
fn what_waits_for_a_person_is_tried_at_once_when_that_person_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (model, config) = own_model(folder.path());
    let person = Person::at(TestDaemon::start(&config));
    let browser = &person.browser;
    let whole = fs::read(&model).unwrap();
    fs::write(&model, &whole[..whole.len() / 2]).unwrap();
    drop_call(&person.daemon, "en-complaint.wav", "call.wav");
    person.go("/queue");
    browser.wait_for(".parked form[action='/api/v1/queue/try-parked'] button");
    let text = browser.text(".parked");
    assert!(text.contains("Transcription waits for you.") && text.contains("Tried again by itself at"), "{text}");
    browser.take_picture("queue-parked");

    // Not mended, it waits again, and says until when.
    const UNTIL: &str = "return document.querySelector('.parked time')?.dateTime ?? null";
    let until = browser.run(UNTIL);
    browser.click(".parked button");
    browser.wait_until(
        "it waits until later",
        &format!("const until = document.querySelector('.parked time')?.dateTime; return until && until !== {until}"),
    );

    fs::write(&model, whole).unwrap();
    browser.click(".parked button");
    browser.wait_until("nothing waits", "return document.querySelector('.parked') === null");
    let calls = wait_for_calls(&person.daemon, 1);
    assert_eq!(calls[0]["processing_status"], "completed", "{}", calls[0]);
    person.heard_no_complaint();
}

#[test]
fn what_failed_is_listed_counted_and_retried_as_one_set() {
    let person = Person::at(TestDaemon::start_on("", CATEGORIES, fill));
    let browser = &person.browser;
    wait_for_calls(&person.daemon, 50);
    person.go("/queue");
    let count = browser.text("#failed .count");
    let calls = person.daemon.http();
    let total =
        |query: &str| calls.get(&format!("/api/v1/recordings/?limit=1&{query}")).json()["total"].as_u64().unwrap();
    assert!(total("failed_step=fetch_metadata&status=partial") > 0, "some have everything but one step");
    assert_eq!(count, total("failed_step=any").to_string());
    assert_eq!(browser.text("form[action$='/retry-failed'] button"), format!("Retry all {count}"));
    let table = browser.text("[aria-labelledby=failed] tbody");
    assert!(table.contains("Transcribe") && table.contains("Fetch metadata"), "{table}");
    person.go("/calls?failed_step=any");
    assert!(browser.text(".tally").ends_with(&format!("of {count}")), "{}", browser.text(".tally"));

    // Paused, so that all of them can be seen to wait.
    person.go("/queue");
    browser.click("form[action='/api/v1/queue/pause'] button");
    browser.wait_for("form[action='/api/v1/queue/resume']");
    browser.click("form[action$='/retry-failed'] button");
    browser.wait_until(
        "none has failed any more",
        "return document.querySelector('[aria-labelledby=failed]').innerText.includes('Nothing has failed.')",
    );
    browser.wait_until(
        "all of them wait",
        &format!("return document.querySelector('#waiting .count').innerText === '{count}'"),
    );
    person.heard_no_complaint();
}
