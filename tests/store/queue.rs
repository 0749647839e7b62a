//! Claims, results, retries, rescue.

use callscribe::call::{Audio, JobState, ProcessingStatus, Step, StepState};
use callscribe::store::{
    Again, ClaimOrder, ClaimRequest, FailedStep, Lane, ListQuery, StepOutcome, StepResult, StoreError,
};

use crate::support::*;

#[test]
fn a_recording_goes_through_its_six_steps_in_order() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    let mut steps = Vec::new();
    drain_until(&fixture.store, 1, |claim| {
        steps.push(claim.step);
        false
    });
    assert_eq!(steps, Step::ALL);
    let recording = fixture.get(id);
    assert_eq!(recording.steps.processing_status(), ProcessingStatus::Completed);
    assert_eq!(recording.metadata, serde_json::json!({"queue": "support", "source": "in/a.wav"}));
    assert_eq!(recording.audio.unwrap().codec.as_deref(), Some("pcm_s16le"));
    assert_eq!(fixture.store.transcript(id).unwrap().unwrap().language_confidence, 0.95);
    assert_whole(&fixture.store);
}

#[test]
fn everything_is_still_there_after_a_restart() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    drain(&fixture.store, 1);
    let (before, words) = (fixture.get(id), fixture.store.transcript(id).unwrap());
    let fixture = fixture.reopen();
    assert_eq!(fixture.get(id), before);
    assert_eq!(fixture.store.transcript(id).unwrap(), words);
    assert_whole(&fixture.store);
}

#[test]
fn a_claimed_step_is_nobody_elses() {
    let fixture = Fixture::new();
    fixture.insert("a", 0);
    assert!(fixture.claim(1, Lane::Light).is_some());
    assert!(fixture.claim(1, Lane::Light).is_none());
    assert_eq!(fixture.store.next_due(Lane::Light).unwrap(), None);
}

#[test]
fn lanes_do_not_take_each_others_work() {
    let fixture = Fixture::new();
    fixture.insert("a", 0);
    assert!(fixture.claim(1, Lane::Transcribe).is_none());
    drain_until(&fixture.store, 1, |claim| claim.step == Step::Transcribe);
    assert!(fixture.claim(1, Lane::Light).is_none());
}

#[test]
fn newest_and_oldest_first_take_the_two_ends() {
    let fixture = Fixture::new();
    let [old, _, new] = [("old", 10), ("middle", 20), ("new", 30)].map(|(name, s)| fixture.insert(name, s));
    assert_eq!(fixture.claim(40, Lane::Light).unwrap().id(), new);
    let oldest = ClaimRequest { order: ClaimOrder::OldestFirst, ..request(Lane::Light) };
    assert_eq!(fixture.store.claim(at(40), &oldest).unwrap().unwrap().id(), old);
}

#[test]
fn attempts_rise_at_the_claim_and_survive_the_rescue() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    assert_eq!(fixture.claim(1, Lane::Light).unwrap().attempt, 1);
    let fixture = fixture.reopen();
    assert_eq!(fixture.store.rescue(at(2), NEXT_BOOT).unwrap(), 1);
    assert_eq!(fixture.get(id).steps.get(Step::FetchDetails).state, StepState::Pending);
    assert_eq!(fixture.claim(2, Lane::Light).unwrap().attempt, 2);
}

#[test]
fn work_that_kills_the_daemon_ends_failed_after_exactly_the_attempts_allowed() {
    let fixture = Fixture::new();
    let id = fixture.insert("poison", 0);
    for attempt in 1..=ATTEMPTS_MAX {
        assert_eq!(fixture.claim(1, Lane::Light).unwrap().attempt, attempt);
        fixture.store.rescue(at(1), NEXT_BOOT).unwrap();
    }
    // The next claim gives the poisoned step up and hands out the step behind it.
    assert_eq!(fixture.claim(1, Lane::Light).unwrap().step, Step::FetchMetadata);
    let record = fixture.get(id).steps.get(Step::FetchDetails).clone();
    assert_eq!(record.attempts, ATTEMPTS_MAX);
    assert!(matches!(record.state, StepState::Failed { error, .. } if error.starts_with("Given up after 3 attempts.")));
}

#[test]
fn the_daemons_own_work_is_not_rescued_from_it() {
    let fixture = Fixture::new();
    fixture.insert("a", 0);
    let claim = fixture.claim(1, Lane::Light).unwrap();
    assert_eq!(fixture.store.rescue(at(2), BOOT).unwrap(), 0);
    fixture.store.finish(&claim, done(&claim), at(3)).unwrap();
}

