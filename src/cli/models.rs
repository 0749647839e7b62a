//! `callscribe models`: list, pull, import, verify.

mod listing;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::print;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::daemon::ledger;
use crate::models::{self, DOWNLOAD_BASE_URL, ModelError, ModelFile, News, PullOptions, Pulled, Verdict, entry_named};
use crate::store::Egress;
pub use listing::{Listed, Listing};

const MB: u64 = 1_000_000;
/// Without a terminal one line for each tenth.
const PLAIN_STEPS: u64 = 10;

/// Lists Whisper models, brings them in and checks them.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Shows which models are here, which is in use and which can be had.
    List(ListArgs),
    /// Downloads a published model, verifies it and puts it into the state folder.
    Pull(PullArgs),
    /// Takes a model in from a file, for machines without network.
    Import(ImportArgs),
    /// Checks size and digest of models that are here.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct PullArgs {
    /// The model's name, like base or small-q5_1.
    name: String,
    /// A mirror's folder of model files.
    #[arg(long, value_name = "URL", default_value = DOWNLOAD_BASE_URL)]
    from: String,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// A Whisper model in ggml format.
    file: PathBuf,
    /// The name it gets here, if not that of the file.
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// Names or paths; all models here when none is given.
    names: Vec<String>,
}

/// Runs one of the subcommands.
///
/// # Errors
///
/// What went wrong, as a sentence with what to do.
pub async fn run(args: ModelsArgs, config: &Config) -> anyhow::Result<ExitCode> {
    match args.command {
        ModelsCommand::List(args) => {
            let listing = Listing::of(config);
            print(&if args.json { serde_json::to_string_pretty(&listing)? + "\n" } else { listing.to_text() })?;
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Pull(args) => pull(args, config).await,
        ModelsCommand::Import(args) => import(&args, config),
        ModelsCommand::Verify(args) => verify(&args.names, config),
    }
}

/// What a download sent where, for the egress ledger.
#[derive(Default)]
struct Sent {
    hosts: Vec<Egress>,
    received_bytes: u64,
}

impl Sent {
    fn hear(&mut self, news: &News) {
        match news {
            News::Resuming { from_bytes } => self.received_bytes = *from_bytes,
            News::Asked { host } => self.host(host).requests += 1,
            // A redirect is a request to where it leads.
            News::Answered { host } if self.hosts.last().is_none_or(|last| last.host != *host) => {
                self.host(host).requests += 1;
            }
            News::Received { bytes } => {
                // The whole file may come again from its beginning.
                let more = bytes.checked_sub(self.received_bytes).unwrap_or(*bytes);
                self.received_bytes = *bytes;
                if let Some(host) = self.hosts.last_mut() {
                    host.bytes_received += more;
                }
            }
            News::Answered { .. } | News::Retrying { .. } | News::Verifying => {}
        }
    }

    /// The entry of a host, moved to the end: the one that answers now.
    fn host(&mut self, host: &str) -> &mut Egress {
        let now = SystemClock.now();
        let fresh = || Egress {
            host: host.to_owned(),
            requests: 0,
            bytes_sent: 0,
            bytes_received: 0,
            first_at: now,
            last_at: now,
        };
        let place = self.hosts.iter().position(|one| one.host == host);
        let mut entry = place.map_or_else(fresh, |place| self.hosts.remove(place));
        entry.last_at = now;
        self.hosts.push(entry);
        let last = self.hosts.len() - 1;
        &mut self.hosts[last]
    }
}

async fn pull(args: PullArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let Some(entry) = entry_named(&args.name) else {
        // The sentence of a model that is not here names the nearest that can be had.
        let Err(unknown) = models::resolve(&args.name, &[]) else {
            bail!("'{}' is a file, not a model's name.", args.name)
        };
        return Err(unknown.into());
    };
    let dir = config.state_dir.join("models");
    let options = PullOptions { base_url: args.from, ..PullOptions::default() };
    let mut progress =
        Progress::new(&format!("{} from {}", entry.name, options.base_url), entry.size_bytes.unwrap_or(0));
    let mut sent = Sent::default();
    let mut hear = |news| {
        sent.hear(&news);
        progress.tell(&news);
    };
    let outcome = models::pull(&entry, &dir, &options, &mut hear).await;
    progress.finish();
    ledger::leave(&config.state_dir, &sent.hosts).context("What was sent could not be noted for the ledger.")?;
    match outcome? {
        Pulled::AlreadyHere(path) => {
            print(&format!("{} is here already, and whole: {}\n", entry.name, path.display()))?;
        }
        Pulled::Downloaded(path) => {
            print(&format!("{} was downloaded and verified: {}\n", entry.name, path.display()))?;
            hint_at_use(&entry.name, config)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn import(args: &ImportArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let size_bytes = std::fs::metadata(&args.file).map_or(0, |metadata| metadata.len());
    let mut progress = Progress::new(&format!("Copying {}", args.file.display()), size_bytes);
    let dir = config.state_dir.join("models");
    let outcome = models::import(&args.file, args.name.as_deref(), &dir, &mut |bytes| progress.advance(bytes));
    progress.finish();
    let imported = outcome?;
    let vouched = match imported.verdict {
        Verdict::Verified(_) => "verified against the catalogue",
        Verdict::Whole(_) => "whole, but in no catalogue, so its digest could not be compared",
    };
    print(&format!("{} was imported, {vouched}: {}\n", imported.name, imported.path.display()))?;
    hint_at_use(&imported.name, config)?;
    Ok(ExitCode::SUCCESS)
}

fn hint_at_use(name: &str, config: &Config) -> anyhow::Result<()> {
    if config.transcribe.model == name {
        return Ok(());
    }
    let file = config.file.as_deref().unwrap_or(Path::new("/etc/callscribe/config.toml")).display();
    print(&format!("To use it, set model = \"{name}\" under [transcribe] in {file}.\n"))
}

fn verify(names: &[String], config: &Config) -> anyhow::Result<ExitCode> {
    let dirs = &config.transcribe.model_dirs;
    let wanted: Vec<Result<ModelFile, ModelError>> = if names.is_empty() {
        models::installed(dirs).into_iter().map(|(_, outcome)| outcome).collect()
    } else {
        names.iter().map(|name| models::resolve(name, dirs)).collect()
    };
    if wanted.is_empty() {
        bail!("There is no model here; `callscribe models pull base` brings one.");
    }
    let mut all_good = true;
    for file in wanted {
        let line = match file.and_then(|file| verify_one(&file)) {
            Ok(line) => line,
            Err(error) => {
                all_good = false;
                format!("FAILED    {error}")
            }
        };
        print(&(line + "\n"))?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verify_one(file: &ModelFile) -> Result<String, ModelError> {
    let mut progress = Progress::new(&format!("Reading {}", file.path.display()), file.header.size_bytes);
    let verdict = models::verify(&file.path, &file.entry, &mut |bytes| progress.advance(bytes));
    progress.finish();
    let shown = file.path.display();
    Ok(match verdict? {
        Verdict::Verified(_) => format!("verified  {} {shown}", file.entry.name),
        Verdict::Whole(_) => format!("whole     {} {shown} (in no catalogue: no digest to compare)", file.entry.name),
    })
}

/// A bar on a terminal, plain lines otherwise; both on stderr.
struct Progress {
    bar: ProgressBar,
    plain: bool,
    total_bytes: u64,
    steps_shown: u64,
}

impl Progress {
    fn new(title: &str, total_bytes: u64) -> Self {
        let plain = !io::stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total_bytes), target);
        let template = "{msg}\n{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(title.to_owned());
        if plain {
            eprintln!("{title} ({} MB)", total_bytes.div_ceil(MB));
        }
        Self { bar, plain, total_bytes, steps_shown: 0 }
    }

    fn tell(&mut self, news: &News) {
        match news {
            News::Resuming { from_bytes } => {
                self.say(&format!("An earlier download left {} MB; going on from there.", from_bytes / MB));
            }
            News::Asked { .. } | News::Answered { .. } => {}
            News::Received { bytes } => self.advance(*bytes),
            News::Retrying { reason } => self.say(&format!("Trying again: {reason}.")),
            News::Verifying => self.say("Checking size and digest."),
        }
    }

    fn advance(&mut self, bytes: u64) {
        self.bar.set_position(bytes);
        let steps = bytes * PLAIN_STEPS / self.total_bytes.max(1);
        if self.plain && steps > self.steps_shown {
            self.steps_shown = steps;
            eprintln!("{} %", steps * 100 / PLAIN_STEPS);
        }
    }

    fn say(&self, sentence: &str) {
        if self.plain {
            eprintln!("{sentence}");
        } else {
            self.bar.println(sentence);
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
