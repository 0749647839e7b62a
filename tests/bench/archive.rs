//! A large archive made by a seeded generator, and how long the real daemon takes to answer questions about it.
//!
//! `cargo bench --bench archive` prints the table; `CALLSCRIBE_BENCH_RECORDINGS` says how many recordings (100 000). The
//! program that was built is started on a state folder, watches a folder, and is asked over loopback by one client that
//! keeps its connection. While "the pipeline writes", it takes sample calls in and transcribes them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "the table is what a bench is for")]

#[path = "archive/client.rs"]
mod client;
#[path = "archive/daemon.rs"]
mod daemon;
#[path = "archive/generator.rs"]
mod generator;
#[path = "archive/load.rs"]
mod load;
#[allow(dead_code, reason = "shared with the other benchmark")]
#[path = "process.rs"]
mod process;
#[path = "archive/questions.rs"]
mod questions;
#[path = "archive/state.rs"]
mod state;
#[path = "archive/time.rs"]
mod time;

use std::path::Path;
use std::time::{Duration, Instant};

use client::Client;
use daemon::Daemon;

/// Requests of one line of the table: the 99th of a hundred has ten worse ones behind it.
const ROUNDS: usize = 1000;
/// Starts that are timed.
const STARTS: usize = 5;

const START_GOAL: Duration = Duration::from_secs(1);
const MEMORY_GOAL_BYTES: u64 = 150_000_000;
const LOAD_GOAL: f64 = 2.0;

fn main() -> anyhow::Result<()> {
    let count: u64 = number("CALLSCRIBE_BENCH_RECORDINGS")?.unwrap_or(100_000);
    let rounds = number("CALLSCRIBE_BENCH_ROUNDS")?.unwrap_or(ROUNDS);
    let only = std::env::var("CALLSCRIBE_BENCH_ONLY").unwrap_or_default();
    let (folder, _removed_at_the_end) = state::folder()?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{}, load {}; {count} recordings; {}; {rounds} requests a line",
        process::machine(),
        load.split(' ').next().unwrap_or_default(),
        if cfg!(debug_assertions) { "dev profile" } else { "release" }
    );
    state::make(&folder, count)?;
    let database = folder.join("state/callscribe.redb").metadata()?.len() >> 20;
    println!("database {database} MiB, index {} MiB", state::bytes_below(&folder.join("state/index")) >> 20);

    let mut daemon = starts(&folder)?;
    daemon.wait_until_idle()?;
    println!("{:<44} {:>9} {:>9} {:>9} {:>9} {:>7}", "", "p50 ms", "p99 ms", "worst", "matches", "goal");
    let mut client = daemon.client()?;
    for question in questions::all(count, &mut client)?.iter().filter(|question| question.what.contains(&only)) {
        measure(&mut client, question.what, &question.targets, rounds, question.goal_ms)?;
    }
    memory(&daemon, "memory after the questions")?;
    if load::NAME.contains(&only) {
        daemon = under_load(&folder, daemon)?;
    }
    daemon.stop()
}

/// Times starts, the last after a kill; answers with the daemon that runs then.
fn starts(folder: &Path) -> anyhow::Result<Daemon> {
    let mut worst = Duration::ZERO;
    let mut running: Option<Daemon> = None;
    for _ in 0..STARTS {
        if let Some(daemon) = running.take() {
            daemon.stop()?;
        }
        let (daemon, took) = Daemon::start(folder)?;
        worst = worst.max(took);
        running = Some(daemon);
    }
    println!("{:<44} {worst:>9.2?} {}", format!("start-up, the slowest of {STARTS}"), verdict(worst <= START_GOAL));
    if let Some(daemon) = running.take() {
        daemon.kill()?;
    }
    let (daemon, took) = Daemon::start(folder)?;
    println!("{:<44} {took:>9.2?} {}", "start-up after a kill", verdict(took <= START_GOAL));
    Ok(daemon)
}

/// The list while the pipeline takes calls in, transcribes and stores them, and a kill in the middle of that.
fn under_load(folder: &Path, mut daemon: Daemon) -> anyhow::Result<Daemon> {
    load::compare(folder, &mut daemon)?;
    memory(&daemon, "memory after the pipeline wrote")?;
    daemon.kill()?;
    let (daemon, took) = Daemon::start(folder)?;
    println!("{:<44} {took:>9.2?} {}", "start-up after a kill while it wrote", verdict(took <= START_GOAL));
    Ok(daemon)
}

/// What the daemon holds itself; beside it the pages of the index's files, which the kernel takes back when it wants them.
fn memory(daemon: &Daemon, what: &str) -> anyhow::Result<()> {
    let (own, mapped) = (daemon.memory_bytes("RssAnon")?, daemon.memory_bytes("RssFile")?);
    println!(
        "{what:<44} {:>6} MB of its own {}; {} MB of mapped files beside",
        own / 1_000_000,
        verdict(own <= MEMORY_GOAL_BYTES),
        mapped / 1_000_000
    );
    Ok(())
}

/// Asks again and again; prints the middle, the 99th of a hundred and the worst.
fn measure(
    client: &mut Client,
    what: &str,
    targets: &[String],
    rounds: usize,
    goal_ms: Option<f64>,
) -> anyhow::Result<()> {
    let mut times = Vec::with_capacity(rounds);
    let mut matches = 0;
    // Asked once before: a page that was never read comes from the disk, and not by our doing.
    for target in targets {
        matches = matches.max(client.json(target)?["total"].as_u64().unwrap_or(0));
    }
    for round in 0..rounds {
        let since = Instant::now();
        client.get(&targets[round % targets.len()])?;
        times.push(since.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let (middle, high) = (times[rounds / 2], high(&times));
    let worst = times.last().copied().unwrap_or_default();
    let goal = goal_ms.map_or_else(String::new, |goal| format!("{goal:>7} {}", verdict(high <= goal)));
    println!("{what:<44} {middle:>9.2} {high:>9.2} {worst:>9.2} {matches:>9} {goal}");
    Ok(())
}

/// The 99th of a hundred sorted times.
fn high(times: &[f64]) -> f64 {
    times[(times.len() * 99 / 100).max(1) - 1]
}

const fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(name: &str) -> anyhow::Result<Option<T>> {
    Ok(std::env::var(name).ok().map(|text| text.parse()).transpose()?)
}
