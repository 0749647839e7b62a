//! What is run, from the environment: `cargo bench` has no arguments of ours.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, anyhow};

use super::report::Side;
use super::widen::{Shape, Weights};

/// See `tests/bench/README.md` for the variables.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Compute shape of the model.
    pub shape: Shape,
    /// How its matrices are stored.
    pub weights: Weights,
    /// The miniature to widen; the one in the repository unless given.
    pub model: Option<PathBuf>,
    /// Names of calls; `long` is the composed one.
    pub calls: Vec<String>,
    /// Length of the composed call.
    pub long_minutes: f64,
    /// How often everything is run; the least of each figure counts.
    pub runs: usize,
    /// Decoder states of our side; one a core unless given.
    pub states: Option<usize>,
    /// Threads a state.
    pub threads: Option<usize>,
    /// Threads of the plain loop; whisper.cpp's default (one a core, at most four) unless given. Its threads wait for
    /// each other by spinning, so that on a busy machine only one thread gives honest processor times.
    pub plain_threads: Option<i32>,
    /// Leaves the plain loop out, for work on our side alone.
    pub ours_only: bool,
}

impl Settings {
    /// Reads `CALLSCRIBE_BENCH_…`.
    pub fn from_environment() -> anyhow::Result<Self> {
        let shape = text("SHAPE").unwrap_or_else(|| "base".to_owned());
        let weights = text("WEIGHTS").unwrap_or_else(|| "q8_0".to_owned());
        let calls = text("CALLS").unwrap_or_else(|| "en-refund,en-complaint,es-tarjeta,long".to_owned());
        Ok(Self {
            shape: Shape::ALL
                .into_iter()
                .find(|known| known.as_str() == shape)
                .with_context(|| format!("CALLSCRIBE_BENCH_SHAPE is '{shape}'; it can be mini, tiny, base or small"))?,
            weights: [Weights::F16, Weights::Q8_0]
                .into_iter()
                .find(|known| known.as_str() == weights)
                .with_context(|| format!("CALLSCRIBE_BENCH_WEIGHTS is '{weights}'; it can be f16 or q8_0"))?,
            model: text("MODEL").map(PathBuf::from),
            calls: calls.split(',').map(|name| name.trim().to_owned()).collect(),
            long_minutes: number("LONG_MINUTES")?.unwrap_or(5.0),
            runs: number("RUNS")?.unwrap_or(1),
            states: number("STATES")?,
            threads: number("THREADS")?,
            plain_threads: number("PLAIN_THREADS")?,
            ours_only: text("OURS_ONLY").is_some(),
        })
    }

    /// What is measured, in this order.
    pub fn sides(&self) -> Vec<Side> {
        if self.ours_only { vec![Side::Ours] } else { vec![Side::Plain, Side::PlainOnce, Side::Ours] }
    }
}

fn text(name: &str) -> Option<String> {
    std::env::var(format!("CALLSCRIBE_BENCH_{name}")).ok().filter(|value| !value.is_empty())
}

fn number<T: FromStr>(name: &str) -> anyhow::Result<Option<T>> {
    let parse =
        |value: String| value.parse().map_err(|_| anyhow!("CALLSCRIBE_BENCH_{name} is '{value}', not a number"));
    text(name).map(parse).transpose()
}
