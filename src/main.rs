//! Arguments, dispatch, exit codes.

use std::process::ExitCode;
use std::time::Duration;

use callscribe::cli::{self, Arguments, Command};
use callscribe::transcribe::worker;
use clap::Parser;

/// How long blocking reads and writes may take once everything else has ended.
const LAST_READS: Duration = Duration::from_secs(2);
/// Threads of the runtime: requests and waiting are light, work is in the worker process.
const RUNTIME_THREADS: usize = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Worker) {
        return worker::run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(RUNTIME_THREADS).enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(cli::run(arguments));
            // A read that hangs on a dead network drive cannot be ended; the process can.
            runtime.shutdown_timeout(LAST_READS);
            result
        }
        Err(error) => Err(error.into()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::from(cli::exit_code(&error))
    })
}
