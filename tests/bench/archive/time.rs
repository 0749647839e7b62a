//! Who had the processors, and who waited for them, as the kernel counts it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Processor time and time spent ready but without a processor, in seconds, by who.
#[derive(Debug, Default, Clone)]
pub struct Spent {
    by: BTreeMap<String, (f64, f64)>,
    wall_s: f64,
}

/// What was spent up to now: by the daemon's threads by name, its children, this process and everything else.
pub fn spent(daemon: u32) -> anyhow::Result<Spent> {
    let mut spent = Spent {
        wall_s: fs::read_to_string("/proc/uptime")?.split(' ').next().unwrap_or("").parse()?,
        ..Spent::default()
    };
    let ours = |threads: &Path, name: &dyn Fn(&str) -> String, spent: &mut Spent| {
        for thread in fs::read_dir(threads).into_iter().flatten().flatten() {
            // A thread may end while it is looked at.
            let read = |file: &str| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
            let counts = read("schedstat");
            let mut counts = counts.split(' ').filter_map(|count| count.trim().parse::<f64>().ok());
            let (ran, waited) = (counts.next().unwrap_or(0.0) / 1e9, counts.next().unwrap_or(0.0) / 1e9);
            let sum = spent.by.entry(name(read("comm").trim())).or_default();
            *sum = (sum.0 + ran, sum.1 + waited);
        }
    };
    ours(&task(daemon), &|thread| format!("daemon, {thread}"), &mut spent);
    for thread in fs::read_dir(task(daemon))? {
        for child in fs::read_to_string(thread?.path().join("children")).unwrap_or_default().split_whitespace() {
            let child = child.parse()?;
            ours(&task(child), &|_| "worker".to_owned(), &mut spent);
            // Its threads end with each call, and what they ran with them.
            spent.by.entry("worker".to_owned()).or_default().0 = process_s(child)?;
        }
    }
    ours(Path::new("/proc/self/task"), &|_| "who asks".to_owned(), &mut spent);
    let stat = fs::read_to_string("/proc/stat")?;
    let ticks =
        stat.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|n| n.parse::<f64>().ok());
    // User, nice, system, then idle and waiting for disks, interrupts, and what the host took.
    let busy: f64 = ticks.enumerate().filter(|(at, _)| matches!(at, 0..=2 | 5..=7)).map(|(_, ticks)| ticks).sum();
    let known: f64 = spent.by.values().map(|(ran, _)| ran).sum();
    spent.by.insert("everything else on the machine".to_owned(), (busy / 100.0 - known, 0.0));
    Ok(spent)
}

/// Processor time of a process with all the threads it ever had.
fn process_s(process: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    Ok(fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

fn task(process: u32) -> std::path::PathBuf {
    Path::new("/proc").join(process.to_string()).join("task")
}

impl Spent {
    /// Adds what was spent from `before` to `after`.
    pub fn add(&mut self, after: &Self, before: &Self) {
        self.wall_s += after.wall_s - before.wall_s;
        for (who, (ran, waited)) in &after.by {
            let (ran_before, waited_before) = before.by.get(who).copied().unwrap_or_default();
            let sum = self.by.entry(who.clone()).or_default();
            *sum = (sum.0 + ran - ran_before, sum.1 + waited - waited_before);
        }
    }

    /// One line for each who counts, as shares of one processor.
    pub fn print(&self, when: &str) {
        println!("of one processor, {when}:");
        for (who, (ran, waited)) in &self.by {
            let (ran, waited) = (ran / self.wall_s * 100.0, waited / self.wall_s * 100.0);
            if ran.max(waited) >= 0.5 {
                println!("    {who:<36} ran {ran:>5.1} %, ready without one {waited:>5.1} %");
            }
        }
    }
}
