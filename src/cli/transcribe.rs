//! `callscribe transcribe FILE…`: audio files in, transcripts out, no daemon and no store.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, bail};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::language::{self, LanguageArgument};
use super::progress::FileProgress;
use super::{exit, print};
use crate::call::{RawAudio, RawLaw, Transcript};
use crate::config::Config;
use crate::export::{self, Format};
use crate::models;
use crate::transcribe::{Outcome, Request, Supervisor, SupervisorConfig, TranscribeError};

/// News of a call that may wait unread; progress is all that hangs on it.
const EVENTS_QUEUED_MAX: usize = 64;
/// Decoder states or threads that any machine could use.
const PARALLEL_MAX: i64 = 256;

/// Arguments of `transcribe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Audio files: WAV, MP3, M4A/AAC, FLAC, Ogg Vorbis, Ogg Opus, raw G.711
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Model name or file [default: from the configuration]
    #[arg(long, short, value_name = "MODEL")]
    model: Option<String>,

    /// Language of the calls, or auto; give several to choose among them [default: from the configuration]
    #[arg(long, short, value_name = "CODE", value_delimiter = ',')]
    language: Vec<LanguageArgument>,

    /// Output format: txt, json, vtt or srt; several with --output
    #[arg(long, short, value_name = "FORMAT", value_delimiter = ',', default_value = "txt")]
    format: Vec<Format>,

    /// Write transcripts into this folder instead of to standard output
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Who speaks on each channel, in order: agent,customer
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    speakers: Vec<String>,

    /// Text that primes the recogniser: names, products, spelling
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,

    /// Translate to English
    #[arg(long)]
    translate: bool,

    /// Give each window the text before it (may spread loops)
    #[arg(long)]
    carry_context: bool,

    /// How to read files without a header: mulaw:8000:1 (law, samples a second, channels)
    #[arg(long, value_name = "LAW:RATE:CHANNELS")]
    raw: Option<RawArgument>,

    /// Decoder states that work side by side; 0 takes one a core [default: from the configuration]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=PARALLEL_MAX))]
    states: Option<u16>,

    /// Threads for each state; 0 takes what the states leave [default: from the configuration]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=PARALLEL_MAX))]
    threads: Option<u16>,
}

/// `mulaw:8000:2` on the command line.
#[derive(Debug, Clone, Copy)]
struct RawArgument(RawAudio);

impl FromStr for RawArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted =
            || format!("'{text}' does not say how to read raw audio; write it like mulaw:8000:1 or alaw:8000:2");
        let mut parts = text.split(':');
        let law = match parts.next() {
            Some("mulaw" | "ulaw") => RawLaw::Mulaw,
            Some("alaw") => RawLaw::Alaw,
            _ => return Err(wanted()),
        };
        let sample_rate_hz = parts.next().unwrap_or("8000").parse().map_err(|_| wanted())?;
        let channel_count = parts.next().unwrap_or("1").parse().map_err(|_| wanted())?;
        if parts.next().is_some() || channel_count == 0 || sample_rate_hz == 0 {
            return Err(wanted());
        }
        Ok(Self(RawAudio { law, sample_rate_hz, channel_count }))
    }
}

/// Runs the command: exit 0 when every file became a transcript, 65 when none could be read, 3 when only some could, 130
/// after Ctrl-C.
///
/// # Errors
///
/// When the model or the output folder cannot be used.
pub async fn run(args: Args, mut config: Config) -> anyhow::Result<ExitCode> {
    refuse_what_standard_output_cannot_hold(&args)?;
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).with_context(|| format!("The folder {} cannot be made.", folder.display()))?;
    }
    let model =
        models::resolve(args.model.as_deref().unwrap_or(&config.transcribe.model), &config.transcribe.model_dirs)?;
    share_processors(&args, &mut config)?;
    let supervisor = Supervisor::new(SupervisorConfig::new(&config.transcribe, &model));
    if model.entry.miniature {
        eprintln!("Using the miniature model '{}', which knows only the sample calls.", model.entry.name);
    }
    let cancel = cancel_on_interrupt();
    let mut taken = HashSet::new();
    let mut failed = 0;
    for file in &args.files {
        match transcribe_file(&supervisor, file, request(&args, &config, file), &cancel).await {
            Ok(outcome) => deliver(&args, file, &outcome.transcript, &mut taken)?,
            // Whatever ended the file after Ctrl-C, Ctrl-C did: the worker may have been hit by it first.
            Err(_) if cancel.is_cancelled() => {
                eprintln!("Cancelled.");
                return Ok(ExitCode::from(exit::INTERRUPTED));
            }
            Err(error @ TranscribeError::Model(_)) => return Err(error.into()),
            Err(error) => {
                failed += 1;
                eprintln!("{}: {error}", file.display());
            }
        }
    }
    supervisor.shutdown().await;
    Ok(ExitCode::from(match failed {
        0 => 0,
        all if all == args.files.len() => exit::DATA,
        _ => exit::PARTIAL,
    }))
}

