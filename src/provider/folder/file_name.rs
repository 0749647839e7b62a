//! What a recording's file name tells of its call.
//!
//! A name is matched against patterns with named groups; the groups' names say what they mean ([`Reading::call`]). The
//! operator's patterns come first, then those of common recorders, last any date. Pure: never touches a file.

use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};

use super::when;
use crate::call::{CallFacts, Direction, Party};

/// Memory a compiled pattern of the operator's may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Digits up to which a number counts as an extension of the house: longer ones come from outside.
const EXTENSION_DIGITS_MAX: usize = 6;

/// Patterns that come with the program, each with the recorder it belongs to. Sources of the formats:
///
/// - FreePBX, Issabel (module `core`, context `sub-record-check`): kind, called, calling, time, unique id.
/// - Asterisk one-touch recording (`auto-EPOCH-CALLING-CALLED`), kept by Grandstream; MixMonitor in the orders dialplans
///   use.
/// - 3CX: `[name]_calling-called_time(call)`. RingCentral's bulk download. VICIdial's `campaign_rec_filename`
///   (`FULLDATE_CUSTPHONE…`, `-all` once mixed). OrkAudio's `time_port`. Twilio's and FreeSWITCH's bare ids.
/// - Telephones: Basic Call Recorder (BCR) and the vendor's own on Android.
const BUILT_IN: &[(&str, &str)] = &[
    ("freepbx", r"^(?:q|rg)-(?<queue>[^-]+)-(?<caller>[^-]+)-(?<date>\d{8})-(?<time>\d{6})-(?<unique_id>\d+\.\d+)"),
    (
        "freepbx",
        r"^(?<direction>out|external|internal|in)-(?<callee>[^-]+)-(?<caller>[^-]+)-(?<date>\d{8})-(?<time>\d{6})-(?<unique_id>\d+\.\d+)",
    ),
    (
        "freepbx",
        r"^(?<kind>[a-z]+)-(?<callee>[^-]+)-(?<caller>[^-]+)-(?<date>\d{8})-(?<time>\d{6})-(?<unique_id>\d+\.\d+)",
    ),
    ("asterisk", r"^auto-(?<epoch>\d{9,10})-(?<caller>[^-]+)-(?<callee>[^-]+)$"),
    (
        "asterisk",
        r"^(?<date>\d{8})[-_]?(?<time>\d{6})[-_](?<unique_id>\d{9,10}\.\d+)[-_](?<caller>[^-_]+)[-_](?<callee>[^-_]+)$",
    ),
    (
        "asterisk",
        r"^(?<date>\d{8})[-_]?(?<time>\d{6})[-_](?<caller>[^-_]+)[-_](?<callee>[^-_]+)[-_](?<unique_id>\d{9,10}\.\d+)$",
    ),
    (
        "asterisk",
        r"^(?<caller>[^-_]+)[-_](?<callee>[^-_]+)[-_](?<date>\d{8})[-_]?(?<time>\d{6})[-_](?<unique_id>\d{9,10}\.\d+)$",
    ),
    ("asterisk", r"^(?:(?<date>\d{8})[-_])?(?<unique_id>\d{9,10}\.\d+)$"),
    (
        "3cx",
        r"^\[(?<caller_name>[^\]]*)\]_(?<caller>[^-_]+)-(?<callee>[^-_]+)_(?<date>\d{8})(?<time>\d{6})\((?<call_id>\d+)\)$",
    ),
    (
        "ringcentral",
        r"^(?<date>\d{8})-(?<time>\d{6})_(?:(?<extension>\d{1,6})_)?(?<number>[^_]+)_(?<direction>Incoming|Outgoing)_(?<recording_type>[A-Za-z]+)_(?<recording_id>\d+)$",
    ),
    (
        "bcr",
        r"^(?<date>\d{8})_(?<time>\d{6})(?:\.\d+)?(?<offset>[+-]\d{4}|Z)(?:_(?<direction>in|out|conference))?(?:_sim\d)?(?:_(?<number>\+?\d{3,}))?(?:_(?<name>.+))?$",
    ),
    ("android", r"^Call recording (?<number>.+)_(?<date>\d{6})_(?<time>\d{6})$"),
    (
        "vicidial",
        r"^(?<date>\d{8})-(?<time>\d{6})_(?<customer>\d{4,18})(?:_(?<campaign>[^_]+))??(?:_(?<agent>[^_]+?))?(?:-(?:all|in|out))?$",
    ),
    ("oreka", r"^(?<date>\d{8})_(?<time>\d{6})_(?<port>[A-Z]{4})$"),
    (
        "plain",
        r"^(?:[A-Za-z]+_)?(?<date>\d{4}-?\d{2}-?\d{2})[_ T](?<time>\d{2}[-.:]?\d{2}(?:[-.:]?\d{2})?)_(?<direction>in|out|inbound|outbound|internal)_(?<caller>[^_]+)_(?<callee>[^_]+)$",
    ),
    (
        "plain",
        r"^(?<date>\d{4}-\d{2}-\d{2})[_ T](?<time>\d{2}[-.:]\d{2}(?:[-.:]\d{2})?)_(?<caller>[^_]+)_(?<callee>[^_]+)$",
    ),
    ("twilio", r"^(?<recording_id>RE[0-9a-f]{32})$"),
    ("twilio", r"^(?<call_id>CA[0-9a-f]{32})$"),
    ("freeswitch", r"^(?<call_id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$"),
    (
        "date",
        r"(?:^|\D)(?<date>(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01]))[T _-]?(?<time>(?:[01]\d|2[0-3])[-_.:]?[0-5]\d[-_.:]?[0-5]\d)(?<offset>Z|[+-]\d{2}:?\d{2})?(?:\D|$)",
    ),
];

