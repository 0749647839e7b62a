//! What changes something at RingCentral: removing a recording, beginning one (fact sheet, section 4).

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, Ask, Group};
use super::sentence::What;
use super::wire::{self, id, list, member, text};
use crate::call::Disposition;
use crate::provider::{ProviderError, Started};

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
pub async fn record(api: &Api, call_id: &str) -> Result<Started, ProviderError> {
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
        None => our_party(api, &session_path).await?,
    };
    let ask = Ask {
        what: What::Recording,
        group: Group::Light,
        method: Method::POST,
        url: api.url(&format!("{session_path}/parties/{party}/recordings")),
        body: Some(json!({})),
    };
    let begun = api.json(ask).await?;
    let Some(remote_id) = id(&begun, "id") else {
        let message = format!(
            "RingCentral began to record a call of account '{}' and named no recording; it is found in the call log later.",
            api.account
        );
        return Err(ProviderError::new(message, Disposition::Reject));
    };
    let is_active = begun.get("active").and_then(Value::as_bool).unwrap_or(true);
    Ok(Started { remote_id, state: if is_active { "active" } else { "paused" }.to_owned() })
}

/// The party of the call that is an extension of ours and talks.
async fn our_party(api: &Api, session_path: &str) -> Result<String, ProviderError> {
    let session = api.json(Ask::get(What::Recording, Group::Light, api.url(session_path))).await?;
    let parties = list(&session, "parties");
    let ours = parties.iter().filter(|party| text(party, "extensionId").is_some());
    let talking = ours.filter(|party| text(member(party, "status"), "code").as_deref() == Some("Answered"));
    talking.filter_map(|party| id(party, "id")).next().ok_or_else(|| {
        let message = "Nobody of ours is talking on this RingCentral call; there is nothing to record.";
        ProviderError::new(message, Disposition::Absent)
    })
}
