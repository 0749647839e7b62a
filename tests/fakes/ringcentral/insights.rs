//! RingSense insights of one recording or of a session, not there for the first asks.

use serde_json::{Value, json};

use super::{CallLogRecord, Event, InsightsPlan, RingCentral, Spelling, not_found};
use crate::fakes::{Asked, Reply, Turn, examples, locked, when};

impl RingCentral {
    /// `records/{recording id}/insights` or `sessions/{telephony session}/insights`, of the domain `pbx`.
    pub(super) fn insights(&self, asked: &Asked, domain: &str, kind: &str, id: &str) -> Reply {
        let of_session = kind == "sessions";
        let fits = |record: &&mut CallLogRecord| match of_session {
            true => record.telephony_session_id == id,
            false => record.recording_id == id,
        };
        let mut state = locked(&self.state);
        let found: Vec<(CallLogRecord, bool)> =
            state.records.iter_mut().filter(fits).filter(|_| domain == "pbx").filter_map(asked_for).collect();
        let types = asked.query_all("insightTypes");
        let shown = |(record, ready): &(CallLogRecord, bool)| match (ready, record.insights?.empty_first) {
            (true, _) => Some(self.insights_of(record, &types)),
            (false, true) => Some(examples::with(self.insights_of(record, &types), json!({ "insights": {} }))),
            (false, false) => None,
        };
        let items: Vec<Value> = found.iter().filter_map(shown).collect();
        match (of_session, items.first()) {
            (false, Some(item)) => Reply::json(200, item),
            (true, Some(_)) => {
                let paging = json!({ "page": 1, "perPage": 100, "totalPages": 1, "totalElements": items.len() });
                Reply::json(200, &json!({ "records": items, "paging": paging }))
            }
            (_, None) => not_found(if of_session { "sourceSessionId" } else { "sourceRecordId" }, id),
        }
    }

    /// The event that tells of them.
    pub fn insights_event(&self, record: &CallLogRecord) -> Event {
        let body = json!({ "body": self.insights_of(record, &[]) });
        Event::new(examples::with(examples::json("ringcentral_ringsense_event.json"), body))
    }

    /// What an event about them carries.
    pub fn insights_of(&self, record: &CallLogRecord, types: &[String]) -> Value {
        let members = json!({
            "rsRecordUri": format!("https://ringsense.ringcentral.com/records/{}", record.recording_id),
            "sourceRecordId": record.recording_id,
            "sourceSessionId": record.telephony_session_id,
            "callDirection": if record.inbound { "Inbound" } else { "Outbound" },
            "ownerExtensionId": self.settings.extension_id,
            "recordingDurationMs": record.sound.length_ms,
            "recordingStartTime": when::milliseconds(record.start_time),
        });
        let mut body = examples::with(examples::json("ringcentral_ringsense_insights.json"), members);
        let transcript: Vec<Value> = record.sound.turns().iter().map(utterance).collect();
        body["insights"]["Transcript"] = transcript.into();
        let insights = body["insights"].as_object_mut().unwrap();
        insights.retain(|name, _| types.is_empty() || types.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
        if record.insights.is_some_and(|plan| plan.spelling == Spelling::HighLights)
            && let Some(highlights) = insights.shift_remove("Highlights")
        {
            insights.insert("HighLights".to_owned(), highlights);
        }
        body
    }
}

/// Counts an ask; the record with whether its insights are there, or nothing where there never will be any.
fn asked_for(record: &mut CallLogRecord) -> Option<(CallLogRecord, bool)> {
    let plan: &mut InsightsPlan = record.insights.as_mut()?;
    let ready = plan.after_asks == 0;
    plan.after_asks = plan.after_asks.saturating_sub(1);
    Some((record.clone(), ready))
}

/// `P-0` is the agent, as in the example.
fn utterance(turn: &Turn) -> Value {
    json!({ "speakerId": format!("P-{}", turn.channel), "text": turn.text, "start": turn.start, "end": turn.end })
}
