//! What a source shows is taken in once, for ever.

use callscribe::call::{ProviderKind, RecordingKey, Step, StepState};
use callscribe::store::{Lane, StoreError};

use crate::support::*;

#[test]
fn the_same_recording_twice_is_one_recording() {
    let fixture = Fixture::new();
    let account = account();
    let found = [listed("a", 0), listed("b", 1), listed("a", 0)];
    let inserted = fixture.store.insert_discovered(source(&account), &found, &[], Some("c1"), at(2)).unwrap();
    assert_eq!(inserted.iter().map(|one| one.new).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(inserted[0].id, inserted[2].id);
    let again = fixture.store.insert_discovered(source(&account), &found, &[], Some("c2"), at(3)).unwrap();
    assert!(again.iter().all(|one| !one.new));
    assert_eq!(fixture.store.stats().unwrap().total, 2);
    assert_eq!(fixture.store.cursor(ProviderKind::Folder, &account).unwrap().as_deref(), Some("c2"));
}

#[test]
fn accounts_do_not_share_identities() {
    let fixture = Fixture::new();
    let other = "archive".parse().unwrap();
    let here = fixture.insert("a", 0);
    let mut there = listed("a", 0);
    there.key.account = "archive".parse().unwrap();
    let inserted = fixture.store.insert_discovered(source(&other), &[there.clone()], &[], None, at(1)).unwrap();
    assert!(inserted[0].new && inserted[0].id != here);
    assert_eq!(fixture.store.find_by_key(&there.key).unwrap().unwrap().id, inserted[0].id);
}

#[test]
fn a_recording_is_found_by_either_id() {
    let fixture = Fixture::new();
    let id = fixture.insert("remote-1", 0);
    assert_eq!(fixture.store.find(&id.to_string()).unwrap().unwrap().id, id);
    assert_eq!(fixture.store.find("remote-1").unwrap().unwrap().id, id);
    assert_eq!(fixture.store.find("remote").unwrap(), None);
    let key = RecordingKey { provider: ProviderKind::Folder, account: account(), remote_id: "remote-1".into() };
    assert_eq!(fixture.store.find_by_key(&key).unwrap().unwrap().id, id);
}

#[test]
fn a_renamed_file_is_followed_and_tried_again() {
    let fixture = Fixture::new();
    let account = account();
    let id = fixture.insert("a", 0);
    drain_until(&fixture.store, 1, |claim| {
        if claim.step == Step::DownloadAudio {
            fixture.store.finish(claim, failed("in/a.wav is gone."), at(1)).unwrap();
        }
        claim.step == Step::DownloadAudio
    });
    let moved = callscribe::store::NewRecording { locator: "in/b.wav".into(), ..listed("a", 0) };
    fixture.store.insert_discovered(source(&account), &[moved], &[], None, at(2)).unwrap();
    let claim = fixture.claim(2, Lane::Light).unwrap();
    assert_eq!((claim.step, claim.attempt, claim.locator.as_str()), (Step::DownloadAudio, 1, "in/b.wav"));
    assert_eq!(fixture.get(id).steps.get(Step::Transcribe).state, StepState::Pending);
    assert_eq!(fixture.get(id).metadata["source"], "in/b.wav");
    let known = fixture.store.known_locators(ProviderKind::Folder, &account, None, 100).unwrap();
    assert_eq!(known.len(), 2);
    assert!(known.iter().all(|(_, owner)| *owner == id));
    let pages = fixture.store.known_locators(ProviderKind::Folder, &account, Some(&known[0].0), 1).unwrap();
    assert_eq!(pages, known[1..], "page by page");
}

/// The next light step fails.
fn fail_next(fixture: &Fixture, error: &str) {
    let claim = fixture.claim(1, Lane::Light).unwrap();
    fixture.store.finish(&claim, failed(error), at(1)).unwrap();
}

#[test]
fn a_file_that_is_back_at_its_place_is_tried_again_and_one_that_never_left_is_not() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    fail_next(&fixture, "The share is not mounted.");
    let look = |returned, s| {
        let seen = callscribe::store::NewRecording { returned, ..listed("a", 0) };
        fixture.store.insert_discovered(source(&account()), &[seen], &[], None, at(s)).unwrap();
        fixture.get(id).steps.get(Step::FetchDetails).state.clone()
    };
    assert!(matches!(look(false, 2), StepState::Failed { .. }));
    assert_eq!(look(true, 3), StepState::Pending);
}

