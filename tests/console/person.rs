//! A person at the console: a daemon with calls and a browser that is signed in.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::browser::Browser;
use crate::common::{TestDaemon, wait_until};

pub const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls");

pub struct Person {
    pub daemon: TestDaemon,
    pub browser: Browser,
}

impl Person {
    /// Signed in, with these sample calls transcribed.
    pub fn with_calls(names: &[&str]) -> Self {
        let person = Self::at(TestDaemon::start(""));
        let daemon = &person.daemon;
        names.iter().for_each(|name| drop_call(daemon, name, name));
        wait_for_calls(daemon, names.len());
        person
    }

    /// Signed in at this daemon.
    pub fn at(daemon: TestDaemon) -> Self {
        daemon.wait_until_ready();
        let person = Self { daemon, browser: Browser::open() };
        person.sign_in();
        person
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.daemon.http().address)
    }

    pub fn go(&self, path: &str) {
        self.browser.go(&self.address(path));
    }

    /// As `callscribe console` shows the way.
    pub fn sign_in(&self) {
        self.browser.go(&console_link(&self.daemon));
        self.browser.wait_until("the calls are shown", "return location.pathname === '/calls'");
    }

    /// No page has complained so far.
    pub fn heard_no_complaint(&self) {
        let complaints = self.browser.complaints();
        assert!(complaints.is_empty(), "the browser complained:\n{}", complaints.join("\n"));
    }
}

/// What `callscribe console` prints.
pub fn console_link(daemon: &TestDaemon) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_callscribe"));
    let output = program.arg("--config").arg(daemon.config()).args(["console", "--print"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    link_in(&String::from_utf8(output.stdout).unwrap())
}

/// The one-time link in what a program printed.
pub fn link_in(text: &str) -> String {
    let link = text.split_whitespace().find(|word| word.starts_with("http://") && word.contains("/sign-in?code="));
    link.unwrap_or_else(|| panic!("no link in: {text}")).to_owned()
}

pub fn drop_call(daemon: &TestDaemon, sample: &str, name: &str) {
    let part = daemon.inbox().join(format!(".{name}.part"));
    fs::copy(Path::new(SAMPLES).join(sample), &part).unwrap();
    fs::rename(part, daemon.inbox().join(name)).unwrap();
}

/// All recordings, once there are `count` and none has work to do.
pub fn wait_for_calls(daemon: &TestDaemon, count: usize) -> Vec<Value> {
    let http = daemon.http();
    wait_until("the calls are transcribed", || {
        let items = http.get("/api/v1/recordings/").json()["items"].as_array().cloned().unwrap_or_default();
        let ended = |item: &Value| !matches!(item["processing_status"].as_str(), Some("pending" | "processing"));
        (items.len() >= count && items.iter().all(ended)).then_some(items)
    })
}
