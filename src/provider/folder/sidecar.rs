//! The JSON file that many recorders put beside a recording: `call.json` or `call.wav.json` for `call.wav`.
//!
//! Tolerant: fields are known by many names in any case, what is not understood stays in the whole. Pure but for
//! [`read`].

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{content, file_name, when};
use crate::call::{CallFacts, Party};

/// Largest side file that is read: facts about a call are a few kilobytes.
const BYTES_MAX: u64 = 1024 * 1024;
/// Participants taken from a side file.
const PARTICIPANTS_MAX: usize = 64;
/// Objects whose fields count as fields of the whole.
const ENVELOPES: &[&str] = &["call", "recording", "metadata", "data"];

/// The side file of `relative` below `root`: its JSON, or a sentence about why it cannot be used. Absent when there is
/// none.
pub fn read(root: &Path, relative: &Path) -> Option<Result<Value, String>> {
    for candidate in candidates(relative) {
        let mut bytes = Vec::new();
        let opened = content::open_beneath(root, &candidate);
        let result = opened.and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes));
        return Some(match result {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => Err(format!("The side file cannot be read: {error}.")),
            Ok(_) if bytes.len() as u64 > BYTES_MAX => Err(format!("The side file is larger than {BYTES_MAX} bytes.")),
            // Some recorders on Windows write a byte order mark.
            Ok(_) => serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes))
                .map_err(|error| format!("The side file is not JSON: {error}.")),
        });
    }
    None
}

fn candidates(relative: &Path) -> Vec<PathBuf> {
    let with = |ending: &str| {
        let mut name = relative.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let mut all = vec![with(".json"), with(".JSON")];
    if relative.extension().is_some() {
        all.push(relative.with_extension("json"));
        all.push(relative.with_extension("JSON"));
    }
    all
}

/// The facts a side file states. Times without an offset are read in `zone`.
pub fn call(side: &Value, zone: &TimeZone) -> CallFacts {
    let Value::Object(top) = side else { return CallFacts::default() };
    let fields = Fields::of(top);
    let started_at = fields.text(&[
        "startedat",
        "starttime",
        "start",
        "startdate",
        "startdatetime",
        "callstart",
        "calldate",
        "begin",
        "begintime",
        "datetime",
        "timestamp",
        "recordedat",
        "date",
    ]);
    let direction = fields.text(&["direction", "calldirection", "calltype"]);
    let mut call = CallFacts {
        call_id: fields.text(&["callid", "uniqueid", "linkedid", "callsid", "calluuid", "uuid"]),
        session_id: fields.text(&["sessionid", "sessionuuid", "conversationid", "interactionid"]),
        started_at: started_at.and_then(|text| when::parse(&text, zone)),
        duration_ms: fields.duration_ms(),
        direction: direction.and_then(|word| file_name::direction(&word)),
        caller: fields.party(
            &["caller", "from", "src", "source", "callerid", "ani", "callingparty"],
            &["callernumber", "fromnumber", "calleridnumber", "callingnumber", "srcnumber"],
            &["callername", "fromname", "calleridname"],
        ),
        callee: fields.party(
            &["callee", "to", "dst", "destination", "called", "dnis", "calledparty"],
            &["calleenumber", "tonumber", "callednumber", "destinationnumber", "dstnumber", "dialednumber"],
            &["calleename", "toname", "calledname", "destinationname"],
        ),
        owner: fields.party(
            &["agent", "owner", "user", "operator"],
            &["extension", "agentextension", "agentnumber"],
            &["agentname", "ownername", "username"],
        ),
        participants: fields.participants(),
        location: fields.text(&["location", "site", "office", "branch"]),
        organisation: fields.text(&["organisation", "organization", "company", "tenant", "domain"]),
        queue: fields.text(&["queue", "queuename", "huntgroup", "ringgroup", "skill"]),
        recording_type: fields.text(&["recordingtype"]),
        service_type: fields.text(&["servicetype"]),
        storage_region: fields.text(&["storageregion"]),
        channel_parties: fields.channels(),
    };
    if call.direction.is_none() {
        call.direction = file_name::direction_by_length(&call);
    }
    call
}

/// The language a side file states, as written.
pub fn language(side: &Value) -> Option<String> {
    Fields::of(side.as_object()?).text(&["language", "lang", "languagecode", "locale"])
}

/// Fields of the whole and of its envelopes by name, in lower case and without separators.
struct Fields<'v>(Vec<(String, &'v Value)>);