#[test]
fn a_late_result_is_refused() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    let rescued = fixture.claim(1, Lane::Light).unwrap();
    fixture.store.rescue(at(2), NEXT_BOOT).unwrap();
    let newer = fixture.claim(3, Lane::Light).unwrap();
    let before = fixture.get(id);
    let refused = fixture.store.finish(&rescued, done(&rescued), at(4));
    assert!(matches!(refused, Err(StoreError::ClaimLost(lost)) if lost == id));
    assert_eq!(fixture.get(id), before);
    fixture.store.finish(&newer, done(&newer), at(5)).unwrap();
    assert!(matches!(fixture.store.finish(&newer, done(&newer), at(6)), Err(StoreError::ClaimLost(_))));
    assert_whole(&fixture.store);
}

#[test]
fn a_waiting_step_is_due_at_its_time_and_not_before() {
    let fixture = Fixture::new();
    fixture.insert("a", 0);
    let claim = fixture.claim(1, Lane::Light).unwrap();
    let retry = StepOutcome::Retry { until: at(60), error: "The disk was slow.".into() };
    fixture.store.finish(&claim, retry, at(1)).unwrap();
    assert!(fixture.claim(59, Lane::Light).is_none());
    assert_eq!(fixture.store.next_due(Lane::Light).unwrap(), Some(at(60)));
    assert_eq!(fixture.claim(60, Lane::Light).unwrap().attempt, 2);
}

#[test]
fn waiting_for_something_and_a_graceful_stop_cost_no_attempt() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    let waiting = StepOutcome::Waiting { until: at(5), reason: "The model is missing.".into() };
    for outcome in [StepOutcome::Released, waiting] {
        let claim = fixture.claim(1, Lane::Light).unwrap();
        assert_eq!(claim.attempt, 1);
        fixture.store.finish(&claim, outcome, at(1)).unwrap();
    }
    assert_eq!(fixture.get(id).steps.get(Step::FetchDetails).attempts, 0);
    assert_eq!(fixture.get(id).steps.last_error(), None);
}

#[test]
fn without_audio_everything_that_needs_it_is_skipped_at_once() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    drain_until(&fixture.store, 1, |claim| {
        if claim.step == Step::DownloadAudio {
            fixture.store.finish(claim, failed("The file is gone."), at(1)).unwrap();
        }
        claim.step == Step::DownloadAudio
    });
    let steps = fixture.get(id).steps;
    let states: Vec<_> = steps.iter().map(|(_, record)| record.state.name()).collect();
    assert_eq!(states, ["completed", "completed", "failed", "skipped", "skipped", "skipped"]);
    assert_eq!(steps.processing_status(), ProcessingStatus::Failed);
    assert_eq!(steps.last_error(), Some("The file is gone."));
    assert_eq!(drain(&fixture.store, 2), 0);
    assert_whole(&fixture.store);
}

#[test]
fn a_call_without_speech_ends_partial_and_keeps_its_empty_transcript() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    drain_until(&fixture.store, 1, |claim| claim.step == Step::Transcribe);
    fixture.store.rescue(at(1), NEXT_BOOT).unwrap();
    let claim = fixture.claim(1, Lane::Transcribe).unwrap();
    let result = StepResult::Transcript { transcript: Box::new(transcript("")), format: format() };
    let outcome = StepOutcome::Skipped { reason: "No speech was found.".into(), result: Some(result) };
    let recording = fixture.store.finish(&claim, outcome, at(2)).unwrap();
    assert_eq!(recording.steps.processing_status(), ProcessingStatus::Partial);
    assert_eq!(recording.steps.quality_score(), 0.5);
    assert!(fixture.store.transcript(id).unwrap().unwrap().segments.is_empty());
    assert_whole(&fixture.store);
}

#[test]
fn checkpoints_live_until_the_transcript_is_there() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    drain_until(&fixture.store, 1, |claim| claim.step == Step::Transcribe);
    fixture.store.rescue(at(1), NEXT_BOOT).unwrap();
    let claim = fixture.claim(1, Lane::Transcribe).unwrap();
    fixture.store.checkpoint(&claim, 0, "first").unwrap();
    fixture.store.checkpoint(&claim, 1, "second").unwrap();
    let fixture = fixture.reopen();
    fixture.store.rescue(at(2), NEXT_BOOT).unwrap();
    let kept = [(0, "first".to_owned()), (1, "second".to_owned())];
    assert_eq!(fixture.store.checkpoints(id).unwrap(), kept);
    assert!(matches!(fixture.store.checkpoint(&claim, 2, "late"), Err(StoreError::ClaimLost(_))));
    let claim = fixture.claim(3, Lane::Transcribe).unwrap();
    fixture.store.finish(&claim, done(&claim), at(3)).unwrap();
    assert_eq!(fixture.store.checkpoints(id).unwrap(), []);
}