/// The patterns, compiled.
#[derive(Debug)]
pub struct FileNames {
    patterns: Vec<(String, Regex)>,
}

/// What one name told.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Whose pattern matched: a recorder's name, or `own 1` for the operator's first.
    pub pattern: String,
    /// The groups that matched, by name, in the order of the pattern.
    pub fields: Vec<(String, String)>,
}

impl FileNames {
    /// The operator's patterns before the built-in ones.
    ///
    /// # Errors
    ///
    /// A sentence that names the pattern that is no regular expression, or has no named group.
    pub fn new(own: &[String]) -> Result<Self, String> {
        let mut patterns = Vec::with_capacity(own.len() + BUILT_IN.len());
        for (index, text) in own.iter().enumerate() {
            let regex = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
            let regex = regex.map_err(|error| format!("The file name pattern '{text}' cannot be used: {error}"))?;
            if regex.capture_names().flatten().next().is_none() {
                return Err(format!(
                    "The file name pattern '{text}' has no named group, so it tells nothing; write (?<caller>…), for example."
                ));
            }
            patterns.push((format!("own {}", index + 1), regex));
        }
        for (name, text) in BUILT_IN {
            patterns.push(((*name).to_owned(), Regex::new(text).expect("every built-in pattern is covered by a test")));
        }
        Ok(Self { patterns })
    }

    /// Reads a name without its ending. Absent when no pattern matches.
    pub fn read(&self, stem: &str) -> Option<Reading> {
        self.patterns.iter().find_map(|(pattern, regex)| {
            let captures = regex.captures(stem)?;
            let fields = regex.capture_names().flatten().filter_map(|name| {
                let text = captures.name(name)?.as_str().trim();
                (!text.is_empty()).then(|| (name.to_owned(), text.to_owned()))
            });
            Some(Reading { pattern: pattern.clone(), fields: fields.collect() })
        })
    }
}

