//! What is kept beside the rows with every change (filters' keys, telephone numbers, sums by day) is what is made from them
//! anew when it is missing, old or of no use.

use std::collections::BTreeMap;

use callscribe::call::Step;
use callscribe::store::{Lane, ListQuery, NewRecording, StepOutcome, StepResult, Store};
use proptest::collection::vec;
use proptest::prelude::*;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use crate::shelf::{Call, call};
use crate::support::*;

type Id = &'static [u8; 16];

const FACETS: TableDefinition<(u128, i64, Id), ()> = TableDefinition::new("facets");
const TAGS: TableDefinition<u128, u64> = TableDefinition::new("tags");
const PHONES: TableDefinition<(&str, i64, Id), ()> = TableDefinition::new("phones");
const NUMBERS: TableDefinition<&str, (u64, [u64; 5], i64)> = TableDefinition::new("numbers");
const NUMBERS_BY_LAST: TableDefinition<(i64, &str), ()> = TableDefinition::new("numbers_by_last");
const DAYS: TableDefinition<(u8, i32, &str), [i64; 10]> = TableDefinition::new("days");
const TALK_DAYS: TableDefinition<(u8, i32, &str), [i64; 17]> = TableDefinition::new("talk_days");
const PROGRESS: TableDefinition<&str, &[u8]> = TableDefinition::new("progress");

/// Every entry of every derived table as text, by table.
fn derived(path: &std::path::Path) -> BTreeMap<&'static str, Vec<String>> {
    let db = Database::open(path).unwrap();
    let tx = db.begin_read().unwrap();
    macro_rules! entries {
        ($table:expr) => {{
            let table = tx.open_table($table).unwrap();
            let entries = table.iter().unwrap().map(Result::unwrap);
            entries.map(|(key, value)| format!("{:?} {:?}", key.value(), value.value())).collect()
        }};
    }
    [
        ("facets", entries!(FACETS)),
        ("tags", entries!(TAGS)),
        ("phones", entries!(PHONES)),
        ("numbers", entries!(NUMBERS)),
        ("numbers by last call", entries!(NUMBERS_BY_LAST)),
        ("days", entries!(DAYS)),
        ("talk by day", entries!(TALK_DAYS)),
    ]
    .into()
}

/// What may be wrong with the derived tables of a database.
#[derive(Debug, Clone, Copy)]
enum Harm {
    /// Nothing says how far they are.
    Unknown,
    /// They were made by other rules, which left other entries.
    Old,
    /// They are not there.
    Missing,
}

fn harm(path: &std::path::Path, harm: Harm) {
    let db = Database::open(path).unwrap();
    let tx = db.begin_write().unwrap();
    match harm {
        Harm::Unknown => drop(tx.open_table(PROGRESS).unwrap().remove("derived").unwrap()),
        Harm::Old => {
            let standing: &[u8] = b"\x01{\"version\":0,\"complete\":true,\"up_to\":null}";
            tx.open_table(PROGRESS).unwrap().insert("derived", standing).unwrap();
            tx.open_table(FACETS).unwrap().insert((7, 7, &[7; 16]), ()).unwrap();
            tx.open_table(TAGS).unwrap().insert(7, 7).unwrap();
            tx.open_table(NUMBERS).unwrap().insert("7", (7, [7; 5], 7)).unwrap();
            tx.open_table(DAYS).unwrap().insert((1, 7, "all"), [7; 10]).unwrap();
        }
        Harm::Missing => {
            tx.delete_table(FACETS).unwrap();
            tx.delete_table(TAGS).unwrap();
            tx.delete_table(PHONES).unwrap();
            tx.delete_table(NUMBERS).unwrap();
            tx.delete_table(NUMBERS_BY_LAST).unwrap();
            tx.delete_table(DAYS).unwrap();
            tx.delete_table(TALK_DAYS).unwrap();
        }
    }
    tx.commit().unwrap();
}

/// One thing that happens to an archive.
#[derive(Debug, Clone)]
enum Work {
    Take(Call),
    /// The newest due step of a lane ends, with what another call would have brought.
    Finish(Lane, u8, Call),
    Remove(usize),
    Reset(usize),
    Fill,
}

fn work() -> impl Strategy<Value = Work> {
    let lane = || prop_oneof![3 => Just(Lane::Light), 1 => Just(Lane::Transcribe)];
    prop_oneof![
        4 => call().prop_map(Work::Take),
        12 => (lane(), 0..10_u8, call()).prop_map(|(lane, end, call)| Work::Finish(lane, end, call)),
        1 => (0..100_usize).prop_map(Work::Remove),
        1 => (0..100_usize).prop_map(Work::Reset),
        1 => Just(Work::Fill),
    ]
}

