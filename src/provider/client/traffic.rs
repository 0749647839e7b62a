//! Where data has gone: hosts, bytes, first and last time. For people who want proof that nothing leaves.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jiff::Timestamp;

/// Hosts counted by name between two times that somebody takes the counts.
const HOSTS_MAX: usize = 1000;

/// What passed between this machine, or one account, and one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostTraffic {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// The first request.
    pub first_at: Option<Timestamp>,
    /// The last request.
    pub last_at: Option<Timestamp>,
}

/// Counts requests by host.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Mutex<BTreeMap<String, HostTraffic>>>);

/// Everything that any client of this process sends: one place, so that no client can be forgotten.
static ALL: LazyLock<Traffic> = LazyLock::new(Traffic::default);

impl Traffic {
    /// What all clients of this process sent.
    pub fn of_all() -> Self {
        ALL.clone()
    }

    /// Every host asked so far.
    pub fn hosts(&self) -> BTreeMap<String, HostTraffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the counts out, for whoever adds them up elsewhere.
    pub fn take(&self) -> BTreeMap<String, HostTraffic> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request with a body of so many bytes goes out.
    pub(super) fn sent(&self, host: &str, bytes: u64) {
        let now = Timestamp::now();
        self.change(host, |traffic| {
            traffic.requests += 1;
            traffic.bytes_sent += bytes;
            traffic.first_at.get_or_insert(now);
            traffic.last_at = Some(now);
        });
    }

    /// A piece of an answer came in.
    pub(super) fn received(&self, host: &str, bytes: u64) {
        self.change(host, |traffic| traffic.bytes_received += bytes);
    }

    fn change(&self, host: &str, change: impl FnOnce(&mut HostTraffic)) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_MAX && !hosts.contains_key(host) {
            return change(hosts.entry("(others)".to_owned()).or_default());
        }
        change(hosts.entry(host.to_owned()).or_default());
    }
}
