//! The audio: both channels first, one where there are no two, and everything that stands in the way said plainly. Fact
//! sheet, sections 4 and 5.
//!
//! The recording is asked for first: only it tells that there is no audio, that it is encrypted, or that it lies in
//! storage of the customer's. Twilio's credentials are never sent there.

use std::path::Path;

use reqwest::{Method, Url};
use serde_json::Value;

use super::refusals::Ask;
use super::{TwilioProvider, wire};
use crate::call::Disposition;
use crate::provider::ProviderError;
use crate::provider::client::{CallError, Request};

impl TwilioProvider {
    /// Writes a recording's audio to `into`.
    pub(super) async fn fetch_audio(&self, sid: &str, into: &Path, bytes_max: u64) -> Result<(), ProviderError> {
        let recording = self.api.recording(sid).await?;
        self.has_audio(&recording)?;
        let elsewhere = wire::text(&recording, "media_url").and_then(|url| self.api.elsewhere(&url));
        let (ask, downloaded) = match elsewhere {
            Some(url) => (Ask::Storage, self.download_stored(url, into, bytes_max).await),
            None => {
                let url = self.api.voice(&format!("Recordings/{sid}.wav"))?;
                (Ask::Audio, self.download_versions(&url, into, bytes_max).await)
            }
        };
        match downloaded {
            Ok(()) => Ok(()),
            // Deleted since, or not ready: the recording tells.
            Err(error) if error.status() == Some(404) => {
                self.has_audio(&self.api.recording(sid).await?)?;
                Err(self.api.refusals.sentence(ask, &error))
            }
            Err(error) => Err(self.api.refusals.sentence(ask, &error)),
        }
    }

    /// Whether there is audio that can be played: says why not, and whether it is worth waiting.
    fn has_audio(&self, recording: &Value) -> Result<(), ProviderError> {
        let says = |what: &str, disposition| Err(self.api.refusals.say(what, disposition));
        let code = wire::whole(recording, "error_code").map(|code| format!(" (its code {code})")).unwrap_or_default();
        match wire::text(recording, "status").as_deref() {
            Some("absent") => {
                let what = format!("there is no audio of this recording and never will be{code}.");
                return says(&what, Disposition::Absent);
            }
            Some("deleted") => return says("the recording was deleted there; its audio is gone.", Disposition::Absent),
            _ if wire::is_unfinished(recording) => {
                return says("the recording is not finished yet.", Disposition::Wait { after: None });
            }
            // Words that are new say nothing against trying.
            _ => {}
        }
        let Some(encryption) = wire::object(recording, "encryption_details") else { return Ok(()) };
        let key = wire::sid("CR", encryption, "encryption_public_key_sid").unwrap_or_else(|| "of your own".to_owned());
        let what = format!(
            "the audio is encrypted with the key {key}, and callscribe has not its private half. Decrypt it and take it in \
             through a folder, or switch off encryption of recordings in the Twilio console."
        );
        says(&what, Disposition::Reject)
    }

    /// Two channels; 400 says there are none, then one (section 5).
    async fn download_versions(&self, url: &Url, into: &Path, bytes_max: u64) -> Result<(), CallError> {
        let version = |channels: &str| {
            let mut url = url.clone();
            url.query_pairs_mut().append_pair("RequestedChannels", channels);
            self.api.request(Method::GET, url)
        };
        match self.api.client().download(version("2"), into, bytes_max).await {
            Err(error) if error.status() == Some(400) => {
                self.api.client().download(version("1"), into, bytes_max).await.map(drop)
            }
            downloaded => downloaded.map(drop),
        }
    }

    /// As it lies there; the address itself is the permission.
    async fn download_stored(&self, url: Url, into: &Path, bytes_max: u64) -> Result<(), CallError> {
        self.api.client().download(Request::get(url), into, bytes_max).await.map(drop)
    }
}
