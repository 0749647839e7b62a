//! Recordings begun, paused and stopped through the API.

use serde_json::Value;

use super::{Callback, Twilio, TwilioRecording, error, not_found, sid};
use crate::fakes::{Asked, Delivered, Reply, Sound, locked};

impl Twilio {
    /// 21220 is about the state of the call alone: a second recording of a live call is begun like the first.
    pub(super) fn start_recording(&self, asked: &Asked, call: &str) -> Reply {
        let mut state = locked(&self.state);
        match state.calls.iter().find(|known| known.sid == call) {
            None => return not_found(asked),
            Some(call) if call.status != "in-progress" => {
                return Reply::json(400, &crate::fakes::examples::json("twilio_error_21220.json"));
            }
            Some(_) => {}
        }
        let n = u32::try_from(state.recordings.len()).unwrap() + 50_000;
        let dual = asked.form("RecordingChannels").as_deref() == Some("dual");
        let recording = TwilioRecording {
            sid: sid("RE", n.into()),
            call_sid: call.to_owned(),
            channels: if dual { 2 } else { 1 },
            track: asked.form("RecordingTrack").unwrap_or_else(|| "both".to_owned()),
            status: "in-progress".to_owned(),
            sound: Sound::new(n),
            dual_version: dual,
            ..TwilioRecording::new(n, jiff::Timestamp::now())
        };
        if let Some(url) = asked.form("RecordingStatusCallback") {
            state.callbacks.push((recording.sid.clone(), url));
        }
        let body = recording.json_of_call(&self.settings.account_sid);
        state.recordings.insert(0, recording);
        Reply::json(201, &body)
    }

    /// `Status=paused`, `in-progress` or `stopped`, of a recording or of `Twilio.CURRENT`.
    pub(super) fn control(&self, asked: &Asked, call: &str, name: &str) -> Reply {
        let wanted = name.trim_end_matches(".json");
        let mut state = locked(&self.state);
        let mut active: Vec<_> = state
            .recordings
            .iter_mut()
            .filter(|recording| recording.call_sid == call)
            .filter(|recording| ["in-progress", "paused"].contains(&recording.status.as_str()))
            .filter(|recording| wanted == "Twilio.CURRENT" || recording.sid == wanted)
            .collect();
        let status = asked.form("Status").unwrap_or_default();
        match active.as_mut_slice() {
            [] => not_found(asked),
            _ if !["paused", "in-progress", "stopped"].contains(&status.as_str()) => {
                error(400, 20001, "Status must be paused, in-progress or stopped")
            }
            [recording] => {
                recording.status = status;
                Reply::json(200, &recording.json_of_call(&self.settings.account_sid))
            }
            _ => error(400, 16108, "More than one active recording"),
        }
    }

    /// The call ends: its recordings are completed, and the callbacks asked for at their start go out.
    pub async fn end_call(&self, call_sid: &str) -> Vec<Delivered> {
        let callbacks = self.complete(call_sid);
        let mut delivered = Vec::new();
        for (recording, url) in callbacks {
            delivered.push(self.deliver(&Callback::completed(&recording, &url, self)).await);
        }
        delivered
    }

    fn complete(&self, call_sid: &str) -> Vec<(TwilioRecording, String)> {
        let mut state = locked(&self.state);
        for call in state.calls.iter_mut().filter(|call| call.sid == call_sid) {
            "completed".clone_into(&mut call.status);
        }
        let mut ended = Vec::new();
        let active = |recording: &&mut TwilioRecording| {
            recording.call_sid == call_sid && recording.status != "completed" && recording.status != "absent"
        };
        for recording in state.recordings.iter_mut().filter(active) {
            "completed".clone_into(&mut recording.status);
            ended.push(recording.clone());
        }
        // The one begun first reports first.
        ended.reverse();
        let callbacks = &state.callbacks;
        ended
            .into_iter()
            .filter_map(|recording| {
                let (_, url) = callbacks.iter().find(|(sid, _)| *sid == recording.sid)?;
                Some((recording.clone(), url.clone()))
            })
            .collect()
    }

    /// Every status callback address that was asked for, as a body would hold it.
    pub fn callback_addresses(&self) -> Value {
        locked(&self.state).callbacks.iter().map(|(_, url)| url.clone()).collect()
    }
}
