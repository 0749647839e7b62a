//! Jobs over many recordings: each is found where it is, and done once.

use std::collections::HashMap;

use callscribe::call::{ProcessingStatus, RecordingId, Step};
use callscribe::store::{Again, Lane, ListQuery, StepOutcome, StepResult};

use crate::support::{Fixture, at, done, drain, failed, result_of};

/// More than come in one part of a job.
const MANY: i64 = 400;

#[test]
fn calls_whose_details_move_them_in_the_list_are_done_once() {
    let fixture = Fixture::new();
    for n in 0..MANY {
        fixture.insert(&format!("call-{n}"), n);
    }
    drain(&fixture.store, MANY);
    let again = Again::Steps(vec![Step::FetchDetails]);
    let job = fixture.store.begin_rerun(&ListQuery::default(), &again, "test", at(MANY + 1)).unwrap().unwrap();
    let mut times: HashMap<RecordingId, usize> = HashMap::new();
    loop {
        let more = fixture.store.feed_reruns(at(MANY + 2)).unwrap();
        let Some(claim) = Lane::ALL.iter().find_map(|lane| fixture.claim(MANY + 3, *lane)) else {
            if more { continue } else { break }
        };
        let mut result = result_of(&claim);
        if let StepResult::Details(call) = &mut result {
            *times.entry(claim.id()).or_default() += 1;
            // Older than everything that was not looked at yet.
            call.started_at = Some(at(-1000));
        }
        fixture.store.finish(&claim, StepOutcome::Completed { result, version: None }, at(MANY + 4)).unwrap();
    }
    assert_eq!(times.len() as i64, MANY);
    assert!(times.values().all(|times| *times == 1), "{:?}", times.values().max());
    let job = fixture.store.job(job.id).unwrap().unwrap();
    assert_eq!((i64::from(job.counts.completed), i64::from(job.recordings_total())), (MANY, MANY));
}

#[test]
fn steps_are_done_again_wherever_they_failed() {
    let fixture = Fixture::new();
    let ids = [("given up", Step::Transcribe), ("the rest is there", Step::FetchMetadata)].map(|(name, wanted)| {
        let id = fixture.insert(name, 0);
        while let Some(claim) = Lane::ALL.iter().find_map(|lane| fixture.claim(1, *lane)) {
            let end = if claim.step == wanted { failed("No.") } else { done(&claim) };
            fixture.store.finish(&claim, end, at(1)).unwrap();
        }
        id
    });
    let retry = |steps: &[Step]| {
        let again = Again::WhereFailed(steps.to_vec());
        let job = fixture.store.begin_rerun(&ListQuery::default(), &again, "test", at(2)).unwrap()?;
        while fixture.store.feed_reruns(at(2)).unwrap() {}
        fixture.store.job(job.id).unwrap()
    };
    assert!(retry(&[Step::DownloadAudio]).is_none(), "that failed nowhere");
    assert_eq!(retry(&[Step::FetchMetadata]).unwrap().recordings, [ids[1]], "one of which the rest is there");
    drain(&fixture.store, 3);
    assert_eq!(retry(&Step::ALL).unwrap().recordings, [ids[0]]);
    drain(&fixture.store, 4);
    assert!(ids.iter().all(|id| fixture.get(*id).steps.processing_status() == ProcessingStatus::Completed));
}
