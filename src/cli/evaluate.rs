//! `callscribe evaluate DIR`: how many words each model gets wrong on calls whose transcripts somebody corrected, and
//! what to set because of it. Reads the folder, writes nothing, needs neither daemon nor store.

mod reference;
mod report;
mod score;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::reference::calls;
use self::report::{Failed, Report, Setting};
use self::score::Heard;
use super::language::{self, LanguageArgument};
use super::transcribe::cancel_on_interrupt;
use super::{exit, print};
use crate::config::Config;
use crate::models::{self, ModelFile};
use crate::transcribe::{Request, Supervisor, SupervisorConfig, TranscribeError};

/// News of a call that may wait unread.
const EVENTS_QUEUED_MAX: usize = 64;

/// Arguments of `evaluate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 every call was compared, 1 none could be, 3 only some could, 130 after Ctrl-C.")]
pub struct Args {
    /// Folder of calls, each with its corrected transcript of the same name beside it: .json, .vtt or .txt
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// Models to compare, by name or file [default: all that are here; miniatures only if there is nothing else]
    #[arg(long, short, value_name = "MODELS", value_delimiter = ',')]
    models: Vec<String>,

    /// Language of the calls, or auto; give several to choose among them [default: from the configuration]
    #[arg(long, short, value_name = "CODE", value_delimiter = ',')]
    language: Vec<LanguageArgument>,

    /// Who speaks on each channel, in order, as the corrected transcripts call them: agent,customer
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    speakers: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the folder, a corrected transcript or a model cannot be used.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let calls = calls(&args.dir)?;
    let models = chosen_models(&args, &config)?;
    let languages = language::chosen(&args.language).unwrap_or_else(|| config.transcribe.languages.clone());
    let setting =
        Setting { pinned: languages.len() == 1, miniature_only: models.iter().all(|model| model.entry.miniature) };
    let bar = bar(calls.len() * models.len());
    let cancel = cancel_on_interrupt();
    let (mut heard, mut failed) = (Vec::new(), Vec::new());
    for model in &models {
        let supervisor = Supervisor::new(SupervisorConfig::new(&config.transcribe, model));
        for call in &calls {
            let name = model.entry.name.clone().into_owned();
            bar.set_message(format!("{name}: {}", call.name));
            let request = Request {
                audio: call.audio.clone(),
                languages: languages.clone(),
                prompt: config.transcribe.prompt.clone(),
                speakers: args.speakers.clone(),
                ..Request::default()
            };
            match hear(&supervisor, request, &cancel).await {
                Ok(transcript) => heard.push(Heard::new(&name, call, &transcript)),
                Err(_) if cancel.is_cancelled() => {
                    bar.finish_and_clear();
                    eprintln!("Cancelled.");
                    return Ok(ExitCode::from(exit::INTERRUPTED));
                }
                Err(error @ TranscribeError::Model(_)) => return Err(error.into()),
                Err(error) => failed.push(Failed { model: name, call: call.name.clone(), error: error.to_string() }),
            }
            bar.inc(1);
        }
        supervisor.shutdown().await;
    }
    bar.finish_and_clear();
    let code = exit_code(heard.len(), failed.len());
    let report = Report::new(&heard, failed, setting);
    print(&if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text() })?;
    Ok(code)
}

fn exit_code(heard: usize, failed: usize) -> ExitCode {
    ExitCode::from(match (heard, failed) {
        (_, 0) => 0,
        (0, _) => exit::FAILURE,
        _ => exit::PARTIAL,
    })
}

/// The models that were named, or all real ones that are here, or the miniature.
fn chosen_models(args: &Args, config: &Config) -> anyhow::Result<Vec<ModelFile>> {
    let dirs = &config.transcribe.model_dirs;
    if !args.models.is_empty() {
        return Ok(args.models.iter().map(|name| models::resolve(name, dirs)).collect::<Result<_, _>>()?);
    }
    let mut found: Vec<ModelFile> = Vec::new();
    for model in models::installed(dirs).into_iter().filter_map(|(_, model)| model.ok()) {
        if found.iter().all(|known| known.entry.name != model.entry.name) {
            found.push(model);
        }
    }
    if found.iter().any(|model| !model.entry.miniature) {
        found.retain(|model| !model.entry.miniature);
    }
    if found.is_empty() {
        bail!("There is no model here; `callscribe models pull base` brings one.");
    }
    Ok(found)
}

/// Hears one call; its own news is not shown, the bar counts calls.
async fn hear(
    supervisor: &Supervisor,
    request: Request,
    cancel: &CancellationToken,
) -> Result<crate::call::Transcript, TranscribeError> {
    let (sender, mut events) = mpsc::channel(EVENTS_QUEUED_MAX);
    let drained = async { while events.recv().await.is_some() {} };
    let (outcome, ()) = tokio::join!(supervisor.transcribe(request, sender, cancel.clone()), drained);
    outcome.map(|outcome| outcome.transcript)
}

/// Shown on a terminal only.
fn bar(count: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {elapsed}");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
