//! Arguments, dispatch, exit codes.

use std::process::ExitCode;

use callscribe::cli::{self, Arguments, Command};
use callscribe::transcribe::worker;
use clap::Parser;

/// Threads of the runtime: requests and waiting are light, work is in the worker process.
const RUNTIME_THREADS: usize = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Worker) {
        return worker::run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(RUNTIME_THREADS).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(cli::run(arguments)),
        Err(error) => Err(error.into()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::from(cli::exit_code(&error))
    })
}
