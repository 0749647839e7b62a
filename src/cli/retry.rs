//! `callscribe retry`: sends steps of recordings back to the start; the daemon does them again.

use std::process::ExitCode;

use axum::http::Method;
use serde_json::{Value, json};

use super::archive::{Archive, encoded, query, refused};
use super::print;
use crate::call::Step;
use crate::config::Config;

const NOTHING: &str = "There is nothing to do again. --steps all does every step again.\n";

/// Run steps of a recording again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --steps the steps that failed or wait for another try are done again, and what depends on \
                  them.\nExit codes: 0 queued (also when there was nothing to do), 1 failed, 66 there is no such recording, \
                  75 it is being worked on, or too many such jobs are under way."
)]
pub struct Args {
    /// callscribe's id of the recording, or the provider's
    #[arg(required_unless_present_any = ["failed", "all"], conflicts_with_all = ["failed", "all"])]
    id: Option<String>,
    /// Every recording in which something failed; with --steps one of these
    #[arg(long)]
    failed: bool,
    /// Every recording that has a transcript: after the rules have changed, --all --steps generate_summary
    #[arg(long, requires = "steps", conflicts_with = "failed")]
    all: bool,
    /// Steps to do again, separated by commas: transcribe,generate_summary; or all
    #[arg(long, value_delimiter = ',')]
    steps: Vec<StepName>,
    /// Print what was queued as JSON
    #[arg(long)]
    json: bool,
}

/// A step, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepName {
    All,
    One(Step),
}

impl std::str::FromStr for StepName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

/// Queues the work.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    match retry(&args, &config).await {
        Ok(code) => Ok(code),
        Err(error) => refused(error),
    }
}

async fn retry(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let archive = Archive::open(config).await?;
    let when = if archive.is_daemon() { "" } else { " for the daemon's next start" };
    let Some(id) = &args.id else { return many(args, &archive, when).await };
    let steps = again(&archive, id, &args.steps).await?;
    if args.json {
        let queued: Vec<Value> = steps.into_iter().map(|steps| json!({ "id": id, "steps": steps })).collect();
        print(&format!("{:#}\n", json!({ "queued": queued })))?;
    } else {
        print(&if steps.is_some() { format!("1 recording is queued{when}.\n") } else { NOTHING.to_owned() })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Queues many as one job.
async fn many(args: &Args, archive: &Archive, when: &str) -> anyhow::Result<ExitCode> {
    let steps = (!args.steps.is_empty()).then(|| names(&args.steps));
    let target = if args.all {
        let parameters = query(&[("steps", steps), ("has_transcript", Some("true".to_owned()))]);
        format!("/api/v1/recordings/reprocess{parameters}")
    } else {
        format!("/api/v1/queue/retry-failed{}", query(&[("steps", steps)]))
    };
    let answer = archive.json(Method::POST, &target).await?;
    if args.json {
        print(&format!("{answer:#}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let job = answer["job_id"].as_str().unwrap_or_default();
    print(&match answer["queued"].as_u64().unwrap_or(0) {
        0 => NOTHING.to_owned(),
        1 => format!("1 recording is queued{when}, as job {job}.\n"),
        many => format!("{many} recordings are queued{when}, as job {job}.\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The steps by their names, separated by commas.
fn names(wanted: &[StepName]) -> String {
    let named = |step: &Step| wanted.contains(&StepName::All) || wanted.contains(&StepName::One(*step));
    Step::ALL.into_iter().filter(named).map(Step::as_str).collect::<Vec<_>>().join(",")
}

/// Queues one recording; the steps that will run, or `None` when none needs to.
async fn again(archive: &Archive, id: &str, wanted: &[StepName]) -> anyhow::Result<Option<Value>> {
    let target = format!("/api/v1/recordings/{}", encoded(id));
    let names = if wanted.is_empty() {
        let recording = archive.json(Method::GET, &target).await?;
        let stuck = Step::ALL.into_iter().map(Step::as_str).filter(|step| is_stuck(&recording["steps"][step]));
        stuck.collect::<Vec<_>>().join(",")
    } else {
        names(wanted)
    };
    if names.is_empty() {
        return Ok(None);
    }
    let steps = query(&[("steps", Some(names))]);
    let answer = archive.json(Method::POST, &format!("{target}/reprocess{steps}")).await?;
    Ok(Some(answer["steps"].clone()))
}

fn is_stuck(step: &Value) -> bool {
    matches!(step["state"].as_str(), Some("failed" | "waiting"))
}
