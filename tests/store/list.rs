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

#[test]
fn a_total_and_its_page_are_of_one_moment_while_calls_come() {
    const CALLS: usize = 200;
    let fixture = Fixture::new();
    let (account, has_transcript) = (Some(account().to_string()), Some(false));
    let query = ListQuery { limit: 2 * CALLS, account, has_transcript, ..ListQuery::default() };
    assert_eq!(fixture.store.list(&query).unwrap().total, 0, "counted once, and kept from here on");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut seen = 0;
                while seen < CALLS {
                    let page = fixture.store.list(&query).unwrap();
                    assert_eq!(page.total as usize, page.items.len());
                    assert!(page.items.len() >= seen, "what was there stays there");
                    seen = page.items.len();
                }
            });
        }
        for n in 0..CALLS {
            fixture.insert(&format!("call-{n}"), n as i64);
        }
    });
}

/// Every filter gives what a look at each recording gives.
#[test]
fn keys_and_rows_agree_on_random_questions() {
    let fixture = archive();
    let mut rng = fastrand::Rng::with_seed(7);
    for n in 0..60 {
        let mut new = listed(&format!("r{n}"), 100 + n);
        new.call.location = Some(["Berlin", "Madrid"][rng.usize(0..2)].into());
        new.call.queue = Some(["billing", "sales", "returns"][rng.usize(0..3)].into());
        new.call.owner.name = Some(["Ada Holm", "Bo Lind"][rng.usize(0..2)].into());
        new.call.caller.number = Some(format!("+49 30 {}", rng.u8(0..4)));
        fixture.store.insert_discovered(source(&account()), &[new], &[], None, at(50)).unwrap();
    }
    drain_until(&fixture.store, 500, |_| rng.u8(0..150) == 0);
    let all = fixture.store.list(&all()).unwrap().items;
    for _ in 0..300 {
        let maybe = |rng: &mut fastrand::Rng, value: &str| rng.bool().then(|| value.to_owned());
        let query = ListQuery {
            location: maybe(&mut rng, "berlin"),
            queue: maybe(&mut rng, "Billing"),
            owner: maybe(&mut rng, "ADA HOLM"),
            phone_number: maybe(&mut rng, "0301"),
            status: rng.bool().then_some(ProcessingStatus::Completed),
            has_transcript: rng.bool().then(|| rng.bool()),
            from: rng.bool().then(|| at(rng.i64(0..120))),
            to: rng.bool().then(|| at(rng.i64(100..200))),
            limit: rng.usize(1..9),
            skip: rng.u64(0..4),
            ..ListQuery::default()
        };
        let expected: Vec<_> = all
            .iter()
            .filter(|r| {
                let call = &r.call;
                let digits = call.caller.number.as_deref().unwrap_or_default().replace(['+', ' '], "");
                let has_words = r.transcript.as_ref().is_some_and(|t| t.word_count > 0);
                (query.location.is_none() || call.location.as_deref() == Some("Berlin"))
                    && (query.queue.is_none() || call.queue.as_deref() == Some("billing"))
                    && (query.owner.is_none() || call.owner.name.as_deref() == Some("Ada Holm"))
                    && query.phone_number.as_ref().is_none_or(|n| digits.ends_with(&n[1..]))
                    && query.status.is_none_or(|s| r.steps.processing_status() == s)
                    && query.has_transcript.is_none_or(|wanted| wanted == has_words)
                    && query.from.is_none_or(|from| r.listed_at() >= from)
                    && query.to.is_none_or(|to| r.listed_at() < to)
            })
            .map(|r| r.id)
            .collect();
        let page = fixture.store.list(&query).unwrap();
        assert_eq!(page.total as usize, expected.len(), "{query:?}");
        let shown: Vec<_> = expected.iter().skip(query.skip as usize).take(query.limit).copied().collect();
        assert_eq!(page.items.iter().map(|r| r.id).collect::<Vec<_>>(), shown, "{query:?}");
        let Some(after) = page.next else { continue };
        let next = fixture.store.list(&ListQuery { after: Some(after), skip: 0, ..query.clone() }).unwrap();
        assert_eq!(next.total, page.total);
        let rest = expected.iter().skip(query.skip as usize + query.limit).take(query.limit).copied();
        assert_eq!(next.items.iter().map(|r| r.id).collect::<Vec<_>>(), rest.collect::<Vec<_>>(), "{query:?}");
    }
    assert_whole(&fixture.store);
}
