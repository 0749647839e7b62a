//! A large archive answers as a small one does. Prints what it measured; `CALLSCRIBE_STORE_SCALE=100000` makes it large.

use std::time::Instant;

use callscribe::call::ProcessingStatus;
use callscribe::store::{Lane, ListQuery, StepOutcome};

use crate::support::*;

/// Claims measured one by one.
const CLAIMS: usize = 100;

#[test]
fn pages_totals_and_claims_of_a_large_archive() {
    let count: usize = std::env::var("CALLSCRIBE_STORE_SCALE").map_or(2000, |text| text.parse().unwrap());
    let fixture = Fixture::new();
    let found: Vec<_> = (0..count).map(|n| listed(&format!("recording-{n}"), n as i64)).collect();
    let timed = |what: &str, since: Instant| println!("{count} recordings: {what} {:.1?}", since.elapsed());
    let since = Instant::now();
    for piece in found.chunks(1000) {
        fixture.store.insert_discovered(source(&account()), piece, &[], Some("c"), at(0)).unwrap();
    }
    timed("taken in within", since);
    let since = Instant::now();
    for _ in 0..CLAIMS {
        let claim = fixture.claim(count as i64, Lane::Light).unwrap();
        assert_eq!(claim.recording.key.remote_id, format!("recording-{}", count - 1), "the newest");
        fixture.store.finish(&claim, StepOutcome::Released, at(0)).unwrap();
    }
    println!("{count} recordings: a claim and its finish {:.2?}", since.elapsed() / CLAIMS as u32);
    let first = ListQuery { limit: 50, ..ListQuery::default() };
    let queries = [
        ("first page", first.clone()),
        ("deep page", ListQuery { skip: count as u64 - 50, ..first.clone() }),
        ("filtered page", ListQuery { status: Some(ProcessingStatus::Completed), ..first.clone() }),
        ("text search", ListQuery { search_text: Some("ada".into()), ..first }),
    ];
    for (what, query) in queries {
        let since = Instant::now();
        let total = fixture.store.list(&query).unwrap().total;
        timed(what, since);
        assert_eq!(total as usize, if query.status.is_some() { 0 } else { count }, "{what}");
    }
    let since = Instant::now();
    assert_eq!(fixture.store.stats().unwrap().total as usize, count);
    timed("totals", since);
    println!("{count} recordings: file of {} bytes", fixture.path().metadata().unwrap().len());
    let since = Instant::now();
    let fixture = fixture.reopen();
    timed("opened in", since);
    assert_whole(&fixture.store);
}