impl<'v> Fields<'v> {
    fn of(top: &'v Map<String, Value>) -> Self {
        let named = |map: &'v Map<String, Value>| map.iter().map(|(name, value)| (plain(name), value));
        let mut fields: Vec<_> = named(top).collect();
        for envelope in ENVELOPES {
            if let Some((_, Value::Object(inner))) = fields.iter().find(|(name, _)| name == envelope) {
                fields.extend(named(inner));
            }
        }
        Self(fields)
    }

    fn get(&self, names: &[&str]) -> Option<&'v Value> {
        names.iter().find_map(|name| self.0.iter().find(|(field, _)| field == name)).map(|(_, value)| *value)
    }

    fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| text_of(self.get(&[name])?))
    }

    /// A party given as an object, as one value, or as number and name on their own.
    fn party(&self, whole: &[&str], number: &[&str], name: &[&str]) -> Party {
        let mut party = self.get(whole).map(party_of).unwrap_or_default();
        party.number = party.number.or_else(|| self.text(number));
        party.name = party.name.or_else(|| self.text(name));
        party
    }

    fn participants(&self) -> Vec<Party> {
        let Some(Value::Array(items)) = self.get(&["participants", "parties"]) else { return Vec::new() };
        items.iter().take(PARTICIPANTS_MAX).map(party_of).filter(|party| *party != Party::default()).collect()
    }

    fn duration_ms(&self) -> Option<u64> {
        let number = |names: &[&str]| self.text(names)?.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        let ms = number(&["durationms", "durationmilliseconds"]);
        let seconds = || number(&["duration", "durations", "durationseconds", "billsec", "callduration", "length"]);
        ms.or_else(|| Some(seconds()? * 1000.0)).map(|ms| ms.round() as u64)
    }

    /// `["agent", "customer"]`, `[{"role": "agent"}, …]` or `{"left": "agent", "right": "customer"}`.
    fn channels(&self) -> Vec<String> {
        match self.get(&["channelparties", "channelmap", "channels", "channelroles"]) {
            Some(Value::Array(items)) => {
                let of = |item: &Value| match item {
                    Value::Object(inner) => Fields::of(inner).text(&["role", "party", "speaker", "name"]),
                    other => text_of(other),
                };
                items.iter().map(of).collect::<Option<_>>().unwrap_or_default()
            }
            Some(Value::Object(inner)) => {
                let fields = Fields::of(inner);
                let left = fields.text(&["left", "0", "l"]);
                let right = fields.text(&["right", "1", "r"]);
                left.zip(right).map(|(left, right)| vec![left, right]).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).flat_map(char::to_lowercase).collect()
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn party_of(value: &Value) -> Party {
    if let Value::Object(inner) = value {
        let fields = Fields::of(inner);
        return Party {
            number: fields.text(&["number", "phonenumber", "phone", "extension", "extensionnumber", "e164"]),
            name: fields.text(&["name", "displayname", "fullname"]),
            email: fields.text(&["email", "mail", "emailaddress"]),
            id: fields.text(&["id", "userid", "extensionid"]),
            kind: fields.text(&["kind", "type", "role"]),
        };
    }
    let Some(text) = text_of(value) else { return Party::default() };
    // `"Anna Schmidt" <101>`, as Asterisk writes a caller id.
    if let Some((name, number)) = text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        let name = name.trim().trim_matches('"').to_owned();
        return Party {
            number: Some(number.to_owned()),
            name: Some(name).filter(|n| !n.is_empty()),
            ..Party::default()
        };
    }
    let is_number = text.chars().any(|c| c.is_ascii_digit()) && !text.chars().any(char::is_alphabetic);
    if text.contains('@') {
        Party { email: Some(text), ..Party::default() }
    } else if is_number {
        Party { number: Some(text), ..Party::default() }
    } else {
        Party { name: Some(text), ..Party::default() }
    }
}
