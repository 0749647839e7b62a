//! Recordings: what is known of one, its audio on the media host, and removal.

use serde_json::json;

use super::{CallLogRecord, RingCentral, error, not_found};
use crate::fakes::{Asked, Reply, examples, locked};

impl RingCentral {
    pub(super) fn recording(&self, id: &str) -> Reply {
        let Some(record) = self.record(id).filter(CallLogRecord::has_recording) else {
            return not_found("recordingId", id);
        };
        let path = format!("/restapi/v1.0/account/{}/recording/{id}/content", self.settings.account_id);
        let members = json!({
            "id": id,
            "contentUri": format!("{}{path}", self.bases.media),
            "contentType": content_type(&record),
            "duration": record.sound.seconds(),
        });
        Reply::json(200, &examples::with(examples::json("ringcentral_recording.json"), members))
    }

    /// `…/recording/{id}/content` on the media host; the bearer token was looked at before.
    pub(super) fn content(&self, asked: &Asked) -> Reply {
        let ["restapi", "v1.0", "account", account, "recording", id, "content"] = asked.segments()[..] else {
            return error(404, "CMN-120", "Invalid URI");
        };
        if account != "~" && account != self.settings.account_id {
            return not_found("accountId", account);
        }
        let Some(record) = self.ready(id) else { return not_found("recordingId", id) };
        let bytes = if record.as_wav { record.sound.wav(1) } else { record.sound.mp3() };
        let whole = Reply::of(200, content_type(&record), bytes).header("accept-ranges", "bytes");
        let unsatisfiable = || error(416, "CMN-107", "The range cannot be satisfied");
        whole.ranged(asked.header("range")).unwrap_or_else(unsatisfiable)
    }

    /// The record when its media can be had; counts those that come too early.
    fn ready(&self, id: &str) -> Option<CallLogRecord> {
        let mut state = locked(&self.state);
        let record = state.records.iter_mut().find(|record| record.recording_id == id)?;
        record.deleted |= record.media_gone;
        if !record.has_recording() {
            return None;
        }
        if record.media_404s > 0 {
            record.media_404s -= 1;
            return None;
        }
        Some(record.clone())
    }

    /// The ids stand in the body. The call log keeps the calls.
    pub(super) fn delete(&self, asked: &Asked) -> Reply {
        let body = asked.json().unwrap_or_default();
        let Some(ids) = body["records"].as_array() else {
            return error(400, "CMN-103", "Cannot parse request body as JSON");
        };
        let mut state = locked(&self.state);
        for record in state.records.iter_mut().filter(|record| ids.contains(&json!(record.recording_id))) {
            record.deleted = true;
        }
        Reply::empty(204)
    }
}

fn content_type(record: &CallLogRecord) -> &'static str {
    if record.as_wav { "audio/wav" } else { "audio/mpeg" }
}
