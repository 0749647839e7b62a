//! What pages are made of, without a browser: their policy, their files, hostile text.

use std::fs;

use crate::common::{Answer, TestDaemon, wait_until};

fn page(daemon: &TestDaemon, path: &str) -> Answer {
    daemon.http().send("GET", path, &["Accept: text/html"])
}

#[test]
fn every_page_runs_our_own_scripts_and_nothing_else() {
    let daemon = TestDaemon::start("");
    for path in
        ["/calls", "/numbers", "/queue", "/trends", "/system", "/sign-in?code=none", "/nothing", "/calls/nobody"]
    {
        let answer = page(&daemon, path);
        let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path} has no policy"));
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let text = answer.text();
        for inline in [" style=", " onclick=", "<style", "javascript:"] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
        assert!(!text.replace("<script src=", "").replace("<script type=\"module\" src=", "").contains("<script"));
    }
}

#[test]
fn a_file_is_kept_for_ever_under_a_name_that_changes_with_it() {
    let daemon = TestDaemon::start("");
    let sign_in = page(&daemon, "/sign-in?code=none");
    let text = sign_in.text();
    let style = text.split('"').find(|part| part.starts_with("/static/console.")).unwrap();
    // Open: who is not signed in yet sees the page that says how.
    let host = format!("Host: {}", daemon.http().address);
    let answer = daemon.http().raw("GET", style, &[&host]);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert!(answer.header("cache-control").unwrap().contains("immutable"));
    let etag = format!("If-None-Match: {}", answer.header("etag").unwrap());
    assert_eq!(daemon.http().raw("GET", style, &[&host, &etag]).status, 304);
    assert_eq!(daemon.http().raw("GET", "/static/console.css", &[&host]).status, 404);
}

#[test]
fn a_page_that_is_not_there_says_so_to_people_as_a_page_and_to_programs_as_json() {
    let daemon = TestDaemon::start("");
    for path in ["/nothing", "/calls/nobody"] {
        let answer = page(&daemon, path);
        assert_eq!((answer.status, answer.header("content-type")), (404, Some("text/html; charset=utf-8")), "{path}");
        assert!(answer.text().contains("Back to the calls"));
    }
    assert_eq!(daemon.http().get("/nothing").error_code(), "not_found");
    let refused = page(&daemon, "/calls?from_date=yesterday");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("from_date is &#39;yesterday&#39;"), "{}", refused.text());
}

#[test]
fn what_a_file_is_called_is_text_wherever_it_stands() {
    let daemon = TestDaemon::start("");
    daemon.wait_until_ready();
    let name = "<img src=x onerror=alert(1)>\"'&.wav";
    fs::write(daemon.inbox().join(name), b"no sound at all, but enough bytes to be looked at once").unwrap();
    let everywhere = || {
        let pages = ["/calls", "/system", "/queue"].map(|path| page(&daemon, path).text().to_owned());
        pages.iter().any(|text| text.contains("onerror")).then_some(pages)
    };
    for text in wait_until("the name is shown somewhere", everywhere) {
        assert!(!text.contains("<img"), "{text}");
    }
}

#[test]
fn a_form_with_empty_fields_asks_for_everything() {
    let daemon = TestDaemon::start("");
    let path = "/calls?search_text=&status=&provider=&has_transcript=&phone_number=&language=&from_date=&to_date=";
    let answer = page(&daemon, path);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("No calls yet"));
}
