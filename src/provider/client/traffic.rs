//! Where data has gone: hosts, bytes, last time. For people who want proof that nothing leaves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// What passed between this account and one host since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostTraffic {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// The last request.
    pub last_at: Option<Timestamp>,
}

/// Counts requests by host.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Mutex<BTreeMap<String, HostTraffic>>>);

impl Traffic {
    /// Every host asked so far.
    pub fn hosts(&self) -> BTreeMap<String, HostTraffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn sent(&self, host: &str) {
        self.change(host, |traffic| {
            traffic.requests += 1;
            traffic.last_at = Some(Timestamp::now());
        });
    }

    pub(super) fn received(&self, host: &str, bytes: u64) {
        self.change(host, |traffic| traffic.bytes_received += bytes);
    }

    fn change(&self, host: &str, change: impl FnOnce(&mut HostTraffic)) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(hosts.entry(host.to_owned()).or_default());
    }
}
