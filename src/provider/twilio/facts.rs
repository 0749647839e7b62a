//! What Twilio knows of a call, in callscribe's words. Fact sheet, sections 4 and 5.
//!
//! A recording has no numbers; they are on the call it hangs on, and where that is a dialled leg, on the call that
//! dialled it.

use serde_json::Value;

use super::wire::{self, sid, text};
use crate::call::{CallFacts, Direction, Party};
use crate::config::{AccountConfig, VendorConfig};

/// A recording with the calls around it, as Twilio has them. What is not there is null or empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// The recording.
    pub(super) recording: Value,
    /// The call it hangs on.
    pub(super) call: Value,
    /// The call that dialled that call.
    pub(super) parent: Value,
    /// The legs that were dialled from the call.
    pub(super) legs: Vec<Value>,
}

/// What a listing tells: the recording alone.
pub(super) fn listed(config: &AccountConfig, recording: &Value) -> CallFacts {
    CallFacts {
        call_id: sid("CA", recording, "call_sid"),
        session_id: sid("CF", recording, "conference_sid"),
        started_at: wire::time(recording, "start_time").or_else(|| wire::time(recording, "date_created")),
        duration_ms: wire::seconds_ms(recording, "duration"),
        organisation: sid("AC", recording, "account_sid"),
        recording_type: text(recording, "source"),
        service_type: Some(service(recording).to_owned()),
        storage_region: Some(region(config)),
        channel_parties: config.channels.clone(),
        ..CallFacts::default()
    }
}

/// Everything.
pub(super) fn whole(config: &AccountConfig, around: &Around) -> CallFacts {
    let Around { recording, call, parent, legs } = around;
    let facts = listed(config, recording);
    // The leg somebody was dialled on belongs to the call that dialled it.
    let first = if parent.is_object() { parent } else { call };
    let named = |key: &str| text(first, key);
    let caller = Party { name: named("caller_name"), ..party(named("from")) };
    let dialled = if parent.is_object() { text(call, "to") } else { None };
    let callee = party(dialled.or_else(|| named("to")));
    let others = legs.iter().map(|leg| party(text(leg, "to"))).chain([party(named("forwarded_from"))]);
    let mut participants: Vec<Party> = Vec::new();
    for other in others {
        let is_new = other != Party::default() && other != callee && !participants.contains(&other);
        participants.extend(is_new.then_some(other));
    }
    let channel_parties = match config.channels.as_slice() {
        [] => channels(recording, first, &caller),
        _ => facts.channel_parties,
    };
    CallFacts {
        session_id: facts.session_id.or_else(|| sid("CA", call, "parent_call_sid")),
        duration_ms: facts.duration_ms,
        direction: direction(first, &caller, &callee),
        caller,
        callee,
        participants,
        channel_parties,
        ..facts
    }
}

/// `+14155550123`, `client:ana` or `sip:ana@example.com`.
fn party(address: Option<String>) -> Party {
    let Some(address) = address else { return Party::default() };
    match address.split_once(':') {
        Some((kind @ ("client" | "sip" | "sips"), _)) => {
            Party { kind: Some(kind.to_owned()), id: Some(address), ..Party::default() }
        }
        _ => Party { number: Some(address), ..Party::default() },
    }
}

fn is_client(party: &Party) -> bool {
    party.kind.as_deref() == Some("client")
}

/// Twilio sees the call from its own side: a softphone of ours that calls out comes in there.
fn direction(call: &Value, caller: &Party, callee: &Party) -> Option<Direction> {
    let direction = text(call, "direction")?;
    match direction.as_str() {
        _ if is_client(caller) && is_client(callee) => Some(Direction::Internal),
        "inbound" if is_client(caller) => Some(Direction::Outbound),
        "inbound" => Some(Direction::Inbound),
        "outbound-api" | "outbound-dial" => Some(Direction::Outbound),
        _ => None,
    }
}

/// Who is on which channel, only where Twilio's documents say so: in a dual recording of `<Dial>`, the leg that dials is
/// on the first channel and the dialled one on the second. That is the customer and the agent when a telephone called,
/// the agent and the customer when a softphone did (section 5, "Which channel is which party").
fn channels(recording: &Value, call: &Value, caller: &Party) -> Vec<String> {
    let is_dual_dial =
        text(recording, "source").as_deref() == Some("DialVerb") && wire::whole(recording, "channels") == Some(2);
    let is_conference = text(recording, "conference_sid").is_some();
    if !is_dual_dial || is_conference || text(call, "direction").as_deref() != Some("inbound") {
        return Vec::new();
    }
    let is_telephone = caller.number.as_ref().is_some_and(|number| number.starts_with('+'));
    match (is_telephone, is_client(caller)) {
        (true, _) => ["customer", "agent"].map(str::to_owned).to_vec(),
        (_, true) => ["agent", "customer"].map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}

fn service(recording: &Value) -> &'static str {
    match text(recording, "source").as_deref() {
        Some("Trunking") => "Elastic SIP Trunking",
        _ => "Programmable Voice",
    }
}

/// Data does not leave the region a call was processed in (section 2).
fn region(config: &AccountConfig) -> String {
    let named = match &config.vendor {
        VendorConfig::Twilio(twilio) => twilio.region.clone(),
        _ => None,
    };
    named.unwrap_or_else(|| "us1".to_owned())
}
