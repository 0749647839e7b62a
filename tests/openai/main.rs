//! OpenAI's contract, proved with the official `openai` package as an unmodified client against the real daemon.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Http, TestDaemon, long_call, wait_until};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

fn python() -> PathBuf {
    let found = std::env::var_os("CALLSCRIBE_TEST_PYTHON").map(PathBuf::from);
    found.expect(
        "CALLSCRIBE_TEST_PYTHON names no Python with the packages of tests/requirements.txt; run the tests with \
         `.ci/with-tools cargo test`, which installs them",
    )
}

/// Files that wait or come in, below the state folder.
fn held(daemon: &TestDaemon) -> usize {
    let uploads = daemon.state().join("uploads");
    let count = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    count(&uploads).chain(count(&uploads.join(".partial"))).filter(|entry| entry.path().is_file()).count()
}

#[test]
fn the_official_client_works_unmodified() {
    let python = python();
    let daemon = TestDaemon::start("");
    daemon.wait_until_ready();
    let http = daemon.http();
    let long = daemon.state().join("long.wav");
    std::fs::write(&long, long_call("en-complaint.wav", 5)).unwrap();
    let ran = Command::new(python)
        .arg(Path::new(HERE).join("openai/client.py"))
        .env("OPENAI_BASE_URL", format!("http://{}/v1", http.address))
        .env("OPENAI_API_KEY", &http.token)
        .env("CALLS", Path::new(HERE).join("calls"))
        .env("UPLOADS", daemon.state().join("uploads"))
        .env("LONG_CALL", &long)
        .env("NO_PROXY", "*")
        .output()
        .expect("Python can be started");
    let (out, errors) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}{errors}");
    assert_eq!(http.get("/api/v1/recordings/").json()["total"], 0, "nothing enters the archive");
    wait_until("the audio is gone", || (held(&daemon) == 0).then_some(()));
}

/// A request with a long file.
fn request(http: &Http, path: &str) -> Vec<u8> {
    let call = std::fs::read(Path::new(HERE).join("calls/en-complaint.wav")).unwrap();
    let part = |name: &str, rest: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n");
    let mut body =
        format!("{}whisper-1\r\n{}", part("model", ""), part("file", "; filename=\"call.wav\"")).into_bytes();
    body.extend(&call);
    body.extend(b"\r\n--b--\r\n");
    let (host, token, length) = (http.address, &http.token, body.len());
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.into_bytes(), body].concat()
}

/// Sends it and reads nothing.
fn ask(http: &Http) -> TcpStream {
    let mut stream = TcpStream::connect(http.address).unwrap();
    stream.write_all(&request(http, "/v1/audio/transcriptions")).unwrap();
    stream
}

#[test]
fn a_model_that_knows_english_only_transcribes_and_translates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("copy.en.bin");
    std::fs::copy(Path::new(HERE).join("../models/mini-q8_0.bin"), &model).unwrap();
    let daemon = TestDaemon::start(&format!("[transcribe]\nmodel = {model:?}"));
    daemon.wait_until_ready();
    let http = daemon.http();
    let refused = http.request(&request(&http, "/v1/audio/translations"));
    let error = refused.json()["error"].clone();
    assert_eq!((refused.status, &error["param"], &error["code"]), (400, &"model".into(), &"invalid_value".into()));
    assert!(error["message"].as_str().unwrap().starts_with("The model copy.en knows English only"), "{error}");
    assert_eq!(http.request(&request(&http, "/v1/audio/transcriptions")).status, 200);
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    let daemon = TestDaemon::start("");
    daemon.wait_until_ready();
    let stream = ask(&daemon.http());
    wait_until("the audio is here", || (held(&daemon) == 1).then_some(()));
    drop(stream);
    wait_until("the audio is gone", || (held(&daemon) == 0).then_some(()));
}

#[test]
fn audio_is_gone_after_a_kill_too() {
    let mut daemon = TestDaemon::start("");
    daemon.wait_until_ready();
    let _stream = ask(&daemon.http());
    wait_until("the audio is here", || (held(&daemon) == 1).then_some(()));
    daemon.kill();
    daemon.restart();
    assert_eq!(held(&daemon), 0);
}
