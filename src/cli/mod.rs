//! Command line: one file a subcommand. Parses arguments, calls what stands below, prints, chooses the exit code.

mod archive;
pub mod check;
pub mod list;
pub mod models;
pub mod retry;
pub mod serve;
pub mod show;
