//! `callscribe fetch`: has the daemon look at every account now.

use std::process::ExitCode;

use axum::http::Method;

use super::archive::{Archive, query, refused};
use super::{exit, print};
use crate::config::Config;

/// Look for new recordings at every account now
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Needs a running daemon.\nExit codes: 0 done, 1 failed, 3 some accounts could not be looked at."
)]
pub struct Args {
    /// How far back, in hours; folders are always walked whole
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=168))]
    hours: u32,
    /// Most recordings of each account
    #[arg(long, value_name = "M", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Wait until what was found is transcribed, as far as a minute allows
    #[arg(long)]
    wait: bool,
    /// Print the daemon's answer as JSON
    #[arg(long)]
    json: bool,
}

/// Looks.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    match fetch(&args, &config).await {
        Ok(code) => Ok(code),
        Err(error) => refused(error),
    }
}

async fn fetch(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let archive = Archive::open(config).await?;
    let parameters = query(&[
        ("hours", Some(args.hours.to_string())),
        ("limit", Some(args.limit.to_string())),
        ("wait", Some(args.wait.to_string())),
    ]);
    let answer = archive.json(Method::POST, &format!("/api/v1/recordings/fetch{parameters}")).await?;
    let errors: Vec<&str> = answer["errors"].as_array().into_iter().flatten().filter_map(|e| e.as_str()).collect();
    if args.json {
        print(&format!("{answer:#}\n"))?;
    } else {
        for error in &errors {
            eprintln!("{error}");
        }
        print(&format!("{}\n", answer["message"].as_str().unwrap_or("Done.")))?;
    }
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { exit::PARTIAL.into() })
}
