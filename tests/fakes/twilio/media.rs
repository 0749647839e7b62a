//! Audio: WAV and MP3, one channel or two, not ready yet, encrypted, or in a customer's own storage.

use axum::body::Bytes;

use super::{Twilio, TwilioRecording, error, not_found};
use crate::fakes::{Asked, Reply, examples, locked};

impl Twilio {
    /// `Recordings/{RE}`, `.wav` or `.mp3`.
    pub(super) fn media(&self, asked: &Asked, name: &str) -> Reply {
        let (sid, mp3) = match name.rsplit_once('.') {
            Some((sid, "wav")) => (sid, false),
            Some((sid, "mp3")) => (sid, true),
            Some(_) => return not_found(asked),
            None => (name, false),
        };
        match self.ready(sid) {
            // What lies elsewhere is not at Twilio.
            Some(recording) if !recording.external => sound_of(asked, &recording, mp3),
            _ => not_found(asked),
        }
    }

    /// `/storage/{RE}` on the media host; asks for no sign-in and should be sent none.
    pub(super) fn external_media(&self, asked: &Asked) -> Reply {
        let ["storage", name] = asked.segments()[..] else { return Reply::empty(404) };
        let (sid, mp3) = match name.rsplit_once('.') {
            Some((sid, ending)) => (sid, ending == "mp3"),
            None => (name, false),
        };
        match self.ready(sid) {
            Some(recording) if recording.external => sound_of(asked, &recording, mp3),
            _ => Reply::empty(404),
        }
    }

    /// The recording when its media can be had; counts those that come too early.
    fn ready(&self, sid: &str) -> Option<TwilioRecording> {
        let mut state = locked(&self.state);
        let recording = state.recordings.iter_mut().find(|recording| recording.sid == sid)?;
        if recording.status == "completed" && recording.media_gone {
            "deleted".clone_into(&mut recording.status);
        }
        if recording.status != "completed" {
            return None;
        }
        if recording.media_404s > 0 {
            recording.media_404s -= 1;
            return None;
        }
        Some(recording.clone())
    }
}

fn sound_of(asked: &Asked, recording: &TwilioRecording, mp3: bool) -> Reply {
    let channels = match asked.query("RequestedChannels").as_deref() {
        None if recording.dual_version && recording.channels == 2 => 2,
        None | Some("1") => 1,
        Some("2") if recording.dual_version => 2,
        Some("2") => {
            let example = examples::json("twilio_error_requested_channels_400.json");
            return Reply::json(400, &example);
        }
        Some(_) => return error(400, 20001, "RequestedChannels must be 1 or 2"),
    };
    let (kind, bytes) = match mp3 {
        true => ("audio/mpeg", recording.sound.mp3()),
        false => ("audio/x-wav", recording.sound.wav(channels)),
    };
    let bytes = if recording.encrypted { scrambled(&bytes) } else { bytes };
    Reply::of(200, kind, bytes)
}

/// What encryption leaves: nothing that can be played.
fn scrambled(bytes: &Bytes) -> Bytes {
    let mut noise = fastrand::Rng::with_seed(bytes.len() as u64);
    bytes.iter().map(|byte| byte ^ noise.u8(..)).collect()
}
