//! Command line: one file a subcommand. Parses arguments, calls what stands below, prints, chooses the exit code.

pub mod check;
pub mod models;
