//! `callscribe prompt`: the instructions a language model gets for summaries, to be edited in a copy.

use std::process::ExitCode;

use super::print;
use crate::understand::model::prompt::DEFAULT_INSTRUCTIONS;

/// Takes nothing.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints them.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn run() -> anyhow::Result<ExitCode> {
    print(DEFAULT_INSTRUCTIONS)?;
    Ok(ExitCode::SUCCESS)
}
