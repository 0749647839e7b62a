//! Steps of a whole archive again, as one job: bounded, through kills, to be cancelled, and never transcribed anew.

use callscribe::call::{Agreement, SecondOpinion, Step, StepState};
use callscribe::store::{KeptOpinion, Store};
use callscribe::understand::insight::RULES_VERSION;
use serde_json::Value;

use crate::common::{Http, TestDaemon, wait_until};
use crate::generator;
use crate::support::wait_for;

/// Recordings queued at once for one job.
const PART: u64 = 256;
const ALL: &str = "/api/v1/recordings/reprocess?steps=generate_summary&has_transcript=true";
const RULES: &str = "[[categories]]\nname = \"money\"\nany = [\"refund\", \"factura\"]\n";

/// A daemon that stopped, with so many recordings in its store.
fn archive(recordings: u64) -> TestDaemon {
    let mut daemon = TestDaemon::start(RULES);
    assert!(daemon.stop().success());
    let store = Store::open(&daemon.state().join("callscribe.redb")).unwrap();
    let whole: Vec<_> = (0..recordings).map(generator::recording).collect();
    assert_eq!(store.insert_whole(&whole, "2026-11-20T09:00:00Z".parse().unwrap()).unwrap(), whole.len());
    daemon
}

fn begin(http: &Http) -> (String, u64) {
    let answer = http.post(ALL);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let begun = answer.json();
    (format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap()), begun["queued"].as_u64().unwrap())
}

fn ended(http: &Http, job: &str) -> Value {
    wait_for(http, job, "the job has ended", |job| !job["ended_at"].is_null())
}

/// Every recording with words was drawn again, with the rules of today, and none was heard again.
fn assert_drawn(daemon: &mut TestDaemon, recordings: u64) {
    assert!(daemon.stop().success());
    let store = Store::open(&daemon.state().join("callscribe.redb")).unwrap();
    for n in 0..recordings {
        let was = generator::recording(n);
        let is = store.get(was.recording.id).unwrap().unwrap();
        assert_eq!(store.transcript(is.id).unwrap(), was.transcript);
        assert_eq!(is.steps.get(Step::Transcribe), was.recording.steps.get(Step::Transcribe));
        let Some(insight) = is.insight.filter(|_| was.transcript.is_some()) else { continue };
        assert_eq!((insight.rules_version, insight.categories[0].name.as_str()), (RULES_VERSION, "money"));
        let step = is.steps.get(Step::GenerateSummary);
        assert!(matches!(step.state, StepState::Completed { .. }));
        let version = step.version.as_deref().unwrap();
        assert!(version.contains(&format!("with rules {RULES_VERSION}, configured ")), "{version}");
    }
    assert_eq!(store.check_integrity().unwrap().findings, Vec::<String>::new());
}

