//! `callscribe demo`: one sample call through the real path, every word checked against its script.
//!
//! Everything it needs is in the program, save the miniature model, which ships in `models/`. It writes one folder and
//! nothing else.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::transcribe::{cancel_on_interrupt, transcribe_file};
use super::{exit, print};
use crate::call::{Language, Segment, Transcript};
use crate::config::Config;
use crate::export::{self, Format};
use crate::models;
use crate::transcribe::{Request, Supervisor, SupervisorConfig};
use crate::understand::wer::{Wer, word_error_rate};

/// The sample call and what is said in it.
const CALL: &[u8] = include_bytes!("../../tests/calls/en-refund.wav");
const SCRIPT: &str = include_str!("../../tests/calls/en-refund.json");
/// Its name on disk.
const NAME: &str = "en-refund";
/// Word error rate above which the demo fails. The model's README states 4.9 % for single turns cut by hand.
const WER_MAX: f64 = 0.049;
/// Where the demo's configuration has the API listen.
const API: &str = "127.0.0.1:8377";

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the call, its transcripts and a configuration to go on with
    #[arg(long, value_name = "DIR", default_value = "callscribe-demo")]
    dir: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Script {
    turns: Vec<Turn>,
}

#[derive(Debug, Deserialize)]
struct Turn {
    /// Absent for hold music.
    channel: Option<u16>,
    #[serde(default)]
    text: String,
}

