//! Uploads by hand, and a listener to events.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use serde_json::Value;

use crate::common::{Answer, Http, PATIENCE, TestDaemon, wait_until};

pub const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls");

/// Puts a sample call into the daemon's inbox.
pub fn drop_call(daemon: &TestDaemon, name: &str) {
    let (part, whole) = (daemon.state().join("moving"), daemon.inbox().join(name));
    std::fs::copy(sample(name), &part).unwrap();
    std::fs::rename(part, whole).unwrap();
}

pub fn sample(name: &str) -> PathBuf {
    Path::new(SAMPLES).join(name)
}

/// Waits until `target` answers with JSON that `is_it`.
pub fn wait_for(http: &Http, target: &str, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    wait_until(what, || {
        let answer = http.get(target);
        (answer.status == 200).then(|| answer.json()).filter(|json| is_it(json))
    })
}

/// One server-sent event.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
}

/// A connection on which events come in.
pub struct Listener {
    events: mpsc::Receiver<Event>,
    stream: TcpStream,
}

impl Listener {
    /// Asks for events; `after` is the last one known.
    pub fn open(http: &Http, target: &str, after: Option<&str>) -> Self {
        let stream = asked(http, target, after);
        let (sender, events) = mpsc::channel();
        let reader = BufReader::new(stream.try_clone().unwrap());
        std::thread::spawn(move || read(reader, &sender));
        Self { events, stream }
    }

    /// The next event; `None` when the connection has ended.
    pub fn next(&self) -> Option<Event> {
        match self.events.recv_timeout(PATIENCE) {
            Ok(event) => Some(event),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("no event came"),
        }
    }

    /// Events up to the first that `is_it`, itself included.
    pub fn until(&self, is_it: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut seen = Vec::new();
        loop {
            let event = self.next().expect("events go on");
            seen.push(event.clone());
            if is_it(&event) {
                return seen;
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _closed_already = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

/// A connection on which `target` was asked for and nothing was read.
pub fn asked(http: &Http, target: &str, after: Option<&str>) -> TcpStream {
    let mut stream = TcpStream::connect(http.address).unwrap();
    let after = after.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    let (host, token) = (http.address, &http.token);
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{after}\r\n").unwrap();
    stream
}

fn read(mut reader: impl BufRead, events: &mpsc::Sender<Event>) {
    let (mut id, mut name) = (String::new(), String::new());
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        let text = line.trim_end();
        if let Some(rest) = text.strip_prefix("id: ") {
            id = rest.to_owned();
        } else if let Some(rest) = text.strip_prefix("event: ") {
            name = rest.to_owned();
        } else if let Some(rest) = text.strip_prefix("data: ") {
            let data = serde_json::from_str(rest).unwrap_or(Value::Null);
            if events.send(Event { id: id.clone(), name: name.clone(), data }).is_err() {
                return;
            }
        }
        line.clear();
    }
}

/// A form: fields, then the file, if any, under the name it is sent with.
pub struct Form<'a> {
    pub fields: &'a [(&'a str, &'a str)],
    pub file: Option<(&'a str, &'a [u8])>,
}

const BOUNDARY: &str = "----a-boundary-no-call-contains";

impl Form<'_> {
    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in self.fields {
            write!(body, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").unwrap();
        }
        if let Some((name, bytes)) = self.file {
            write!(
                body,
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .unwrap();
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        write!(body, "--{BOUNDARY}--\r\n").unwrap();
        body
    }

    /// The head and the whole body, as they are sent.
    pub fn request(&self, http: &Http, target: &str) -> Vec<u8> {
        let body = self.body();
        let (host, token, length) = (http.address, &http.token, body.len());
        let mut request = format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        request.extend(body);
        request
    }

    pub fn send(&self, http: &Http, target: &str) -> Answer {
        http.request(&self.request(http, target))
    }
}

/// Uploads a sample call.
pub fn upload(http: &Http, name: &str, fields: &[(&str, &str)]) -> Answer {
    let bytes = std::fs::read(sample(name)).unwrap();
    Form { fields, file: Some((name, &bytes)) }.send(http, "/api/v1/recordings")
}

/// Files below a folder, whatever their names.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
