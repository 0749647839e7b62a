//! What Webex says of a recording and its call, as [`CallFacts`].
//!
//! The list and the details tell when, how long, whose and where (fact sheet, sections 2 and 3); the extended metadata
//! tell who called whom (section 4). Audio is one mixed channel, so that no channel has a party of its own (section 5).

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::wire;
use crate::call::{CallFacts, Direction, Party};

/// From an entry of the list, or from the details.
pub(super) fn of_recording(recording: &Value) -> CallFacts {
    let data = &recording["serviceData"];
    let owner = owner(recording);
    CallFacts {
        session_id: wire::text(data, "callSessionId"),
        started_at: wire::time(recording, "timeRecorded"),
        duration_ms: wire::whole(recording, "durationSeconds").map(|seconds| seconds.saturating_mul(1000)),
        queue: queue(&owner),
        owner,
        location: wire::text(data, "locationId"),
        service_type: wire::text(recording, "serviceType"),
        storage_region: wire::text(recording, "storageRegion"),
        ..CallFacts::default()
    }
}

/// The same with what the metadata add; what the details say stands.
pub(super) fn with_metadata(known: CallFacts, metadata: &Value) -> CallFacts {
    let data = &metadata["serviceData"];
    let (caller, callee) = (party(&data["callingParty"]), party(&data["calledParty"]));
    let owner = merged(known.owner, owner(metadata));
    let session = &data["session"];
    let (began, ended) = (wire::time(session, "startTime"), wire::time(session, "stopTime"));
    let lasted =
        began.zip(ended).and_then(|(began, ended)| u64::try_from(ended.duration_since(began).as_millis()).ok());
    CallFacts {
        call_id: known.call_id.or_else(|| wire::text(data, "callId")),
        session_id: known.session_id.or_else(|| wire::text(data, "callSessionId")),
        started_at: known.started_at.or(began),
        duration_ms: known.duration_ms.or(lasted),
        direction: direction(data),
        participants: participants(data, &[&caller, &callee]),
        caller,
        callee,
        location: known.location.or_else(|| wire::text(data, "locationId")),
        organisation: wire::text(metadata, "orgId"),
        queue: queue(&owner),
        owner,
        recording_type: wire::text(data, "recordingType"),
        service_type: known.service_type.or_else(|| wire::text(metadata, "serviceType")),
        storage_region: known.storage_region.or_else(|| wire::text(metadata, "storageRegion")),
        channel_parties: known.channel_parties,
    }
}

/// From the owner's view: who began the call called out. The word is an open enumeration.
fn direction(data: &Value) -> Option<Direction> {
    match wire::text(data, "personality")?.to_ascii_lowercase().as_str() {
        "originator" => Some(Direction::Outbound),
        "terminator" => Some(Direction::Inbound),
        _ => None,
    }
}

fn owner(value: &Value) -> Party {
    Party {
        number: None,
        name: wire::text(value, "ownerName"),
        email: wire::text(value, "ownerEmail"),
        id: wire::text(value, "ownerId"),
        kind: wire::text(value, "ownerType").map(|kind| as_listed(&kind)),
    }
}

/// What `first` leaves open is taken from `second`.
fn merged(first: Party, second: Party) -> Party {
    Party {
        number: first.number.or(second.number),
        name: first.name.or(second.name),
        email: first.email.or(second.email),
        id: first.id.or(second.id),
        kind: first.kind.or(second.kind),
    }
}

/// `{actor?{type,id,email?}, name?, number}` (fact sheet, section 4).
fn party(value: &Value) -> Party {
    let actor = &value["actor"];
    Party {
        number: wire::text(value, "number").or_else(|| wire::text(value, "aor")).and_then(|text| number(&text)),
        name: wire::text(value, "name"),
        email: wire::text(actor, "email"),
        id: wire::text(actor, "id"),
        kind: wire::text(actor, "type").map(|kind| as_listed(&kind)),
    }
}

/// Everybody else: who answered, who was connected, who took part.
fn participants(data: &Value, known: &[&Party]) -> Vec<Party> {
    let single = ["answererInfo", "connectedParty", "managedBy"].into_iter().map(|name| party(&data[name]));
    let activities = wire::list(data, "callActivity").iter();
    let several = activities.flat_map(|activity| wire::list(activity, "participants")).map(party);
    let mut others: Vec<Party> = Vec::new();
    for one in single.chain(several).filter(|one| *one != Party::default()) {
        if !known.iter().copied().chain(&others).any(|other| is_same(other, &one)) {
            others.push(one);
        }
    }
    others
}

fn is_same(a: &Party, b: &Party) -> bool {
    match (&a.id, &b.id) {
        (Some(a), Some(b)) => a == b,
        _ => a.number.is_some() && a.number == b.number,
    }
}

/// A queue's recording names the queue as its owner.
fn queue(owner: &Party) -> Option<String> {
    let is_queue = owner.kind.as_deref() == Some("callQueue");
    owner.name.clone().or_else(|| owner.id.clone()).filter(|_| is_queue)
}

/// `CALL_QUEUE` in the metadata is `callQueue` in the list (fact sheet, section 10).
fn as_listed(kind: &str) -> String {
    if kind.chars().any(char::is_lowercase) {
        return kind.to_owned();
    }
    let mut words = kind.split('_').map(str::to_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |mut joined, word| {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
        joined
    })
}

/// The number itself out of `sip:4060@example.com;user=phone` and `tel:+14155550123`; the raw form is in the metadata.
fn number(text: &str) -> Option<String> {
    let bare = ["sips:", "sip:", "tel:"].into_iter().find_map(|scheme| {
        let prefix = text.get(..scheme.len())?;
        prefix.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    });
    let user = match bare {
        Some(bare) => bare.split(['@', ';']).next().unwrap_or_default(),
        None => text,
    };
    let decoded = percent_decode_str(user).decode_utf8_lossy().into_owned();
    (!decoded.is_empty()).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_of_addresses() {
        for (text, bare) in [
            ("sip:4060@example.com;user=phone", "4060"),
            ("SIP:%2B14155550123@x", "+14155550123"),
            ("tel:+14155550123;ext=5", "+14155550123"),
            ("+1 415 555 0123", "+1 415 555 0123"),
        ] {
            assert_eq!(number(text).as_deref(), Some(bare));
        }
        assert_eq!(number("sip:@example.com"), None);
    }

    #[test]
    fn kinds_are_written_as_the_list_writes_them() {
        for (kind, listed) in [("CALL_QUEUE", "callQueue"), ("USER", "user"), ("virtualLine", "virtualLine"), ("", "")]
        {
            assert_eq!(as_listed(kind), listed);
        }
    }
}
