//! What changes something at Twilio: beginning a recording, and deleting one. Fact sheet, section 6.

use reqwest::Method;
use reqwest::Url;
use serde_json::Value;

use super::refusals::Ask;
use super::{TwilioProvider, wire};
use crate::call::Disposition;
use crate::provider::client::CallError;
use crate::provider::{ProviderError, Start, Started};

/// Where Twilio tells of recordings, below `public_url`.
const RECORDING_PATH: &str = "/webhook/handle_recording";

impl TwilioProvider {
    /// Begins to record a running call: both sides apart, silence kept, so that times stay those of the call.
    pub(super) async fn begin(&self, call: &str) -> Result<Start, ProviderError> {
        if !wire::is_sid("CA", call) {
            let what = "the id of a call is CA with 32 hexadecimal digits behind it.";
            return Err(self.api.refusals.say(what, Disposition::Reject));
        }
        let url = self.api.voice(&format!("Calls/{call}/Recordings.json"))?;
        let mut form = vec![("RecordingChannels", "dual"), ("RecordingTrack", "both"), ("Trim", "do-not-trim")];
        let door = self.context.public_url.as_ref().filter(|_| self.config.webhooks);
        let callback = door.map(|door| format!("{}{RECORDING_PATH}", door.trim_end_matches('/')));
        if let Some(callback) = &callback {
            let events = ["in-progress", "completed", "absent"].map(|event| ("RecordingStatusCallbackEvent", event));
            form.extend([("RecordingStatusCallback", callback.as_str()), ("RecordingStatusCallbackMethod", "POST")]);
            form.extend(events);
        }
        let request = self.api.request(Method::POST, url.clone()).form(form);
        let answer = self.api.send(request).await.and_then(|answer| answer.json());
        match answer.map(|recording| started(&recording)) {
            Ok(Some(started)) => Ok(Start::Begun(started)),
            Ok(None) => self.already_begun(url, None).await,
            Err(error) if error.may_have_worked() => self.already_begun(url, Some(error)).await,
            Err(error) => Err(self.api.refusals.sentence(Ask::Start, &error)),
        }
    }

    /// After an answer that leaves open whether the recording began: a second try would record the call twice, so the call's
    /// recordings are asked for. Without an `error` Twilio said that it began, and not under which name.
    async fn already_begun(&self, url: Url, error: Option<CallError>) -> Result<Start, ProviderError> {
        let page = self.api.try_get(url).await;
        let begun = page.as_ref().map(|page| wire::items(page, "recordings").iter().filter_map(started));
        let mut running =
            begun.into_iter().flatten().filter(|one| matches!(one.state.as_str(), "in-progress" | "paused"));
        match (running.next(), error) {
            (Some(started), _) => Ok(Start::Begun(started)),
            (None, None) => Ok(Start::Begun(Started { remote_id: String::new(), state: "in-progress".to_owned() })),
            (None, Some(error)) => {
                let error = self.api.refusals.sentence(Ask::Start, &error);
                if page.is_ok() { Err(error) } else { Ok(Start::Unclear(error.message)) }
            }
        }
    }

    /// Deletes a recording; Twilio keeps its description for 40 days, and nothing of the audio. Gone already is gone.
    pub(super) async fn delete(&self, sid: &str) -> Result<(), ProviderError> {
        let url = self.api.voice(&format!("Recordings/{sid}.json"))?;
        match self.api.send(self.api.request(Method::DELETE, url)).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(()),
            Err(error) => Err(self.api.refusals.sentence(Ask::Removal, &error)),
        }
    }
}

fn started(recording: &Value) -> Option<Started> {
    let remote_id = wire::sid("RE", recording, "sid")?;
    Some(Started { remote_id, state: wire::text(recording, "status").unwrap_or_else(|| "in-progress".to_owned()) })
}
