//! The real daemon against what its own description promises: schemathesis asks every operation for good and bad things.
//!
//! Needs Python with schemathesis (`tests/requirements.txt`): `CALLSCRIBE_TEST_PYTHON` names the interpreter, which
//! `.ci/with-tools` sets. Without it there is nothing to run, and that is said.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../daemon/sample.rs"]
mod sample;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use common::{TestDaemon, wait_until};
use sample::cut_call;

/// Requests for each operation and kind of data: enough for every parameter, few enough for a minute in all.
const EXAMPLES_MAX: &str = "15";
/// What an answer must hold to. Bad parameters get a 4xx, good ones none.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      negative_data_rejection,unsupported_method,ignored_auth";

/// A sink and an account where nobody answers: both have something to show, deliveries that wait and a poll that failed.
fn surroundings(secrets: &Path) -> String {
    let file = secrets.join("secret");
    fs::write(&file, "canary-secret-0123456789abcdef0123").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let (nobody, file) = ("http://127.0.0.1:9", file.display());
    format!(
        "[[notify]]\nname = \"crm\"\nurl = \"{nobody}/calls\"\nsecret_file = \"{file}\"\nallow_private_addresses = true\n\
         [[twilio]]\nname = \"main\"\nbase_url = \"{nobody}\"\naccount_sid = \"AC00000000000000000000000000000001\"\n\
         auth_token_file = \"{file}\"\nallow_private_addresses = true\n"
    )
}

#[test]
fn every_answer_is_as_the_description_says() {
    let python = std::env::var_os("CALLSCRIBE_TEST_PYTHON").expect(
        "CALLSCRIBE_TEST_PYTHON names no Python with the packages of tests/requirements.txt; run the tests with \
         `.ci/with-tools cargo test`, which installs them",
    );
    let secrets = tempfile::tempdir().unwrap();
    let daemon = TestDaemon::start(&surroundings(secrets.path()));
    for (name, start_ms) in [("one.wav", 0), ("two.wav", 9000)] {
        cut_call(&daemon.inbox().join(name), start_ms, start_ms + 4000);
    }
    let http = daemon.http();
    wait_until("the archive is there", || {
        let page = http.get("/api/v1/recordings/?status=completed").json();
        (page["total"] == 2).then_some(())
    });
    wait_until("the sink has been tried", || {
        let deliveries = http.get("/api/v1/webhooks/crm/deliveries").json();
        deliveries["items"].as_array().is_some_and(|items| items.len() == 2).then_some(())
    });
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "run", &format!("http://{}/openapi.json", http.address)])
        .args(["--header", &format!("Authorization: Bearer {}", http.token)])
        .args(["--checks", CHECKS, "--max-examples", EXAMPLES_MAX, "--seed", "1", "--generation-database", "none"])
        // A stream of events has no end.
        .args(["--exclude-path-regex", "/events$"])
        .args(["--phases", "examples,coverage,fuzzing", "--request-timeout", "20", "--no-color"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).replace(&http.token, "TOKEN");
    let complained = String::from_utf8_lossy(&output.stderr).replace(&http.token, "TOKEN");
    assert!(output.status.success(), "{said}\n{complained}");
    assert_eq!(http.get("/readyz").status, 200, "the daemon is still well");
}
