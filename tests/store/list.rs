//! Lists: newest first, filters that combine, totals that hold.

use callscribe::call::{Language, ProcessingStatus, Step};
use callscribe::store::{ListQuery, Page};

use crate::support::*;

fn all() -> ListQuery {
    ListQuery { limit: 100, ..ListQuery::default() }
}

/// Four recordings; `a` and `b` finished, `c` without transcript, `d` untouched.
fn archive() -> Fixture {
    let fixture = Fixture::new();
    fixture.insert("a", 10);
    fixture.insert("b", 20);
    drain(&fixture.store, 50);
    let c = fixture.insert("c", 30);
    drain_until(&fixture.store, 50, |claim| {
        if claim.id() == c && claim.step == Step::Transcribe {
            fixture.store.finish(claim, failed("Too long."), at(50)).unwrap();
        }
        claim.step == Step::Transcribe
    });
    let mut d = listed("d", 40);
    d.call.caller.number = Some("+1 555 0100".into());
    d.call.caller.name = Some("Bo Lind".into());
    fixture.store.insert_discovered(source(&account()), &[d], &[], None, at(50)).unwrap();
    fixture
}

fn names(page: &Page) -> Vec<&str> {
    page.items.iter().map(|recording| recording.key.remote_id.as_str()).collect()
}

#[test]
fn newest_come_first_and_pages_have_the_whole_total() {
    let fixture = archive();
    let page = |skip, limit| fixture.store.list(&ListQuery { skip, limit, ..all() }).unwrap();
    assert_eq!(names(&page(0, 100)), ["d", "c", "b", "a"]);
    assert_eq!((names(&page(1, 2)), page(1, 2).total), (vec!["c", "b"], 4));
    assert_eq!((names(&page(9, 2)), page(9, 2).total), (vec![], 4));
    assert_eq!(page(0, 0).total, 4);
}

#[test]
fn each_filter_leaves_what_it_says() {
    let fixture = archive();
    let found = |query: ListQuery| {
        let page = fixture.store.list(&query).unwrap();
        assert_eq!(page.total as usize, page.items.len());
        names(&page).concat()
    };
    assert_eq!(found(ListQuery { status: Some(ProcessingStatus::Completed), ..all() }), "ba");
    assert_eq!(found(ListQuery { status: Some(ProcessingStatus::Failed), ..all() }), "c");
    assert_eq!(found(ListQuery { from: Some(at(20)), ..all() }), "dcb");
    assert_eq!(found(ListQuery { to: Some(at(20)), ..all() }), "a");
    assert_eq!(found(ListQuery { provider: Some(callscribe::call::ProviderKind::Webex), ..all() }), "");
    assert_eq!(found(ListQuery { phone_number: Some("030-1234567".into()), ..all() }), "cba");
    assert_eq!(found(ListQuery { phone_number: Some("(555) 0100".into()), ..all() }), "d");
    assert_eq!(found(ListQuery { language: Some(Language::new("EN")), ..all() }), "ba");
    assert_eq!(found(ListQuery { has_transcript: Some(false), ..all() }), "dc");
    assert_eq!(found(ListQuery { search_text: Some("FROM the test".into()), ..all() }), "ba");
    assert_eq!(found(ListQuery { search_text: Some("bo l".into()), ..all() }), "d");
    assert_eq!(found(ListQuery { min_quality: Some(0.5), ..all() }), "cba");
}

#[test]
fn filters_combine() {
    let fixture = archive();
    let query = ListQuery { limit: 1, from: Some(at(15)), to: Some(at(35)), min_quality: Some(0.5), ..all() };
    let page = fixture.store.list(&query).unwrap();
    assert_eq!((names(&page), page.total), (vec!["c"], 2));
    let query = ListQuery { search_text: Some("Ada".into()), skip: 1, ..query };
    let page = fixture.store.list(&query).unwrap();
    assert_eq!((names(&page), page.total), (vec!["b"], 2));
}

#[test]
fn totals_are_right() {
    let fixture = archive();
    let stats = fixture.store.stats().unwrap();
    let by_status: Vec<u64> = stats.by_status.values().copied().collect();
    assert_eq!((stats.total, by_status), (4, vec![1, 0, 2, 0, 1]));
    assert_eq!((stats.with_transcript, stats.with_summary, stats.audio_bytes, stats.audio_ms), (2, 2, 3000, 4000));
    assert_eq!(stats.average_quality, 15.0 / 24.0);
    assert_whole(&fixture.store);
}
