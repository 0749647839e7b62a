//! Readiness, longer starts and stops, and the watchdog for systemd. Does nothing outside a unit.
//!
//! systemd's address and wishes come in the environment (`NOTIFY_SOCKET`, `WATCHDOG_USEC`); what is said goes to its
//! socket. A message that cannot be sent is logged and otherwise ignored: the service works without being watched.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

/// Pings sent within one watchdog interval: a late one may still be followed by one in time.
const PINGS_PER_INTERVAL: u32 = 3;

/// The service takes requests now.
pub fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(&one_line(status))]);
}

/// The service is going down.
pub fn stopping(status: &str) {
    send(&[NotifyState::Stopping, NotifyState::Status(&one_line(status))]);
}

/// Start or stop takes `by` longer from now on than the unit allows; for migrations and draining.
pub fn extend_timeout(by: Duration) {
    send(&[NotifyState::ExtendTimeoutUsec(u32::try_from(by.as_micros()).unwrap_or(u32::MAX))]);
}

/// How long systemd waits for a ping before it kills the service; absent when nobody waits.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|interval| !interval.is_zero())
}

/// Pings the watchdog until cancelled, as long as `healthy` says so. A service that is not healthy is left without
/// pings, and systemd starts it anew. Returns at once where no watchdog waits.
pub async fn watchdog(healthy: impl Fn() -> bool, cancel: CancellationToken) {
    let Some(interval) = watchdog_interval() else { return };
    let mut ticks = tokio::time::interval(interval / PINGS_PER_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if healthy() {
            send(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("The service is not healthy; the watchdog gets no ping.");
        }
    }
}

/// A line break would start a new field of the message.
fn one_line(status: &str) -> String {
    status.replace(['\n', '\r'], " ")
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be notified.");
    }
}
