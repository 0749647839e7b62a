//! Details of a recording, and the links in them: asked for anew each time, never stored (fact sheet, section 3).
//!
//! Links live three hours and carry their own permission; the download host never sees a token (section 5). Where links
//! are missing, the reason is worked out and said: scope, "Prevent Downloading", ownership, recycle bin, or too early.

use std::path::Path;

use reqwest::Url;
use serde_json::Value;

use super::api::{Endpoint, Trouble};
use super::{WebexProvider, facts, list, wire};
use crate::call::{CallFacts, Disposition};
use crate::config::WebexReach;
use crate::provider::ProviderError;
use crate::provider::client::{CallError, Request};

/// The member of the details that holds the links.
const LINKS: &str = "temporaryDirectDownloadLinks";
/// Without this one of these a token reads no links.
const SCOPES_WITH_LINKS: [&str; 2] = ["spark:recordings_read", "spark-compliance:recordings_read"];

/// What a link leads to, by its name in the details.
pub(super) const AUDIO: &str = "audioDownloadLink";

impl WebexProvider {
    /// The details as they come, links included.
    pub(super) async fn recording(&self, id: &str) -> Result<Value, Trouble> {
        let url = self.api.url(&["convergedRecordings", id]);
        let details = self.api.get_json(Endpoint::Details, url).await;
        details.map_err(|trouble| self.perhaps_too_early(id, trouble))
    }

    /// The extended metadata with everything they can show (fact sheet, section 4).
    pub(super) async fn extended(&self, id: &str) -> Result<Value, Trouble> {
        let mut url = self.api.url(&["convergedRecordings", id, "metadata"]);
        url.query_pairs_mut().append_pair("showAllTypes", "true");
        let metadata = self.api.get_json(Endpoint::Metadata, url).await;
        metadata.map_err(|trouble| self.perhaps_too_early(id, trouble))
    }

    /// Right after a delivery told of it, a recording may not be there yet (fact sheet, section 9).
    fn perhaps_too_early(&self, id: &str, trouble: Trouble) -> Trouble {
        let is_too_early = trouble.status == Some(404) && self.is_fresh(id);
        match is_too_early {
            true => {
                let message = format!("{} Webex told of it only now; it is asked for again.", trouble.error.message);
                Trouble { error: ProviderError::new(message, Disposition::Wait { after: None }), ..trouble }
            }
            false => trouble,
        }
    }

    /// The recording and its call: details, with what the metadata add where they can be had.
    pub(super) async fn facts(&self, id: &str) -> Result<CallFacts, ProviderError> {
        let recording = self.recording(id).await?;
        let known = facts::of_recording(&recording);
        let facts = match self.extended(id).await {
            Ok(metadata) => facts::with_metadata(known, &metadata),
            // The details alone say enough to go on with.
            Err(Trouble { status: Some(400 | 403 | 404 | 410), .. }) => known,
            Err(trouble) => return Err(trouble.error),
        };
        Ok(self.with_channels(facts))
    }

    /// Both answers as they came, save the links, which are permissions.
    pub(super) async fn everything(&self, id: &str) -> Result<Value, ProviderError> {
        let mut recording = self.recording(id).await?;
        if let Some(members) = recording.as_object_mut() {
            members.shift_remove(LINKS);
        }
        let metadata = match self.extended(id).await {
            Ok(metadata) => metadata,
            // As above: what Webex does not let us see of a call stops nothing.
            Err(Trouble { status: Some(400 | 403 | 404 | 410), .. }) => Value::Null,
            Err(trouble) => return Err(trouble.error),
        };
        Ok(serde_json::json!({ "recording": recording, "metadata": metadata }))
    }

    /// The audio, into a file.
    pub(super) async fn fetch_audio(&self, id: &str, into: &Path, bytes_max: u64) -> Result<(), ProviderError> {
        let link = self.audio_link(id).await?;
        let downloaded = match self.api.client.download(Request::get(link), into, bytes_max).await {
            Err(error) if is_spent(&error) => {
                let link = self.audio_link(id).await?;
                self.api.client.download(Request::get(link), into, bytes_max).await
            }
            downloaded => downloaded,
        };
        downloaded.map(drop).map_err(|error| self.api.trouble(Endpoint::Media, &error).error)
    }

    /// A link to the audio that may be handed on: to one of this account's own hosts.
    pub(super) async fn link_to_hand_on(&self, id: &str) -> Result<Url, ProviderError> {
        let link = self.audio_link(id).await?;
        let checked = self.api.client.check(&link);
        checked.map(|()| link).map_err(|error| self.api.trouble(Endpoint::Media, &error).error)
    }

    async fn audio_link(&self, id: &str) -> Result<Url, ProviderError> {
        let recording = self.recording(id).await?;
        match link(&recording, AUDIO) {
            Some(link) => Ok(link),
            None => Err(self.why_no_audio(&recording).await),
        }
    }

    /// Which of the known reasons it is that there is no link to the audio (fact sheet, sections 3 and 10).
    async fn why_no_audio(&self, recording: &Value) -> ProviderError {
        if let Some(status) = wire::text(recording, "status").filter(|status| !list::is_available(status)) {
            let why = match status.to_ascii_lowercase().as_str() {
                "deleted" => "it lies in the recycle bin; restore it in Control Hub if it is wanted",
                _ => "it is no longer available",
            };
            return self.no_audio(&format!("{why}."), Disposition::Absent);
        }
        if self.api.reach == WebexReach::Admin {
            let why = "an administrator sees recordings without their audio. Set reach = \"compliance\" and sign in as a \
                       compliance officer.";
            return self.no_audio(why, Disposition::Absent);
        }
        if let Some(scope) = self.scope_that_hides_links().await {
            let again = self.api.grant.sign_in_again();
            let why = format!("the sign-in lacks the scope {scope}, without which Webex gives no links. {again}");
            return self.no_audio(&why, Disposition::Park);
        }
        let why = match recording[LINKS].is_object() {
            true => "the link to it has not been made yet.".to_owned(),
            false => format!(
                "Webex gave no links. Either they are not made yet; or \"Prevent Downloading\" is on for this organisation or \
                 user in Control Hub; or {}.",
                match self.api.reach {
                    WebexReach::User => "somebody else owns the recording",
                    _ => "the account that signed in is no compliance officer",
                }
            ),
        };
        self.no_audio(&why, Disposition::Wait { after: None })
    }

    /// The scope that is missing for links, where the tokens say what they allow.
    pub(super) async fn scope_that_hides_links(&self) -> Option<&'static str> {
        let granted = self.api.keeper.held().await.ok()??.scope?;
        let has_one = granted.split_whitespace().any(|scope| SCOPES_WITH_LINKS.contains(&scope));
        let wanted = self.api.grant.scopes().first().copied();
        wanted.filter(|_| !has_one)
    }

    fn no_audio(&self, why: &str, disposition: Disposition) -> ProviderError {
        let account = &self.config.name;
        ProviderError::new(
            format!("Webex account {account}: the audio of a recording cannot be had: {why}"),
            disposition,
        )
    }
}

/// A link of the details, where there is one.
pub(super) fn link(recording: &Value, name: &str) -> Option<Url> {
    Url::parse(&wire::text(&recording[LINKS], name)?).ok()
}

/// Whether there are links at all.
pub(super) fn has_links(recording: &Value) -> bool {
    recording[LINKS].is_object()
}

/// A link that was refused may have ended: a new one is asked for, once (fact sheet, section 3).
pub(super) fn is_spent(error: &CallError) -> bool {
    matches!(error.status(), Some(401 | 403 | 404 | 410))
}