#[test]
fn a_step_that_runs_while_earlier_ones_are_sent_back_comes_again_behind_them() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    fail_next(&fixture, "in/a.wav cannot be read.");
    let mut running = None;
    drain_until(&fixture.store, 2, |claim| {
        running = Some(claim.clone()).filter(|claim| claim.step == Step::Transcribe);
        running.is_some()
    });
    let moved = callscribe::store::NewRecording { locator: "in/b.wav".into(), ..listed("a", 0) };
    fixture.store.insert_discovered(source(&account()), &[moved], &[], None, at(3)).unwrap();
    let steps = fixture.get(id).steps;
    assert_eq!(steps.get(Step::FetchDetails).state, StepState::Pending);
    assert_eq!((&steps.get(Step::Transcribe).state, steps.get(Step::Transcribe).attempts), (&StepState::Pending, 0));
    let lost = fixture.store.finish(&running.unwrap(), failed("late"), at(4));
    assert!(matches!(lost, Err(StoreError::ClaimLost(_))), "{lost:?}");
    fail_next(&fixture, "in/b.wav cannot be read.");
    assert_eq!(fixture.claim(6, Lane::Transcribe).map(|claim| claim.step), Some(Step::Transcribe));
}

#[test]
fn of_two_copies_neither_is_a_move() {
    let fixture = Fixture::new();
    let account = account();
    let copy = callscribe::store::NewRecording { locator: "in/copy.wav".into(), ..listed("a", 0) };
    for _ in 0..2 {
        let found = [listed("a", 0), copy.clone()];
        fixture.store.insert_discovered(source(&account), &found, &[], None, at(1)).unwrap();
        assert_eq!(fixture.claim(1, Lane::Light).map_or("in/a.wav".into(), |claim| claim.locator), "in/a.wav");
    }
}

#[test]
fn what_cannot_be_taken_in_is_listed_until_it_can() {
    let fixture = Fixture::new();
    let account = account();
    let refuse = |reason: &str, s| {
        let refused = [("in/a.wav".to_owned(), reason.to_owned())];
        fixture.store.insert_discovered(source(&account), &[], &refused, None, at(s)).unwrap();
        fixture.store.quarantined().unwrap()
    };
    assert_eq!(refuse("It is empty.", 1)[0].since, at(1));
    let entries = refuse("It is not audio.", 2);
    assert_eq!((entries.len(), entries[0].since), (1, at(1)));
    assert_eq!((entries[0].source.as_str(), entries[0].reason.as_str()), ("folder/inbox", "It is not audio."));
    assert_eq!(fixture.store.stats().unwrap().quarantined, 1);
    fixture.insert("a", 3);
    assert_eq!(fixture.store.quarantined().unwrap(), []);
    let locators = ["in/a.wav".to_owned()];
    assert_eq!(fixture.store.release_quarantine(ProviderKind::Folder, &account, &locators).unwrap(), 0);
}

#[test]
fn nothing_is_written_when_nothing_is_new() {
    let fixture = Fixture::new();
    fixture.insert("a", 0);
    let before = std::fs::read(fixture.path()).unwrap();
    fixture.insert("a", 0);
    assert!(fixture.claim(-1, Lane::Transcribe).is_none());
    assert!(std::fs::read(fixture.path()).unwrap() == before, "the file changed");
}

#[test]
fn ids_sort_by_the_time_they_were_found() {
    let fixture = Fixture::new();
    let [first, second, third] = ["x", "b", "k"].map(|name| fixture.insert(name, 5)).map(|id| fixture.get(id).id);
    assert!(first != second && second != third);
    assert!(fixture.insert("later", 6) > first.max(second).max(third));
}

#[test]
fn a_second_daemon_is_told_about_the_first() {
    let fixture = Fixture::new();
    let error = callscribe::store::Store::open(&fixture.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }));
    assert!(error.to_string().contains("another callscribe runs on the same state folder"));
}

#[test]
fn state_folder_and_database_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/deep/callscribe.redb");
    let _store = callscribe::store::Store::open(&path).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no left-overs");
}
