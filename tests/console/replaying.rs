//! What sinks were told is seen, and told again, from the console.

use std::sync::atomic::Ordering;

use crate::common::TestDaemon;
use crate::person::{Person, drop_call, wait_for_calls};
use crate::sink::Sink;

#[test]
fn a_delivery_is_seen_and_replayed_from_its_page() {
    let sink = Sink::that_answers(200);
    let folder = tempfile::tempdir().unwrap();
    let config = sink.config(folder.path(), "crm");
    let person = Person::at(TestDaemon::start(&config));
    let browser = &person.browser;
    drop_call(&person.daemon, "en-refund.wav", "call.wav");
    wait_for_calls(&person.daemon, 1);
    person.go("/system");
    browser.click("a[href='/system/webhooks/crm']");
    browser
        .wait_until("it was delivered", "return document.querySelectorAll('#deliveries .badge.is-done').length === 1");
    let row = browser.text("#deliveries tbody tr");
    assert!(row.contains("call.wav") && row.contains("Completed") && row.contains("Delivered"), "{row}");
    browser.take_picture("webhook-delivered");

    // Refused the second time, it stands as pending with the reason; taken the third, it is delivered.
    sink.answer.store(503, Ordering::SeqCst);
    browser.run("window.isTheSame = true");
    browser.click("#deliveries form[action$='/replay'] button");
    browser.wait_until(
        "the reason is shown",
        "return /503/.test(document.querySelector('#deliveries tbody')?.innerText ?? '')",
    );
    assert!(browser.text("#deliveries tbody tr").contains("Pending"));
    assert_eq!(browser.run("return window.isTheSame === true"), true);
    assert_eq!(sink.heard.load(Ordering::SeqCst), 2);

    sink.answer.store(200, Ordering::SeqCst);
    browser.click("form[data-api=tests] button");
    browser.wait_until(
        "the test went well",
        "return /took the test event/.test(document.querySelector('.outcome').innerText)",
    );
    person.go("/system");
    assert!(browser.text("[aria-labelledby=egress]").contains(&sink.address.to_string()), "where data has gone");
    person.heard_no_complaint();
}
