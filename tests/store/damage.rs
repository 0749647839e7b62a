//! A damaged database is refused or read; it is never replaced, and never takes the program down.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use callscribe::store::{ListQuery, Page, Store, StoreError};
use fastrand::Rng;

use crate::support::*;

/// The bytes of a closed database with a few recordings, and its list.
fn whole() -> (Vec<u8>, Page) {
    let fixture = Fixture::new();
    for n in 0..8 {
        fixture.insert(&format!("r{n}"), n);
    }
    drain(&fixture.store, 20);
    let page = fixture.store.list(&everything()).unwrap();
    let Fixture { store, folder } = fixture;
    let path = store.path().to_owned();
    drop(store);
    let bytes = fs::read(path).unwrap();
    drop(folder);
    (bytes, page)
}

fn everything() -> ListQuery {
    ListQuery { limit: 100, ..ListQuery::default() }
}

fn written(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("callscribe.redb");
    fs::write(&path, bytes).unwrap();
    path
}

/// What became of a damaged file.
#[derive(Debug, PartialEq)]
enum Fate {
    Refused,
    FoundByCheck,
    AsBefore,
}

/// Opens and reads everything; panics only on what must not be.
fn fate(path: &Path, bytes: &[u8], before: &Page) -> Fate {
    let store = match Store::open(path) {
        Ok(store) => store,
        Err(error) => {
            assert!(error.is_data_error(), "{error}");
            assert!(fs::read(path).unwrap().len() == bytes.len(), "a refused file is left as it is");
            return Fate::Refused;
        }
    };
    let read = || -> Result<Page, StoreError> {
        let page = store.list(&everything())?;
        for recording in &page.items {
            store.transcript(recording.id)?;
        }
        store.stats()?;
        Ok(page)
    };
    let page = read();
    if !store.check_integrity().is_ok_and(|integrity| integrity.findings.is_empty()) {
        return Fate::FoundByCheck;
    }
    assert_eq!(&page.unwrap(), before, "damage that the check does not find changes nothing");
    Fate::AsBefore
}

fn sweep(rounds: u64, mut damage: impl FnMut(&mut Rng, &mut Vec<u8>)) -> Vec<Fate> {
    let (bytes, before) = whole();
    let folder = tempfile::tempdir().unwrap();
    let mut fates = Vec::new();
    for seed in 0..rounds {
        let mut bytes = bytes.clone();
        damage(&mut Rng::with_seed(seed), &mut bytes);
        let path = written(folder.path(), &bytes);
        let fate = catch_unwind(AssertUnwindSafe(|| fate(&path, &bytes, &before)));
        fates.push(fate.unwrap_or_else(|_| panic!("seed {seed} panicked")));
    }
    let count = |wanted| fates.iter().filter(|fate| **fate == wanted).count();
    let [refused, found, harmless] = [Fate::Refused, Fate::FoundByCheck, Fate::AsBefore].map(count);
    println!("of {} bytes: {refused} refused, {found} found by the check, {harmless} harmless", bytes.len());
    fates
}

#[test]
fn flipped_bits_are_refused_or_found_or_harmless() {
    let fates = sweep(rounds(150), |rng, bytes| {
        // Half of the hits in the first pages, where the structure is.
        let end = if rng.bool() { bytes.len() } else { 16 * 4096 };
        let place = rng.usize(..end);
        bytes[place] ^= 1 << rng.u8(..8);
    });
    assert!(fates.contains(&Fate::Refused) && fates.contains(&Fate::FoundByCheck));
}

#[test]
fn a_truncated_database_is_refused() {
    let fates = sweep(rounds(60), |rng, bytes| bytes.truncate(rng.usize(..bytes.len())));
    assert!(fates.iter().all(|fate| *fate != Fate::AsBefore), "{fates:?}");
}

#[test]
fn an_empty_file_is_damage_and_not_a_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), b"");
    assert!(matches!(Store::open(&path), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn a_file_of_another_kind_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &b"<html>Please log in</html>".repeat(1000));
    let error = Store::open(&path).unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
    assert!(error.to_string().contains("Nothing was changed."), "{error}");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callscribe.redb");
    let db = redb::Database::create(&path).unwrap();
    let tx = db.begin_write().unwrap();
    tx.open_table(redb::TableDefinition::<u64, u64>::new("numbers")).unwrap().insert(1, 2).unwrap();
    tx.commit().unwrap();
    drop(db);
    let error = Store::open(&path).unwrap_err();
    assert!(error.to_string().contains("it is not a database of callscribe"), "{error}");
}

#[test]
fn a_database_of_a_newer_release_is_refused_politely() {
    let fixture = Fixture::new();
    fixture.insert("a", 0);
    let Fixture { store, folder } = fixture;
    let path = store.path().to_owned();
    drop(store);
    let db = redb::Database::open(&path).unwrap();
    let tx = db.begin_write().unwrap();
    tx.open_table(redb::TableDefinition::<&str, u64>::new("meta")).unwrap().insert("schema", 7).unwrap();
    tx.commit().unwrap();
    drop(db);
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 7, .. }) && error.is_data_error());
    assert!(error.to_string().contains("Install the newer release"));
    drop(folder);
}

#[test]
fn a_record_of_a_newer_release_is_refused_politely() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    let Fixture { store, folder } = fixture;
    let path = store.path().to_owned();
    drop(store);
    let db = redb::Database::open(&path).unwrap();
    let tx = db.begin_write().unwrap();
    let table = redb::TableDefinition::<&[u8; 16], &[u8]>::new("recordings");
    tx.open_table(table).unwrap().insert(id.as_bytes(), b"\x09{}".as_slice()).unwrap();
    tx.commit().unwrap();
    drop(db);
    let store = Store::open(&path).unwrap();
    assert!(matches!(store.get(id), Err(StoreError::Newer { found: 9, .. })));
    drop(folder);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("state"), "a file").unwrap();
    let error = Store::open(&folder.path().join("state/callscribe.redb")).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }) && !error.is_data_error());
    assert!(error.to_string().contains("state/callscribe.redb cannot be opened"), "{error}");
}