#[test]
fn transcripts_that_were_compared_by_other_rules_are_compared_again_beside_it() {
    let mut daemon = archive(3);
    let store = Store::open(&daemon.state().join("callscribe.redb")).unwrap();
    let ours = generator::recording(0);
    let (id, ours) = (ours.recording.id, ours.transcript.unwrap());
    let opinion = SecondOpinion {
        transcript: Some(ours.clone()),
        insights: Value::Null,
        fetched_at: "2026-11-20T09:00:00Z".parse().unwrap(),
        agreement: Some(Agreement { score: 0.25, disputes: Vec::new(), rules_version: 0 }),
    };
    let kept =
        KeptOpinion { opinion: &opinion, compared: Some(&ours), named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(id, &kept, opinion.fetched_at).unwrap().unwrap();
    drop(store);
    daemon.restart();
    let (http, path) = (daemon.http(), format!("/api/v1/recordings/{id}"));
    assert_eq!(http.get(&path).json()["opinion"]["agreement"], 0.25);
    begin(&http);
    let again = wait_for(&http, &path, "it is compared again", |call| call["opinion"]["agreement"] != 0.25);
    assert_eq!(again["opinion"]["agreement"], 1.0);
}

/// So many recordings, or as many as `CALLSCRIBE_RERUN` says; prints how fast it went with `--nocapture`.
#[test]
fn an_archive_is_drawn_again_without_hearing_it_again() {
    let recordings = std::env::var("CALLSCRIBE_RERUN").ok().and_then(|text| text.parse().ok()).unwrap_or(700);
    let mut daemon = archive(recordings);
    daemon.restart();
    let http = daemon.http();
    let (job, queued) = begin(&http);
    let job = ended(&http, &job);
    assert_eq!((&job["kind"], &job["state"], &job["eta_seconds"]), (&"rerun".into(), &"completed".into(), &0.0.into()));
    assert_eq!(job["progress"]["recordings_done"], queued);
    assert_eq!(job["progress"]["recordings_total"], queued);
    assert!(queued > recordings * 8 / 10, "{queued}");
    let time = |name: &str| job[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let took_s = time("ended_at").duration_since(time("created_at")).as_secs_f64();
    println!("{queued} insights drawn again in {took_s:.1} s, {:.0} a second", queued as f64 / took_s);
    assert_drawn(&mut daemon, recordings);
}

#[test]
fn a_rerun_goes_on_after_kills() {
    let mut daemon = archive(700);
    daemon.restart();
    let (job, queued) = begin(&daemon.http());
    for share in [40, 200, 400] {
        let http = daemon.http();
        wait_until("some more are done", || {
            let done = http.get(&job).json()["progress"]["recordings_done"].as_u64()?;
            (done >= share).then_some(())
        });
        daemon.kill();
        daemon.restart();
    }
    let job = ended(&daemon.http(), &job);
    assert_eq!((&job["state"], &job["progress"]["recordings_done"]), (&"completed".into(), &queued.into()));
    assert_drawn(&mut daemon, 700);
}

#[test]
fn a_rerun_fills_the_queue_in_parts_and_ends_when_it_is_cancelled() {
    let mut daemon = archive(700);
    daemon.restart();
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let (target, queued) = begin(&http);
    assert_eq!(http.get("/api/v1/queue").json()["waiting_total"], PART);
    let job = http.get(&target).json();
    assert_eq!((&job["eta_seconds"], &job["eta_note"]), (&Value::Null, &"The queue is paused.".into()));
    assert_eq!(job["progress"]["recordings_total"], queued);
    assert_eq!(http.delete(&target).json()["state"], "cancelled");
    let job = http.get(&target).json();
    assert_eq!(job["progress"]["recordings_done"], PART);
    http.post("/api/v1/queue/resume");
    assert_eq!(http.get("/api/v1/queue").json()["waiting_total"], 0, "nothing more comes");
}

#[test]
fn what_is_worked_on_already_keeps_its_job() {
    let mut daemon = archive(20);
    daemon.restart();
    let http = daemon.http();
    http.post("/api/v1/queue/pause");
    let has_words = |n: &u64| generator::recording(*n).transcript.is_some();
    let id = generator::recording((0..20).find(has_words).unwrap()).recording.id;
    let own = http.post(&format!("/api/v1/recordings/{id}/reprocess?steps=generate_summary")).json();
    let (target, queued) = begin(&http);
    http.post("/api/v1/queue/resume");
    assert_eq!(ended(&http, &target)["progress"]["recordings_done"], queued);
    let with_words = http.get("/api/v1/recordings/?has_transcript=true").json()["total"].as_u64().unwrap();
    assert_eq!(queued, with_words - 1, "all but the one");
    let own = ended(&http, &format!("/api/v1/jobs/{}", own["job_id"].as_str().unwrap()));
    assert_eq!(own["state"], "completed");
}

#[test]
fn filters_choose_and_steps_must_be_named() {
    let mut daemon = archive(60);
    daemon.restart();
    let http = daemon.http();
    let base = "/api/v1/recordings/reprocess";
    assert_eq!(http.post(base).error_code(), "bad_parameter");
    assert_eq!(http.post(&format!("{base}?steps=dance")).error_code(), "bad_parameter");
    assert_eq!(http.post(&format!("{base}?steps=generate_summary&search_text=refund")).error_code(), "bad_parameter");
    let spanish = http.get("/api/v1/recordings/?language=es").json()["total"].as_u64().unwrap();
    let begun = http.post(&format!("{base}?steps=generate_summary&language=es")).json();
    assert_eq!(begun["queued"], spanish);
    let none = http.post(&format!("{base}?steps=generate_summary&language=fr")).json();
    assert_eq!((&none["queued"], none["job_id"].is_null()), (&0.into(), true));
    let failed = http.get("/api/v1/recordings/?status=failed").json()["total"].as_u64().unwrap();
    let retried = http.post("/api/v1/queue/retry-failed").json();
    assert_eq!(retried["queued"], failed);
    let job = http.get(&format!("/api/v1/jobs/{}", retried["job_id"].as_str().unwrap())).json();
    assert_eq!(job["kind"], "retry_failed");
}

#[test]
fn the_command_begins_one_job_with_and_without_a_daemon() {
    let mut daemon = archive(30);
    let said = |daemon: &TestDaemon| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_callscribe"));
        let arguments = ["retry", "--all", "--steps", "generate_summary"];
        let output = program.arg("--config").arg(daemon.config()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let here = said(&daemon);
    assert!(here.contains(" are queued for the daemon's next start, as job "), "{here}");
    daemon.restart();
    let http = daemon.http();
    let id = here.trim_end().trim_end_matches('.').rsplit(' ').next().unwrap();
    assert_eq!(ended(&http, &format!("/api/v1/jobs/{id}"))["state"], "completed");
    let there = said(&daemon);
    assert!(there.contains(" are queued, as job "), "{there}");
}
