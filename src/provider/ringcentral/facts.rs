//! From a record of the call log to what is known of a call (fact sheet, section 2).
//!
//! One record may hold several recordings: its own and those of its legs, after a transfer. A leg tells of its own part
//! of the call; what it leaves open is taken from the record. RingCentral documents no layout of channels, so that who
//! speaks where is known only where the configuration says it.

use serde_json::Value;

use super::wire::{self, id, list, member, milliseconds, text};
use crate::call::{CallFacts, Direction, Party};

/// A recording in a record of the call log.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// Its `recording` member.
    pub recording: &'a Value,
    /// The leg that was recorded, or the record itself.
    pub part: &'a Value,
}

/// Every recording of a call once, the record's own first.
pub fn recordings(record: &Value) -> Vec<Recorded<'_>> {
    let mut found: Vec<Recorded<'_>> = Vec::new();
    for part in std::iter::once(record).chain(list(record, "legs")) {
        let recording = member(part, "recording");
        let is_known = found.iter().any(|known| id(known.recording, "id") == id(recording, "id"));
        if !recording.is_null() && !is_known {
            found.push(Recorded { recording, part });
        }
    }
    found
}

/// The recording with this id.
pub fn recording<'a>(record: &'a Value, recording_id: &str) -> Option<Recorded<'a>> {
    recordings(record).into_iter().find(|one| id(one.recording, "id").as_deref() == Some(recording_id))
}

/// What is known of the call.
pub fn call(record: &Value, recorded: Recorded<'_>, channels: &[String]) -> CallFacts {
    let part = recorded.part;
    let first = |name: &str| text(part, name).or_else(|| text(record, name));
    let side = |name: &str| if member(part, name).is_object() { member(part, name) } else { member(record, name) };
    let (from, to) = (side("from"), side("to"));
    let (caller, callee) = (party(from), party(to));
    CallFacts {
        call_id: text(record, "id"),
        session_id: first("telephonySessionId").or_else(|| first("sessionId")),
        started_at: wire::time(part, "startTime").or_else(|| wire::time(record, "startTime")),
        duration_ms: duration_ms(part).or_else(|| duration_ms(record)),
        direction: direction(first("direction").as_deref(), from, to),
        owner: owner(part, &[from, to]).or_else(|| owner(record, &[from, to])).unwrap_or_default(),
        participants: participants(record, &caller, &callee),
        caller,
        callee,
        location: None,
        organisation: organisation(record, recorded),
        queue: None,
        recording_type: text(recorded.recording, "type"),
        service_type: first("transport"),
        storage_region: None,
        channel_parties: channels.to_vec(),
    }
}

fn duration_ms(part: &Value) -> Option<u64> {
    milliseconds(part, "durationMs", 1.0).or_else(|| milliseconds(part, "duration", 1000.0))
}

/// RingCentral knows two ways; a call between two extensions is neither.
fn direction(direction: Option<&str>, from: &Value, to: &Value) -> Option<Direction> {
    let is_ours = |side: &Value| text(side, "extensionId").or_else(|| text(side, "extensionNumber")).is_some();
    if is_ours(from) && is_ours(to) {
        return Some(Direction::Internal);
    }
    match direction?.to_ascii_lowercase().as_str() {
        "inbound" => Some(Direction::Inbound),
        "outbound" => Some(Direction::Outbound),
        _ => None,
    }
}

fn party(side: &Value) -> Party {
    let extension = text(side, "extensionId");
    Party {
        number: text(side, "phoneNumber").or_else(|| text(side, "extensionNumber")),
        name: text(side, "name"),
        email: None,
        kind: extension.as_ref().map(|_| "extension".to_owned()),
        id: extension,
    }
}

/// The extension whose call it is, named as on its side of the call.
fn owner(part: &Value, sides: &[&Value]) -> Option<Party> {
    let extension = text(member(part, "extension"), "id")?;
    let own = sides.iter().map(|side| party(side)).find(|party| party.id.as_ref() == Some(&extension));
    Some(own.unwrap_or(Party { id: Some(extension), kind: Some("extension".to_owned()), ..Party::default() }))
}

/// Whoever else is on a leg: after a transfer, in a queue.
fn participants(record: &Value, caller: &Party, callee: &Party) -> Vec<Party> {
    let mut others: Vec<Party> = Vec::new();
    for leg in list(record, "legs") {
        for other in [party(member(leg, "from")), party(member(leg, "to"))] {
            let is_known = other == Party::default() || [caller, callee].contains(&&other) || others.contains(&other);
            if !is_known {
                others.push(other);
            }
        }
    }
    others
}

/// Records name the account only in addresses.
fn organisation(record: &Value, recorded: Recorded<'_>) -> Option<String> {
    let addresses = [(record, "uri"), (member(record, "extension"), "uri"), (recorded.recording, "contentUri")];
    addresses.into_iter().find_map(|(value, name)| {
        let address = text(value, name)?;
        let account = address.split("/account/").nth(1)?.split('/').next()?;
        (account != "~" && wire::is_id(account)).then(|| account.to_owned())
    })
}
