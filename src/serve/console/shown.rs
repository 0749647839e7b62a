//! How things are written for people: times, lengths, sizes, standings. Numbers are borrowed, as templates hand them on.

use std::borrow::Borrow;

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::call::StageStatus;

/// `2026-11-20 09:30`, in UTC; `console.js` turns it into the reader's own time.
pub(super) fn minute(time: &Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A length in seconds as `4:05` or `1:02:03`.
pub(super) fn length(seconds: impl Borrow<f64>) -> String {
    let whole = seconds.borrow().max(0.0).round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A length as people say it, roughly: `40 s`, `12 min`, `3 h 5 min`, `25 h`.
pub(super) fn roughly(seconds: impl Borrow<f64>) -> String {
    let whole = seconds.borrow().max(0.0).round() as u64;
    match whole {
        0..=99 => format!("{whole} s"),
        100..=5999 => format!("{} min", (whole + 30) / 60),
        6000..=35_999 => format!("{} h {} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} h", (whole + 1800) / 3600),
    }
}

/// Bytes as `1.4 MB`.
pub(super) fn size(bytes: impl Borrow<u64>) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut amount = *bytes.borrow() as f64;
    let mut unit = 0;
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && amount < 99.95);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// `1,234,567`.
pub(super) fn count(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The class of a figure that says nothing.
pub(super) fn faint(number: impl Borrow<u64>) -> &'static str {
    if *number.borrow() == 0 { " faint" } else { "" }
}

/// A share of 1 as `83 %`.
pub(super) fn percent(share: impl Borrow<f64>) -> String {
    format!("{:.0} %", share.borrow() * 100.0)
}

/// A name made for programs, for people: `generate_summary` is "Generate summary".
pub(super) fn words(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A moment: for people in UTC, for the script with its zone.
#[derive(Template)]
#[template(source = r#"<time datetime="{{ iso }}">{{ text }}</time>"#, ext = "html")]
pub(super) struct Moment {
    iso: String,
    text: String,
}

impl HtmlSafe for Moment {}
impl HtmlSafe for Badge {}

impl Moment {
    pub(super) fn of(time: &Timestamp) -> Self {
        Self { iso: time.to_string(), text: minute(time) }
    }

    /// Of a time in an answer of the API.
    pub(super) fn read(text: &str) -> Self {
        text.parse::<Timestamp>().map_or_else(|_| Self { iso: String::new(), text: text.to_owned() }, |t| Self::of(&t))
    }
}

/// A standing as a badge: a colour, a sign of its own and a word, so that none of them is needed.
#[derive(Debug, Clone, Template)]
#[template(
    source = r##"<span class="badge is-{{ kind }}"><svg aria-hidden="true" viewBox="0 0 16 16"><path d="{{ self.sign() }}"/></svg>{{ label }}<span class="{% if is_short %}unseen{% else %}badge-word{% endif %}"> {{ word }}</span></span>"##,
    ext = "html"
)]
pub(super) struct Badge {
    label: &'static str,
    word: &'static str,
    kind: &'static str,
    /// The word is for who cannot see the sign.
    is_short: bool,
}

impl Badge {
    /// Of a part of a recording.
    pub(super) fn part(label: &'static str, status: StageStatus) -> Self {
        let (kind, word) = match status {
            StageStatus::Pending => ("pending", "pending"),
            StageStatus::Processing => ("working", "in work"),
            StageStatus::Completed => ("done", "done"),
            StageStatus::Skipped => ("absent", "not to be had"),
            StageStatus::Failed => ("failed", "failed"),
        };
        Self { label, word, kind, is_short: true }
    }

    /// Of a step, a whole recording or a delivery, by the word the API uses.
    pub(super) fn state(state: &str) -> Self {
        let kind = match state {
            "completed" | "delivered" => "done",
            "processing" | "running" | "waiting" => "working",
            "failed" | "dead" => "failed",
            "skipped" | "partial" | "stale" => "absent",
            _ => "pending",
        };
        Self { label: "", word: Self::word_of(state), kind, is_short: false }
    }

    /// What people call the standing that the API calls `state`.
    pub(super) fn word_of(state: &str) -> &'static str {
        match state {
            "completed" => "Completed",
            "delivered" => "Delivered",
            "processing" => "In work",
            "running" => "Running",
            "waiting" => "Waiting",
            "failed" => "Failed",
            "dead" => "Given up",
            "skipped" => "Skipped",
            "partial" => "Partial",
            "stale" => "Outdated",
            _ => "Pending",
        }
    }

    /// Of the process that transcribes, by the word the API uses.
    pub(super) fn worker(state: &str) -> Self {
        let (kind, word) = match state {
            "working" => ("working", "At work"),
            "loading" => ("working", "Loading its model"),
            "idle" => ("done", "Ready"),
            "not_started" => ("absent", "Starts with the next call"),
            _ => ("failed", "No model"),
        };
        Self { label: "", word, kind, is_short: false }
    }

    /// Of a part of the daemon.
    pub(super) fn order(ok: bool) -> Self {
        Self::fit(ok, if ok { "In order" } else { "Not in order" })
    }

    /// Fit or not.
    pub(super) fn fit(ok: bool, word: &'static str) -> Self {
        Self { label: "", word, kind: if ok { "done" } else { "failed" }, is_short: false }
    }

    /// A tick, a turning arrow, a cross, a dash, a dot.
    fn sign(&self) -> &'static str {
        match self.kind {
            "done" => "M3 8.5 6.5 12 13 4.5",
            "working" => "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
            "failed" => "M4 4l8 8M12 4l-8 8",
            "absent" => "M3.5 8h9",
            _ => "M8 6.2a1.8 1.8 0 1 0 .01 0z",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_sizes_and_counts_are_written_as_people_do() {
        assert_eq!((length(65.4).as_str(), length(3723.0).as_str(), length(0.0).as_str()), ("1:05", "1:02:03", "0:00"));
        assert_eq!((size(999), size(1_000), size(1_449_999)), ("999 B".into(), "1.0 kB".into(), "1.4 MB".into()));
        assert_eq!((count(7), count(1234), count(1_234_567)), ("7".into(), "1,234".into(), "1,234,567".into()));
        assert_eq!(
            (roughly(40.0), roughly(725.0), roughly(11_100.0)),
            ("40 s".into(), "12 min".into(), "3 h 5 min".into())
        );
        assert_eq!(words("generate_summary"), "Generate summary");
    }

    #[test]
    fn no_two_standings_share_a_sign_or_go_without_a_word() {
        let all = [
            StageStatus::Pending,
            StageStatus::Processing,
            StageStatus::Completed,
            StageStatus::Skipped,
            StageStatus::Failed,
        ];
        let signs: std::collections::BTreeSet<&str> = all.map(|status| Badge::part("Audio", status).sign()).into();
        assert_eq!(signs.len(), all.len());
        assert!(all.iter().all(|status| !Badge::part("Audio", *status).word.is_empty()));
    }
}
