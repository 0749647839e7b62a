//! The file does not grow without bound however often states change.

use callscribe::call::Step;
use callscribe::store::{Lane, StepOutcome};

use crate::support::*;

/// State changes in the test; each is one durable commit with its allocator state beside it.
const TRANSITIONS: usize = 2000;

fn size_bytes(fixture: &Fixture) -> u64 {
    fixture.path().metadata().unwrap().len()
}

#[test]
fn many_changes_of_state_leave_a_small_file() {
    let fixture = Fixture::new();
    for n in 0..20 {
        fixture.insert(&format!("r{n}"), n);
    }
    drain(&fixture.store, 30);
    fixture.store.compact().unwrap();
    let before = size_bytes(&fixture);
    let id = fixture.insert("r0", 0);
    fixture.store.reset(id, &[Step::FetchDetails], at(40)).unwrap();
    for _ in 0..TRANSITIONS / 2 {
        let claim = fixture.claim(50, Lane::Light).unwrap();
        fixture.store.finish(&claim, StepOutcome::Released, at(50)).unwrap();
    }
    let worn = size_bytes(&fixture);
    fixture.store.compact().unwrap();
    let after = size_bytes(&fixture);
    println!("before {before}, after {TRANSITIONS} changes {worn}, compacted {after} bytes");
    assert!(worn <= 4 * before, "{before} bytes grew to {worn}");
    assert!(after <= 2 * before, "{before} bytes became {after} after compaction");
    assert_whole(&fixture.store);
}
