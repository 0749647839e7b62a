//! Voice Intelligence v2: transcripts that come only after a while, sentences page by page, operator results.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Twilio, TwilioRecording, error, not_found};
use crate::fakes::{Asked, Reply, Turn, examples, locked, when};

impl Twilio {
    pub(super) fn intelligence(&self, asked: &Asked) -> Reply {
        match (asked.method.as_str(), &asked.segments()[1..]) {
            ("POST", ["Transcripts"]) => self.create_transcript(asked),
            ("GET", ["Transcripts"]) => self.transcripts(asked),
            ("GET", ["Transcripts", sid]) => match self.asked_for(sid) {
                Some(recording) => Reply::json(200, &self.transcript(&recording)),
                None => not_found(asked),
            },
            ("GET", ["Transcripts", sid, part]) => self.part(asked, sid, part),
            _ => not_found(asked),
        }
    }

    /// Counts one ask for the transcript with this SID and gives its recording.
    fn asked_for(&self, transcript_sid: &str) -> Option<TwilioRecording> {
        let mut state = locked(&self.state);
        let recording = state.recordings.iter_mut().find(|recording| recording.transcript_sid() == transcript_sid)?;
        let plan = recording.transcript.as_mut().filter(|plan| plan.begun)?;
        let before = plan.after_asks;
        plan.after_asks = before.saturating_sub(1);
        let mut now = recording.clone();
        now.transcript.as_mut()?.after_asks = before;
        Some(now)
    }

    /// `SourceSid` names the recording; one that is asked for too early is not there yet.
    fn transcripts(&self, asked: &Asked) -> Reply {
        let source = asked.query("SourceSid");
        let wanted: Vec<String> = locked(&self.state)
            .recordings
            .iter()
            .filter(|recording| source.as_ref().is_none_or(|sid| recording.sid == *sid))
            .map(TwilioRecording::transcript_sid)
            .collect();
        let there = wanted.iter().filter_map(|sid| self.asked_for(sid));
        let items: Vec<Value> = there.filter(is_ready).map(|recording| self.transcript(&recording)).collect();
        self.page(asked, "transcripts", items)
    }

    fn transcript(&self, recording: &TwilioRecording) -> Value {
        let plan = recording.transcript.clone().unwrap_or_default();
        let (sid, ready) = (recording.transcript_sid(), is_ready(recording));
        let participant = |(channel, role): &(u8, String)| json!({ "channel_participant": channel, "role": role });
        let example = examples::json("twilio_intelligence_transcript_completed.json");
        let example = self.relocated(&example, &sid);
        examples::with(
            example,
            json!({
                "account_sid": self.settings.account_sid,
                "service_sid": self.settings.service_sid,
                "date_created": when::seconds(recording.date_created),
                "date_updated": when::seconds(recording.date_created),
                "status": if ready { plan.ends.as_str() } else { "in-progress" },
                "channel": {
                    "type": "voice",
                    "media_properties": {
                        "source": "Recording",
                        "source_sid": recording.sid,
                        "reference_sids": { "call_sid": recording.call_sid },
                    },
                    "participants": plan.participants.iter().map(participant).collect::<Vec<_>>(),
                },
                "customer_key": recording.call_sid,
                "media_start_time": when::seconds(recording.date_created),
                "duration": recording.sound.seconds(),
            }),
        )
    }

    /// An example with the SID of this transcript and the address of this fake.
    fn relocated(&self, example: &Value, sid: &str) -> Value {
        let example = examples::replaced(example, "GT2b3c4d5e6f708192a3b4c5d6e7f80912", sid);
        examples::replaced(&example, "https://intelligence.twilio.com", &self.bases.api)
    }

