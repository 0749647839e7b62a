//! Lists against a plain look at each call: any calls, any filters together, any page, whatever comes and goes between two.

use callscribe::store::{ListQuery, Place};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::shelf::{Shelf, call, question};
use crate::support::{assert_whole, rounds};

/// What happens to the archive between two pages.
#[derive(Debug, Clone)]
enum Meanwhile {
    Come(crate::shelf::Call),
    Go(usize),
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![call().prop_map(Meanwhile::Come), (0..1000_usize).prop_map(Meanwhile::Go)]
}

fn happen(shelf: &mut Shelf, one: Meanwhile) {
    match one {
        Meanwhile::Come(call) => shelf.insert(call),
        Meanwhile::Go(which) => shelf.remove(which),
    }
}

fn places(shelf: &Shelf, query: &ListQuery) -> (u64, Vec<Place>, Option<Place>) {
    let page = shelf.store.list(query).unwrap();
    (page.total, page.items.iter().map(Place::of).collect(), page.next)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: rounds(64) as u32, ..ProptestConfig::default() })]

    #[test]
    fn every_page_is_what_a_look_at_each_call_gives(
        calls in vec(call(), 0..70),
        questions in vec(question(), 1..25),
    ) {
        let shelf = Shelf::new(calls);
        for query in questions {
            let expected = shelf.expected(&query);
            let (total, shown, mut next) = places(&shelf, &query);
            let skip = query.skip as usize;
            prop_assert_eq!(total as usize, expected.len(), "{:?}", query);
            prop_assert_eq!(&shown[..], &expected[skip.min(expected.len())..expected.len().min(skip + query.limit)]);
            let mut seen = skip + shown.len();
            while let Some(after) = next {
                let query = ListQuery { after: Some(after), skip: 0, ..query.clone() };
                let (total, shown, behind) = places(&shelf, &query);
                prop_assert_eq!(total as usize, expected.len());
                prop_assert!(!shown.is_empty());
                prop_assert_eq!(&shown[..], &expected[seen..expected.len().min(seen + query.limit)], "{:?}", query);
                seen += shown.len();
                next = behind;
            }
            prop_assert_eq!(seen.max(skip), expected.len().max(skip), "the last page ends the list");
            let mut all = shelf.store.all_places(&query).unwrap();
            all.sort_unstable_by(|one, other| other.cmp(one));
            prop_assert_eq!(all, expected);
        }
        assert_whole(&shelf.store);
    }

    /// What the search index found may be old: of a call that was removed since, or moved.
    #[test]
    fn what_was_found_elsewhere_is_a_filter_like_any_other(
        calls in vec(call(), 0..70),
        removed in vec(0..1000_usize, 0..5),
        questions in vec((question(), any::<u64>()), 1..15),
    ) {
        let mut shelf = Shelf::new(calls);
        let all = shelf.expected(&ListQuery::default());
        removed.into_iter().for_each(|which| shelf.remove(which));
        for (query, chosen) in questions {
            let among: Vec<Place> = all.iter().enumerate().filter(|(n, _)| chosen >> (n % 64) & 1 == 1).map(|(_, p)| *p).collect();
            let moved = among.iter().map(|place| Place { listed_at_ms: place.listed_at_ms + 7, ..*place });
            let found = among.iter().copied().chain(moved).collect();
            let query = ListQuery { among: Some(found), skip: 0, ..query };
            let expected: Vec<Place> = shelf.expected(&query).into_iter().filter(|place| among.contains(place)).collect();
            let (total, shown, _) = places(&shelf, &query);
            prop_assert_eq!(total as usize, expected.len(), "{:?}", query);
            prop_assert_eq!(&shown[..], &expected[..expected.len().min(query.limit)]);
            prop_assert_eq!(shelf.store.all_places(&query).unwrap(), expected);
        }
    }

    #[test]
    fn a_list_that_is_asked_for_again_knows_what_came_and_went_meanwhile(
        calls in vec(call(), 0..40),
        questions in vec(question(), 1..12),
        changes in vec(vec(meanwhile(), 0..4), 1..8),
    ) {
        let mut shelf = Shelf::new(calls);
        for change in changes {
            for query in &questions {
                let total = shelf.store.list(query).unwrap().total;
                prop_assert_eq!(total as usize, shelf.expected(query).len(), "{:?}", query);
            }
            change.into_iter().for_each(|one| happen(&mut shelf, one));
        }
    }

    #[test]
    fn pages_follow_each_other_whatever_comes_and_goes_between_them(
        calls in vec(call(), 10..60),
        query in question(),
        changes in vec(vec(meanwhile(), 0..4), 30),
    ) {
        let mut shelf = Shelf::new(calls);
        let query = ListQuery { skip: 0, ..query };
        let there_at_first = shelf.expected(&query);
        let (_, mut seen, mut next) = places(&shelf, &query);
        for change in changes.into_iter().chain(std::iter::repeat_with(Vec::new)) {
            let Some(after) = next else { break };
            change.into_iter().for_each(|one| happen(&mut shelf, one));
            let query = ListQuery { after: Some(after), ..query.clone() };
            let expected = shelf.expected(&query);
            let (total, shown, behind) = places(&shelf, &query);
            prop_assert_eq!(total as usize, expected.len());
            let rest: Vec<Place> = expected.into_iter().filter(|place| *place < after).take(query.limit).collect();
            prop_assert_eq!(&shown, &rest);
            seen.extend(shown);
            next = behind;
        }
        prop_assert!(seen.is_sorted_by(|one, other| one > other), "nothing twice, nothing out of order");
        let left = shelf.expected(&query);
        let missed = there_at_first.iter().find(|place| left.contains(place) && !seen.contains(place));
        prop_assert_eq!(missed, None, "what was there all the time was shown");
    }
}
