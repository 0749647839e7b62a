//! A removed recording is forgotten, and never comes back.

use callscribe::call::Step;
use callscribe::store::{Lane, ListQuery, StoreError};

use crate::support::*;

#[test]
fn the_content_goes_and_the_identity_stays() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    drain(&fixture.store, 1);
    let removed = fixture.store.soft_delete(id, "operator", at(2)).unwrap();
    assert_eq!(removed.audio_path, Some(format!("{id}.wav")));
    let recording = fixture.get(id);
    assert_eq!(recording.deletion.clone().unwrap().by, "operator");
    assert!(recording.audio.is_none() && recording.transcript.is_none() && recording.insight.is_none());
    assert_eq!((recording.call.caller.number.clone(), recording.metadata.is_null()), (None, true));
    assert_eq!(fixture.store.transcript(id).unwrap(), None);
    assert_eq!(fixture.store.list(&ListQuery { limit: 10, ..ListQuery::default() }).unwrap().total, 0);
    let stats = fixture.store.stats().unwrap();
    assert_eq!((stats.total, stats.deleted, stats.audio_bytes), (0, 1, 0));
    assert_eq!(fixture.insert("a", 3), id, "it is known, not new");
    assert_eq!(drain(&fixture.store, 4), 0);
    assert_whole(&fixture.store);
}

#[test]
fn running_work_on_it_loses_its_claim() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    let claim = fixture.claim(1, Lane::Light).unwrap();
    fixture.store.soft_delete(id, "operator", at(2)).unwrap();
    assert!(matches!(fixture.store.finish(&claim, done(&claim), at(3)), Err(StoreError::ClaimLost(_))));
    assert!(fixture.claim(4, Lane::Light).is_none());
    assert_eq!(fixture.store.rescue(at(5), NEXT_BOOT).unwrap(), 0);
    assert_whole(&fixture.store);
}

#[test]
fn a_legal_hold_stands_in_the_way() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    fixture.store.set_legal_hold(id, true, at(1)).unwrap();
    assert!(matches!(fixture.store.soft_delete(id, "operator", at(2)), Err(StoreError::LegalHold(_))));
    fixture.store.set_legal_hold(id, false, at(3)).unwrap();
    fixture.store.soft_delete(id, "operator", at(4)).unwrap();
    assert!(matches!(fixture.store.soft_delete(id, "operator", at(5)), Err(StoreError::WrongState(_))));
    assert!(matches!(fixture.store.reset(id, &Step::ALL, at(6)), Err(StoreError::WrongState(_))));
}

#[test]
fn a_removal_asked_for_again_stays_the_wish_of_whoever_asked_first() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    assert!(!fixture.store.wish_removal(id, "first", at(1)).unwrap());
    assert!(fixture.store.wish_removal(id, "second", at(2)).unwrap());
    fixture.store.note_removal(id, "The provider is down.").unwrap();
    let wish = fixture.store.removal(id).unwrap().unwrap();
    assert_eq!((wish.by.as_str(), wish.at, wish.last_error.is_some()), ("first", at(1), true));
    fixture.store.withdraw_removal(id, "It is over.", at(3)).unwrap();
    assert!(!fixture.store.wish_removal(id, "second", at(4)).unwrap(), "a wish of its own");
}

#[test]
fn a_legal_hold_ends_the_wish_to_remove() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    fixture.store.wish_removal(id, "operator", at(1)).unwrap();
    fixture.store.set_legal_hold(id, true, at(2)).unwrap();
    fixture.store.set_legal_hold(id, false, at(3)).unwrap();
    assert_eq!(fixture.store.removal(id).unwrap(), None, "nothing is removed once the hold is lifted");
    let audit = fixture.store.audit_trail(10).unwrap();
    assert!(audit.iter().any(|entry| entry.what == "removal_given_up" && entry.detail.contains("legal hold")));
}
