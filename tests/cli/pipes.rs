//! A reader that has seen enough, like `head`, has closed the pipe.

use std::process::Output;

use crate::support::{Place, code, err};

fn run_with_closed_output(place: &Place, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    place
        .program(arguments)
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

#[test]
fn a_closed_standard_output_is_no_error_in_any_command() {
    let place = Place::new();
    let call = place.call("calls/call.wav");
    let commands: [&[&str]; 9] = [
        &["check"],
        &["check", "--json"],
        &["models", "list"],
        &["models", "verify", "mini-q8_0"],
        &["transcribe", &call],
        &["demo", "--dir", "here"],
        &["import", "calls", "--dry-run"],
        &["import", "calls"],
        &["list"],
    ];
    for arguments in commands {
        let done = run_with_closed_output(&place, arguments);
        assert_eq!(code(&done), 0, "{arguments:?}: {done:?}");
        let said = err(&done);
        assert!(!said.contains("panicked") && !said.contains("standard output"), "{arguments:?}: {said}");
    }
}
