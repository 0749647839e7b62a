//! What reaches the log, through the subscriber the program uses.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use callscribe::observe::{Style, mask, subscriber};
use tracing::{error, info, info_span, warn};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(style: Style, events: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = subscriber("info", style, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, events);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// A number and a token in every place a module could put one.
fn careless_events() {
    let _span =
        info_span!("call", caller = "+1 (555) 010-9999", id = %"01890a5d-ac96-774b-bcce-b302099a8057").entered();
    info!(callee = 34_600_123_456_u64, size_bytes = 10_803_593_u64, "A call from 5550109999 came in.");
    warn!(path = "/srv/in/20261121-134501-34600123456.wav", "A file is \"555-010-9999.wav\".");
    error!(
        authorization = "Bearer canary.abcdef-123",
        api_token = "canary-value",
        "GET https://user:canary@example.org/?token=canary1 failed"
    );
    info!(error = ?io::Error::other("Bearer canarycanary and tel:+442079460000"), "It went wrong.");
}

#[test]
fn no_telephone_number_and_no_secret_reaches_the_log() {
    for style in [Style::Text, Style::Journal, Style::Json] {
        let log = logged(style, careless_events);
        for sensitive in ["canary", "0109999", "010-9999", "600123456", "9460000"] {
            assert!(!log.contains(sensitive), "{sensitive} in {log}");
        }
        for useful in ["01890a5d-ac96-774b-bcce-b302099a8057", "10803593", "/srv/in/", "example.org", "It went wrong."]
        {
            assert!(log.contains(useful), "{useful} not in {log}");
        }
    }
}

#[test]
fn the_journal_gets_levels_and_no_times() {
    insta::assert_snapshot!(logged(Style::Journal, careless_events));
}

#[test]
fn json_stays_json() {
    let log = logged(Style::Json, careless_events);
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["size_bytes"], 10_803_593);
    assert_eq!(lines[0]["callee"], "[number]");
    assert_eq!(lines[2]["api_token"], "[secret]");
}

#[test]
fn what_a_person_needs_is_left_alone() {
    for text in [
        "2026-11-21T02:15:00.123456789Z",
        "listening on 127.0.0.1:8377",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "duration_ms=36000000",
        "confidence=0.98765432",
        "pid=4194304",
        "attempt 3 of 8, http status 503",
    ] {
        assert_eq!(mask(text), text);
    }
}

#[test]
fn numbers_are_masked_however_they_are_written() {
    for number in
        ["5550109999", "+34 600 123 456", "(555) 010-9999", "555.010.9999", "+442079460000", "tel:0044-2079460000"]
    {
        let masked = mask(&format!("call from {number} now"));
        assert!(masked.contains("[number]"), "{masked}");
        assert!(!masked.contains("9999") && !masked.contains("123 456") && !masked.contains("9460000"), "{masked}");
    }
}
