//! A start does not wait for the search index, whatever became of it, and makes it anew beside everything else.

use std::fs;
use std::path::Path;

use callscribe::store::Store;

use crate::common::{TestDaemon, wait_until};
use crate::seed::{Seeds, transcript};

/// A stopped daemon whose archive holds one call, with its index.
fn stopped_with_a_call() -> TestDaemon {
    let mut daemon = TestDaemon::start("");
    assert!(daemon.stop().success());
    let store = Store::open(&daemon.state().join("callscribe.redb")).unwrap();
    let seeds = Seeds { store: &store, recordings: daemon.state().join("recordings") };
    seeds.completed("call-1", "2026-11-20T09:00:00Z", transcript());
    drop(store);
    daemon.restart();
    wait_until_found(&daemon);
    assert!(daemon.stop().success());
    daemon
}

fn wait_until_found(daemon: &TestDaemon) {
    let http = daemon.http();
    wait_until("the call is found by what was said", || {
        let answer = http.get("/api/v1/search?q=customer:refund");
        // Until there is an index it says so; never anything else.
        assert!(answer.status == 200 || answer.error_code() == "index_not_ready", "{}", answer.text());
        (answer.status == 200 && answer.json()["total"] == 1 && answer.json()["index"]["complete"] == true)
            .then_some(())
    });
}

fn harmed(what: &str, harm: impl FnOnce(&Path)) {
    let mut daemon = stopped_with_a_call();
    let index = daemon.state().join("index");
    harm(&index);
    daemon.restart();
    let list = daemon.http().get("/api/v1/recordings/?search_text=refund");
    assert_eq!((list.status, &list.json()["total"]), (200, &1.into()), "{what}: lists answer meanwhile");
    wait_until_found(&daemon);
    assert!(daemon.log().contains("The search index is made from the database."), "{what}");
}

#[test]
fn a_missing_index_is_made_beside_everything_else() {
    harmed("missing", |index| fs::remove_dir_all(index).unwrap());
}

#[test]
fn an_index_of_rubbish_is_made_beside_everything_else() {
    harmed("rubbish", |index| {
        for entry in fs::read_dir(index).unwrap() {
            fs::write(entry.unwrap().path(), "no index").unwrap();
        }
    });
}

#[test]
fn a_file_in_the_place_of_the_index_is_replaced() {
    harmed("a file", |index| {
        fs::remove_dir_all(index).unwrap();
        fs::write(index, "no folder").unwrap();
    });
}
