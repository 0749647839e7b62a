//! A session's cookie opens, and no other page can make use of it.

use std::sync::Arc;

use callscribe::config::Role;
use callscribe::serve::{Caller, Door, Proof, Sessions};

use crate::seed::Served;

/// One session there is: `good`.
struct OneSession;

impl Sessions for OneSession {
    fn caller(&self, cookie: &str) -> Option<Caller> {
        let caller = Caller { name: "console".to_owned(), role: Role::Operate, proof: Proof::Session };
        (cookie == "good").then_some(caller)
    }

    fn is_open(&self, path: &str) -> bool {
        path == "/console/sign-in"
    }

    fn sign_in_page(&self) -> Option<&'static str> {
        Some("/console/sign-in")
    }
}

const COOKIE: &str = "Cookie: theme=dark; callscribe_session=good";
const FETCH: &str = "/api/v1/recordings/fetch";

fn served() -> Served {
    Served::behind(Door { sessions: Some(Arc::new(OneSession)), ..Door::default() })
}

fn asked(served: &Served, method: &str, target: &str, headers: &[&str]) -> (u16, String) {
    let host = format!("Host: {}", served.http.address);
    let answer = served.http.raw(method, target, &[&[host.as_str(), "Content-Length: 0"], headers].concat());
    let code = if answer.status >= 400 { answer.error_code() } else { String::new() };
    (answer.status, code)
}

#[test]
fn the_cookie_of_a_session_opens() {
    let served = served();
    assert_eq!(asked(&served, "GET", "/api/v1/queue", &[COOKIE]).0, 200);
    assert_eq!(asked(&served, "GET", "/api/v1/queue", &["Cookie: callscribe_session=other"]).0, 401);
    let twice = "Cookie: callscribe_session=good; callscribe_session=other";
    assert_eq!(asked(&served, "GET", "/api/v1/queue", &[twice]).0, 401);
}

#[test]
fn a_wrong_token_is_not_made_good_by_a_cookie() {
    let served = served();
    assert_eq!(asked(&served, "GET", "/api/v1/queue", &[COOKIE, "Authorization: Bearer wrong"]).0, 401);
}

#[test]
fn no_other_page_changes_anything_with_it() {
    let served = served();
    let refused = (403, "cross_origin".to_owned());
    for page in [
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: none",
        "Origin: https://evil.example",
        "Origin: http://127.0.0.1:1",
        "Origin: null",
        "X-Nothing: to tell",
    ] {
        assert_eq!(asked(&served, "POST", FETCH, &[COOKIE, page]), refused, "{page}");
    }
    assert!(served.loops.with(|report| report.reaches.is_empty()), "nothing was begun");
}

#[test]
fn our_own_pages_may() {
    let served = served();
    let origin = format!("Origin: http://{}", served.http.address);
    for page in ["Sec-Fetch-Site: same-origin", &origin] {
        assert_eq!(asked(&served, "POST", FETCH, &[COOKIE, page]).0, 202, "{page}");
    }
}

#[test]
fn a_program_with_a_token_needs_no_page() {
    let served = served();
    let token = format!("Authorization: Bearer {}", served.http.token);
    assert_eq!(asked(&served, "POST", FETCH, &[&token, "Sec-Fetch-Site: cross-site"]).0, 202);
}

#[test]
fn the_role_of_a_session_holds() {
    let served = served();
    let ours = "Sec-Fetch-Site: same-origin";
    let code = asked(&served, "DELETE", "/api/v1/recordings/nobody", &[COOKIE, ours]);
    assert_eq!(code, (403, "role_too_low".to_owned()));
}

#[test]
fn a_browser_without_a_session_is_sent_to_sign_in_and_a_program_is_refused() {
    let served = served();
    let host = format!("Host: {}", served.http.address);
    let page = served.http.raw("GET", "/calls", &[&host, "Accept: text/html,*/*"]);
    assert_eq!((page.status, page.header("location")), (303, Some("/console/sign-in")));
    assert_eq!(served.http.raw("GET", "/calls", &[&host, "Accept: application/json"]).status, 401);
    assert_eq!(served.http.raw("GET", "/console/sign-in", &[&host]).status, 404, "open, though nothing is there yet");
}
