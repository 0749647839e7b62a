//! In by a one-time link, out by a button.

use crate::browser::Browser;
use crate::common::{Http, TestDaemon, wait_until};
use crate::person::{console_link, link_in};

/// A request as a browser makes it when somebody opens a page.
fn page(http: &Http, path: &str, cookie: &str) -> crate::common::Answer {
    let host = format!("Host: {}", http.address);
    http.raw("GET", path, &[&host, "Accept: text/html", &format!("Cookie: {cookie}")])
}

#[test]
fn the_link_of_the_first_start_signs_one_browser_in_once() {
    let daemon = TestDaemon::start("");
    let browser = Browser::open();
    browser.go(&format!("http://{}/", daemon.http().address));
    assert!(browser.url().ends_with("/sign-in"), "{}", browser.url());
    assert!(browser.text("main").contains("callscribe console"));
    let printed = || Some(daemon.log()).filter(|log| log.contains("/sign-in?code="));
    let link = link_in(&wait_until("the link is printed", printed));
    browser.go(&link);
    browser.wait_until("the calls are shown", "return location.pathname === '/calls'");
    assert_eq!(browser.text("h1"), "Calls");
    assert_eq!(browser.run("return document.cookie"), "", "no script sees the session");

    browser.click("form[action='/sign-out'] button");
    browser.wait_until("the sign-in page is shown", "return location.pathname === '/sign-in'");
    assert!(browser.text("main").contains("You are signed out"));
    browser.go(&format!("http://{}/calls", daemon.http().address));
    assert!(browser.url().ends_with("/sign-in"));
    browser.go(&link);
    assert!(browser.text("main").contains("no longer good"));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_restart_signs_out() {
    let mut daemon = TestDaemon::start("");
    let http = daemon.http();
    let link = console_link(&daemon);
    let answer = page(&http, link.split_once(&http.address.to_string()).unwrap().1, "");
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for promise in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(promise), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(page(&http, "/calls", cookie).status, 200);
    daemon.stop();
    daemon.restart();
    assert_eq!(page(&daemon.http(), "/calls", cookie).status, 303);
}

#[test]
fn a_session_changes_nothing_at_another_pages_bidding() {
    let daemon = TestDaemon::start("");
    let http = daemon.http();
    let link = console_link(&daemon);
    let answer = page(&http, link.split_once(&http.address.to_string()).unwrap().1, "");
    let cookie = format!("Cookie: {}", answer.header("set-cookie").unwrap().split(';').next().unwrap());
    let host = format!("Host: {}", http.address);
    let post = |more: &[&str]| {
        let lines = [&[host.as_str(), cookie.as_str(), "Content-Length: 0"], more].concat();
        http.raw("POST", "/api/v1/recordings/fetch?hours=1", &lines).status
    };
    assert_eq!(post(&[]), 403);
    assert_eq!(post(&["Sec-Fetch-Site: cross-site"]), 403);
    assert_eq!(post(&["Sec-Fetch-Site: same-site"]), 403);
    assert_eq!(post(&["Origin: http://localhost:3000"]), 403);
    assert!(post(&["Sec-Fetch-Site: same-origin"]) < 300);
}

#[test]
fn a_later_start_prints_no_link_where_nobody_sits() {
    let mut daemon = TestDaemon::start("");
    let links = |log: String| log.matches("/sign-in?code=").count();
    wait_until("the first start prints a link", || (links(daemon.log()) == 1).then_some(()));
    daemon.stop();
    daemon.restart();
    assert_eq!(links(daemon.log()), 1);
}
