//! A headless Chromium, driven through chromedriver by the W3C's WebDriver protocol: JSON over HTTP, by hand.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{PATIENCE, wait_until};

/// Flags for a browser that nobody sees and that asks nobody but us.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
];
/// How WebDriver names an element in an answer.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser of its own, with a fresh profile; gone with this value.
pub struct Browser {
    driver: Child,
    _profile: TempDir,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    session: String,
}

/// A width and height in CSS pixels.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
}

pub const DESK: Screen = Screen { width: 1280, height: 860 };
pub const PHONE: Screen = Screen { width: 390, height: 844 };

/// The path of a tool that `.ci/with-tools` names in the environment.
pub fn tool(variable: &str) -> PathBuf {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists()).unwrap_or_else(|| {
        panic!("{variable} does not name a file. Run the tests as '.ci/with-tools cargo test', which installs the browser's tools.")
    })
}

impl Browser {
    pub fn open() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(tool("CALLSCRIBE_CHROMEDRIVER"))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let started = lines.find_map(|line| {
            let line = line.ok()?;
            line.contains("started successfully on port").then(|| line.trim_end_matches('.').to_owned())
        });
        let port = started.and_then(|line| line.rsplit(' ').next().map(str::to_owned)).expect("chromedriver's port");
        // A pipe nobody reads would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut browser =
            Self { driver, _profile: profile, client, runtime, session: format!("http://127.0.0.1:{port}/session") };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let flags: Vec<&str> = FLAGS.iter().copied().chain([profile.as_str()]).collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let id = browser.post("", &wanted)["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser.resize(DESK);
        browser
    }

    fn ask(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let mut request = self.client.request(method, format!("{}{path}", self.session));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.runtime.block_on(async { request.send().await?.json::<Value>().await });
        let value = answer.expect("chromedriver answers")["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(reqwest::Method::POST, path, Some(body)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Asks Chromium itself, for what WebDriver has no words.
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    pub fn go(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    pub fn url(&self) -> String {
        self.ask(reqwest::Method::GET, "/url", None).unwrap().as_str().unwrap_or_default().to_owned()
    }

    /// Runs the body of a function in the page.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The same for one that calls its last argument with the answer.
    pub fn run_until_called(&self, script: &str) -> Value {
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    fn find(&self, selector: &str) -> Option<String> {
        let found =
            self.ask(reqwest::Method::POST, "/element", Some(&json!({ "using": "css selector", "value": selector })));
        found.ok()?[ELEMENT].as_str().map(str::to_owned)
    }

    /// Waits until there is such an element.
    pub fn wait_for(&self, selector: &str) -> String {
        wait_until(&format!("the page has {selector}"), || self.find(selector))
    }

    /// Does something with an element. Pages put new ones in the place of others whenever there is news: then with that.
    fn on(&self, selector: &str, what: &str, body: &Value) {
        wait_until(&format!("{selector} stays long enough for {what}"), || {
            let path = format!("/element/{}/{what}", self.wait_for(selector));
            match self.ask(reqwest::Method::POST, &path, Some(body)) {
                Ok(_) => Some(()),
                Err(error) if error.starts_with("stale element reference") => None,
                Err(error) => panic!("{selector}: {error}"),
            }
        });
    }

    /// Presses an element as a pointer does: what lies on top of it, or is out of sight, fails.
    pub fn click(&self, selector: &str) {
        self.on(selector, "click", &json!({}));
    }

    /// Types into an element.
    pub fn write(&self, selector: &str, text: &str) {
        self.on(selector, "value", &json!({ "text": text }));
    }

    /// Presses a key wherever the focus is.
    pub fn press(&self, key: &str) {
        let keys = [("keyDown", key), ("keyUp", key)].map(|(kind, key)| json!({ "type": kind, "value": key }));
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": keys }] }));
    }

    /// The text people see in an element.
    pub fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({})?.innerText ?? ''", json!(selector));
        self.run(&script).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until `script` gives something other than null and false.
    pub fn wait_until(&self, what: &str, script: &str) -> Value {
        wait_until(what, || Some(self.run(script)).filter(|value| !(value.is_null() || *value == Value::Bool(false))))
    }

    pub fn resize(&self, screen: Screen) {
        let Screen { width, height } = screen;
        let is_phone = width < 500;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// What the system asks for: `light` or `dark`.
    pub fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// The whole page as a PNG, into the folder that CALLSCRIBE_SCREENSHOTS names; nothing without it.
    pub fn take_picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("CALLSCRIBE_SCREENSHOTS").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        let picture = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// What pages complained of since the last time: errors, warnings, what the content security policy forbade.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().cloned().unwrap_or_default();
        let loud = entries.iter().filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        loud.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _already_gone = self.ask(reqwest::Method::DELETE, "", None);
        let _already_gone = self.driver.kill();
        let _ended = self.driver.wait();
    }
}
