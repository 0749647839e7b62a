//! `callscribe login`: where to sign an account in that only a person can sign in.

use std::process::ExitCode;

use axum::http::Method;

use super::archive::{Archive, encoded, refused};
use super::print;
use crate::config::Config;

/// Sign an account in that needs a person (Webex)
#[derive(Debug, clap::Args)]
#[command(after_help = "Needs a running daemon: the provider sends the browser back to it.")]
pub struct Args {
    /// Which vendor
    #[arg(value_parser = ["webex"])]
    provider: String,
    /// Account to sign in, where there are several
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

/// Prints the address to open.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    match login(&args, &config).await {
        Ok(code) => Ok(code),
        Err(error) => refused(error),
    }
}

async fn login(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let mut own = config.accounts.iter().filter(|account| account.kind().as_str() == args.provider);
    let name = match (&args.account, own.next(), own.next()) {
        (Some(name), ..) => name.clone(),
        (None, Some(account), None) => account.name.to_string(),
        (None, Some(_), Some(_)) => {
            anyhow::bail!("There are several accounts at {}; name one with --account.", args.provider)
        }
        (None, None, _) => anyhow::bail!("There is no account at {} in the configuration.", args.provider),
    };
    let archive = Archive::open(config).await?;
    let answer = archive.json(Method::POST, &format!("/api/v1/providers/{}/login", encoded(&name))).await?;
    let url = answer["url"].as_str().unwrap_or_default();
    print(&format!("Open this address in a browser within ten minutes and sign in:\n\n{url}\n"))?;
    Ok(ExitCode::SUCCESS)
}
