//! Arguments, dispatch, exit codes.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return callscribe::transcribe::worker::run();
    }
    ExitCode::SUCCESS
}