    fn part(&self, asked: &Asked, sid: &str, part: &str) -> Reply {
        let there = locked(&self.state).recordings.iter().find(|one| one.transcript_sid() == sid).cloned();
        let Some(recording) = there.filter(|one| one.transcript.is_some() && is_ready(one)) else {
            return not_found(asked);
        };
        match part {
            "Sentences" => {
                let words = asked.query("WordTimestamps").as_deref() == Some("true");
                self.page(asked, "sentences", sentences(&recording, words))
            }
            "OperatorResults" => {
                let example = examples::json("twilio_intelligence_operator_results.json");
                let example = self.relocated(&example, sid);
                self.page(asked, "operator_results", example["operator_results"].as_array().unwrap().clone())
            }
            "Media" => {
                let media_url = format!("{}/storage/{}.wav?X-Expires=3600", self.bases.media, recording.sid);
                let example = self.relocated(&examples::json("twilio_intelligence_media.json"), sid);
                Reply::json(200, &examples::with(example, json!({ "media_url": media_url })))
            }
            _ => not_found(asked),
        }
    }

    /// 202, and from then on it is on its way.
    fn create_transcript(&self, asked: &Asked) -> Reply {
        assert_eq!(asked.method, Method::POST);
        if asked.form("ServiceSid").as_ref() != Some(&self.settings.service_sid) {
            return error(404, 20404, "The service was not found");
        }
        let channel: Value = serde_json::from_str(&asked.form("Channel").unwrap_or_default()).unwrap_or_default();
        let source = channel["media_properties"]["source_sid"].as_str().unwrap_or_default();
        let mut state = locked(&self.state);
        let Some(recording) = state.recordings.iter_mut().find(|recording| recording.sid == source) else {
            return error(404, 20404, "The recording was not found");
        };
        if recording.status != "completed" {
            return error(400, 95120, "The recording is not completed");
        }
        recording.transcript.get_or_insert_default().begun = true;
        let recording = recording.clone();
        drop(state);
        let queued = json!({ "status": "queued", "media_start_time": null, "duration": 0 });
        Reply::json(202, &examples::with(self.transcript(&recording), queued))
    }

    /// The page envelope of v2: absolute addresses.
    fn page(&self, asked: &Asked, key: &str, items: Vec<Value>) -> Reply {
        let size = asked.query("PageSize").and_then(|size| size.parse().ok()).unwrap_or(50_usize).clamp(1, 5_000);
        let page: usize = asked.query("Page").and_then(|page| page.parse().ok()).unwrap_or(0);
        let kept: Vec<(String, String)> = form_urlencoded::parse(asked.raw_query.as_bytes())
            .into_owned()
            .filter(|(key, _)| key != "Page" && key != "PageSize")
            .chain([("PageSize".to_owned(), size.to_string())])
            .collect();
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        let url = |page: usize| format!("{}{}?{query}&Page={page}", self.bases.api, asked.path);
        let shown: Vec<Value> = items.iter().skip(page * size).take(size).cloned().collect();
        let more = (page + 1) * size < items.len();
        let mut body = json!({});
        body[key] = shown.into();
        body["meta"] = json!({
            "key": key,
            "page": page,
            "page_size": size,
            "first_page_url": url(0),
            "previous_page_url": page.checked_sub(1).map(url),
            "next_page_url": more.then(|| url(page + 1)),
            "url": url(page),
        });
        Reply::json(200, &body)
    }
}

fn is_ready(recording: &TwilioRecording) -> bool {
    recording.transcript.as_ref().is_some_and(|plan| plan.begun && plan.after_asks == 0)
}

/// What is truly said; the agent is on channel 1.
fn sentences(recording: &TwilioRecording, with_words: bool) -> Vec<Value> {
    let turns = recording.sound.turns();
    turns.iter().enumerate().map(|(index, turn)| sentence(recording, index, turn, with_words)).collect()
}

fn sentence(recording: &TwilioRecording, index: usize, turn: &Turn, with_words: bool) -> Value {
    let words = || {
        let word = |word: crate::fakes::Word| json!({ "word": word.word, "start_time": clock(word.start_ms), "end_time": clock(word.end_ms) });
        recording.sound.words(turn).into_iter().map(word).collect::<Vec<_>>()
    };
    json!({
        "media_channel": turn.channel + 1,
        "sentence_index": index,
        "start_time": format!("{:.3}", turn.start),
        "end_time": format!("{:.3}", turn.end),
        "transcript": turn.text,
        "sid": super::sid("GX", u64::from(recording.sound.unique) * 1_000 + index as u64),
        "confidence": "0.9431",
        "words": with_words.then(words),
    })
}

/// Seconds with three places, as text.
fn clock(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}
