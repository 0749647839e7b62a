//! `callscribe pause` and `callscribe resume`: whether anything is taken up.

use std::process::ExitCode;

use axum::http::Method;

use super::archive::{Archive, refused};
use super::print;
use crate::config::Config;

/// Take up nothing more until `callscribe resume`; what runs ends as usual.
#[derive(Debug, clap::Args)]
#[command(after_help = "Holds over restarts. New calls are still found.")]
pub struct Args {}

/// Go on with the queue.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {}

/// Pauses the queue.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    ask(&config, "/api/v1/queue/pause").await
}

/// Goes on with it.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn resume(config: Config) -> anyhow::Result<ExitCode> {
    ask(&config, "/api/v1/queue/resume").await
}

async fn ask(config: &Config, target: &str) -> anyhow::Result<ExitCode> {
    let answer = async { Archive::open(config).await?.json(Method::POST, target).await };
    match answer.await {
        Ok(answer) => print(&format!("{}\n", answer["message"].as_str().unwrap_or_default()))?,
        Err(error) => return refused(error),
    }
    Ok(ExitCode::SUCCESS)
}
