//! Out of range is 400 with the parameter, the value and what is allowed; unknown is 404; the wrong state is 409 and named.

use callscribe::store::{BootId, ClaimOrder, ClaimRequest, Lane};

use crate::seed::{Served, at};

/// What a list may be asked with, each with values that are out of range, and words of what is allowed.
const OUT_OF_RANGE: &[(&str, &[&str], &str)] = &[
    ("limit", &["0", "501", "-1", "1.5", "ten", "", "99999999999999999999"], "a whole number from 1 to 500"),
    ("skip", &["-1", "10000001", "x"], "a whole number from 0 to 10000000"),
    ("offset", &["-1", "10000001"], "a whole number from 0 to 10000000"),
    ("cursor", &["x", "AAAA"], "what a page gave as next_cursor"),
    ("status", &["done", "complete"], "pending, processing, completed, partial or failed"),
    ("from_date", &["yesterday", "2026-02-30", "1", ""], "a date"),
    ("start_date", &["2026-13-01"], "a date"),
    ("to_date", &["2026-11-20T25:00:00Z", ""], "a date"),
    ("end_date", &["tomorrow"], "a date"),
    ("provider", &["zoom"], "folder, twilio, ringcentral, webex or upload"),
    ("phone_number", &["abc", "000", "%2B"], "a telephone number"),
    ("has_transcript", &["maybe", "yes", "2"], "true or false"),
    ("min_quality", &["-0.1", "1.01", "NaN", "inf", "good"], "a number from 0 to 1"),
    ("language", &["english", "e", "12"], "a language code"),
    ("sentiment", &["angry", "0.5"], "positive, neutral or negative"),
    ("owner", &["LONG", "a%00b"], "at most 256 characters"),
    ("location", &["LONG"], "at most 256 characters"),
    ("queue", &["LONG"], "at most 256 characters"),
    ("account", &["LONG"], "at most 256 characters"),
    ("category", &["LONG"], "at most 256 characters"),
    ("metadata.a", &["", "LONG"], "a path and a value of 1 to 256 characters"),
    ("metadata.", &["x"], "a path and a value of 1 to 256 characters"),
];

/// Refused with `name`, `value` (as far as it is repeated) and `allowed`.
fn refused(served: &Served, target: &str, name: &str, value: &str, allowed: &str) {
    let long = "a".repeat(257);
    let answer = served.http.get(&format!("/api/v1/{target}{name}={}", value.replace("LONG", &long)));
    let about = format!("{target}{name}={value}: {}", answer.text());
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_parameter"), "{about}");
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    let shown = value.replace("LONG", "aaaa").replace("%00", "").replace("%2B", "+");
    assert!(message.contains(&format!("Parameter {name}")) || message.contains(&format!("'{name}'")), "{about}");
    assert!(message.contains(&shown) && message.contains(allowed), "{about}");
}

#[test]
fn every_parameter_of_every_list_out_of_range_is_named_with_its_value_and_what_is_allowed() {
    let served = Served::empty();
    served.discover("call-1", "2026-11-20T09:00:00Z", &crate::seed::refund_call());
    for list in ["recordings/?", "search?q=refund&", "numbers/200?"] {
        for (name, values, allowed) in OUT_OF_RANGE {
            for value in *values {
                refused(&served, list, name, value, allowed);
            }
        }
        let dates = "from_date=2026-11-21&to_date";
        let answer = served.http.get(&format!("/api/v1/{list}{dates}=2026-11-20"));
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400);
        assert_eq!(
            message,
            "Parameter from_date is '2026-11-21'; it must be no later than to_date, which is '2026-11-20'."
        );
        let many: String = (0..17).map(|n| format!("metadata.f{n}=1&")).collect();
        assert_eq!(served.http.get(&format!("/api/v1/{list}{many}")).status, 400);
    }
    refused(&served, "recordings/?", "search_text", "LONG", "at most 256 characters");
    refused(&served, "search?", "q", "LONG", "at most 256 characters");
    refused(&served, "search?q=a&", "speaker", "LONG", "at most 256 characters");
    refused(&served, "search?q=refund&", "sort", "worst", "score or newest");
}

