//! Everything a folder knows of one call, put together from file name, side file and the file itself.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::content::Stamp;
use super::file_name::FileNames;
use super::{kind, sidecar};
use crate::call::{CallFacts, Party};

/// What is known of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The call.
    pub call: CallFacts,
    /// `file` (name, size, time), `name` (pattern and fields), `sidecar` (whole) or `sidecar_error`, `language` as the side
    /// file states it.
    pub metadata: Value,
}

/// Gathers what name, side file and `stamp` tell about `relative` below `root`.
pub fn gather(root: &Path, relative: &Path, stamp: Stamp, names: &FileNames, zone: &TimeZone) -> Facts {
    let modified_at = Timestamp::from_nanosecond(stamp.modified_ns).ok();
    let file_name = relative.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut metadata = Map::new();
    metadata.insert(
        "file".to_owned(),
        json!({ "name": file_name, "size_bytes": stamp.size_bytes, "modified_at": modified_at }),
    );
    let mut call = CallFacts::default();
    match sidecar::read(root, relative) {
        Some(Ok(side)) => {
            call = sidecar::call(&side, zone);
            metadata.extend(sidecar::language(&side).map(|language| ("language".to_owned(), Value::from(language))));
            metadata.insert("sidecar".to_owned(), side);
        }
        Some(Err(problem)) => {
            metadata.insert("sidecar_error".to_owned(), Value::from(problem));
        }
        None => {}
    }
    if let Some(reading) = names.read(&kind::stem(relative)) {
        call = over(call, reading.call(zone));
        let fields: Map<String, Value> =
            reading.fields.into_iter().map(|(field, text)| (field, Value::from(text))).collect();
        metadata.insert("name".to_owned(), json!({ "pattern": reading.pattern, "fields": fields }));
    }
    // The end of the recording rather than its start, but better than nothing.
    call.started_at = call.started_at.or(modified_at);
    Facts { call, metadata: Value::Object(metadata) }
}

impl Facts {
    /// Fills in who speaks on each channel where the call itself does not tell.
    #[must_use]
    pub fn with_channels(mut self, channels: &[String]) -> Self {
        if self.call.channel_parties.is_empty() {
            self.call.channel_parties = channels.to_vec();
        }
        self
    }
}

/// `sure` with what it leaves open taken from `other`.
fn over(sure: CallFacts, other: CallFacts) -> CallFacts {
    CallFacts {
        call_id: sure.call_id.or(other.call_id),
        session_id: sure.session_id.or(other.session_id),
        started_at: sure.started_at.or(other.started_at),
        duration_ms: sure.duration_ms.or(other.duration_ms),
        direction: sure.direction.or(other.direction),
        caller: party_over(sure.caller, other.caller),
        callee: party_over(sure.callee, other.callee),
        owner: party_over(sure.owner, other.owner),
        participants: if sure.participants.is_empty() { other.participants } else { sure.participants },
        location: sure.location.or(other.location),
        organisation: sure.organisation.or(other.organisation),
        queue: sure.queue.or(other.queue),
        recording_type: sure.recording_type.or(other.recording_type),
        service_type: sure.service_type.or(other.service_type),
        storage_region: sure.storage_region.or(other.storage_region),
        channel_parties: if sure.channel_parties.is_empty() { other.channel_parties } else { sure.channel_parties },
    }
}

fn party_over(sure: Party, other: Party) -> Party {
    Party {
        number: sure.number.or(other.number),
        name: sure.name.or(other.name),
        email: sure.email.or(other.email),
        id: sure.id.or(other.id),
        kind: sure.kind.or(other.kind),
    }
}
