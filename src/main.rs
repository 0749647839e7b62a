//! Arguments, dispatch, exit codes.

use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;
use std::time::Duration;

use callscribe::cli::{self, Arguments, Command};
use callscribe::transcribe::worker;
use clap::Parser;

/// How long blocking reads and writes may take once everything else has ended.
const LAST_READS: Duration = Duration::from_secs(2);
/// Threads of the runtime: requests and waiting are light, work is in the worker process.
const RUNTIME_THREADS: usize = 2;

/// How many heaps glibc may keep side by side, as its variable for that. It makes eight for each core, and each holds on to
/// the most it ever needed: hundreds of megabytes after some large answers.
const HEAPS: (&str, &str) = ("MALLOC_ARENA_MAX", "2");

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Worker) {
        return worker::run();
    }
    if matches!(arguments.command, Command::Serve(_)) && std::env::var_os(HEAPS.0).is_none() {
        begin_again_with_few_heaps();
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

/// Only the start of a process can set it. The process stays the same one; where that fails it goes on as it is.
fn begin_again_with_few_heaps() {
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let error = again.args(arguments).env(HEAPS.0, HEAPS.1).exec();
    eprintln!("The daemon could not limit its heaps and may take more memory: {error}");
}
