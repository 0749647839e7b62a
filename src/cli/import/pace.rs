//! How long the rest will take, said only as far as it is known. Pure.

use std::time::Duration;

/// Recordings that must be done before their pace says anything about the others.
const DONE_MIN: f64 = 3.0;
/// Time that must have passed: the first recordings also load the model.
const ELAPSED_MIN: Duration = Duration::from_secs(20);

/// The time the rest takes at the pace so far; absent while that would be a guess. `done` may have a fraction: a call half
/// heard is half done.
pub fn time_left(done: f64, left: f64, elapsed: Duration) -> Option<Duration> {
    if left <= 0.0 {
        return Some(Duration::ZERO);
    }
    let is_known = done >= DONE_MIN && elapsed >= ELAPSED_MIN;
    is_known.then(|| Duration::try_from_secs_f64(elapsed.as_secs_f64() / done * left).ok()).flatten()
}

/// The time in words, no more exact than it can be known.
pub fn in_words(left: Option<Duration>) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let Some(left) = left else { return "time left not known yet".to_owned() };
    let (s, round) = (left.as_secs(), |to: u64| left.as_secs().div_ceil(to) * to);
    match s {
        0..MINUTE => "under a minute left".to_owned(),
        MINUTE..HOUR => format!("about {} min left", round(MINUTE) / MINUTE),
        HOUR..DAY => {
            let minutes = round(10 * MINUTE) / MINUTE;
            format!("about {} h {:02} min left", minutes / 60, minutes % 60)
        }
        _ => format!("about {} days {} h left", round(HOUR) / DAY, round(HOUR) % DAY / HOUR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(done: f64, left: f64, elapsed_s: u64) -> String {
        in_words(time_left(done, left, Duration::from_secs(elapsed_s)))
    }

    #[test]
    fn nothing_is_promised_before_there_is_a_pace() {
        assert_eq!(words(2.9, 100.0, 600), "time left not known yet");
        assert_eq!(words(50.0, 100.0, 19), "time left not known yet");
    }

    #[test]
    fn the_rest_takes_as_long_as_what_is_done_did() {
        assert_eq!(words(10.0, 1.0, 100), "under a minute left");
        assert_eq!(words(10.0, 9.0, 100), "about 2 min left");
        assert_eq!(words(10.0, 1000.0, 100), "about 2 h 50 min left");
        assert_eq!(words(10.0, 20_000.0, 100), "about 2 days 8 h left");
        assert_eq!(words(10.0, 8_590.0, 100), "about 23 h 60 min left".replace("23 h 60", "24 h 00"));
        assert_eq!(words(0.0, 0.0, 0), "under a minute left");
    }
}
