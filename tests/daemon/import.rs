//! `callscribe import`: an archive worked off in the foreground, once.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::sample::cut_call;

fn callscribe(config: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callscribe"))
        .args(["--config".as_ref(), config.as_os_str()])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn an_archive_is_worked_off_once_and_copies_are_one_recording() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, config) = (folder.path().join("archive"), folder.path().join("config.toml"));
    fs::create_dir_all(archive.join("2019")).unwrap();
    cut_call(&archive.join("first.wav"), 8600, 16_000);
    cut_call(&archive.join("2019/second.wav"), 20_000, 28_000);
    fs::copy(archive.join("first.wav"), archive.join("2019/copy.wav")).unwrap();
    let state = folder.path().join("state");
    fs::write(&config, format!("state_dir = {state:?}\n[transcribe]\nlanguages = [\"en\"]\n")).unwrap();
    let archive = archive.to_str().unwrap();
    for _ in 0..2 {
        let import = callscribe(&config, &["import", archive]);
        assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
        let list = callscribe(&config, &["list", "--json"]);
        let page: Value = serde_json::from_slice(&list.stdout).unwrap();
        assert_eq!(page["total"], 2, "{page}");
        assert!(
            page["items"].as_array().unwrap().iter().all(|item| item["processing_status"] == "completed"),
            "{page}"
        );
    }
}