#[test]
fn a_reset_runs_the_step_again_with_all_its_attempts_and_keeps_the_old_result_until_then() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    drain(&fixture.store, 1);
    let recording = fixture.store.reset(id, &[Step::Transcribe], at(2)).unwrap();
    assert!(recording.transcript.is_some());
    let claim = fixture.claim(2, Lane::Transcribe).unwrap();
    assert_eq!((claim.step, claim.attempt), (Step::Transcribe, 1));
    assert!(matches!(fixture.store.reset(id, &Step::ALL, at(3)), Err(StoreError::WrongState(_))));
    fixture.store.finish(&claim, done(&claim), at(3)).unwrap();
    assert_eq!(drain(&fixture.store, 4), 2);
}

#[test]
fn a_cancelled_reset_puts_every_step_back_that_has_its_result_and_tells_nobody() {
    let fixture = Fixture::new();
    fixture.store.tell_ends(true);
    let id = fixture.insert("a", 0);
    drain(&fixture.store, 1);
    let (before, told) = (fixture.get(id), fixture.store.outbox().unwrap().waiting);
    fixture.store.reset(id, &Step::ALL, at(2)).unwrap();
    drain_until(&fixture.store, 3, |claim| claim.step == Step::Transcribe);
    let after = fixture.store.cancel(id, "test", at(4)).unwrap();
    assert_eq!(after.steps.processing_status(), ProcessingStatus::Completed);
    assert_eq!(after.steps.get(Step::GenerateSummary), before.steps.get(Step::GenerateSummary));
    assert_eq!(fixture.store.outbox().unwrap().waiting, told);
    // An insight into words that were replaced meanwhile is not taken for one into the new ones.
    fixture.store.reset(id, &[Step::Transcribe], at(5)).unwrap();
    let claim = fixture.claim(6, Lane::Transcribe).unwrap();
    fixture.store.finish(&claim, done(&claim), at(6)).unwrap();
    let after = fixture.store.cancel(id, "test", at(7)).unwrap();
    assert!(matches!(after.steps.get(Step::GenerateSummary).state, StepState::Skipped { .. }));
    assert_whole(&fixture.store);
}

#[test]
fn a_cancelled_retry_is_as_failed_as_before() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    for _ in [Step::FetchDetails, Step::FetchMetadata, Step::DownloadAudio] {
        let claim = fixture.claim(1, Lane::Light).unwrap();
        fixture.store.finish(&claim, done(&claim), at(1)).unwrap();
    }
    let claim = fixture.claim(2, Lane::Transcribe).unwrap();
    fixture.store.finish(&claim, failed("No."), at(2)).unwrap();
    fixture.store.reset(id, &[Step::Transcribe], at(3)).unwrap();
    let after = fixture.store.cancel(id, "test", at(4)).unwrap();
    assert_eq!(after.steps.processing_status(), ProcessingStatus::Failed);
}

#[test]
fn what_failed_is_found_wherever_it_failed() {
    let fixture = Fixture::new();
    let ids = [("given up", Step::Transcribe), ("the rest is there", Step::FetchMetadata)].map(|(name, wanted)| {
        let id = fixture.insert(name, 0);
        while let Some(claim) = Lane::ALL.iter().find_map(|lane| fixture.claim(1, *lane)) {
            let end = if claim.step == wanted { failed("No.") } else { done(&claim) };
            fixture.store.finish(&claim, end, at(1)).unwrap();
        }
        id
    });
    let statuses = ids.map(|id| fixture.get(id).steps.processing_status());
    assert_eq!(statuses, [ProcessingStatus::Failed, ProcessingStatus::Partial]);
    let retry =
        |step, s| fixture.store.begin_rerun(&ListQuery::default(), &Again::Failed(step), "test", at(s)).unwrap();
    let listed = |step| {
        let query = ListQuery { failed_step: Some(step), limit: 10, ..ListQuery::default() };
        fixture.store.list(&query).unwrap().items.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(FailedStep::Of(Step::FetchMetadata)), ids[1..]);
    assert_eq!(listed(FailedStep::Any).len(), 2);
    assert!(retry(Some(Step::DownloadAudio), 2).is_none());
    let job = retry(None, 2).unwrap();
    while fixture.store.feed_reruns(at(2)).unwrap() {}
    assert_eq!(job.recordings_total(), 2);
    assert!(listed(FailedStep::Any).is_empty(), "what is tried again has not failed");
    drain(&fixture.store, 3);
    assert_eq!(fixture.store.job(job.id).unwrap().unwrap().counts.completed, 2);
    assert!(retry(None, 4).is_none());
}

