//! What anyone would write first: each whole channel through whisper-rs with its default parameters. Runs in a process
//! of its own, so that its processor time and memory are its own.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use callscribe::decode::{DecodeLimits, Decoder};
use serde::{Deserialize, Serialize};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};

use super::process;

/// whisper.cpp's own default for greedy decoding; whisper-rs has none.
const BEST_OF_DEFAULT: i32 = 5;
/// First argument of the process that runs the loop.
pub const ARGUMENT: &str = "plain-loop";

/// Which default is changed, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The default: windows that look wrong are decoded again at higher temperatures.
    Default,
    /// Every window is decoded once. The miniature fails on whole channels, so the default pays for more second tries
    /// than a real model would; the truth for a real model lies between the two.
    None,
}

/// What the loop gave and cost, the model's load excluded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlainRun {
    /// Text of each channel.
    pub channels: Vec<String>,
    /// Time on the clock.
    pub wall_ms: u64,
    /// Processor time.
    pub cpu_ms: u64,
    /// The most memory the process held.
    pub memory_bytes: u64,
}

/// Runs the loop in a new process.
pub fn run(
    model: &Path,
    audio: &Path,
    language: &str,
    fallback: Fallback,
    threads: Option<i32>,
) -> io::Result<PlainRun> {
    let fallback = if fallback == Fallback::None { "no-fallback" } else { "fallback" };
    let output = Command::new(std::env::current_exe()?)
        .arg(ARGUMENT)
        .args([model, audio])
        .args([language, fallback])
        .args(threads.map(|count| count.to_string()))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("The plain loop ended with {}.", output.status)));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The other side of [`run`]: does the work and writes a [`PlainRun`] to standard output.
pub fn child(arguments: &[String]) -> anyhow::Result<()> {
    let [model, audio, language, fallback, threads @ ..] = arguments else {
        anyhow::bail!("usage: {ARGUMENT} MODEL AUDIO LANGUAGE fallback|no-fallback [THREADS]");
    };
    let threads = threads.first().map(|count| count.parse()).transpose()?;
    let fallback = if fallback == "no-fallback" { Fallback::None } else { Fallback::Default };
    whisper_rs::install_logging_hooks();
    let context = WhisperContext::new_with_params(model, WhisperContextParameters::default())?;
    let mut state = context.create_state()?;
    let (wall, cpu_ms) = (Instant::now(), process::cpu_ms());
    let mut texts = Vec::new();
    for samples in channels(Path::new(audio))? {
        let mut params = parameters(language, fallback);
        if let Some(count) = threads {
            params.set_n_threads(count);
        }
        texts.push(transcribe(&mut state, &samples, params)?);
    }
    let run = PlainRun {
        channels: texts,
        wall_ms: u64::try_from(wall.elapsed().as_millis())?,
        cpu_ms: process::cpu_ms() - cpu_ms,
        memory_bytes: process::peak_memory_bytes("self")?,
    };
    println!("{}", serde_json::to_string(&run)?);
    Ok(())
}

/// whisper-rs's defaults; what is set here changes no computation but the fallback.
pub fn parameters(language: &str, fallback: Fallback) -> FullParams<'_, '_> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: BEST_OF_DEFAULT });
    params.set_language(Some(language));
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    if fallback == Fallback::None {
        params.set_temperature_inc(0.0);
    }
    params
}

/// The loop's body: one channel. Text of all segments, joined.
pub fn transcribe(state: &mut WhisperState, samples: &[f32], params: FullParams<'_, '_>) -> anyhow::Result<String> {
    state.full(params, samples)?;
    let text = state.as_iter().map(|segment| segment.to_str_lossy().map(|text| text.trim().to_owned()));
    Ok(text.collect::<Result<Vec<String>, _>>()?.join(" "))
}

/// All samples of each channel at 16 kHz.
pub fn channels(audio: &Path) -> anyhow::Result<Vec<Vec<f32>>> {
    let mut decoder = Decoder::open(audio, None, &DecodeLimits::default())?;
    let mut channels: Vec<Vec<f32>> = vec![Vec::new(); usize::from(decoder.format().channel_count)];
    while let Some(block) = decoder.next_block()? {
        for (channel, samples) in channels.iter_mut().zip(block) {
            channel.extend(samples);
        }
    }
    Ok(channels)
}
