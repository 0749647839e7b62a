//! What waits is bounded, what is dropped is counted, and a sink is sent only so much at once.

use std::time::Duration;

use callscribe::call::CategoryResult;
use callscribe::clock::Clock as _;
use callscribe::config::NotifyConfig;
use callscribe::store::{EventKind, SinkCounts, SinkRule, Store, WholeRecording};

use crate::common::wait_until;
use crate::generator;
use crate::seed::{at, transcript};
use crate::sink::{Sink, Told};

/// Events of one recording of these: one a category, and its end.
const EVENTS: u64 = 501;
/// The store's bounds.
const OUTBOX_MAX: u64 = 100_000;
const DELIVERIES_MAX: u64 = 20_000;
/// What one sink is sent in a minute, and may have before it.
const PER_MINUTE: usize = 600;
const AHEAD: u64 = 5_000;

/// A recording that came into many categories with an alert.
fn alarming(n: u64) -> WholeRecording {
    let mut whole = generator::recording(n);
    let category =
        |name| CategoryResult { name: format!("rule {name}"), matched: true, absent: false, hits: vec![], alert: true };
    whole.recording.insight.get_or_insert_default().categories = (1..EVENTS).map(category).collect();
    whole
}

fn tell(store: &Store, recordings: u64) -> u64 {
    for n in 0..recordings {
        store.insert_whole(&[alarming(n)], at("2026-11-20T12:00:00Z")).unwrap();
    }
    recordings * EVENTS
}

fn lone_store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("callscribe.redb")).unwrap();
    store.tell_ends(true);
    (folder, store)
}

#[test]
fn the_outbox_lets_the_oldest_go_and_counts_them() {
    let (_folder, store) = lone_store();
    let told = tell(&store, OUTBOX_MAX / EVENTS + 2);
    let outbox = store.outbox().unwrap();
    assert_eq!((outbox.waiting, outbox.dropped), (OUTBOX_MAX, told - OUTBOX_MAX));
    assert_eq!(store.check_integrity().unwrap().findings, Vec::<String>::new());
}

#[test]
fn what_waits_for_a_sink_is_bounded_and_what_it_never_got_is_counted() {
    let (_folder, store) = lone_store();
    let told = tell(&store, DELIVERIES_MAX / EVENTS + 2);
    let rule = SinkRule { name: "down".to_owned(), kinds: EventKind::ALL.to_vec(), provider: None, account: None };
    while store.give_out(std::slice::from_ref(&rule), at("2026-11-20T13:00:00Z")).unwrap() {}
    let counts = store.sink_counts("down").unwrap();
    assert_eq!((counts.pending, counts.dropped), (DELIVERIES_MAX, told - DELIVERIES_MAX));
    assert_eq!(store.outbox().unwrap().dropped, 0);
    let newest = store.deliveries("down", None, 1).unwrap().remove(0);
    assert_eq!(newest.event.kind, EventKind::Completed, "the newest are kept");
    // What was delivered makes room before anything that was not.
    let first = store.next_delivery("down", at("2026-11-20T13:00:00Z")).unwrap().unwrap();
    let delivered = callscribe::store::DeliveryEnd::Delivered;
    store.note_delivery("down", first.serial, delivered, at("2026-11-20T13:00:00Z")).unwrap();
    store.insert_whole(&[generator::recording(1_000_000)], at("2026-11-20T14:00:00Z")).unwrap();
    store.give_out(&[rule], at("2026-11-20T14:00:00Z")).unwrap();
    let counts = store.sink_counts("down").unwrap();
    assert_eq!((counts.pending, counts.delivered, counts.dropped), (DELIVERIES_MAX, 0, told - DELIVERIES_MAX));
}