#[test]
fn what_waits_is_due_at_once_when_it_is_hurried() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    let claim = fixture.claim(1, Lane::Light).unwrap();
    let waiting = StepOutcome::Waiting { until: at(100), reason: "Its account needs a person.".to_owned() };
    fixture.store.finish(&claim, waiting, at(1)).unwrap();
    assert!(fixture.claim(2, Lane::Light).is_none());
    fixture.store.hurry(&[id], at(2)).unwrap();
    assert_eq!(fixture.claim(2, Lane::Light).unwrap().recording.id, id);
    fixture.store.hurry(&[id], at(2)).unwrap();
    assert!(fixture.claim(2, Lane::Light).is_none(), "what runs is left to that");
}

#[test]
fn a_job_is_judged_by_the_steps_it_asked_for() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 0);
    fixture.store.cancel(id, "test", at(1)).unwrap();
    let (_, cancelled) = fixture.store.reprocess(id, &[Step::DownloadAudio], "test", at(2)).unwrap();
    let (_, done) = fixture.store.reprocess(id, &[Step::DownloadAudio], "test", at(3)).unwrap();
    drain(&fixture.store, 4);
    assert_eq!(fixture.get(id).steps.processing_status(), ProcessingStatus::Partial, "its details were never fetched");
    let state = |job| fixture.store.job(job).unwrap().unwrap().state(false);
    assert_eq!((state(cancelled), state(done)), (JobState::Cancelled, JobState::Completed));
}

#[test]
fn a_place_in_line_is_known_from_both_ends() {
    let fixture = Fixture::new();
    for (name, s) in [("a", 0), ("b", 10), ("c", 20), ("d", 30)] {
        fixture.insert(name, s);
    }
    while let Some(claim) = fixture.claim(40, Lane::Light) {
        fixture.store.finish(&claim, done(&claim), at(40)).unwrap();
    }
    let line = fixture.store.line(10).unwrap();
    assert_eq!([0, 10, 30].map(|s| line.around(at(s))), [(3, 0), (2, 1), (0, 3)]);
    assert_eq!(fixture.store.line(1).unwrap().around(at(10)), (1, 1), "no more are counted than was asked for");
}

#[test]
fn added_work_wakes_whoever_waits_for_it() {
    let fixture = Fixture::new();
    let mut work = fixture.store.subscribe();
    assert!(!work.has_changed().unwrap());
    let id = fixture.insert("a", 0);
    assert!(work.has_changed().unwrap());
    drain(&fixture.store, 1);
    work.mark_unchanged();
    fixture.insert("a", 0);
    assert!(!work.has_changed().unwrap(), "nothing new came");
    fixture.store.reset(id, &[Step::GenerateSummary], at(2)).unwrap();
    assert!(work.has_changed().unwrap());
}

#[test]
fn other_audio_in_the_place_of_what_was_heard_is_listened_to() {
    let fixture = Fixture::new();
    let id = fixture.insert("a", 10);
    drain(&fixture.store, 50);
    let again = |sha256: &str| {
        fixture.store.reset(id, &[Step::DownloadAudio], at(60)).unwrap();
        let claim = fixture.claim(60, Lane::Light).unwrap();
        let audio = Audio { sha256: sha256.to_owned(), ..audio("a.wav") };
        let result = StepResult::Audio(Box::new(audio));
        fixture.store.finish(&claim, StepOutcome::Completed { result, version: None }, at(60)).unwrap();
        let recording = fixture.get(id);
        (recording.steps.next(), recording.audio.unwrap().unheard)
    };
    let heard = fixture.get(id).audio.unwrap().sha256;
    assert_eq!(again(&heard), (None, false));
    assert_eq!(again("of other sound"), (Some(Step::Transcribe), true));
    drain(&fixture.store, 70);
    assert_eq!((fixture.get(id).steps.next(), fixture.get(id).audio.unwrap().unheard), (None, false));
}
