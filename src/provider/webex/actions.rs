//! What changes something at Webex: removal of recordings, and beginning to record a call (fact sheet, section 7).

use reqwest::Method;
use serde_json::json;

use super::WebexProvider;
use super::api::{Endpoint, Trouble};
use crate::config::WebexReach;
use crate::provider::{ProviderError, Start, Started};

/// A word for the audit log at Webex.
const REASON: &str = "audit";
/// Up to 255 characters.
const COMMENT: &str = "Removed by callscribe on request";

impl WebexProvider {
    /// For good. A compliance officer deletes with a reason; everybody else goes through the recycle bin.
    pub(super) async fn remove_recording(&self, id: &str) -> Result<(), ProviderError> {
        match self.api.reach {
            WebexReach::Compliance => {
                let url = self.api.url(&["convergedRecordings", id]);
                let body = json!({ "reason": REASON, "comment": COMMENT });
                done(self.api.send_json(Endpoint::Remove, Method::DELETE, url, body).await.map(drop))?;
            }
            WebexReach::User | WebexReach::Admin => {
                for action in ["softDelete", "purge"] {
                    let url = self.api.url(&["convergedRecordings", action]);
                    let body = json!({ "recordingIds": [id] });
                    done(self.api.send_json(Endpoint::Remove, Method::POST, url, body).await.map(drop))?;
                }
            }
        }
        Ok(())
    }

    /// Webex names the recording only once it is made: it then comes by webhook or in the list.
    pub(super) async fn begin_recording(&self, call_id: &str) -> Result<Start, ProviderError> {
        let url = self.api.url(&["telephony", "calls", "startRecording"]);
        self.api.send_json(Endpoint::Record, Method::POST, url, json!({ "callId": call_id })).await?;
        Ok(Start::Begun(Started { remote_id: String::new(), state: "started".to_owned() }))
    }
}

/// What is gone already is removed.
fn done(removed: Result<(), Trouble>) -> Result<(), Trouble> {
    match removed {
        Err(Trouble { status: Some(404 | 410), .. }) => Ok(()),
        removed => removed,
    }
}
