//! `callscribe queue`: what is being worked on, what waits, and for how long.

use std::fmt::Write as _;
use std::process::ExitCode;

use axum::http::Method;
use serde_json::Value;

use super::archive::{Archive, refused};
use super::print;
use crate::config::Config;

/// Show what is being worked on and what waits.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the daemon's answer as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the queue.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let answer = async { Archive::open(&config).await?.json(Method::GET, "/api/v1/queue").await };
    let queue = match answer.await {
        Ok(queue) => queue,
        Err(error) => return refused(error),
    };
    print(&if args.json { format!("{queue:#}\n") } else { text(&queue) })?;
    Ok(ExitCode::SUCCESS)
}

fn text(queue: &Value) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("writing to a string does not fail");
    if let Some(since) = queue["paused_since"].as_str() {
        line(format!("Paused since {since}; `callscribe resume` goes on."));
    }
    for work in queue["running"].as_array().into_iter().flatten() {
        let (id, step) = (work["id"].as_str().unwrap_or_default(), work["step"].as_str().unwrap_or_default());
        let windows = match (work["windows_done"].as_u64(), work["windows_total"].as_u64()) {
            (Some(done), Some(total)) => format!(", {done} of {total} windows"),
            _ => String::new(),
        };
        line(format!("{id}  {step}{windows}"));
    }
    for parked in queue["parked"].as_array().into_iter().flatten() {
        line(format!("Waits for you: {}", parked["reason"].as_str().unwrap_or_default()));
    }
    line(format!("{} wait.", queue["waiting_total"].as_u64().unwrap_or(0)));
    for (step, count) in
        queue["by_step"].as_object().into_iter().flatten().filter(|(_, count)| count.as_u64() > Some(0))
    {
        line(format!("  {step:<17} {count}"));
    }
    let note = queue["eta_note"].as_str().unwrap_or_default();
    line(match queue["eta_seconds"].as_f64() {
        Some(seconds) if seconds > 0.0 => format!("About {} of work. {note}", length(seconds)),
        _ => note.to_owned(),
    });
    out
}

/// A length that need not be exact.
fn length(seconds: f64) -> String {
    match seconds.ceil() as u64 {
        whole @ 0..120 => format!("{whole} seconds"),
        whole @ 120..7200 => format!("{} minutes", whole.div_ceil(60)),
        whole => format!("{} hours", whole.div_ceil(3600)),
    }
}