impl Reading {
    /// The fields as facts. Times without an offset of their own are read in `zone`.
    ///
    /// Group names: `date` with `time`, or `datetime`, or `epoch` (seconds), with `offset`; `caller`/`from`,
    /// `callee`/`to`, `caller_name`, `callee_name`; `number` and `name` of the other side; `customer`; `agent`,
    /// `extension` of our side; `direction`, `queue`, `call_id`/`unique_id`, `session_id`, `location`,
    /// `organisation`, `recording_type`, `service_type`.
    pub fn call(&self, zone: &TimeZone) -> CallFacts {
        let field = |names: &[&str]| {
            let found = names.iter().find_map(|name| self.fields.iter().find(|(field, _)| field == name));
            found.map(|(_, text)| text.clone())
        };
        let mut call = CallFacts {
            call_id: field(&["call_id", "unique_id", "uniqueid"]),
            session_id: field(&["session_id"]),
            started_at: when::from_fields(field, zone),
            direction: field(&["direction"]).as_deref().and_then(direction),
            caller: Party { number: field(&["caller", "from"]).and_then(|text| number(&text)), ..Party::default() },
            callee: Party { number: field(&["callee", "to"]).and_then(|text| number(&text)), ..Party::default() },
            owner: Party {
                id: field(&["agent"]),
                number: field(&["extension"]).and_then(|text| number(&text)),
                ..Party::default()
            },
            queue: field(&["queue"]),
            location: field(&["location"]),
            organisation: field(&["organisation"]),
            recording_type: field(&["recording_type"]),
            service_type: field(&["service_type"]),
            ..CallFacts::default()
        };
        call.caller.name = field(&["caller_name"]).filter(|name| call.caller.number.as_ref() != Some(name));
        call.callee.name = field(&["callee_name"]);
        if let Some(customer) = field(&["customer"]).and_then(|text| number(&text)) {
            let kind = Some("customer".to_owned());
            call.participants.push(Party { number: Some(customer), kind, ..Party::default() });
        }
        let other = Party {
            number: field(&["number"]).and_then(|text| number(&text)),
            name: field(&["name"]),
            ..Party::default()
        };
        place_other_side(&mut call, other);
        if call.direction.is_none() {
            call.direction = direction_by_length(&call);
        }
        call
    }
}

/// Puts the other side of a call where its direction says, and our own extension opposite.
fn place_other_side(call: &mut CallFacts, other: Party) {
    if other == Party::default() {
        return;
    }
    let own = Party { number: call.owner.number.clone(), ..Party::default() };
    match call.direction {
        Some(Direction::Inbound) => (call.caller, call.callee) = (other, own),
        Some(Direction::Outbound) => (call.caller, call.callee) = (own, other),
        Some(Direction::Internal) | None => call.participants.push(other),
    }
}

/// The direction a word means, in any case.
pub fn direction(word: &str) -> Option<Direction> {
    match word.to_ascii_lowercase().as_str() {
        "in" | "inbound" | "incoming" | "external" | "received" | "answered" | "terminating" => {
            Some(Direction::Inbound)
        }
        "out" | "outbound" | "outgoing" | "dialed" | "dialled" | "placed" | "originating" => Some(Direction::Outbound),
        word if word.starts_with("outbound-") => Some(Direction::Outbound),
        "internal" | "local" | "intercom" => Some(Direction::Internal),
        _ => None,
    }
}

/// Extensions are short. Absent unless both ends are numbers.
pub fn direction_by_length(call: &CallFacts) -> Option<Direction> {
    let is_extension = |party: &Party| {
        let number = party.number.as_deref()?;
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        (digits > 0).then_some(digits <= EXTENSION_DIGITS_MAX && !number.starts_with('+'))
    };
    // A queue is a number of the house.
    let callee = is_extension(&call.callee).or_else(|| call.queue.as_ref().map(|_| true));
    match (is_extension(&call.caller)?, callee?) {
        (true, true) => Some(Direction::Internal),
        (true, false) => Some(Direction::Outbound),
        (false, true) => Some(Direction::Inbound),
        (false, false) => None,
    }
}

/// A number as it stands in a name; `+` may be written for URLs. Absent when the recorder said that it knew none.
fn number(text: &str) -> Option<String> {
    let text = text.replace("%2B", "+").replace("%2b", "+");
    let is_unknown =
        matches!(text.to_ascii_lowercase().as_str(), "unknown" | "anonymous" | "private" | "restricted" | "s");
    (!is_unknown).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_pattern_compiles_and_has_groups() {
        assert_eq!(FileNames::new(&[]).unwrap().patterns.len(), BUILT_IN.len());
    }

    #[test]
    fn a_pattern_that_tells_nothing_is_refused_with_its_text() {
        assert!(FileNames::new(&["^rec".to_owned()]).unwrap_err().contains("'^rec' has no named group"));
        assert!(FileNames::new(&["(".to_owned()]).unwrap_err().contains("'('"));
    }

    #[test]
    fn the_operators_pattern_comes_before_the_built_in_ones() {
        let names = FileNames::new(&[r"^(?<agent>\w+) (?<date>\d{8})".to_owned()]).unwrap();
        assert_eq!(names.read("anna 20240131").unwrap().pattern, "own 1");
    }
}
