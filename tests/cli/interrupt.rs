//! Ctrl-C, which a terminal sends to the whole group: the program and its worker.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::common::wait_until;
use crate::support::Place;

/// Runs until the worker is at work, interrupts the group, and gives back the exit code and what was said.
fn interrupted(place: &Place, mut program: Command) -> (Option<i32>, String) {
    let log = place.path("log.txt");
    let output = fs::File::create(&log).unwrap();
    let mut child = program.process_group(0).stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
    let said = || fs::read_to_string(&log).unwrap();
    wait_until("the worker is at work", || said().contains(" windows").then_some(()));
    kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    let status = wait_until("the program has ended", || child.try_wait().unwrap());
    (status.code(), said())
}

#[test]
fn ctrl_c_ends_transcribe_with_130_and_is_no_crash() {
    let place = Place::new();
    let calls = [concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/en-refund.wav"); 20];
    let (code, said) = interrupted(&place, place.program(&[&["transcribe"], &calls[..]].concat()));
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("Cancelled.") && !said.contains("crashed"), "{said}");
}

#[test]
fn ctrl_c_ends_the_demo_with_130_and_is_no_crash() {
    let place = Place::new();
    let (code, said) = interrupted(&place, place.program(&["demo", "--dir", "here"]));
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("Cancelled.") && !said.contains("crashed"), "{said}");
}
