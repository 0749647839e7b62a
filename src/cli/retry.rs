//! `callscribe retry`: sends steps of recordings back to the start; the daemon does them again.

use std::process::ExitCode;

use axum::http::Method;
use serde_json::{Value, json};

use super::archive::{Archive, encoded, query, refused};
use super::exit;
use super::print;
use crate::call::Step;
use crate::config::Config;

/// Recordings asked for at once; the API's limit.
const PAGE: u64 = 500;
/// Run steps of a recording again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --steps the steps that failed or wait for another try are done again, and what depends on \
                  them.\nExit codes: 0 queued (also when there was nothing to do), 1 failed, 3 some of several could not \
                  be queued, 66 there is no such recording, 75 it is being worked on."
)]
pub struct Args {
    /// callscribe's id of the recording, or the provider's
    #[arg(required_unless_present_any = ["failed", "all"], conflicts_with_all = ["failed", "all"])]
    id: Option<String>,
    /// Every recording whose processing failed
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
    let ids = match &args.id {
        Some(id) => vec![id.clone()],
        None if args.all => every(&archive, "has_transcript=true").await?,
        None => every(&archive, "status=failed").await?,
    };
    let (mut queued, mut refusals) = (Vec::new(), 0);
    for id in &ids {
        match again(&archive, id, &args.steps).await {
            Ok(Some(steps)) => queued.push(json!({ "id": id, "steps": steps })),
            Ok(None) => {}
            Err(error) if args.id.is_none() && error.is::<super::archive::Refusal>() => {
                eprintln!("{error}");
                refusals += 1;
            }
            Err(error) => return Err(error),
        }
    }
    if args.json {
        print(&format!("{:#}\n", json!({ "queued": queued })))?;
    } else {
        let when = if archive.is_daemon() { "" } else { " for the daemon's next start" };
        print(&match queued.len() {
            0 => "There is nothing to do again. --steps all does every step again.\n".to_owned(),
            1 => format!("1 recording is queued{when}.\n"),
            many => format!("{many} recordings are queued{when}.\n"),
        })?;
    }
    Ok(if refusals > 0 { exit::PARTIAL.into() } else { ExitCode::SUCCESS })
}

/// Ids of all recordings a filter of the list lets through, taken before any is queued and leaves it.
async fn every(archive: &Archive, filter: &str) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    loop {
        let target = format!("/api/v1/recordings/?{filter}&limit={PAGE}&skip={}", ids.len());
        let page = archive.json(Method::GET, &target).await?;
        let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            return Ok(ids);
        }
        ids.extend(items.iter().filter_map(|item| item["id"].as_str()).map(str::to_owned));
    }
}

/// Queues one recording; the steps that will run, or `None` when none needs to.
async fn again(archive: &Archive, id: &str, wanted: &[StepName]) -> anyhow::Result<Option<Value>> {
    let target = format!("/api/v1/recordings/{}", encoded(id));
    let names: Vec<&str> = if wanted.contains(&StepName::All) {
        Step::ALL.iter().map(|step| step.as_str()).collect()
    } else if wanted.is_empty() {
        let recording = archive.json(Method::GET, &target).await?;
        Step::ALL.iter().map(|step| step.as_str()).filter(|step| is_stuck(&recording["steps"][step])).collect()
    } else {
        wanted
            .iter()
            .filter_map(|step| if let StepName::One(step) = step { Some(step.as_str()) } else { None })
            .collect()
    };
    if names.is_empty() {
        return Ok(None);
    }
    let steps = query(&[("steps", Some(names.join(",")))]);
    let answer = archive.json(Method::POST, &format!("{target}/reprocess{steps}")).await?;
    Ok(Some(answer["steps"].clone()))
}

fn is_stuck(step: &Value) -> bool {
    matches!(step["state"].as_str(), Some("failed" | "waiting"))
}
