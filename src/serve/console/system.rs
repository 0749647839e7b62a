//! `/system`: is everything in order, where calls come from, what was refused, and what the machine has left.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::shown::{Badge, Moment};
use super::{Here, PageError, Shell, calls, page, read, shown};
use crate::serve::params::Params;
use crate::serve::workers::{LaneView, WorkersView};
use crate::serve::{Api, Check, egress, providers, sinks, stats, workers};

/// Less free disk than this, in bytes, is worth a warning.
const DISK_LOW_BYTES: u64 = 2_000_000_000;

#[derive(Template)]
#[template(path = "system.html", config = "src/serve/console/askama.toml")]
struct SystemPage {
    shell: Shell,
    checks: Vec<Check>,
    troubles: Vec<Trouble>,
    model: String,
    workers: WorkersView,
    totals: Totals,
    disk: Option<Disk>,
    accounts: Vec<ProviderItem>,
    sinks: Vec<SinkItem>,
    hosts: Vec<HostItem>,
}

/// What keeps the daemon from nothing and is not in order all the same.
struct Trouble {
    name: String,
    says: String,
    /// Where on the page more is told.
    link: &'static str,
}

impl Trouble {
    fn of(accounts: &[ProviderItem], sinks: &[SinkItem]) -> Vec<Self> {
        let unreachable = accounts.iter().filter(|account| account.last_error.is_some()).map(|account| Self {
            name: format!("{} {}", shown::words(&account.provider), account.account),
            says: "Its last look failed: calls from there are missing.".to_owned(),
            link: "#sources",
        });
        let down = sinks.iter().filter(|sink| sink.down_until.is_some()).map(|sink| Self {
            name: format!("Webhook {}", sink.name),
            says: format!(
                "It does not answer; {} waiting for it.",
                match sink.pending {
                    1 => "1 event is".to_owned(),
                    events => format!("{} events are", shown::count(events)),
                }
            ),
            link: "#webhooks",
        });
        unreachable.chain(down).collect()
    }
}

impl LaneView {
    /// What goes on in it, for people.
    fn work(&self) -> &'static str {
        match self.lane {
            "transcribe" => "Transcribing",
            "summarise" => "Summarising",
            _ => "Fetching, telling languages",
        }
    }
}

/// What the page takes from the outgoing webhooks.
#[derive(Deserialize)]
struct SinkItem {
    name: String,
    host: String,
    pending: u64,
    delivered: u64,
    dead: u64,
    last_success_at: Option<String>,
    last_error: Option<String>,
    down_until: Option<String>,
}

/// What the page takes from the ledger of data that went out.
#[derive(Deserialize)]
struct HostItem {
    host: String,
    requests: u64,
    bytes_sent: u64,
    bytes_received: u64,
    first_at: String,
    last_at: String,
}

/// Answers that hold nothing but a list.
#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// What the page takes from the totals.
#[derive(Deserialize)]
struct Totals {
    total: u64,
    with_transcript: u64,
    storage_bytes: u64,
    audio_duration: f64,
    quarantined: u64,
    deleted: u64,
}

struct Disk {
    free: u64,
    total: u64,
}

/// What the page takes from the list of providers.
#[derive(Deserialize)]
struct ProviderItem {
    provider: String,
    account: String,
    location: String,
    last_look_at: Option<String>,
    failures: u32,
    last_error: Option<String>,
    quarantined_count: usize,
    quarantine: Vec<QuarantineItem>,
}

#[derive(Deserialize)]
struct QuarantineItem {
    locator: String,
    reason: String,
    since: String,
}

/// Shows how everything stands.
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::System.failed();
    params.finish().map_err(&failed)?;
    let Json(workers) = workers::get(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let Json(totals) = stats::summary(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let Json(accounts) = providers::list(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let accounts: Items<ProviderItem> = read(&accounts).map_err(&failed)?;
    let Json(webhooks) = sinks::list(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let webhooks: Items<SinkItem> = read(&webhooks).map_err(&failed)?;
    let Json(ledger) = egress::get(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let ledger: Items<HostItem> = read(&ledger).map_err(&failed)?;
    let folder = api.0.files.audio_path("");
    let disk = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&folder).ok()).await.ok().flatten();
    Ok(page(&SystemPage {
        shell: Shell::new(Here::System, "System"),
        checks: api.0.loops.checks(),
        troubles: Trouble::of(&accounts.items, &webhooks.items),
        model: api.0.loops.model(),
        workers,
        totals: read(&totals).map_err(&failed)?,
        disk: disk.map(|disk| Disk { free: disk.f_bavail * disk.f_frsize, total: disk.f_blocks * disk.f_frsize }),
        accounts: accounts.items,
        sinks: webhooks.items,
        hosts: ledger.items,
    }))
}
