//! Readiness, status line and watchdog for systemd. Does nothing outside a unit.
