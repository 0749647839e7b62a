//! What an import shows while it works and says at its end.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::drain::{Ended, Totals};
use super::pace;
use crate::call::{AccountName, ProcessingStatus, ProviderKind, Recording};
use crate::cli::print;
use crate::config::FolderConfig;
use crate::pipeline::Snapshot;
use crate::store::{ListQuery, Quarantined, Store, StoreError};

/// Recordings looked at in one page: few walks over the listing, some ten megabytes.
const PAGE: usize = 5_000;
/// Failures and refusals that are spelled out; the rest is counted, and `callscribe list` and `--json` show all.
const SPELLED_OUT_MAX: usize = 20;
/// Between two lines when nobody watches a terminal: a log should show life, not scroll.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// How the recordings of an account stand.
#[derive(Debug, Default)]
pub struct Standing {
    by_status: BTreeMap<ProcessingStatus, u64>,
    failures: Vec<Failure>,
    refused: Vec<Quarantined>,
}

#[derive(Debug, Serialize)]
struct Failure {
    id: String,
    source: String,
    error: String,
}

impl Standing {
    /// Counts them.
    pub fn of(store: &Store, provider: ProviderKind, account: &AccountName) -> Result<Self, StoreError> {
        let mut standing = Self::default();
        let mut query = ListQuery { limit: PAGE, provider: Some(provider), ..ListQuery::default() };
        loop {
            let page = store.list(&query)?;
            for recording in page.items.iter().filter(|recording| recording.key.account == *account) {
                let status = recording.steps.processing_status();
                *standing.by_status.entry(status).or_default() += 1;
                if status == ProcessingStatus::Failed {
                    standing.failures.push(Failure::of(recording));
                }
            }
            query.skip += PAGE as u64;
            if page.items.len() < PAGE {
                break;
            }
        }
        let source = format!("{provider}/{account}");
        standing.refused = store.quarantined()?.into_iter().filter(|entry| entry.source == source).collect();
        Ok(standing)
    }

    fn count(&self, status: ProcessingStatus) -> u64 {
        self.by_status.get(&status).copied().unwrap_or(0)
    }

    fn finished(&self) -> u64 {
        self.count(ProcessingStatus::Completed)
            + self.count(ProcessingStatus::Partial)
            + self.count(ProcessingStatus::Failed)
    }
}

impl Failure {
    fn of(recording: &Recording) -> Self {
        Self {
            id: recording.id.to_string(),
            source: recording.metadata["source"].as_str().unwrap_or_default().to_owned(),
            error: recording.steps.last_error().unwrap_or_default().to_owned(),
        }
    }
}

/// What came of the import.
#[derive(Debug, Serialize)]
pub struct Report {
    account: String,
    folder: String,
    /// Recordings nobody knew before.
    new: usize,
    /// Finished before this run.
    finished_before: u64,
    completed: u64,
    partial: u64,
    failed: Vec<Failure>,
    /// Not finished: the next run, or a daemon that watches the folder, goes on.
    left: u64,
    refused: Vec<Quarantined>,
    /// Files that are still being written.
    unsettled: usize,
    /// What waits for a person.
    waiting: Vec<String>,
    interrupted: bool,
    took_s: f64,
}

impl Report {
    /// Puts together how the account stood before, stands after, and what the run knows.
    pub fn new(folder: &FolderConfig, before: &Standing, after: Standing, ended: &Ended) -> Self {
        Self {
            account: folder.name.to_string(),
            folder: folder.path.display().to_string(),
            new: ended.found.new,
            finished_before: before.finished(),
            completed: after.count(ProcessingStatus::Completed),
            partial: after.count(ProcessingStatus::Partial),
            left: after.count(ProcessingStatus::Pending) + after.count(ProcessingStatus::Processing),
            failed: after.failures,
            refused: after.refused,
            unsettled: ended.found.unsettled,
            waiting: ended.parked.iter().map(|parked| parked.reason.clone()).collect(),
            interrupted: ended.interrupted,
            took_s: ended.took.as_secs_f64(),
        }
    }

    /// Everything was taken in, and everything is done.
    pub fn is_clean(&self) -> bool {
        self.failed.is_empty() && self.refused.is_empty() && self.left == 0 && self.unsettled == 0
    }

    /// Prints it to standard output.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn print(&self, json: bool) -> anyhow::Result<()> {
        let text = if json { serde_json::to_string_pretty(self)? + "\n" } else { self.to_text() };
        print(&text)
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{} new, {} completed, {} partial, {} failed, {} left, {} refused",
            self.new,
            self.completed,
            self.partial,
            self.failed.len(),
            self.left,
            self.refused.len()
        );
        text += &format!(" ({} had been finished before; {:.0} s)\n", self.finished_before, self.took_s);
        let failed = self.failed.iter().map(|failure| format!("failed   {}: {}", failure.source, failure.error));
        let refused = self.refused.iter().map(|entry| format!("refused  {}: {}", entry.locator, entry.reason));
        for lines in [failed.collect::<Vec<_>>(), refused.collect()] {
            for line in lines.iter().take(SPELLED_OUT_MAX) {
                text += &format!("{line}\n");
            }
            if let Some(more) = lines.len().checked_sub(SPELLED_OUT_MAX).filter(|more| *more > 0) {
                text += &format!("         and {more} more; --json shows all\n");
            }
        }
        if self.unsettled > 0 {
            text += &format!("{} files are still being written; the next run takes them in.\n", self.unsettled);
        }
        for reason in &self.waiting {
            text += &format!("waiting  {reason}\n");
        }
        if self.left > 0 {
            text += "Run the same command again to go on.\n";
        }
        text
    }
}

/// A bar on a terminal, a line now and then elsewhere; on standard error.
#[derive(Debug)]
pub struct Progress {
    start: Totals,
    began: Instant,
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
}

impl Progress {
    /// Begins to show what is done beyond `start`.
    pub fn begin(start: Totals) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
            let bar = ProgressBar::new(0);
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        Self { start, began: Instant::now(), bar, last_line: None }
    }

    /// Shows how it stands.
    pub fn show(&mut self, now: Totals, snapshot: &Snapshot, is_all_found: bool) {
        let done = now.finished.saturating_sub(self.start.finished);
        let heard: f64 = snapshot.running.iter().map(half_done).sum();
        let left = pace::time_left(done as f64 + heard, now.left as f64 - heard, self.began.elapsed());
        let mut message = if is_all_found { pace::in_words(left) } else { "still looking for recordings".to_owned() };
        let total = done + now.left;
        if is_all_found && total == 0 {
            return;
        }
        let failed = now.failed.saturating_sub(self.start.failed);
        if failed > 0 {
            message += &format!(", {failed} failed");
        }
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(message);
            }
            None if self.last_line.is_none_or(|last| last.elapsed() >= LINE_EVERY) => {
                self.last_line = Some(Instant::now());
                eprintln!("{done} of {total} done, {message}");
            }
            None => {}
        }
    }

    /// Clears the bar, so that the report stands alone.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The part of a running call that was heard.
fn half_done(running: &crate::pipeline::Running) -> f64 {
    match running.windows_total {
        0 => 0.0,
        total => f64::from(running.windows_done.min(total)) / f64::from(total),
    }
}
