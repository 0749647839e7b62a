//! What changes something at RingCentral: removing a recording, beginning one (fact sheet, section 4).

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, Ask, Failure, Group};
use super::sentence::What;
use super::wire::{self, id, list, member, text};
use crate::call::Disposition;
use crate::provider::{ProviderError, Start, Started};

/// Removes the audio; the call log keeps the call. The ids stand in the body. What is gone is removed.
pub async fn remove(api: &Api, recording_id: &str) -> Result<(), ProviderError> {
    let ask = Ask {
        what: What::Removal,
        group: Group::Heavy,
        method: Method::DELETE,
        url: api.url("restapi/v1.0/account/~/call-recordings"),
        body: Some(json!({ "records": [recording_id] })),
    };
    match api.try_json(ask).await {
        // Some 2xx: which one is not documented, nor what stands in it.
        Ok(_) => Ok(()),
        Err(failure) if matches!(failure.status(), Some(404 | 410)) => Ok(()),
        Err(failure) => Err(api.explain(What::Removal, failure)),
    }
}

/// Begins to record one party of a running call. `call_id` is `telephony session/party`; without a party the session is
/// asked for one that is ours.
pub async fn record(api: &Api, call_id: &str) -> Result<Start, ProviderError> {
    let (session, party) = match call_id.split_once('/') {
        Some((session, party)) => (session, Some(party.to_owned())),
        None => (call_id, None),
    };
    if !wire::is_id(session) || !party.as_deref().is_none_or(wire::is_id) {
        let message =
            "A RingCentral call is named by its telephony session, like s-a0d1…, with /party behind it or not.";
        return Err(ProviderError::new(message, Disposition::Reject));
    }
    let session_path = format!("restapi/v1.0/account/~/telephony/sessions/{session}");
    let party = match party {
        Some(party) => party,
        None => match our_party(api, &session_path).await? {
            Ours::Recorded(started) => return Ok(Start::Begun(started)),
            Ours::Talking(party) => party,
        },
    };
    let ask = Ask {
        what: What::Recording,
        group: Group::Light,
        method: Method::POST,
        url: api.url(&format!("{session_path}/parties/{party}/recordings")),
        body: Some(json!({})),
    };
    let begun = match api.try_json(ask).await {
        Ok(begun) => begun,
        Err(Failure::Call(error)) if error.may_have_worked() => {
            return Ok(Start::Unclear(api.explain(What::Recording, Failure::Call(error)).message));
        }
        Err(failure) => return Err(api.explain(What::Recording, failure)),
    };
    Ok(Start::Begun(started(&begun)))
}

/// What is answered to the wish is not documented: it may name the recording.
fn started(recording: &Value) -> Started {
    let is_active = recording.get("active").and_then(Value::as_bool).unwrap_or(true);
    let state = if is_active { "active" } else { "paused" };
    Started { remote_id: id(recording, "id").unwrap_or_default(), state: state.to_owned() }
}

/// How the call stands on our side.
enum Ours {
    /// It is recorded already, by whomever.
    Recorded(Started),
    /// This party of ours talks.
    Talking(String),
}

/// The party of the call that is an extension of ours and talks, unless the call is recorded already.
async fn our_party(api: &Api, session_path: &str) -> Result<Ours, ProviderError> {
    let session = api.json(Ask::get(What::Recording, Group::Light, api.url(session_path))).await?;
    let parties = list(&session, "parties");
    let mut recorded = parties.iter().flat_map(|party| list(party, "recordings"));
    if let Some(recording) = recorded.next() {
        return Ok(Ours::Recorded(started(recording)));
    }
    let ours = parties.iter().filter(|party| text(party, "extensionId").is_some());
    let talking = ours.filter(|party| text(member(party, "status"), "code").as_deref() == Some("Answered"));
    talking.filter_map(|party| id(party, "id")).next().map(Ours::Talking).ok_or_else(|| {
        let message = "Nobody of ours is talking on this RingCentral call; there is nothing to record.";
        ProviderError::new(message, Disposition::Absent)
    })
}
