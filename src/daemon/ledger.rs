//! Keeps the egress ledger: takes what the client counted and adds it to the store, now and then and at the end.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::provider::client::Traffic;
use crate::store::{Egress, Store};

/// How often counts go to the store: what a kill loses of them.
const EVERY: Duration = Duration::from_secs(30);

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
pub(super) async fn keep(store: Store, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        crate::observe::metrics::tidy();
        let counted = take();
        if !counted.is_empty() {
            let store = store.clone();
            tokio::task::spawn_blocking(move || store.add_egress(&counted)).await??;
        }
        if ended {
            return Ok(());
        }
    }
}