#[test]
fn parameters_elsewhere_keep_to_their_ranges_too() {
    let served = Served::empty();
    for (target, name, value, allowed) in [
        ("numbers?", "limit", "501", "a whole number from 1 to 500"),
        ("numbers?", "skip", "-1", "a whole number from 0 to 10000000"),
        ("numbers?", "search", "abc", "a telephone number"),
        ("jobs?", "limit", "0", "a whole number from 1 to 500"),
        ("jobs?", "limit", "501", "a whole number from 1 to 500"),
        ("queue?", "limit", "x", "a whole number from"),
        ("analytics/volume?", "by", "colour", "day"),
        ("analytics/volume?", "limit", "1001", "a whole number from 1 to 1000"),
        ("analytics/quality?", "from_date", "x", "a date"),
        ("analytics/topics?from_date=2026-11-20&", "to_date", "soon", "a date"),
    ] {
        refused(&served, target, name, value, allowed);
    }
}

#[test]
fn what_is_unknown_is_not_found_whatever_is_asked_of_it() {
    let served = Served::empty();
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (method, path) in [
        ("GET", "recordings/ID"),
        ("DELETE", "recordings/ID"),
        ("GET", "recordings/ID/transcript"),
        ("GET", "recordings/ID/opinion"),
        ("GET", "recordings/ID/audio"),
        ("GET", "recordings/ID/stream"),
        ("GET", "recordings/download/ID/audio"),
        ("GET", "recordings/ID/waveform"),
        ("POST", "recordings/ID/reprocess"),
        ("POST", "recordings/ID/cancel"),
        ("GET", "jobs/ID"),
        ("DELETE", "jobs/ID"),
        ("GET", "numbers/4711"),
        ("GET", "webhooks/ID/deliveries"),
        ("POST", "webhooks/ID/deliveries/1/replay"),
        ("POST", "webhooks/ID/test"),
        ("POST", "providers/ID/check"),
        ("GET", "recordings/test/ID-access"),
        ("GET", "analytics/ID"),
    ] {
        for unknown in [id, "nobody", "0", "..%2f..%2fetc%2fpasswd", "%20"] {
            let target = format!("/api/v1/{}", path.replace("ID", unknown));
            let answer = served.http.send(method, &target, &["Content-Length: 0"]);
            assert_eq!((answer.status, answer.error_code().as_str()), (404, "not_found"), "{method} {target}");
        }
    }
    assert_eq!(served.http.get("/api/v1/events?recording=nobody").error_code(), "not_found");
}

#[test]
fn a_wrong_state_is_refused_and_named() {
    let (served, archive) = Served::archive();
    let refused = |method: &str, path: &str, code: &str, says: &str| {
        let answer = served.http.send(method, &format!("/api/v1/{path}"), &["Content-Length: 0"]);
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, answer.error_code().as_str()), (409, code), "{method} {path}: {message}");
        assert!(message.contains(says), "{method} {path}: {message}");
    };
    refused("POST", "recordings/call-1/cancel", "wrong_state", "it is completed");
    refused("POST", "recordings/call-3/cancel", "wrong_state", "it is failed");
    for (call, says) in [("call-2", "is waiting until 2030"), ("call-3", "is skipped"), ("call-4", "is pending")] {
        refused("GET", &format!("recordings/{call}/transcript"), "not_available", says);
    }
    refused("GET", "recordings/call-3/audio", "not_available", "is failed");
    refused("GET", "recordings/call-4/stream", "not_available", "is pending");
    refused("GET", "recordings/download/call-4/audio", "not_available", "is pending");
    served.store.set_legal_hold(archive.completed, true, at("2026-11-20T13:00:00Z")).unwrap();
    refused("DELETE", "recordings/call-1", "legal_hold", "legal hold");
    let (boot, lane, order) = (BootId::from_u128(1), Lane::Light, ClaimOrder::NewestFirst);
    let claim = served.store.claim(at("2026-11-20T13:00:00Z"), &ClaimRequest { boot, lane, order, attempts_max: 8 });
    assert_eq!(claim.unwrap().unwrap().id(), archive.pending);
    refused("POST", "recordings/call-4/reprocess", "wrong_state", "fetch_details is running");
}

#[test]
fn a_job_that_has_ended_is_not_cancelled_again() {
    let (served, _) = Served::archive();
    let job = served.http.post("/api/v1/recordings/call-1/reprocess").json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!(served.http.delete(&format!("/api/v1/jobs/{job}")).status, 200);
    let again = served.http.delete(&format!("/api/v1/jobs/{job}"));
    assert_eq!((again.status, again.error_code().as_str()), (409, "wrong_state"));
    assert!(again.text().contains("it is cancelled"), "{}", again.text());
}
