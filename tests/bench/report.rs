//! The table and the ratios.

use std::io::{IsTerminal as _, Write as _};

use callscribe::call::Timings;
use callscribe::understand::wer::Wer;

use super::calls::Call;
use super::settings::Settings;

/// Who did the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// whisper-rs with default parameters on each whole channel.
    Plain,
    /// The same without second tries at higher temperatures.
    PlainOnce,
    /// callscribe.
    Ours,
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain loop",
            Self::PlainOnce => "plain loop, no fallback",
            Self::Ours => "callscribe",
        }
    }
}

/// One measurement: one side, one call, one run.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who.
    pub side: Side,
    /// On which call.
    pub call: String,
    /// Time on the clock, the model's load excluded.
    pub wall_ms: u64,
    /// Processor time, likewise.
    pub cpu_ms: u64,
    /// The most memory the process that did it held.
    pub memory_bytes: u64,
    /// How far the words are from the script.
    pub wer: Wer,
    /// What callscribe says of its own work.
    pub timings: Option<Timings>,
}

/// What the figures belong to.
pub fn head(machine: &str, settings: &Settings) {
    let (shape, weights) = (settings.shape.as_str(), settings.weights.as_str());
    println!("machine  {machine}");
    println!("model    the miniature in the shape of {shape}, {weights}");
    println!("runs     {}, least of each figure\n", settings.runs);
}

/// One line on standard error while it runs.
pub fn progress(row: &Row, run: usize) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        // A line that cannot be shown is no reason to stop measuring.
        writeln!(err, "run {run}: {}, {}: {} ms", row.call, row.side.as_str(), row.wall_ms).ok();
    }
}

/// One line for a call and side.
pub fn table(calls: &[Call], rows: &[Row]) {
    println!("call           length  speech  side                      wall s    cpu s  x real time     WER  peak MiB");
    for call in calls {
        for best in sides(rows).into_iter().filter_map(|side| best(rows, side, &call.name)) {
            println!(
                "{:<13} {:>5.0} s  {:>4.0} %  {:<23} {:>8.2} {:>8.2} {:>12.2} {:>5.1} % {:>9.0}",
                call.name,
                call.duration_s,
                call.speech_share * 100.0,
                best.side.as_str(),
                best.wall_ms as f64 / 1000.0,
                best.cpu_ms as f64 / 1000.0,
                call.duration_s * 1000.0 / best.wall_ms.max(1) as f64,
                best.wer.rate() * 100.0,
                best.memory_bytes as f64 / 1_048_576.0,
            );
        }
    }
}

/// Where callscribe's time went: what was cut away, and what was done twice.
pub fn own_work(calls: &[Call], rows: &[Row]) {
    println!("\ncallscribe     windows  decoded again  fed to the model  first pass");
    for call in calls {
        if let Some(timings) = best(rows, Side::Ours, &call.name).and_then(|row| row.timings) {
            println!(
                "{:<13} {:>8} {:>14} {:>14.1} s {:>9.2} s",
                call.name,
                timings.windows,
                timings.windows_escalated,
                timings.audio_fed_ms as f64 / 1000.0,
                timings.survey_ms as f64 / 1000.0,
            );
        }
    }
}

/// How many times what callscribe takes the plain loop takes, for each call and for all together.
pub fn ratios(calls: &[Call], rows: &[Row]) {
    let names = || calls.iter().map(|call| call.name.as_str());
    for side in sides(rows).into_iter().filter(|side| *side != Side::Ours) {
        println!("\n{} / callscribe", side.as_str());
        let groups = names().map(|name| (name, vec![name])).chain([("all calls", names().collect())]);
        for (label, group) in groups {
            let sum = |side, figure: fn(&Row) -> u64| {
                let figures = group.iter().filter_map(|name| best(rows, side, name)).map(|row| figure(&row));
                figures.sum::<u64>() as f64
            };
            let ratio = |figure| sum(side, figure) / sum(Side::Ours, figure).max(1.0);
            println!("{label:<13} cpu {:>5.2}x   wall {:>5.2}x", ratio(|row| row.cpu_ms), ratio(|row| row.wall_ms));
        }
    }
}

fn sides(rows: &[Row]) -> Vec<Side> {
    let measured = |side: &Side| rows.iter().any(|row| row.side == *side);
    [Side::Plain, Side::PlainOnce, Side::Ours].into_iter().filter(measured).collect()
}

/// The least of each figure over the runs; the words are the same in each.
fn best(rows: &[Row], side: Side, call: &str) -> Option<Row> {
    let mut runs = rows.iter().filter(|row| row.side == side && row.call == call);
    let first = runs.next()?.clone();
    Some(runs.fold(first, |best, row| Row {
        wall_ms: best.wall_ms.min(row.wall_ms),
        cpu_ms: best.cpu_ms.min(row.cpu_ms),
        memory_bytes: best.memory_bytes.min(row.memory_bytes),
        ..best
    }))
}
