//! `callscribe serve`: runs the daemon in the foreground; the service manager, or Ctrl-C, stops it.

use std::process::ExitCode;

use super::exit;
use crate::config::Config;
use crate::daemon::{self, Ended};
use crate::observe;

/// Run the daemon: watch folders, transcribe, serve the API.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "SIGTERM or Ctrl-C stops: running work may end first (pipeline.drain_timeout_s), a second one stops at \
                  once.\nExit codes: 0 stopped, 1 could not start or go on, 65 the database is damaged, 130 stopped at \
                  once."
)]
pub struct Args {}

/// Runs the daemon until it is told to stop.
///
/// # Errors
///
/// What kept it from starting or from going on.
pub async fn run(_args: Args, config: Config) -> anyhow::Result<ExitCode> {
    observe::init(&config.log)?;
    match Box::pin(daemon::run(config, |_| {})).await? {
        Ended::Stopped => Ok(ExitCode::SUCCESS),
        // Running work was not waited for; the next start takes it up again.
        Ended::CutOff => Ok(exit::INTERRUPTED.into()),
    }
}
