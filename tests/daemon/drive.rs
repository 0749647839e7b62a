//! A folder on a network drive that is away: whoever asks for it never gets an answer.

use std::path::Path;
use std::process::Command;

use crate::common::{TestDaemon, wait_until};
use crate::sample::cut_call;

/// A library that makes a folder hang, built by the compiler that callscribe itself is built with.
fn hanging(into: &Path) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/daemon/drive.c");
    let library = into.join("drive.so");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.unwrap().success());
    library.to_str().unwrap().to_owned()
}

#[test]
fn a_folder_that_does_not_answer_holds_up_neither_the_start_nor_other_folders() {
    let folder = tempfile::tempdir().unwrap();
    let away = folder.path().join("away");
    std::fs::create_dir(&away).unwrap();
    let env = [("LD_PRELOAD", hanging(folder.path())), ("CALLSCRIBE_TEST_AWAY", away.to_str().unwrap().to_owned())];
    let extra = format!("[[folders]]\nname = \"away\"\npath = {away:?}\n");
    let mut daemon = TestDaemon::start_under(&env, &extra);
    cut_call(&daemon.inbox().join("call.wav"), 8600, 16_000);
    let http = daemon.http();
    wait_until("a call in the other folder is taken in", || {
        (http.get("/api/v1/recordings/").json()["total"] == 1).then_some(())
    });
    let providers = http.get("/api/v1/providers").json();
    let away = providers["items"].as_array().unwrap().iter().find(|item| item["account"] == "away").unwrap().clone();
    assert!(away["last_look_at"].is_null(), "{away}");
    wait_until("it is said that the folder has not answered", || {
        let providers = http.get("/api/v1/providers").text().to_owned();
        providers.contains("has not been answered yet").then_some(())
    });
    daemon.stop();
}
