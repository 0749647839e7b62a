//! Command line: one file a subcommand. Parses arguments, calls what stands below, prints, chooses the exit code.

mod accounts;
mod archive;
pub mod check;
pub mod console;
pub mod demo;
pub mod evaluate;
pub mod fetch;
pub mod import;
mod language;
pub mod list;
pub mod login;
pub mod models;
pub mod pause;
mod progress;
pub mod prompt;
pub mod queue;
pub mod retry;
pub mod search;
pub mod serve;
pub mod show;
pub mod transcribe;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigErrors};
use crate::discover::DiscoverError;
use crate::pipeline::PipelineError;
use crate::store::StoreError;

/// Exit codes, for scripts. 2 is clap's for wrong arguments; 65 to 78 follow sysexits.h.
pub mod exit {
    /// Something did not work; standard error says what.
    pub const FAILURE: u8 = 1;
    /// Some of several files failed; the others are done.
    pub const PARTIAL: u8 = 3;
    /// Data is damaged: a database or an audio file that cannot be read.
    pub const DATA: u8 = 65;
    /// No such recording, or no archive at all.
    pub const NOT_FOUND: u8 = 66;
    /// What was asked for is not there yet; later it may be.
    pub const NOT_YET: u8 = 75;
    /// The configuration is wrong.
    pub const CONFIG: u8 = 78;
    /// Ended by Ctrl-C.
    pub const INTERRUPTED: u8 = 130;
}

/// Transcribes recorded telephone calls on this machine: right words, right speaker, right times, nothing sent anywhere.
#[derive(Debug, Parser)]
#[command(name = "callscribe", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// Configuration file [default: $CALLSCRIBE_CONFIG, /etc/callscribe/config.toml, ~/.config/callscribe/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 some of several failed, 65 damaged data, \
                          66 no such recording, 75 not there yet, 78 wrong configuration, 130 interrupted.";

/// One subcommand each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Transcribe a sample call and check every word: shows that this machine can do it
    Demo(demo::Args),
    /// Transcribe audio files
    Transcribe(transcribe::Args),
    /// Take an archive of recordings into the store and work it off
    Import(import::Args),
    /// Run the daemon: watch folders, transcribe, serve the API
    Serve(serve::Args),
    /// Open the console in a browser, signed in
    Console(console::Args),
    /// Look for new recordings at every account now
    Fetch(fetch::Args),
    /// Sign an account in that needs a person
    Login(login::Args),
    /// List recordings
    List(list::Args),
    /// Find calls by what was said in them
    Search(search::Args),
    /// Show one recording or its transcript
    Show(show::Args),
    /// Run steps of a recording again
    Retry(retry::Args),
    /// Show what is being worked on, what waits, and for how long
    Queue(queue::Args),
    /// Take up nothing more until `resume`; what runs ends as usual
    Pause(pause::Args),
    /// Go on with the queue
    Resume(pause::ResumeArgs),
    /// Compare models on calls whose transcripts somebody corrected, and say what to set
    Evaluate(evaluate::Args),
    /// List, download, import and verify Whisper models
    Models(models::ModelsArgs),
    /// Print what a language model is told to do with calls, to edit a copy of (language_model.prompt_file)
    Prompt(prompt::Args),
    /// Check configuration, folders and model, and say what to mend
    Check(check::CheckArgs),
    /// The process that decodes and recognises; started by the others
    #[command(hide = true)]
    Worker,
}

/// Runs the command.
///
/// # Errors
///
/// Whatever stopped it, as a sentence.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let loaded = Config::load(arguments.config.as_deref(), &|name| std::env::var(name).ok());
    // `check` reports a broken configuration itself.
    if let Command::Check(args) = &arguments.command {
        return check::run(args, &loaded).await;
    }
    let config = loaded?;
    match arguments.command {
        Command::Demo(args) => demo::run(args, config).await,
        Command::Transcribe(args) => transcribe::run(args, config).await,
        Command::Import(args) => import::run(args, config).await,
        Command::Serve(args) => serve::run(args, config).await,
        Command::Console(args) => console::run(args, config).await,
        Command::Fetch(args) => fetch::run(args, config).await,
        Command::Login(args) => login::run(args, config).await,
        Command::List(args) => list::run(args, config).await,
        Command::Search(args) => search::run(args, config).await,
        Command::Show(args) => show::run(args, config).await,
        Command::Retry(args) => retry::run(args, config).await,
        Command::Queue(args) => queue::run(args, config).await,
        Command::Pause(_) => pause::run(config).await,
        Command::Resume(_) => pause::resume(config).await,
        Command::Prompt(_) => prompt::run(),
        Command::Evaluate(args) => evaluate::run(args, config).await,
        Command::Models(args) => models::run(args, &config).await,
        Command::Check(_) | Command::Worker => Ok(ExitCode::SUCCESS),
    }
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("The answer could not be written to standard output."),
    }
}

/// What the store said, however deep in the loops it was said.
fn store_error(error: &anyhow::Error) -> Option<&StoreError> {
    error.downcast_ref::<StoreError>().or_else(|| {
        let of_pipeline = match error.downcast_ref::<PipelineError>() {
            Some(PipelineError::Store(error)) => Some(error),
            _ => None,
        };
        of_pipeline.or_else(|| match error.downcast_ref::<DiscoverError>() {
            Some(DiscoverError::Store(error)) => Some(error),
            _ => None,
        })
    })
}

/// The exit code for what stopped a command.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<ConfigErrors>() {
        exit::CONFIG
    } else if store_error(error).is_some_and(StoreError::is_data_error) {
        exit::DATA
    } else {
        exit::FAILURE
    }
}
