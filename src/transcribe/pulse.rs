//! The sign of life and the cancel flag that a running call shares with whoever watches it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Shared by the worker's threads. Decoding and inference beat it, the watching thread reads it.
#[derive(Debug, Default)]
pub struct Pulse {
    cancelled: AtomicBool,
    beats: AtomicU64,
    working: Mutex<bool>,
    changed: Condvar,
}

impl Pulse {
    /// Notes that work is going on.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// How often work was noted so far.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Asks the running call to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Gets ready for the next call.
    pub fn reset(&self) {
        self.cancelled.store(false, Ordering::Relaxed);
    }

    /// True once somebody asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// A call begins.
    pub fn begin(&self) {
        self.set_working(true);
    }

    /// A call ended.
    pub fn end(&self) {
        self.set_working(false);
    }

    fn set_working(&self, working: bool) {
        *self.working.lock().unwrap_or_else(PoisonError::into_inner) = working;
        self.changed.notify_all();
    }

    /// Sleeps for as long as no call runs, so that an idle worker never wakes.
    pub fn wait_while_idle(&self) {
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(working, |working| !*working).unwrap_or_else(PoisonError::into_inner));
    }
}
