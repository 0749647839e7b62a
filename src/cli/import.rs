//! `callscribe import DIR`: takes an archive into the store and works it off, here and now.
//!
//! Everything it does is in the store as soon as it is done: a second run goes on where the first was stopped, and what is
//! finished is not done again. While a daemon holds the state folder there is nothing to import with; the daemon watches
//! folders itself.

mod drain;
mod dry_run;
mod pace;
mod report;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::language::{self, LanguageArgument};
use crate::call::{AccountName, ProviderKind};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, FolderConfig};
use crate::daemon::DATABASE_FILE;
use crate::discover::{Account, Discoverer};
use crate::models;
use crate::pipeline::Pipeline;
use crate::provider::Provider;
use crate::provider::folder::{FolderContext, FolderProvider};
use crate::provider::upload::{UploadProvider, Uploads};
use crate::store::{Store, StoreError};
use crate::transcribe::{Supervisor, SupervisorConfig};
use drain::{Ended, drain};
use report::{Report, Standing};

/// The account that recordings carry when none is named.
const ACCOUNT: &str = "import";
/// How long a file must be unchanged: as for a watched folder, since a slow writer pauses for seconds. Old files of an
/// archive are at rest at once.
const SETTLE: Duration = Duration::from_secs(10);
/// How long Ctrl-C waits for running work. What is cut off goes on from its last window in the next run.
const DRAIN: Duration = Duration::from_secs(2);

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder with the recordings; only ever read
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Account the recordings carry; that of a configured folder brings its settings along
    #[arg(long, value_name = "NAME", default_value = ACCOUNT)]
    account: AccountName,

    /// Leave sub-folders alone
    #[arg(long)]
    no_recursive: bool,

    /// Stop after this many recordings; the next run goes on
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Only say what would be taken in
    #[arg(long)]
    dry_run: bool,

    /// Model name or file [default: from the configuration]
    #[arg(long, short, value_name = "MODEL")]
    model: Option<String>,

    /// Language of the calls, or auto; give several to choose among them [default: from the configuration]
    #[arg(long, short, value_name = "CODE", value_delimiter = ',')]
    language: Vec<LanguageArgument>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command: exit 0 when everything was taken in and finished, 3 when something failed, was refused or waits for
