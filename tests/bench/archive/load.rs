//! The list while the pipeline writes against the list while it rests: turn and turn about within one run, so that whatever
//! else the machine does falls on both, and with what the processors did meanwhile.

use std::time::{Duration, Instant};

use super::client::Client;
use super::daemon::Daemon;
use super::time::{self, Spent};
use super::{LOAD_GOAL, high, questions, state, verdict};

/// What `CALLSCRIBE_BENCH_ONLY` knows it by.
pub const NAME: &str = "list, the pipeline writes";
/// Turns of each kind.
const TURNS: usize = 12;
/// How long a turn asks.
const TURN: Duration = Duration::from_secs(3);
/// Copies of each sample call that a turn begins with: more than it is done with.
const COPIES: u64 = 4;

/// What one kind of turns came to.
#[derive(Default)]
struct Turns {
    times_ms: Vec<f64>,
    spent: Spent,
    finished: u64,
}

/// Asks in both kinds of turns, prints both and how they compare. Leaves the pipeline writing.
pub fn compare(folder: &std::path::Path, daemon: &mut Daemon) -> anyhow::Result<()> {
    let (mut idle, mut busy) = (Turns::default(), Turns::default());
    for _ in 0..TURNS {
        rest(daemon)?;
        // A connection that was kept while the daemon came to rest may have been closed.
        let mut client = daemon.client()?;
        ask(&mut idle, daemon, &mut client)?;
        let before = completed(&mut client)?;
        state::bring_calls(folder, COPIES)?;
        client.post("/api/v1/queue/resume")?;
        // From the first transcript on everything goes on at once: taking in, transcribing, storing, indexing.
        daemon.wait_for("a transcript", Duration::from_millis(20), |_| {
            Ok((completed(&mut client)? > before).then_some(()))
        })?;
        ask(&mut busy, daemon, &mut client)?;
    }
    let (p99, loaded) = (idle.print("list, the pipeline rests"), busy.print(NAME));
    println!(
        "{:<44} {:>9.2}   {} ({} calls finished meanwhile)",
        "p99 while writing, of resting",
        loaded / p99,
        verdict(loaded <= p99 * LOAD_GOAL),
        busy.finished
    );
    idle.spent.print("while it rests");
    busy.spent.print("while it writes");
    Ok(())
}

/// Pauses the queue and waits until what runs has ended and the index has taken it up.
fn rest(daemon: &mut Daemon) -> anyhow::Result<()> {
    let mut client = daemon.client()?;
    client.post("/api/v1/queue/pause")?;
    daemon.wait_for("the pipeline to rest", Duration::from_millis(50), |_| {
        let queue = client.json("/api/v1/queue")?;
        Ok(queue["running"].as_array().is_some_and(Vec::is_empty).then_some(()))
    })?;
    daemon.wait_until_idle()
}

fn ask(turns: &mut Turns, daemon: &Daemon, client: &mut Client) -> anyhow::Result<()> {
    let page = &questions::first_pages()[0];
    let (finished, spent) = (completed(client)?, time::spent(daemon.id())?);
    let since = Instant::now();
    while since.elapsed() < TURN {
        let asked = Instant::now();
        client.get(page)?;
        turns.times_ms.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    turns.spent.add(&time::spent(daemon.id())?, &spent);
    turns.finished += completed(client)? - finished;
    Ok(())
}

fn completed(client: &mut Client) -> anyhow::Result<u64> {
    let stats = client.json("/api/v1/recordings/stats/summary")?;
    Ok(stats["by_status"]["completed"].as_u64().unwrap_or(0))
}

impl Turns {
    /// Answers the 99th of a hundred in milliseconds.
    fn print(&mut self, what: &str) -> f64 {
        self.times_ms.sort_by(f64::total_cmp);
        let count = self.times_ms.len();
        let worst = self.times_ms.last().copied().unwrap_or_default();
        let (middle, high) = (self.times_ms[count / 2], high(&self.times_ms));
        println!("{what:<44} {middle:>9.2} {high:>9.2} {worst:>9.2} {count:>9} requests");
        high
    }
}
