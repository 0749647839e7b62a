//! What may stand in `log.filter`.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Crates that log and can be named alone, which lets everything of theirs through. Any other goes with a level:
/// `crate=debug`.
const CRATES: [&str; 14] = [
    "axum",
    "callscribe",
    "h2",
    "hyper",
    "hyper_util",
    "notify",
    "redb",
    "reqwest",
    "rustls",
    "symphonia",
    "tokio",
    "tower",
    "tower_http",
    "whisper_rs",
];

/// Takes a filter that lets through what it seems to: for `tracing` every bare word is a target, so that `inof` would
/// silence the whole log.
///
/// # Errors
///
/// A sentence that says what a filter looks like.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    if EnvFilter::try_new(text).is_err() {
        return Err("This is no log filter; it looks like \"info\" or \"info,callscribe::store=debug\".".to_owned());
    }
    let mut parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    match parts.find(|part| !is_plausible(part)) {
        None => Ok(text.to_owned()),
        Some(word) => Err(format!(
            "'{word}' is no level; levels are error, warn, info, debug, trace and off. A part of the program is written \
             with its level, like \"callscribe::store=debug\"."
        )),
    }
}

fn is_plausible(part: &str) -> bool {
    let says_what_it_is = part.contains('=') || part.contains('[') || part.contains("::");
    says_what_it_is || part.parse::<LevelFilter>().is_ok() || CRATES.contains(&part)
}