/// another try, 130 after Ctrl-C.
///
/// # Errors
///
/// When there is nothing to work with: no folder, no model, a store in use or damaged.
pub async fn run(args: Args, mut config: Config) -> anyhow::Result<ExitCode> {
    let folder = folder_config(&args, &config);
    if !folder.path.is_dir() {
        bail!("{} is not a folder.", folder.path.display());
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if args.dry_run {
        let provider = provider(&folder, &config, &clock)?;
        return dry_run::run(&provider, args.limit, args.json).await;
    }
    config.transcribe.model = args.model.clone().unwrap_or(config.transcribe.model);
    config.pipeline.drain_timeout = config.pipeline.drain_timeout.min(DRAIN);
    config.folders.retain(|other| other.name != folder.name);
    if args.language.contains(&LanguageArgument::Any) {
        detect_freely(&mut config);
    }
    config.folders.push(folder.clone());
    import(&args, &folder, config, &clock).await
}

async fn import(
    args: &Args,
    folder: &FolderConfig,
    config: Config,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<ExitCode> {
    let model = models::resolve(&config.transcribe.model, &config.transcribe.model_dirs)?;
    if model.entry.miniature {
        eprintln!("Using the miniature model '{}', which knows only the sample calls.", model.entry.name);
    }
    let store = open_store(&config).await?;
    // Sinks hear of what is imported when a daemon runs again.
    store.tell_ends(!config.notify.is_empty());
    if store.paused_since()?.is_some() {
        bail!("The queue is paused, so nothing would be taken up; `callscribe resume` goes on with it.");
    }
    let supervisor = Arc::new(Supervisor::new(SupervisorConfig::new(&config.transcribe, &model)));
    let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
    for folder in &config.folders {
        // Work that a daemon left in the same store goes on too, as far as its folders are there.
        providers.push(Arc::new(provider(folder, &config, clock)?));
    }
    providers.insert(0, Arc::new(UploadProvider::new(Arc::new(Uploads::open(&config.state_dir)?))));
    let own = providers.last().cloned().context("The folder to import is the last one.")?;
    let account =
        Account { provider: own, rescan: folder.rescan, settle: folder.settle, opinions_after: None, hints: None };
    let discoverer = Discoverer::new(&store, vec![account], clock);
    let rng = fastrand::Rng::new();
    let pipeline =
        Pipeline::new(store.clone(), providers, Arc::clone(&supervisor), Arc::new(config), Arc::clone(clock), rng)?;

    let before = standing(&store, &folder.name).await?;
    let interrupted = CancellationToken::new();
    watch_for_interrupt(interrupted.clone());
    let ended = drain(&store, &discoverer, &pipeline, args.limit, folder.settle, &interrupted).await;
    supervisor.shutdown().await;
    let ended = ended?;
    let after = standing(&store, &folder.name).await?;
    let report = Report::new(folder, &before, after, &ended);
    report.print(args.json)?;
    Ok(match ended {
        Ended { interrupted: true, .. } => ExitCode::from(super::exit::INTERRUPTED),
        _ if report.is_clean() => ExitCode::SUCCESS,
        _ => ExitCode::from(super::exit::PARTIAL),
    })
}

/// The folder as if it were configured; with the settings of the configured one of that name, if there is one.
fn folder_config(args: &Args, config: &Config) -> FolderConfig {
    let known = config.folders.iter().find(|folder| folder.name == args.account);
    let mut folder = known.cloned().unwrap_or_else(|| FolderConfig {
        name: args.account.clone(),
        path: PathBuf::new(),
        recursive: true,
        settle: SETTLE,
        rescan: Duration::from_secs(60),
        patterns: Vec::new(),
        channels: Vec::new(),
        languages: Vec::new(),
        raw: None,
    });
    folder.path.clone_from(&args.folder);
    folder.recursive = folder.recursive && !args.no_recursive;
    if let Some(languages) = language::chosen(&args.language) {
        folder.languages = languages;
    }
    folder
}

/// Takes the languages of all calls away, and gives them to the configured folders that had no others.
fn detect_freely(config: &mut Config) {
    let common = std::mem::take(&mut config.transcribe.languages);
    for folder in config.folders.iter_mut().filter(|folder| folder.languages.is_empty()) {
        folder.languages.clone_from(&common);
    }
}

fn provider(folder: &FolderConfig, config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<FolderProvider> {
    let context = FolderContext {
        state_dir: config.state_dir.clone(),
        file_bytes_max: config.transcribe.file_bytes_max,
        clock: Arc::clone(clock),
        zone: TimeZone::system(),
    };
    Ok(FolderProvider::new(folder.clone(), context)?)
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    refuse_to_write_as_root(&config.state_dir)?;
    let path = config.state_dir.join(DATABASE_FILE);
    let state_dir = config.state_dir.display();
    match spawn_blocking(move || Store::open(&path)).await? {
        Err(StoreError::InUse { .. }) => bail!(
            "A daemon is at work on {state_dir}. It takes in archives itself: add the folder to its configuration under \
             [[folders]]. Or stop it, import, and start it again."
        ),
        opened => Ok(opened?),
    }
}

/// What root writes into a state folder of somebody else, its daemon cannot read.
fn refuse_to_write_as_root(state_dir: &Path) -> anyhow::Result<()> {
    let owner = std::fs::metadata(state_dir).map_or(0, |folder| folder.uid());
    if rustix::process::geteuid().is_root() && owner != 0 {
        bail!(
            "Run this as the owner of {} (user {owner}), or let the daemon watch the folder: what root writes there, the \
             daemon could not read.",
            state_dir.display()
        );
    }
    Ok(())
}

async fn standing(store: &Store, account: &AccountName) -> anyhow::Result<Standing> {
    let (store, account) = (store.clone(), account.clone());
    Ok(spawn_blocking(move || Standing::of(&store, ProviderKind::Folder, &account)).await??)
}

/// The first Ctrl-C lets running work be put back, the second does not wait for that.
fn watch_for_interrupt(interrupted: CancellationToken) {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if interrupted.is_cancelled() {
                std::process::exit(i32::from(super::exit::INTERRUPTED));
            }
            eprintln!("Stopping; once more stops at once. The next run goes on from here.");
            interrupted.cancel();
        }
    });
}
