//! callscribe against a plain loop over whisper-rs, in one run, on the same calls, with the same weights.
//!
//! `cargo bench` prints a table and the ratios of processor time and of time on the clock, with the word error rate of
//! both; `tests/bench/README.md` says how to read them and which variables change what is run.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "the table is what a bench is for")]

mod calls;
mod ours;
mod plain;
mod process;
mod report;
mod settings;
mod widen;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use calls::Call;
use callscribe::understand::wer;
use plain::Fallback;
use report::{Row, Side};
use settings::Settings;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == plain::ARGUMENT) {
        return plain::child(&arguments[1..]);
    }
    let settings = Settings::from_environment()?;
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder)?;
    let source = settings.model.clone().unwrap_or_else(|| repository.join("models/mini-q8_0.bin"));
    let model = widen::widened(&source, &folder, settings.shape, settings.weights)
        .with_context(|| format!("The model {} could not be widened.", source.display()))?;
    let calls = calls(&settings, &repository.join("tests/calls"), &folder)?;

    report::head(&process::machine(), &settings);
    let mut rows = Vec::new();
    for call in &calls {
        // Side by side, run by run: whatever else the machine does falls on both.
        for run in 0..settings.runs {
            for side in settings.sides() {
                let row = measure(side, &model, call, &settings)?;
                report::progress(&row, run);
                rows.push(row);
            }
        }
    }
    report::table(&calls, &rows);
    report::own_work(&calls, &rows);
    report::ratios(&calls, &rows);
    Ok(())
}

fn calls(settings: &Settings, samples: &Path, folder: &Path) -> anyhow::Result<Vec<Call>> {
    let call = |name: &String| match name.as_str() {
        "long" => calls::long_call(samples, settings.long_minutes, &folder.join("long.wav")),
        name => calls::sample_call(samples, name),
    };
    settings
        .calls
        .iter()
        .map(|name| call(name).with_context(|| format!("The call {name} could not be read.")))
        .collect()
}

fn measure(side: Side, model: &Path, call: &Call, settings: &Settings) -> anyhow::Result<Row> {
    let fallback = match side {
        Side::Ours => {
            let run = ours::run(model, call, settings)?;
            let turns = call.turns.iter().map(|(channel, text)| (*channel, text.as_str()));
            let wer = wer::call_error_rate(turns, &run.transcript);
            let timings = run.transcript.timings;
            return Ok(Row {
                side,
                call: call.name.clone(),
                wall_ms: timings.wall_ms,
                cpu_ms: timings.cpu_ms,
                memory_bytes: run.memory_bytes,
                wer,
                timings: Some(timings),
            });
        }
        Side::Plain => Fallback::Default,
        Side::PlainOnce => Fallback::None,
    };
    let run = plain::run(model, &call.audio, &call.language, fallback, settings.plain_threads)?;
    let of_channel = |(channel, heard): (u16, &String)| {
        let said = call.turns.iter().filter(|turn| turn.0 == channel).map(|turn| turn.1.as_str());
        wer::word_error_rate(&said.collect::<Vec<_>>().join(" "), heard)
    };
    Ok(Row {
        side,
        call: call.name.clone(),
        wall_ms: run.wall_ms,
        cpu_ms: run.cpu_ms,
        memory_bytes: run.memory_bytes,
        wer: (0..).zip(&run.channels).map(of_channel).sum(),
        timings: None,
    })
}
