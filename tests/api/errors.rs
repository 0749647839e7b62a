//! Every error has one shape and names what is wrong.

use crate::seed::Served;

fn refused(served: &Served, method: &str, target: &str) -> String {
    let answer = served.http.send(method, target, &[]);
    assert_eq!(answer.status, 400, "{target}: {}", answer.text());
    assert_eq!(answer.error_code(), "bad_parameter", "{target}");
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn every_bad_list_parameter_is_named_with_its_value_and_what_is_allowed() {
    let served = Served::empty();
    let messages: Vec<String> = [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=ten",
        "limit=1e2",
        "limit=",
        "limit=18446744073709551616",
        "skip=-1",
        "skip=10000001",
        "offset=x",
        "status=done",
        "provider=zoom",
        "failed_step=ring",
        "has_transcript=maybe",
        "min_quality=1.01",
        "min_quality=-0.1",
        "min_quality=NaN",
        "min_quality=inf",
        "from_date=yesterday",
        "start_date=2026-02-30",
        "to_date=2026-13-01",
        "end_date=",
        "phone_number=abc",
        "phone_number=000",
        "language=english",
        "language=e",
        "limit=1&limit=2",
        "skip=1&offset=1",
        "stauts=completed",
        "from_date=2026-11-21&to_date=2026-11-20",
    ]
    .iter()
    .map(|query| format!("{query}\n    {}", refused(&served, "GET", &format!("/api/v1/recordings/?{query}"))))
    .collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn every_bad_parameter_elsewhere_is_named_too() {
    let served = Served::empty();
    let id = served.discover("call-1", "2026-11-20T09:00:00Z", &crate::seed::refund_call());
    let messages: Vec<String> = [
        ("POST", "fetch?hours=0"),
        ("POST", "fetch?hours=169"),
        ("POST", "fetch?limit=1001"),
        ("POST", "fetch?wait=y"),
        ("POST", "fetch?hour=1"),
        ("POST", "call-1/reprocess?steps=transcribe,dream"),
        ("POST", "call-1/reprocess?steps="),
        ("POST", "call-1/reprocess?model=large-v3"),
        ("DELETE", "call-1?delete_from_provider=maybe"),
        ("DELETE", "call-1?delete_from_webex=yes"),
        ("GET", "call-1/transcript?format=pdf"),
        ("GET", "call-1?verbose=1"),
        ("GET", "call-1/audio?download=1"),
        ("GET", "stats/summary?by=day"),
    ]
    .iter()
    .map(|(method, rest)| {
        format!("{method} {rest}\n    {}", refused(&served, method, &format!("/api/v1/recordings/{rest}")))
    })
    .collect();
    insta::assert_snapshot!(messages.join("\n"));
    assert!(served.store.get(id).unwrap().unwrap().deletion.is_none());
}

#[test]
fn a_long_or_wild_value_is_not_repeated_whole() {
    let served = Served::empty();
    let message = refused(&served, "GET", &format!("/api/v1/recordings/?status=%0d%0aX-Evil:%201{}", "a".repeat(5000)));
    assert!(message.len() < 300 && !message.contains('\n'), "{message}");
}

#[test]
fn text_too_long_to_search_for_is_refused() {
    let served = Served::empty();
    refused(&served, "GET", &format!("/api/v1/recordings/?search_text={}", "a".repeat(257)));
}

#[test]
fn unknown_paths_ids_and_methods_have_the_shape_of_errors() {
    let served = Served::empty();
    let answer = |method: &str, target: &str| {
        let answer = served.http.send(method, target, &["Content-Length: 0"]);
        (answer.status, answer.error_code())
    };
    let not_found = (404, "not_found".to_owned());
    assert_eq!(answer("GET", "/nowhere"), not_found);
    assert_eq!(answer("GET", "/api/v1/recording"), not_found);
    assert_eq!(answer("GET", "/api/v1/recordings/01890a5d-ac96-774b-bcce-b302099a8057"), not_found);
    assert_eq!(answer("GET", "/api/v1/recordings/..%2f..%2fetc%2fpasswd/audio"), not_found);
    assert_eq!(answer("DELETE", "/api/v1/recordings/nobody"), not_found);
    assert_eq!(answer("POST", "/api/v1/recordings/nobody/reprocess"), not_found);
    assert_eq!(answer("PUT", "/api/v1/recordings/"), (405, "method_not_allowed".to_owned()));
    assert_eq!(answer("GET", "/api/v1/recordings/nobody/reprocess"), (405, "method_not_allowed".to_owned()));
}

#[test]
fn a_refused_method_names_the_right_ones() {
    let served = Served::empty();
    let answer = served.http.send("PATCH", "/api/v1/recordings/nobody", &["Content-Length: 0"]);
    assert_eq!(answer.header("allow"), Some("GET,HEAD,DELETE"));
    assert!(answer.text().contains("named under Allow"));
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let served = Served::empty();
    let answer = served.http.send("POST", "/api/v1/recordings/fetch", &["Content-Length: 1001"]);
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "body_too_large"));
}

#[test]
fn a_path_that_is_no_text_is_refused() {
    let served = Served::empty();
    let answer = served.http.get("/api/v1/recordings/%ff%fe");
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"));
}
