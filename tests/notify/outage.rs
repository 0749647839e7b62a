//! A sink that is down is tried for days, then given up, and what was given up can be sent again.

use std::time::Duration;

use crate::common::wait_until;
use crate::seed::transcript;
use crate::sink::{Sink, Told, config};

#[test]
fn what_went_wrong_is_tried_again_with_the_same_id() {
    let sink = Sink::start(|place, _| match place {
        0 => Some(500),
        1 => None,
        2 => Some(429),
        _ => Some(200),
    });
    let told = Told::start(&[sink.config("crm")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    let delivery = told.wait_for("crm", "delivered", 1).remove(0);
    assert_eq!(delivery.attempts, 4);
    let ids: Vec<String> = sink.heard().iter().map(super::sink::Heard::event_id).collect();
    assert_eq!(ids, vec![delivery.event.id.to_string(); 4]);
    let stamps: Vec<String> = sink.heard().iter().map(|heard| heard.header("x-callscribe-timestamp")).collect();
    assert!(stamps.is_sorted() && stamps[0] != stamps[3], "each attempt is signed anew: {stamps:?}");
}

#[test]
fn a_sink_that_is_down_for_days_ends_in_dead_events_that_can_be_replayed() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = Told::start(&[config("crm", &format!("http://{nobody}/calls"))]);
    for call in 0..5 {
        told.seeds().completed(&format!("call-{call}"), "2026-11-20T09:00:00Z", transcript());
    }
    wait_until("the sink is taken to be down", || {
        told.notifier.health().remove(0).down_until.is_some().then_some(()).or_else(|| {
            told.pass(Duration::from_secs(60));
            None
        })
    });
    assert_eq!(told.deliveries("crm", "dead").len(), 0, "not before three days are over");
    told.pass(Duration::from_secs(71 * 3600));
    let dead = told.wait_for("crm", "dead", 5);
    assert!(dead.iter().all(|one| one.last_error.as_ref().is_some_and(|error| !error.is_empty())));
    let counts = told.store.sink_counts("crm").unwrap();
    assert_eq!((counts.pending, counts.delivered, counts.dead, counts.dropped), (0, 0, 5, 0));
    let again = told.store.replay_delivery("crm", dead[0].event.id, "test", dead[0].event.at).unwrap().unwrap();
    assert_eq!((again.state.name(), again.attempts), ("pending", 0));
    assert_eq!(told.store.sink_counts("crm").unwrap().pending, 1);
}

#[test]
fn a_sink_that_is_down_is_asked_seldom() {
    let sink = Sink::that_answers(503);
    let told = Told::start(&[sink.config("crm")]);
    for call in 0..50 {
        told.seeds().completed(&format!("call-{call}"), "2026-11-20T09:00:00Z", transcript());
    }
    wait_until("the sink is down", || told.notifier.health().remove(0).down_until.map(|_| ()));
    wait_until("all are in line", || (told.deliveries("crm", "pending").len() == 50).then_some(()));
    assert_eq!(sink.heard().len(), 3);
    assert_eq!(told.deliveries("crm", "pending").len(), 50);
}

#[test]
fn what_was_taken_can_be_sent_again_too() {
    let sink = Sink::that_answers(200);
    let told = Told::start(&[sink.config("crm")]);
    told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    let delivery = told.wait_for("crm", "delivered", 1).remove(0);
    told.store.replay_delivery("crm", delivery.event.id, "test", delivery.event.at).unwrap().unwrap();
    told.notifier.hurry();
    let heard = sink.wait_for(2);
    assert_eq!(heard[0].event_id(), heard[1].event_id());
}
