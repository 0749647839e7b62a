//! A database of every release opens for ever. The files under `data/` are never regenerated once their release is out.
//!
//! `CALLSCRIBE_FREEZE=path cargo test --test store freeze` writes one for the release at hand.

use std::fs;
use std::path::Path;

use callscribe::call::{ProcessingStatus, ProviderKind, Step};
use callscribe::store::{Lane, ListQuery, Store};

use crate::support::*;

/// One recording of each kind: finished, failed, waiting, running, removed, untouched.
fn fill(store: &Store) {
    let refused = [("in/empty.wav".to_owned(), "It is empty.".to_owned())];
    for (n, name) in ["finished", "removed"].iter().enumerate() {
        insert(store, name, n as i64);
    }
    drain(store, 100);
    let removed = store.find("removed").unwrap().unwrap().id;
    store.soft_delete(removed, "operator", at(101)).unwrap();
    insert(store, "failed", 3);
    let claim = store.claim(at(102), &request(Lane::Light)).unwrap().unwrap();
    store.finish(&claim, done(&claim), at(102)).unwrap();
    let claim = store.claim(at(102), &request(Lane::Light)).unwrap().unwrap();
    store.finish(&claim, done(&claim), at(102)).unwrap();
    let claim = store.claim(at(102), &request(Lane::Light)).unwrap().unwrap();
    store.finish(&claim, failed("The file is gone."), at(102)).unwrap();
    insert(store, "waiting", 4);
    let claim = store.claim(at(103), &request(Lane::Light)).unwrap().unwrap();
    let retry = callscribe::store::StepOutcome::Retry { until: at(1000), error: "Busy.".into() };
    store.finish(&claim, retry, at(103)).unwrap();
    insert(store, "transcribing", 5);
    drain_until(store, 104, |claim| claim.step == Step::Transcribe && store.checkpoint(claim, 0, "window").is_ok());
    let found = [listed("untouched", 6)];
    store.insert_discovered(source(&account()), &found, &refused, Some("cursor-1"), at(105)).unwrap();
}

#[test]
fn freeze() {
    let Ok(target) = std::env::var("CALLSCRIBE_FREEZE") else { return };
    assert!(!Path::new(&target).exists(), "a frozen database is never replaced");
    let fixture = Fixture::new();
    fill(&fixture.store);
    fixture.store.compact().unwrap();
    let Fixture { store, folder } = fixture;
    let path = store.path().to_owned();
    drop(store);
    fs::copy(path, target).unwrap();
    drop(folder);
}

#[test]
fn the_database_of_every_release_opens_with_all_it_held() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/data");
    let frozen: Vec<_> = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!frozen.is_empty());
    for path in frozen {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("callscribe.redb");
        fs::copy(&path, &copy).unwrap();
        let store = Store::open(&copy).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!store.fill_derived().unwrap(), "so few are taken over as it opens");
        assert_whole(&store);
        let page = store.list(&ListQuery { limit: 10, ..ListQuery::default() }).unwrap();
        let shown: Vec<String> = page
            .items
            .iter()
            .map(|r| format!("{} {} {}", r.key.remote_id, r.steps.processing_status(), r.steps.retry_count()))
            .collect();
        let expected = [
            "untouched pending 0",
            "transcribing processing 0",
            "waiting processing 0",
            "failed failed 0",
            "finished completed 0",
        ];
        assert_eq!(shown, expected, "{}", path.display());
        let finished = store.find("finished").unwrap().unwrap();
        assert_eq!(store.transcript(finished.id).unwrap().unwrap().text(), "hello from the test");
        assert!(store.find("removed").unwrap().unwrap().deletion.is_some());
        assert_eq!(store.cursor(ProviderKind::Folder, &account()).unwrap().as_deref(), Some("cursor-1"));
        assert_eq!(store.quarantined().unwrap().len(), 1);
        assert_eq!(store.checkpoints(store.find("transcribing").unwrap().unwrap().id).unwrap().len(), 1);
        assert_eq!(store.rescue(at(200), NEXT_BOOT).unwrap(), 1);
        assert!(drain(&store, 2000) > 0);
        assert_whole(&store);
        let queue = vec![("queue".to_owned(), "support".to_owned())];
        assert!(store.list(&ListQuery { metadata: queue, limit: 9, ..ListQuery::default() }).unwrap().total > 0);
        let left = store.list(&ListQuery { status: Some(ProcessingStatus::Processing), ..ListQuery::default() });
        assert_eq!(left.unwrap().total, 0);
    }
}

/// Takes from a database what layout 2 added.
fn as_of_layout_1(path: &Path) {
    use redb::TableDefinition;
    let db = redb::Database::open(path).unwrap();
    let tx = db.begin_write().unwrap();
    for table in tx.list_tables().unwrap().collect::<Vec<_>>() {
        use redb::TableHandle as _;
        let added = ["facets", "tags", "phones", "numbers", "numbers_by_last", "days", "unindexed", "progress"];
        if added.contains(&table.name()) {
            tx.delete_table(table).unwrap();
        }
    }
    tx.open_table(TableDefinition::<&str, u64>::new("meta")).unwrap().insert("schema", 1).unwrap();
    tx.commit().unwrap();
}

#[test]
fn a_large_database_of_layout_1_answers_at_once_and_is_taken_over_in_pieces_while_in_use() {
    let fixture = Fixture::new();
    let found: Vec<_> = (0..2500).map(|n| listed(&format!("r{n}"), n)).collect();
    fixture.store.insert_discovered(source(&account()), &found, &[], None, at(0)).unwrap();
    let Fixture { store, folder } = fixture;
    let path = store.path().to_owned();
    drop(store);
    as_of_layout_1(&path);
    let fixture = Fixture { store: Store::open(&path).unwrap(), folder };
    let store = &fixture.store;
    let total = |query: ListQuery| store.list(&query).unwrap().total;
    let inbox = ListQuery { account: Some("inbox".into()), limit: 1, ..ListQuery::default() };
    let number = ListQuery { phone_number: Some("0301234567".into()), limit: 1, ..ListQuery::default() };
    let totals = || (total(inbox.clone()), total(number.clone()), total(ListQuery::default()));
    assert_eq!(totals(), (2500, 2500, 2500));
    // Work on both sides of what is filled.
    insert(store, "new", 3000);
    for name in ["r3", "r2400"] {
        let id = store.find(name).unwrap().unwrap().id;
        store.soft_delete(id, "test", at(4000)).unwrap();
    }
    while store.fill_derived().unwrap() {
        assert_eq!(totals(), (2499, 2499, 2499));
    }
    assert_eq!(totals(), (2499, 2499, 2499));
    assert_whole(store);
}
