//! When to try again: a pure policy. The caller brings the randomness.

use std::time::Duration;

/// First wait; doubled after each failed attempt.
pub const BACKOFF_BASE_S: u64 = 5;
/// Longest wait between two attempts: an hour, so that a mended cause shows within the hour.
pub const BACKOFF_MAX_S: u64 = 3600;
/// Attempts before a step is given up. With the waits above the last one comes eight to ten minutes after the first.
pub const ATTEMPTS_MAX: u32 = 8;

/// The wait after the `attempt`-th failure (from 1), with full jitter: evenly between half and all of the step,
/// so that many failures of one moment do not come back in one moment.
///
/// `jitter` is in `0.0..1.0`. A time the other side named wins when it is longer.
pub fn backoff(attempt: u32, jitter: f64, retry_after: Option<Duration>) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let step_s = BACKOFF_BASE_S.saturating_mul(1 << doublings).min(BACKOFF_MAX_S);
    let wait = Duration::from_secs_f64(step_s as f64 * (0.5 + 0.5 * jitter.clamp(0.0, 1.0)));
    retry_after.map_or(wait, |named| named.max(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit() {
        let waits: Vec<u64> = (1..=12).map(|n| backoff(n, 1.0, None).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
    }

    #[test]
    fn jitter_takes_away_at_most_half() {
        assert_eq!(backoff(3, 0.0, None), Duration::from_secs(10));
        assert_eq!(backoff(3, 1.0, None), Duration::from_secs(20));
    }

    #[test]
    fn a_longer_named_time_wins_and_a_shorter_one_does_not() {
        assert_eq!(backoff(1, 1.0, Some(Duration::from_secs(90))), Duration::from_secs(90));
        assert_eq!(backoff(4, 1.0, Some(Duration::from_secs(1))), Duration::from_secs(40));
    }
}
