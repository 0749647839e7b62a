//! Details with links that live for a while and not for everybody; extended metadata.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::download::{Kind, Ticket};
use super::{Webex, WebexRecording, forbidden, not_found, status};
use crate::fakes::{Asked, Reply, hex, locked, when};

impl Webex {
    /// Whether the token may know of the recording at all.
    fn may_read(&self, scopes: &[String], recording: &WebexRecording) -> bool {
        let has = |scope: &str| scopes.iter().any(|one| one == scope);
        let own = recording.owner_id == self.settings.person_id;
        has("spark-compliance:recordings_read")
            || has("spark-admin:recordings_read")
            || (own && has("spark:recordings_read"))
    }

    /// Links are for owners and compliance officers; never for an admin.
    fn may_download(&self, scopes: &[String], recording: &WebexRecording) -> bool {
        let has = |scope: &str| scopes.iter().any(|one| one == scope);
        let own = recording.owner_id == self.settings.person_id;
        has("spark-compliance:recordings_read") || (own && has("spark:recordings_read"))
    }

    pub(super) fn details(&self, id: &str, scopes: &[String]) -> Reply {
        let recording = match self.recording(id) {
            Some(recording) if !recording.is(status::PURGED) => recording,
            _ => return not_found(),
        };
        if !self.may_read(scopes, &recording) {
            return if scopes.is_empty() { forbidden() } else { not_found() };
        }
        let mut body = recording.json();
        if self.may_download(scopes, &recording) && self.has_links(id) {
            body["temporaryDirectDownloadLinks"] = self.links(&recording);
        }
        Reply::json(200, &body)
    }

    /// Counts the asks that come before there are links.
    fn has_links(&self, id: &str) -> bool {
        let mut state = locked(&self.state);
        let recording = state.recordings.iter_mut().find(|recording| recording.id == id).unwrap();
        if recording.no_links || !recording.is(status::AVAILABLE) {
            return false;
        }
        let ready = recording.links_after == 0;
        recording.links_after = recording.links_after.saturating_sub(1);
        ready
    }

    fn links(&self, recording: &WebexRecording) -> Value {
        let id = &recording.id;
        let media = &self.bases.media;
        let mut links = json!({
            "audioDownloadLink": self.link(id, Kind::Audio, |ticket, time| {
                let org = &self.settings.org_id;
                let query = format!("type=calling&orgId={org}&recordUUID={id}&ticket={ticket}&timestamp={time}");
                format!("{media}/nbr/MultiThreadDownloadServlet?{query}")
            }),
        });
        if recording.transcript.is_some() && self.has_transcript(id) {
            links["transcriptDownloadLink"] = json!(self.link(id, Kind::Transcript, |ticket, time| {
                format!("{media}/nbr/downloadMedia.do?type=transcript&recordUUID={id}&ticket={ticket}&timestamp={time}")
            }));
        }
        if recording.notes {
            for (name, kind) in [
                ("suggestedNotesDownloadLink", Kind::SuggestedNotes),
                ("shortNotesDownloadLink", Kind::ShortNotes),
                ("actionItemsDownloadLink", Kind::ActionItems),
            ] {
                links[name] = json!(self.link(id, kind, |ticket, _| {
                    let query =
                        format!("contentType=html&resourceType=CallingRecording&resourceId={id}&token={ticket}");
                    format!("{media}/wbxaibridge/api/v2/{}/{id}?{query}", kind.word())
                }));
            }
        }
        links["expiration"] = json!(when::seconds(when::after(Timestamp::now(), self.settings.links_live)));
        links
    }

    /// Counts the asks that come before there is a transcript.
    fn has_transcript(&self, id: &str) -> bool {
        let mut state = locked(&self.state);
        let recording = state.recordings.iter_mut().find(|recording| recording.id == id).unwrap();
        let ready = recording.transcript_after == 0;
        recording.transcript_after = recording.transcript_after.saturating_sub(1);
        ready
    }

    /// A link with a ticket of its own.
    fn link(&self, id: &str, kind: Kind, url: impl FnOnce(&str, i64) -> String) -> String {
        let ticket = format!("SDJTSwAAA{}", hex("webex ticket", self.next(), 24));
        let expires = self.clock.now() + self.settings.links_live;
        let link = url(&ticket, Timestamp::now().as_millisecond());
        locked(&self.state).tickets.push(Ticket { ticket, recording: id.to_owned(), kind, expires });
        link
    }

    pub(super) fn metadata(&self, asked: &Asked, id: &str, scopes: &[String]) -> Reply {
        let all = asked.query("showAllTypes").as_deref() == Some("true");
        match self.recording(id) {
            Some(recording) if !recording.is(status::PURGED) && self.may_read(scopes, &recording) => {
                let org = json!({ "orgId": self.settings.org_id });
                Reply::json(200, &crate::fakes::examples::with(recording.metadata(all), org))
            }
            _ => not_found(),
        }
    }
}
