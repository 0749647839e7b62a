//! What Twilio itself makes of a call: Voice Intelligence's transcript and operator results, else the old transcription of
//! `<Record transcribe>`. Fact sheet, section 7.
//!
//! Only reads what is there: nothing is ever ordered, for that costs money and sends the audio to be read.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::refusals::Ask;
use super::{TwilioProvider, sentences, wire};
use crate::call::{CallFacts, Disposition};
use crate::provider::{Opinion, ProviderError};

/// After so long a transcript that has not begun will not come. Twilio's own come within minutes; a customer's program may
/// order one days later.
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 3600);

/// How a source stands with a recording's transcript.
enum Standing {
    /// It is there.
    There(Box<Opinion>),
    /// It is being made.
    Begun,
    /// Nothing is known of one.
    Nothing,
    /// There was one, and it failed.
    Failed,
}

impl TwilioProvider {
    /// The provider's transcript, or whether it may still come.
    pub(super) async fn opinion_of(&self, sid: &str) -> Result<Option<Opinion>, ProviderError> {
        let mut standings = Vec::new();
        if self.api.has_intelligence() {
            standings.push(self.intelligence(sid).await?);
        }
        if !matches!(standings.first(), Some(Standing::There(_))) {
            standings.push(self.legacy(sid).await?);
        }
        let mut is_begun = false;
        let mut may_begin = true;
        for standing in standings {
            match standing {
                Standing::There(opinion) => return Ok(Some(*opinion)),
                Standing::Begun => is_begun = true,
                Standing::Failed => may_begin = false,
                Standing::Nothing => {}
            }
        }
        let wait = |what| Err(self.api.refusals.say(what, Disposition::Wait { after: None }));
        if is_begun {
            return wait("the transcript is being made.");
        }
        match may_begin && self.is_young(sid).await? {
            true => wait("there is no transcript yet."),
            false => Ok(None),
        }
    }

    async fn intelligence(&self, sid: &str) -> Result<Standing, ProviderError> {
        let mut url = self.api.intelligence("Transcripts")?;
        url.query_pairs_mut().append_pair("SourceSid", sid);
        let Some(mut transcripts) = there(self.api.all("transcripts", url).await)? else {
            return Ok(Standing::Nothing);
        };
        // Whatever the filter did, another recording's words are not this one's.
        transcripts.retain(|transcript| {
            let media = transcript.get("channel").and_then(|channel| channel.get("media_properties"));
            media.and_then(|media| wire::text(media, "source_sid")).is_none_or(|source| source == sid)
        });
        let status = |transcript: &Value| wire::text(transcript, "status").unwrap_or_default();
        let completed = transcripts.iter().filter(|transcript| status(transcript) == "completed");
        if let Some(newest) = completed.max_by_key(|transcript| wire::time(transcript, "date_created")) {
            return self.completed(sid, newest).await;
        }
        let is_final = |transcript: &Value| ["failed", "canceled", "error"].contains(&status(transcript).as_str());
        Ok(match transcripts.as_slice() {
            [] => Standing::Nothing,
            all if all.iter().all(is_final) => Standing::Failed,
            _ => Standing::Begun,
        })
    }

    async fn completed(&self, recording: &str, transcript: &Value) -> Result<Standing, ProviderError> {
        let Some(sid) = wire::sid("GT", transcript, "sid") else { return Ok(Standing::Nothing) };
        let mut url = self.api.intelligence(&format!("Transcripts/{sid}/Sentences"))?;
        url.query_pairs_mut().append_pair("WordTimestamps", "true");
        // Said to be completed and not to be had: it will be.
        let Some(said) = there(self.api.all("sentences", url).await)? else { return Ok(Standing::Begun) };
        let url = self.api.intelligence(&format!("Transcripts/{sid}/OperatorResults"))?;
        let results = there(self.api.all("operator_results", url).await)?.unwrap_or_default();
        let channels = self.parties(recording).await?;
        let words = sentences::transcript(transcript, &said, &channels);
        let insights = json!({
            "source": "voice_intelligence",
            "transcript": transcript,
            "sentences": said,
            "operator_results": results,
        });
        Ok(Standing::There(Box::new(Opinion { transcript: words, insights, more: false })))
    }

    /// Who is on which channel, where that is certain: surer than the service's own roles, whose default is wrong for
    /// calls that come in (section 5).
    async fn parties(&self, sid: &str) -> Result<Vec<String>, ProviderError> {
        if !self.config.channels.is_empty() {
            return Ok(self.config.channels.clone());
        }
        let facts: CallFacts = there(self.facts_of(sid).await)?.unwrap_or_default();
        Ok(facts.channel_parties)
    }

    async fn legacy(&self, sid: &str) -> Result<Standing, ProviderError> {
        let url = self.api.voice(&format!("Recordings/{sid}/Transcriptions.json"))?;
        let Some(page) = there(self.api.get(Ask::Transcript, url).await)? else { return Ok(Standing::Nothing) };
        let transcriptions = wire::items(&page, "transcriptions");
        let status = |one: &Value| wire::text(one, "status").unwrap_or_default();
        let completed = transcriptions.iter().filter(|one| status(one) == "completed");
        if let Some(transcript) = completed.clone().find_map(sentences::legacy) {
            let insights = json!({ "source": "transcriptions", "transcriptions": transcriptions });
            return Ok(Standing::There(Box::new(Opinion { transcript: Some(transcript), insights, more: false })));
        }
        Ok(match transcriptions.iter().any(|one| status(one) == "in-progress") {
            true => Standing::Begun,
            false => Standing::Nothing,
        })
    }

    /// Whether the recording ended so short a while ago that a transcript may still begin.
    async fn is_young(&self, sid: &str) -> Result<bool, ProviderError> {
        let Some(recording) = there(self.api.recording(sid).await)? else { return Ok(false) };
        if matches!(wire::text(&recording, "status").as_deref(), Some("absent" | "deleted")) {
            return Ok(false);
        }
        let times = ["date_updated", "date_created", "start_time"].map(|key| wire::time(&recording, key));
        let Some(newest) = times.into_iter().flatten().max() else { return Ok(false) };
        let age = self.context.clock.now().duration_since(newest);
        Ok(age < SignedDuration::try_from(PATIENCE).unwrap_or_default())
    }
}

/// `None` for what is not there.
fn there<T>(answer: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.disposition == Disposition::Absent => Ok(None),
        Err(error) => Err(error),
    }
}
