//! Keeps the egress ledger: takes what the client counted and adds it to the store, now and then and at the end.
//!
//! Commands that send something beside the daemon (`callscribe models pull`) cannot open its database; they leave a file
//! with what they sent in the state folder, which the daemon takes in.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::provider::client::Traffic;
use crate::store::{Egress, Store};

/// How often counts go to the store: what a kill loses of them.
const EVERY: Duration = Duration::from_secs(30);

/// Folder in the state folder for what commands sent.
const LEFT: &str = "egress";
/// Files taken in at a time; a command leaves one.
const FILES_MAX: usize = 100;

/// Leaves a note of what a command sent, for the daemon.
///
/// # Errors
///
/// When the state folder cannot be written.
pub fn leave(state_dir: &Path, sent: &[Egress]) -> io::Result<()> {
    if sent.is_empty() {
        return Ok(());
    }
    let folder = state_dir.join(LEFT);
    fs::create_dir_all(&folder)?;
    let mut file = tempfile::Builder::new().prefix("egress-").suffix(".part").tempfile_in(&folder)?;
    serde_json::to_writer(&mut file, sent)?;
    file.flush()?;
    file.as_file().sync_all()?;
    let whole = file.path().with_extension("json");
    file.persist(whole)?;
    Ok(())
}

/// What commands left, with the files to remove once it is in the store.
fn left(state_dir: &Path) -> (Vec<Egress>, Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(state_dir.join(LEFT)) else { return (Vec::new(), Vec::new()) };
    let files = entries.flatten().map(|entry| entry.path());
    let files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "json")).take(FILES_MAX).collect();
    let read = |file: &PathBuf| serde_json::from_slice::<Vec<Egress>>(&fs::read(file).ok()?).ok();
    (files.iter().filter_map(read).flatten().collect(), files)
}

/// What was sent since the last time.
pub(super) fn take() -> Vec<Egress> {
    let counted = Traffic::of_all().take().into_iter();
    let entry = |(host, traffic): (String, crate::provider::client::HostTraffic)| {
        let last_at = traffic.last_at?;
        Some(Egress {
            host,
            requests: traffic.requests,
            bytes_sent: traffic.bytes_sent,
            bytes_received: traffic.bytes_received,
            first_at: traffic.first_at.unwrap_or(last_at),
            last_at,
        })
    };
    counted.filter_map(entry).collect()
}

/// Adds up until `stop`, and once more then; metrics as well.
pub(super) async fn keep(store: Store, state_dir: PathBuf, stop: CancellationToken) -> anyhow::Result<()> {
    add(store.clone(), state_dir.clone()).await?;
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        crate::observe::metrics::tidy();
        add(store.clone(), state_dir.clone()).await?;
        if ended {
            return Ok(());
        }
    }
}

async fn add(store: Store, state_dir: PathBuf) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || {
        let (mut counted, files) = left(&state_dir);
        counted.extend(take());
        store.add_egress(&counted)?;
        for file in files {
            fs::remove_file(&file)?;
        }
        anyhow::Ok(())
    })
    .await?
}
