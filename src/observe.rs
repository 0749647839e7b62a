//! Logging set-up. Telephone numbers and secrets never reach a log line.
