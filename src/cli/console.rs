//! `callscribe console`: asks the running daemon for a one-time link to its console, prints it and opens it.

use std::process::{Command, ExitCode, Stdio};

use axum::http::Method;

use super::archive::{Archive, refused};
use super::print;
use crate::config::Config;

/// Open the console in a browser, signed in
#[derive(Debug, clap::Args)]
#[command(after_help = "Needs a running daemon. The link signs one browser in, once, within five minutes.")]
pub struct Args {
    /// Print the link and open nothing
    #[arg(long)]
    print: bool,
}

/// Prints the link, and opens it where there is a display.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    match open(&args, &config).await {
        Ok(code) => Ok(code),
        Err(error) => refused(error),
    }
}

async fn open(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let archive = Archive::open(config).await?;
    let Some(address) = archive.address() else {
        anyhow::bail!("The daemon does not run, and the console is a part of it. Start it with `callscribe serve`.");
    };
    let answer = archive.json(Method::POST, "/api/v1/console/link").await?;
    let url = format!("http://{address}{}", answer["path"].as_str().unwrap_or_default());
    let is_opened = !args.print && has_display() && open_in_browser(&url);
    let what_to_do = match is_opened {
        true => "The console opens in your browser. Should it not, open this address yourself",
        false => "Open this address in a browser on this machine",
    };
    print(&format!("{what_to_do}; it signs one browser in, once, within five minutes:\n\n  {url}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Hands the address to the desktop. Not waited for: some openers stay until the browser ends.
fn open_in_browser(url: &str) -> bool {
    let mut opener = Command::new("xdg-open");
    opener.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}
