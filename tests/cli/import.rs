use std::fs;
use std::os::unix::fs::chown;

use crate::support::{Place, code, err, out};

/// Nobody's user, on every Linux.
const SOMEBODY_ELSE: u32 = 65_534;

#[test]
fn a_second_import_says_that_nothing_was_new_and_promises_no_time() {
    let place = Place::new();
    place.call("calls/call.wav");
    let first = place.run(&["import", "calls"]);
    assert_eq!(code(&first), 0, "{first:?}");
    assert!(out(&first).starts_with("1 new, 1 completed,"), "{first:?}");
    let second = place.run(&["import", "calls"]);
    assert_eq!(code(&second), 0, "{second:?}");
    assert!(out(&second).starts_with("0 new, 1 completed,"), "{second:?}");
    assert!(!err(&second).contains("left"), "{second:?}");
}

#[test]
fn root_does_not_import_into_somebody_elses_state_folder() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    place.call("calls/call.wav");
    let state = place.path("state");
    fs::create_dir(&state).unwrap();
    chown(&state, Some(SOMEBODY_ELSE), Some(SOMEBODY_ELSE)).unwrap();
    let refused = place.run(&["import", "calls"]);
    assert_eq!(code(&refused), 1, "{refused:?}");
    assert!(err(&refused).contains("Run this as the owner of"), "{refused:?}");
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "nothing was written");
}
