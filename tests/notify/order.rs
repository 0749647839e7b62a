//! Each recording's ends are told in their order, and a slow sink costs nobody else anything.

use callscribe::call::Step;

use crate::common::wait_until;
use crate::seed::{at, transcript};
use crate::sink::{Sink, Told};

#[test]
fn a_later_end_of_a_recording_waits_for_the_earlier_one_and_others_do_not() {
    let sink = Sink::that_answers(500);
    let told = Told::start(&[sink.config("crm")]);
    let first = told.seeds().completed("call-1", "2026-11-20T09:00:00Z", transcript());
    sink.wait_for(1);
    told.store.reset(first, &[Step::GenerateSummary], at("2026-11-20T13:00:00Z")).unwrap();
    told.seeds().summarised(at("2026-11-20T13:01:00Z"));
    told.seeds().completed("call-2", "2026-11-20T10:00:00Z", transcript());
    wait_until("three events are in line", || (told.deliveries("crm", "pending").len() == 3).then_some(()));
    // The first event of the first recording is refused for as long as the others have not been seen.
    let refused = sink.heard()[0].event_id();
    sink.answers(move |_, heard| Some(if heard.event_id() == refused { 500 } else { 200 }));
    let delivered = told.wait_for("crm", "delivered", 1);
    assert_eq!(delivered.len(), 1, "the other recording's");
    assert_ne!(delivered[0].event.recording, first);
    sink.answers(|_, _| Some(200));
    told.wait_for("crm", "delivered", 3);
    let of_first: Vec<_> =
        told.deliveries("crm", "delivered").into_iter().filter(|one| one.event.recording == first).collect();
    // Newest first.
    assert!(of_first[0].last_at >= of_first[1].last_at && of_first[0].serial > of_first[1].serial);
    let heard = sink.heard();
    let place = |id: String| heard.iter().rposition(|one| one.event_id() == id).unwrap();
    assert!(place(of_first[1].event.id.to_string()) < place(of_first[0].event.id.to_string()));
}

#[test]
fn a_sink_that_never_answers_slows_neither_other_sinks_nor_the_work() {
    let (deaf, quick) = (Sink::start(|_, _| None), Sink::that_answers(200));
    let told = Told::start(&[deaf.config("deaf"), quick.config("quick")]);
    for call in 0..20 {
        told.seeds().completed(&format!("call-{call}"), "2026-11-20T09:00:00Z", transcript());
    }
    assert_eq!(quick.wait_for(20).len(), 20);
    // Had the quick one waited for the deaf one, that would have been asked as often.
    assert!(deaf.heard().len() < 20);
    assert!(told.deliveries("deaf", "delivered").is_empty());
}