/// Runs the command: exit 0 only when the words were right, 130 after Ctrl-C.
///
/// # Errors
///
/// When the folder cannot be written or the call cannot be transcribed.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let call = lay_out(&args.dir)?;
    let model = models::resolve(models::MINIATURE_NAME, &config.transcribe.model_dirs)?;
    let settings = SupervisorConfig::new(&config.transcribe, &model);
    let (states, threads) = (settings.states, settings.threads_per_state);
    let supervisor = Supervisor::new(settings);
    let request = Request {
        audio: call,
        languages: ["en", "es"].map(Language::new).to_vec(),
        speakers: ["agent", "customer"].map(str::to_owned).to_vec(),
        ..Request::default()
    };
    print("Two people on a two-channel telephone call, transcribed on this machine.\n\n")?;
    let path = request.audio.clone();
    let cancel = cancel_on_interrupt();
    let outcome = transcribe_file(&supervisor, &path, request, &cancel).await;
    supervisor.shutdown().await;
    if outcome.is_err() && cancel.is_cancelled() {
        eprintln!("Cancelled.");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    let transcript = outcome?.transcript;
    let wer = judge(&transcript)?;
    write_transcripts(&args.dir, &transcript)?;
    print(&(conversation(&transcript) + &figures(&transcript, &wer, states, threads) + &what_next(&args.dir)))?;
    if wer.rate() > WER_MAX {
        eprintln!("\nThe words were not right. Something is wrong with this build or this machine.");
        return Ok(ExitCode::from(exit::FAILURE));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the call and a configuration that watches its folder; returns the path of the call.
fn lay_out(dir: &Path) -> anyhow::Result<PathBuf> {
    let calls = dir.join("calls");
    std::fs::create_dir_all(&calls)
        .with_context(|| format!("The folder {} cannot be made; choose another with --dir.", calls.display()))?;
    let dir = std::path::absolute(dir)?;
    let call = calls.join(format!("{NAME}.wav"));
    std::fs::write(&call, CALL).with_context(|| format!("{} cannot be written.", call.display()))?;
    let config = format!(
        "# Made by `callscribe demo`: watches one folder with the miniature model.\n\
         state_dir = {state}\n\n\
         [api]\nlisten = \"{API}\"\n\n\
         [transcribe]\nmodel = \"{model}\"\nlanguages = [\"en\", \"es\"]\n\n\
         [[folders]]\nname = \"demo\"\npath = {calls}\nchannels = [\"agent\", \"customer\"]\n",
        state = toml::Value::String(dir.join("state").display().to_string()),
        calls = toml::Value::String(dir.join("calls").display().to_string()),
        model = models::MINIATURE_NAME,
    );
    std::fs::write(dir.join("config.toml"), config)?;
    Ok(call)
}

fn conversation(transcript: &Transcript) -> String {
    let line = |segment: &Segment| {
        format!(
            "{:>5.1} s - {:>5.1} s  {:9} {}\n",
            segment.start_ms as f64 / 1000.0,
            segment.end_ms as f64 / 1000.0,
            format!("{}:", segment.speaker),
            segment.text
        )
    };
    transcript.segments.iter().map(line).collect()
}

/// Compares each party's words with what the script says it said.
fn judge(transcript: &Transcript) -> anyhow::Result<Wer> {
    let script: Script = serde_json::from_str(SCRIPT).context("The demo's script is damaged.")?;
    let mut total = Wer::default();
    for channel in 0..2 {
        let said: Vec<&str> =
            script.turns.iter().filter(|turn| turn.channel == Some(channel)).map(|turn| turn.text.as_str()).collect();
        let heard: Vec<&str> = transcript
            .segments
            .iter()
            .filter(|segment| segment.channel == channel)
            .map(|segment| segment.text.as_str())
            .collect();
        total = total + word_error_rate(&said.join(" "), &heard.join(" "));
    }
    ensure!(total.words > 0, "The demo's script holds no words.");
    Ok(total)
}

fn figures(transcript: &Transcript, wer: &Wer, states: usize, threads: usize) -> String {
    let timings = transcript.timings;
    let mut text = "\n".to_owned();
    if let Some(language) = &transcript.language {
        text += &format!("Language         {language}, confidence {:.2}\n", transcript.language_confidence);
    }
    text += &format!(
        "Time             {:.1} s for {:.1} s of call (processor {:.1} s; {states} decoder states, {threads} thread each)\n",
        timings.wall_ms as f64 / 1000.0,
        transcript.duration_ms as f64 / 1000.0,
        timings.cpu_ms as f64 / 1000.0,
    );
    text += &format!(
        "Real-time factor {:.3}: {:.0} times faster than the call\n",
        timings.wall_ms as f64 / transcript.duration_ms.max(1) as f64,
        transcript.realtime_factor().unwrap_or_default()
    );
    text += &format!(
        "Word error rate  {:.1} % ({} of {} words wrong; more than {:.1} % fails)\n",
        100.0 * wer.rate(),
        wer.errors(),
        wer.words,
        100.0 * WER_MAX
    );
    text += &format!("Model            {}\n", transcript.model);
    if transcript.model_is_miniature {
        text += "                 The miniature: it knows only the sample calls. For real calls:\n";
        text += "                 callscribe models pull base\n";
    }
    text
}

fn write_transcripts(dir: &Path, transcript: &Transcript) -> anyhow::Result<()> {
    let folder = dir.join("transcripts");
    std::fs::create_dir_all(&folder)?;
    for format in [Format::Txt, Format::Json, Format::Vtt, Format::Srt] {
        let path = folder.join(format!("{NAME}.{}", format.extension()));
        std::fs::write(&path, export::render(transcript, format))
            .with_context(|| format!("{} cannot be written.", path.display()))?;
    }
    Ok(())
}

fn what_next(dir: &Path) -> String {
    let program = std::env::args_os().next().map_or_else(|| "callscribe".into(), PathBuf::from);
    let (program, dir) = (program.display(), dir.display());
    format!(
        "\nCall             {dir}/calls/{NAME}.wav\n\
         Transcripts      {dir}/transcripts/{NAME}.txt .json .vtt .srt\n\n\
         To watch that folder, and open the console or the API:\n  \
         {program} --config {dir}/config.toml serve &\n  \
         {program} --config {dir}/config.toml console\n  \
         curl -H \"Authorization: Bearer $(cat {dir}/state/api-token)\" http://{API}/api/v1/recordings/\n"
    )
}
