//! `callscribe serve`: runs the daemon in the foreground; the service manager, or Ctrl-C, stops it.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use super::{exit, print};
use crate::config::Config;
use crate::daemon::{self, Ended, Listening};
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
    match Box::pin(daemon::run(config, say_where)).await? {
        Ended::Stopped => Ok(ExitCode::SUCCESS),
        // Running work was not waited for; the next start takes it up again.
        Ended::CutOff => Ok(exit::INTERRUPTED.into()),
    }
}

/// Tells a person how to open the console: who sits at a terminal, and whoever starts the daemon for the first time. Later
/// starts by a service manager print no link, which nobody would use.
fn say_where(listening: Listening) {
    if !(listening.is_first_start || io::stdout().is_terminal()) {
        return;
    }
    let Listening { console_url, console_link, .. } = listening;
    let text = format!(
        "The console is at {console_url}/. This link signs one browser in, once, within five minutes:\n\n  \
         {console_link}\n\n`callscribe console` makes another.\n"
    );
    if let Err(error) = print(&text) {
        tracing::warn!(error = format!("{error:#}"), "The link to the console could not be printed.");
    }
}