#[test]
fn what_waits_is_kept_while_anything_delivered_can_go_for_it() {
    let (_folder, store) = lone_store();
    let rule = SinkRule { name: "picky".to_owned(), kinds: EventKind::ALL.to_vec(), provider: None, account: None };
    let give = |time: &str| while store.give_out(std::slice::from_ref(&rule), at(time)).unwrap() {};
    let [noon, one, next_year] = ["2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z", "2027-01-20T13:00:00Z"];
    // The first recording is refused and goes on being tried; the next is taken, all of it.
    store.insert_whole(&[alarming(0), alarming(1)], at(noon)).unwrap();
    give(noon);
    let later = || callscribe::store::DeliveryEnd::Retry { due: at(one), error: "It refused.".to_owned() };
    let refused = store.next_delivery("picky", at(noon)).unwrap().unwrap();
    store.note_delivery("picky", refused.serial, later(), at(noon)).unwrap();
    for _ in 0..EVENTS {
        let next = store.next_delivery("picky", at(noon)).unwrap().unwrap();
        store.note_delivery("picky", next.serial, callscribe::store::DeliveryEnd::Delivered, at(noon)).unwrap();
    }
    for n in 2..=DELIVERIES_MAX / EVENTS {
        store.insert_whole(&[alarming(n)], at(one)).unwrap();
    }
    give(one);
    let counts = store.sink_counts("picky").unwrap();
    assert_eq!(
        (counts.delivered, counts.dropped),
        (DELIVERIES_MAX - counts.pending, 0),
        "the delivered ones make room"
    );
    assert_eq!(store.next_delivery("picky", at(one)).unwrap().unwrap().serial, refused.serial);
    // Nor does one that waits keep the old ones behind it.
    store.insert_whole(&(900..1100).map(generator::recording).collect::<Vec<_>>(), at(next_year)).unwrap();
    give(next_year);
    let counts = store.sink_counts("picky").unwrap();
    assert_eq!((counts.delivered, counts.dropped), (0, 0));
}

#[test]
fn a_sink_is_sent_so_many_a_minute_and_the_rest_stays_in_the_outbox() {
    let sink = Sink::that_answers(200);
    let short = NotifyConfig { include_transcript: false, ..sink.config("crm") };
    let told = Told::start(&[short]);
    let all = tell(&told.store, AHEAD / EVENTS + 4);
    wait_until("a minute's share is delivered", || {
        (told.store.sink_counts("crm").unwrap().delivered == PER_MINUTE as u64).then_some(())
    });
    let counted = || {
        let (counts, outbox) = (told.store.sink_counts("crm").unwrap(), told.store.outbox().unwrap());
        (counts.pending + counts.delivered + outbox.waiting, outbox.waiting, counts.dropped + outbox.dropped)
    };
    let (sum, waiting, dropped) = counted();
    assert_eq!((sum, dropped), (all, 0));
    assert!(waiting > 0, "not everything is given out at once");
    assert_eq!(sink.heard().len(), PER_MINUTE);
    told.pass(Duration::from_secs(60));
    sink.wait_for(PER_MINUTE + 1);
}

#[test]
fn a_sink_that_comes_back_is_not_flooded() {
    let sink = Sink::that_answers(503);
    let told = Told::start(&[NotifyConfig { include_transcript: false, ..sink.config("crm") }]);
    // Of one recording, one event is tried at a time.
    tell(&told.store, 4);
    wait_until("the sink is down", || told.notifier.health().remove(0).down_until.map(|_| ()));
    sink.answers(|_, _| Some(200));
    told.pass(Duration::from_secs(3600));
    // The one that shows it is back, and a sixteenth of the usual.
    let share = 1 + PER_MINUTE as u64 / 16;
    let delivered = || told.store.sink_counts("crm").unwrap().delivered;
    wait_until("the first share is delivered", || (delivered() == share).then_some(()));
    told.pass(Duration::from_secs(60));
    wait_until("twice as many in the next minute", || (delivered() == share + 2 * (share - 1)).then_some(()));
}

#[test]
fn what_waits_for_a_sink_that_is_gone_is_kept_for_a_month_and_let_go_of_with_a_note() {
    let down = Sink::that_answers(500);
    let told = Told::start(&[down.config("renamed")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    wait_until("it waits", || (told.deliveries("renamed", "pending").len() == 1).then_some(()));
    let state = told.cut_off();

    let told = Told::on(state, &[]);
    let (day, names) = (Duration::from_secs(86_400), Vec::new());
    let gone = wait_until("it is noticed", || {
        told.store.forsaken_sinks(&names).unwrap().pop().filter(|sink| sink.kept_until.is_some())
    });
    assert_eq!(gone.name, "renamed");
    told.pass(day * 29);
    assert!(!told.store.tidy_sinks(&names, told.clock.now()).unwrap());
    assert_eq!(told.deliveries("renamed", "pending").len(), 1, "somebody may bring it back");
    assert!(told.store.tidy_sinks(&["renamed".to_owned()], told.clock.now()).is_ok());
    told.pass(day * 29);
    assert!(!told.store.tidy_sinks(&names, told.clock.now()).unwrap(), "it was back, and the month begins anew");
    told.pass(day * 31);
    assert!(!told.store.tidy_sinks(&names, told.clock.now()).unwrap());
    assert_eq!(told.store.forsaken_sinks(&names).unwrap(), []);
    assert_eq!(told.store.sink_counts("renamed").unwrap(), SinkCounts::default());
    let audit = told.store.audit_trail(10).unwrap();
    assert!(audit.iter().any(|entry| entry.detail.contains("1 of them never made")), "{audit:?}");
}