fn outcome(step: Step, end: u8, other: &Call) -> StepOutcome {
    let whole = other.whole(99);
    let result = match step {
        Step::FetchDetails => StepResult::Details(Box::new(whole.recording.call)),
        Step::FetchMetadata => StepResult::Metadata(whole.recording.metadata),
        Step::DownloadAudio => StepResult::Audio(Box::new(audio("a.wav"))),
        Step::Transcribe => {
            let words = whole.transcript.unwrap_or_else(|| transcript(""));
            StepResult::Transcript { transcript: Box::new(words), format: format() }
        }
        Step::DetectLanguage => StepResult::Language { language: None, confidence: 0.5 },
        Step::GenerateSummary => StepResult::Insight(Box::new(whole.recording.insight.unwrap_or_default())),
    };
    match end {
        0 => failed("It broke."),
        1 => StepOutcome::Skipped { reason: "Not to be had.".into(), result: None },
        2 => StepOutcome::Retry { until: at(0), error: "Busy.".into() },
        _ => StepOutcome::Completed { result, version: None },
    }
}

fn happen(store: &Store, n: usize, work: Work) {
    let some = |which: usize| {
        let all = store.ids_after(None, 1000).unwrap();
        (!all.is_empty()).then(|| all[which % all.len()])
    };
    match work {
        Work::Take(call) => {
            let whole = call.whole(n);
            let (key, call) = (whole.recording.key, whole.recording.call);
            let (provider, account) = (key.provider, key.account.clone());
            let new = NewRecording { key, call, locator: whole.locator, returned: false, opinion_due: None };
            store.insert_discovered((provider, &account), &[new], &[], None, at(0)).unwrap();
        }
        Work::Finish(lane, end, other) => {
            if let Some(claim) = store.claim(at(1), &request(lane)).unwrap() {
                store.finish(&claim, outcome(claim.step, end, &other), at(1)).unwrap();
            }
        }
        // Refused for what is removed already, or at work.
        Work::Remove(which) => drop(some(which).map(|id| store.soft_delete(id, "test", at(2)))),
        Work::Reset(which) => drop(some(which).map(|id| store.reset(id, &Step::ALL, at(2)))),
        Work::Fill => drop(store.fill_derived().unwrap()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: rounds(16) as u32, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_with_every_change_is_what_is_made_anew(
        work in vec(work(), 1..120),
        meanwhile in vec(work(), 0..20),
        broken in prop_oneof![Just(Harm::Unknown), Just(Harm::Old), Just(Harm::Missing)],
    ) {
        let mut fixture = Fixture::new();
        work.into_iter().enumerate().for_each(|(n, work)| happen(&fixture.store, n, work));
        assert_whole(&fixture.store);
        let path = fixture.path();
        let Fixture { store, folder } = fixture;
        drop(store);
        let kept = derived(&path);
        harm(&path, broken);
        let store = Store::open(&path).unwrap();
        while store.fill_derived().unwrap() {}
        drop(store);
        prop_assert_eq!(&derived(&path), &kept, "{:?}", broken);
        // And with work done before and while they are made.
        harm(&path, broken);
        fixture = Fixture { store: Store::open(&path).unwrap(), folder };
        meanwhile.into_iter().enumerate().for_each(|(n, work)| happen(&fixture.store, 1000 + n, work));
        while fixture.store.fill_derived().unwrap() {}
        assert_whole(&fixture.store);
    }
}

/// More recordings than are filled at once; work is done between the pieces.
#[test]
fn lists_are_right_while_the_tables_are_made_piece_by_piece() {
    let fixture = Fixture::new();
    let found: Vec<_> = (0..2500).map(|n| listed(&format!("r{n}"), n)).collect();
    fixture.store.insert_discovered(source(&account()), &found, &[], None, at(0)).unwrap();
    let path = fixture.path();
    let Fixture { store, folder } = fixture;
    drop(store);
    harm(&path, Harm::Old);
    let fixture = Fixture { store: Store::open(&path).unwrap(), folder };
    let ids = fixture.store.ids_after(None, 5000).unwrap();
    let query = ListQuery { phone_number: Some("1234567".into()), limit: 3, ..ListQuery::default() };
    let mut left = ids.len() as u64;
    for (piece, more) in [true, true, false].into_iter().enumerate() {
        assert_eq!(fixture.store.list(&query).unwrap().total, left);
        assert_eq!(fixture.store.fill_derived().unwrap(), more, "piece {piece}");
        // One that is in the tables, one that will be.
        for id in [ids[piece], ids[ids.len() - 1 - piece]] {
            fixture.store.soft_delete(id, "test", at(1)).unwrap();
            left -= 1;
        }
        fixture.insert(&format!("late{piece}"), 3000);
        left += 1;
    }
    assert_eq!(fixture.store.list(&query).unwrap().total, left);
    assert_whole(&fixture.store);
}
