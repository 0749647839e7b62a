//! The index follows the store through removals, kills, damage and later versions.

use std::fs;

use callscribe::search::{Ask, SearchError};
use callscribe::store::ListQuery;

use crate::support::{Archive, at};

fn two() -> Archive {
    Archive::of("en", &[("first", &[("agent", 1, "apples")]), ("second", &[("agent", 1, "apples and pears")])])
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn what_changed_is_found_by_its_new_words_alone() {
    let archive = two();
    let id = archive.store.find("first").unwrap().unwrap().id;
    archive.retranscribe(id, "en", &[("agent", 1, "plums")]);
    assert_eq!(archive.found("plums"), nothing(), "the index has not taken it up");
    assert!(archive.search.standing().unwrap().waiting > 0);
    archive.search.catch_up().unwrap();
    assert_eq!((archive.found("plums"), archive.found("apples")), (vec!["first".into()], vec!["second".into()]));
    assert_eq!(archive.search.standing().unwrap().waiting, 0);
}

#[test]
fn a_removed_recording_is_not_shown_and_leaves_the_index() {
    let archive = two();
    let id = archive.store.find("first").unwrap().unwrap().id;
    archive.store.soft_delete(id, "test", at(950)).unwrap();
    assert_eq!(archive.found("apples"), ["second"], "before the index knows");
    let ask = Ask::read("apples", None).unwrap();
    assert!(archive.search.snippets(&ask, [id]).unwrap()[0].shown.is_empty());
    archive.search.catch_up().unwrap();
    assert_eq!(archive.search.find(&ask, false).unwrap().len(), 1);
    assert_eq!(archive.search.standing().unwrap().indexed, 1);
}

#[test]
fn until_the_index_is_made_questions_are_told_so() {
    let archive = Archive::empty();
    archive.add("first", "en", &[("agent", 1, "apples")]);
    let asked = archive.search.find(&Ask::read("apples", None).unwrap(), false);
    assert!(matches!(asked, Err(SearchError::NotReady)));
    let standing = archive.search.standing().unwrap();
    assert_eq!((standing.indexed, standing.waiting, standing.complete), (0, 1, false));
}

#[test]
fn a_kept_index_answers_at_once_after_a_restart() {
    let archive = two().reopen();
    assert_eq!(archive.found("pears"), ["second"]);
    assert!(archive.search.standing().unwrap().complete);
}

#[test]
fn a_missing_index_is_made_anew() {
    let archive = two();
    fs::remove_dir_all(archive.index()).unwrap();
    let archive = archive.reopen();
    assert!(!archive.search.standing().unwrap().complete);
    archive.search.catch_up().unwrap();
    assert_eq!(archive.found("apples"), ["first", "second"]);
}

#[test]
fn a_broken_index_is_made_anew_whichever_file_is_broken() {
    let files: Vec<_> = fs::read_dir(two().index()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let endings: Vec<String> =
        files.iter().filter_map(|name| Some(name.to_str()?.rsplit_once('.')?.1.to_owned())).collect();
    for ending in endings.iter().filter(|ending| *ending != "lock") {
        for cut in [true, false] {
            let archive = two();
            let is_it = |path: &std::path::Path| path.extension().is_some_and(|e| e.to_str() == Some(ending));
            let path = fs::read_dir(archive.index()).unwrap().map(|e| e.unwrap().path()).find(|p| is_it(p)).unwrap();
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            if cut {
                bytes.truncate(middle);
            } else if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 0xff;
            }
            fs::write(&path, bytes).unwrap();
            let archive = archive.reopen();
            archive.search.catch_up().unwrap();
            assert_eq!(archive.found("apples"), ["first", "second"], "{ending}, cut: {cut}");
        }
    }
}

#[test]
fn an_index_of_another_version_is_made_anew() {
    let archive = two();
    let meta = archive.index().join("meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let (before, version) = text.split_once("\\\"version\\\":").unwrap();
    let rest = version.trim_start_matches(|c: char| c.is_ascii_digit());
    fs::write(&meta, format!("{before}\\\"version\\\":0{rest}")).unwrap();
    let archive = archive.reopen();
    assert!(!archive.search.standing().unwrap().complete);
    archive.search.catch_up().unwrap();
    assert_eq!(archive.found("apples"), ["first", "second"]);
}

#[test]
fn an_index_from_an_earlier_time_is_not_taken_for_todays() {
    let archive = two();
    let earlier = tempfile::tempdir().unwrap();
    copy(&archive.index(), earlier.path());
    for name in ["third", "fourth"] {
        archive.add(name, "en", &[("agent", 1, "apples too")]);
        archive.search.catch_up().unwrap();
    }
    fs::remove_dir_all(archive.index()).unwrap();
    fs::create_dir(archive.index()).unwrap();
    copy(earlier.path(), &archive.index());
    let archive = archive.reopen();
    archive.search.catch_up().unwrap();
    assert_eq!(archive.found("apples"), ["first", "second", "third", "fourth"]);
}

#[test]
fn an_index_one_commit_ahead_is_what_a_kill_leaves_and_is_kept() {
    let archive = two();
    let database = archive.folder.path().join("callscribe.redb");
    archive.add("third", "en", &[("agent", 1, "apples too")]);
    // The database as it was when the index committed and the daemon was killed before it could say so.
    let Archive { store, search, folder } = archive;
    drop((store, search));
    let before = fs::read(&database).unwrap();
    let store = callscribe::store::Store::open(&database).unwrap();
    let search = callscribe::search::Search::open(&store, folder.path());
    search.catch_up().unwrap();
    let archive = Archive { store, search, folder };
    let Archive { store, search, folder } = archive;
    drop((store, search));
    fs::write(&database, before).unwrap();
    let store = callscribe::store::Store::open(&database).unwrap();
    let search = callscribe::search::Search::open(&store, folder.path());
    let archive = Archive { store, search, folder };
    let standing = archive.search.standing().unwrap();
    assert!(standing.complete && standing.waiting > 0, "{standing:?}");
    archive.search.catch_up().unwrap();
    assert_eq!(archive.found("apples"), ["first", "second", "third"]);
    assert_eq!(archive.search.standing().unwrap().indexed, 3);
}

#[test]
fn filters_of_the_list_hold_for_what_is_found() {
    let archive = two();
    let among = archive.search.among(&Ask::read("apples", None).unwrap()).unwrap();
    let query = ListQuery { among: Some(among), from: Some(at(1)), limit: 9, ..ListQuery::default() };
    let page = archive.store.list(&query).unwrap();
    assert_eq!((page.total, page.items[0].key.remote_id.as_str()), (1, "second"));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
