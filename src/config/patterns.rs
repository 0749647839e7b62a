//! What may stand in `folders.patterns`.

use regex::RegexBuilder;

/// Memory a compiled pattern may take; the folder's own limit is the same.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Edits between a mistyped group name and the one that was meant.
const TYPING_ERRORS_MAX: usize = 2;

/// The names of groups that are read, and those that are kept with the recording as they are (the last row).
#[rustfmt::skip]
const GROUPS: [&str; 30] = [
    "date", "time", "datetime", "epoch", "offset",
    "caller", "from", "callee", "to", "caller_name", "callee_name",
    "number", "name", "customer", "agent", "extension",
    "direction", "queue", "call_id", "unique_id", "uniqueid", "session_id",
    "location", "organisation", "recording_type", "service_type",
    "campaign", "kind", "port", "recording_id",
];

/// Takes a regular expression from whose named groups a folder can learn something.
///
/// # Errors
///
/// A sentence that says what is wrong with it.
pub(super) fn pattern(text: &str) -> Result<String, String> {
    let regex = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            format!("The pattern takes more than {} KiB; repeat less, or match less exactly.", PATTERN_BYTES_MAX >> 10)
        }
        error => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("This is no regular expression: {reason}.")
        }
    })?;
    let mut groups = regex.capture_names().flatten().peekable();
    if groups.peek().is_none() {
        return Err(
            "The pattern has no named group, so nothing could be learned from it; write (?P<caller>…).".to_owned()
        );
    }
    match groups.find(|group| !GROUPS.contains(group)) {
        None => Ok(text.to_owned()),
        Some(unknown) => Err(format!("Nothing is known by the group name '{unknown}'. {}", nearest(unknown))),
    }
}

fn nearest(unknown: &str) -> String {
    let close = GROUPS
        .iter()
        .map(|group| (strsim::damerau_levenshtein(unknown, group), group))
        .filter(|(distance, group)| *distance <= TYPING_ERRORS_MAX.min(group.len() / 2))
        .min_by_key(|(distance, _)| *distance);
    match close {
        Some((_, group)) => format!("Did you mean {group}?"),
        None => format!("Names are: {}.", GROUPS.join(", ")),
    }
}