/// Several texts one after the other can be told apart when each is headed; several documents of a format cannot.
fn refuse_what_standard_output_cannot_hold(args: &Args) -> anyhow::Result<()> {
    if args.output.is_some() {
        return Ok(());
    }
    if args.format.len() > 1 {
        bail!("Several formats need a folder to go to; add --output DIR.");
    }
    if args.files.len() > 1 && args.format[0] != Format::Txt {
        bail!("Several files as {} need a folder to go to; add --output DIR.", args.format[0]);
    }
    Ok(())
}

/// Puts what the arguments say about states and threads over the configuration; 0 leaves the choice to the program.
fn share_processors(args: &Args, config: &mut Config) -> anyhow::Result<()> {
    let transcribe = &mut config.transcribe;
    let over = |given: Option<u16>, configured| {
        given.map_or(configured, |given| Some(usize::from(given)).filter(|number| *number > 0))
    };
    transcribe.states = over(args.states, transcribe.states);
    transcribe.threads_per_state = over(args.threads, transcribe.threads_per_state);
    let threads = transcribe.states.unwrap_or(1) * transcribe.threads_per_state.unwrap_or(1);
    if threads > PARALLEL_MAX as usize {
        bail!(
            "--states times --threads makes {threads} threads; at most {PARALLEL_MAX} make sense. Lower one of them."
        );
    }
    Ok(())
}

fn request(args: &Args, config: &Config, file: &Path) -> Request {
    let languages = language::chosen(&args.language).unwrap_or_else(|| config.transcribe.languages.clone());
    Request {
        audio: file.to_owned(),
        raw: args.raw.map(|raw| raw.0),
        languages,
        prompt: args.prompt.clone().or_else(|| config.transcribe.prompt.clone()),
        translate: args.translate,
        carry_context: args.carry_context || config.transcribe.carry_context,
        speakers: args.speakers.clone(),
        tells: false,
        checkpoints: Vec::new(),
    }
}

/// Ctrl-C asks the worker to stop; a second one ends the program where it stands.
pub(super) fn cancel_on_interrupt() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    });
    cancel
}

/// Transcribes one file with progress on standard error.
pub(super) async fn transcribe_file(
    supervisor: &Supervisor,
    file: &Path,
    request: Request,
    cancel: &CancellationToken,
) -> Result<Outcome, TranscribeError> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let (sender, mut events) = mpsc::channel(EVENTS_QUEUED_MAX);
    let mut progress = FileProgress::new(&name);
    let shown = async {
        while let Some(event) = events.recv().await {
            progress.take(&event);
        }
        progress.finish();
    };
    let (outcome, ()) = tokio::join!(supervisor.transcribe(request, sender, cancel.clone()), shown);
    outcome
}

fn deliver(args: &Args, file: &Path, transcript: &Transcript, taken: &mut HashSet<PathBuf>) -> anyhow::Result<()> {
    let Some(folder) = &args.output else {
        let text = export::render(transcript, args.format[0]);
        let heading = if args.files.len() > 1 { format!("# {}\n", file.display()) } else { String::new() };
        return print(&(heading + &text));
    };
    for &format in &args.format {
        let path = free_name(folder, file, format.extension(), taken);
        std::fs::write(&path, export::render(transcript, format))
            .with_context(|| format!("The transcript {} cannot be written.", path.display()))?;
        eprintln!("{} -> {}", file.display(), path.display());
    }
    Ok(())
}

/// `call.txt` for `call.wav`; `call.mp3.txt` when another file of this run took that name.
fn free_name(folder: &Path, file: &Path, extension: &str, taken: &mut HashSet<PathBuf>) -> PathBuf {
    let stem = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let whole = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let numbered = (2..).map(|n| format!("{stem}-{n}.{extension}"));
    let names = [format!("{stem}.{extension}"), format!("{whole}.{extension}")].into_iter().chain(numbered);
    let mut paths = names.map(|name| folder.join(name));
    let free = paths.find(|path| !taken.contains(path)).unwrap_or_else(|| folder.join(whole));
    taken.insert(free.clone());
    free
}
