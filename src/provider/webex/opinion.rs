//! Webex's own transcript and the notes its assistant makes (fact sheet, section 6).
//!
//! A transcript comes minutes to days after the audio, and only where the organisation has it switched on: it is waited
//! for until three days after the recording was made. Notes are HTML at a host of their own; one that cannot be had
//! does not hold up the transcript.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;
use serde_json::{Map, Value, json};

use super::api::Endpoint;
use super::links::{self, link};
use super::{WebexProvider, vtt, wire};
use crate::call::{Disposition, Transcript, TranscriptSource};
use crate::provider::client::{Answer, Auth, CallError, Request};
use crate::provider::{Opinion, ProviderError};

/// How long transcripts were seen to take (fact sheet, section 10).
const TRANSCRIPT_COMES_WITHIN: SignedDuration = SignedDuration::from_hours(3 * 24);
/// The name transcripts go by.
const MODEL: &str = "webex";
const TRANSCRIPT: &str = "transcriptDownloadLink";
/// Links to notes, and what they are called in the insights.
const NOTES: [(&str, &str); 3] = [
    ("suggestedNotesDownloadLink", "suggested_notes"),
    ("shortNotesDownloadLink", "short_notes"),
    ("actionItemsDownloadLink", "action_items"),
];

impl WebexProvider {
    /// What Webex makes of a call.
    pub(super) async fn second_opinion(&self, id: &str) -> Result<Option<Opinion>, ProviderError> {
        if !self.config.transcripts {
            return Ok(None);
        }
        let recording = self.recording(id).await?;
        let transcript = match link(&recording, TRANSCRIPT) {
            Some(link) => Some(self.transcript_text(id, link).await?),
            None if self.may_still_come(&recording) => return Err(self.not_yet(&recording)),
            None => None,
        };
        let mut insights = self.notes(&recording).await?;
        let Some(text) = transcript else {
            let has_notes = !insights.is_empty();
            return Ok(has_notes.then(|| Opinion { transcript: None, insights: insights.into(), more: false }));
        };
        // Notes come after the transcript, where somebody switched them on.
        let more = insights.is_empty() && self.may_still_come(&recording);
        let transcript = transcript_of(&recording, &text);
        insights.insert("transcript".to_owned(), text.into());
        Ok(Some(Opinion { transcript, insights: insights.into(), more }))
    }

    /// Until three days after the file was made; a recording without that time is taken for new.
    fn may_still_come(&self, recording: &Value) -> bool {
        let gone = wire::text(recording, "status").is_some_and(|status| !super::list::is_available(&status));
        let made = wire::time(recording, "createTime").or_else(|| wire::time(recording, "timeRecorded"));
        let is_young = made.is_none_or(|made| self.clock.now().duration_since(made) < TRANSCRIPT_COMES_WITHIN);
        is_young && !gone
    }

    fn not_yet(&self, recording: &Value) -> ProviderError {
        let account = &self.config.name;
        let why = match links::has_links(recording) {
            true => "Webex makes transcripts minutes to days after the audio, where transcription is switched on",
            false => "Webex gave no links to this recording",
        };
        let message = format!("Webex account {account}: there is no transcript of a recording yet. {why}.");
        ProviderError::new(message, Disposition::Wait { after: None })
    }

    /// The transcript as it came. A link that has ended is asked for again, once.
    async fn transcript_text(&self, id: &str, link: Url) -> Result<String, ProviderError> {
        let trouble = |error| self.api.trouble(Endpoint::Transcript, &error).error;
        let answer = match self.api.client.send(Request::get(link)).await {
            Err(error) if links::is_spent(&error) => {
                let recording = self.recording(id).await?;
                let Some(link) = links::link(&recording, TRANSCRIPT) else { return Err(self.not_yet(&recording)) };
                self.api.client.send(Request::get(link)).await.map_err(trouble)?
            }
            answered => answered.map_err(trouble)?,
        };
        let text = answer.text();
        if is_page(&text) {
            let account = &self.config.name;
            let message = format!(
                "Webex account {account}: the transcript of a recording is a page or a message instead of a transcript. It is \
                 asked for again."
            );
            return Err(ProviderError::new(message, Disposition::Retry { after: None }));
        }
        Ok(text)
    }

    /// Every note there is a link to, whole and as plain text. What a host is busy with is asked for again; what it
    /// refuses is left out, and the insights say so.
    async fn notes(&self, recording: &Value) -> Result<Map<String, Value>, ProviderError> {
        let mut notes = Map::new();
        for (link_name, name) in NOTES {
            let Some(link) = link(recording, link_name) else { continue };
            match self.note(link).await {
                Ok(answer) => {
                    let html = answer.text();
                    notes.insert(name.to_owned(), json!({ "text": vtt::words(&html), "html": html }));
                }
                Err(error) => {
                    let trouble = self.api.trouble(Endpoint::Transcript, &error).error;
                    if let Disposition::Retry { .. } = trouble.disposition {
                        return Err(trouble);
                    }
                    notes.insert(name.to_owned(), json!({ "missing": trouble.message }));
                }
            }
        }
        Ok(notes)
    }

    /// Without a token first; with one only at Webex's own hosts, and only when asked for it.
    async fn note(&self, link: Url) -> Result<Answer, CallError> {
        match self.api.client.send(Request::get(link.clone())).await {
            Err(error) if error.status() == Some(401) && is_webex(&link) => match self.api.token().await {
                Ok(token) => self.api.client.send(Request::get(link).auth(Auth::Bearer(token))).await,
                Err(_) => Err(error),
            },
            answered => answered,
        }
    }
}

fn is_webex(link: &Url) -> bool {
    link.scheme() == "https" && link.host_str().is_some_and(|host| host.ends_with(".webex.com"))
}

/// Login pages and error bodies come with status 200 at times.
fn is_page(text: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    start.starts_with('{') || (start.starts_with('<') && !start.starts_with("<v"))
}

/// Absent when nothing is said in it.
fn transcript_of(recording: &Value, text: &str) -> Option<Transcript> {
    let read = vtt::read(text);
    let last = read.segments.iter().map(|segment| segment.end_ms).max()?;
    let length = wire::whole(recording, "durationSeconds").map(Duration::from_secs).unwrap_or_default();
    let note = "Webex gave this transcript without times.";
    Some(Transcript {
        duration_ms: last.max(u64::try_from(length.as_millis()).unwrap_or(last)),
        notes: if read.has_times { Vec::new() } else { vec![note.to_owned()] },
        ..Transcript::new(TranscriptSource::Provider, MODEL, read.segments)
    })
}
