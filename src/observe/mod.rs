//! Logging set-up. Telephone numbers and secrets never reach a log line.
//!
//! Every event is formatted whole, masked, and only then written, so it does not matter which module logged it, in
//! which field, or whether it came from a library. Masking errs on the side of hiding: a run of seven digits is a
//! number somebody could call, unless it is part of a recording id, a digest, a time, or a quantity with its unit in
//! the field's name (`size_bytes=10803593`). What is measured is in [`metrics`].

pub mod metrics;

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::LogConfig;

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The filter does not parse.
    #[error("log.filter is no log filter: {0}.")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody set up logging before.
    #[error("Logging was set up twice in one process: {0}.")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// How the lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With the time of day.
    Text,
    /// For the journal: it keeps the time itself and takes the level from a prefix.
    Journal,
    /// One JSON object a line.
    Json,
}

impl Style {
    /// JSON if the configuration says so, the journal's own style if stderr goes there, else text.
    fn of(log: &LogConfig) -> Self {
        if log.json {
            Self::Json
        } else if stderr_is_the_journal() {
            Self::Journal
        } else {
            Self::Text
        }
    }
}

/// Sends everything that is logged in this process to stderr, panics included.
///
/// # Errors
///
/// [`ObserveError`].
pub fn init(log: &LogConfig) -> Result<(), ObserveError> {
    subscriber(&log.filter, Style::of(log), io::stderr)?.try_init()?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        tracing::error!(place, message, "The program ran into a mistake of its own.");
    }));
    Ok(())
}

/// What [`init`] sets up, with another place to write to.
///
/// # Errors
///
/// [`ObserveError::Filter`].
pub fn subscriber<W>(filter: &str, style: Style, writer: W) -> Result<impl Subscriber + Send + Sync, ObserveError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match style {
        Style::Text => layer.event_format(Masked { format: format(), style }).boxed(),
        Style::Journal => layer.event_format(Masked { format: format().without_time(), style }).boxed(),
        Style::Json => {
            let format = format().json().flatten_event(true);
            layer.event_format(Masked { format, style }).fmt_fields(JsonFields::new()).boxed()
        }
    };
    Ok(tracing_subscriber::registry().with(layer.with_filter(EnvFilter::try_new(filter)?)))
}

/// systemd puts the device and inode of the journal's socket into `$JOURNAL_STREAM`; a redirected stderr has others.
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stderr) = rustix::fs::fstat(io::stderr()) else { return false };
    !io::stderr().is_terminal() && stream == format!("{}:{}", stderr.st_dev, stderr.st_ino)
}

/// Another format, masked.
struct Masked<F> {
    format: F,
    style: Style,
}

impl<S, N, F> FormatEvent<S, N> for Masked<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'fields> FormatFields<'fields> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        if self.style == Style::Journal {
            writer.write_str(priority(*event.metadata().level()))?;
        }
        match (self.style, serde_json::from_str(&line)) {
            (Style::Json, Ok(value)) => writeln!(writer, "{}", masked_json(value, None)),
            _ => writer.write_str(&mask(&line)),
        }
    }
}

/// The prefix by which the journal knows the level (sd-daemon(3)).
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

/// Digits in a row from which a number could be a telephone number.
const DIGITS_MIN: usize = 7;

/// First what stays, then what goes; the first alternative that fits at a place wins.
static SENSITIVE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?xi)
        (?P<keep>
            \b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b         # a recording's id
          | \b[0-9a-f]{64}\b                                       # SHA-256
          | \b\d{4}-\d\d-\d\d[T\x20]\d\d:\d\d:\d\d(?:\.\d+)?       # a time
          | \b(?:\w*_(?:bytes|ms|us|ns|s|mib|hz|count)|pid)=\d+    # a quantity that names its unit
        )
      | (?P<secret_key> \b[\w-]*(?:token|secret|password|api[_-]?key|authorization) "? \s* [=:] \s* "? )
        (?: (?:bearer|basic) \s+ )? [^\s"&,;]+
      | (?P<scheme> \b(?:bearer|basic)\s+ ) [\w.~+/=-]{8,}
      | (?P<url> :// ) [^/\s:@]+ : [^/\s@]+ @
      | (?P<number> \+\d(?:[\x20().-]*\d){6,14} | \(?\b\d{3}\)?[\x20.-]{1,2}\d{3}[\x20.-]\d{4}\b )
      | (?P<decimal> \b\d{1,6}\.\d+\b )
      | (?P<run> \d{7,} )
    "#;
    Regex::new(pattern).expect("the pattern is constant, and a test uses it")
});

/// The text with telephone numbers and secrets replaced.
pub fn mask(text: &str) -> String {
    let replaced = SENSITIVE.replace_all(text, |found: &Captures<'_>| {
        let named = |name| found.name(name).map(|part| part.as_str());
        if let Some(kept) = named("keep").or_else(|| named("decimal")) {
            kept.to_owned()
        } else if let Some(before) = named("secret_key").or_else(|| named("scheme")) {
            format!("{before}[secret]")
        } else if named("url").is_some() {
            "://[secret]@".to_owned()
        } else {
            "[number]".to_owned()
        }
    });
    replaced.into_owned()
}

/// The same for JSON, where the field's name stands beside the value instead of in the text.
fn masked_json(value: Value, key: Option<&str>) -> Value {
    let named = |text: &str| key.map_or_else(|| mask(text), |key| mask_named(key, text));
    match value {
        Value::String(text) => Value::String(named(&text)),
        Value::Number(number) if number.to_string().len() >= DIGITS_MIN => {
            let text = number.to_string();
            let masked = named(&text);
            if masked == text { Value::Number(number) } else { Value::String(masked) }
        }
        Value::Array(values) => Value::Array(values.into_iter().map(|value| masked_json(value, key)).collect()),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| {
                let value = masked_json(value, Some(&key));
                (key, value)
            });
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// Masks `key=text` and gives back what became of the text.
fn mask_named(key: &str, text: &str) -> String {
    let before = format!("{key}=");
    let masked = mask(&format!("{before}{text}"));
    masked.strip_prefix(&before).map_or_else(|| mask(text), str::to_owned)
}
