//! Lists of recordings with their filters and pages, details and deletion.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Twilio, TwilioRecording, error, not_found};
use crate::fakes::{Asked, Reply, locked, when};

/// The filters of a list, kept as they came for the links to other pages.
struct Filters {
    /// Key and value of every parameter that is not about pages.
    kept: Vec<(String, String)>,
}

impl Filters {
    fn of(asked: &Asked) -> Self {
        let about_pages = ["Page", "PageToken", "PageSize"];
        let kept = form_urlencoded::parse(asked.raw_query.as_bytes())
            .into_owned()
            .filter(|(key, _)| !about_pages.contains(&key.as_str()))
            .collect();
        Self { kept }
    }

    /// A date that cannot be read.
    fn mistaken(&self) -> Option<&str> {
        let date = |(key, _): &&(String, String)| key.starts_with("DateCreated");
        self.kept.iter().filter(date).find(|(_, value)| when::span(value).is_none()).map(|(_, value)| value.as_str())
    }

    fn pass(&self, recording: &TwilioRecording) -> bool {
        let with_deleted = self.kept.contains(&("IncludeSoftDeleted".to_owned(), "true".to_owned()));
        (recording.status != "deleted" || with_deleted)
            && self.kept.iter().all(|(key, value)| fits(key, value, recording))
    }

    fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.kept).finish()
    }
}

fn fits(key: &str, value: &str, recording: &TwilioRecording) -> bool {
    let Some((start, end)) = when::span(value) else { return key_is(key, value, recording) };
    match key {
        "DateCreated" => (start..=end).contains(&recording.date_created),
        "DateCreated<" => recording.date_created <= end,
        "DateCreated>" => recording.date_created >= start,
        _ => true,
    }
}

fn key_is(key: &str, value: &str, recording: &TwilioRecording) -> bool {
    match key {
        "CallSid" => recording.call_sid == value,
        "ConferenceSid" => recording.conference_sid.as_deref() == Some(value),
        _ => true,
    }
}

impl Twilio {
    pub(super) fn list(&self, asked: &Asked, call: Option<&str>) -> Reply {
        let filters = Filters::of(asked);
        if let Some(date) = filters.mistaken() {
            return error(400, 20001, &format!("'{date}' is not a date"));
        }
        let state = locked(&self.state);
        let size = asked.query("PageSize").and_then(|size| size.parse().ok()).unwrap_or(50_usize).clamp(1, 1_000);
        let page: usize = asked.query("Page").and_then(|page| page.parse().ok()).unwrap_or(0);
        let of_call = |recording: &&TwilioRecording| call.is_none_or(|call| recording.call_sid == call);
        let fitting: Vec<_> = state.recordings.iter().filter(of_call).filter(|one| filters.pass(one)).collect();
        // The token names the last recording of the page before, so that new ones shift nothing.
        let after = asked.query("PageToken").and_then(|token| token.strip_prefix("PA").map(str::to_owned));
        let start = match after.and_then(|sid| fitting.iter().position(|recording| recording.sid == sid)) {
            Some(place) => place + 1,
            None => (page * size).min(fitting.len()),
        };
        let shown = &fitting[start..fitting.len().min(start + size)];
        let more = start + shown.len() < fitting.len();
        let next = match shown.last() {
            _ if state.pages_loop => Some(asked.target()),
            Some(last) if more => Some(page_uri(asked, &filters, size, page + 1, Some(&last.sid))),
            _ => None,
        };
        let items: Vec<Value> = shown.iter().map(|recording| self.item(recording, call.is_some())).collect();
        Reply::json(200, &envelope("recordings", items, asked, &filters, (page, size, start), next))
    }

    fn item(&self, recording: &TwilioRecording, of_call: bool) -> Value {
        let account = &self.settings.account_sid;
        if of_call {
            recording.json_of_call(account)
        } else {
            recording.json(account, &self.bases.api, &self.bases.media)
        }
    }

    pub(super) fn details(&self, asked: &Asked, name: &str) -> Reply {
        let with_deleted = asked.query("IncludeSoftDeleted").as_deref() == Some("true");
        match self.recording(name.trim_end_matches(".json")) {
            Some(recording) if recording.status != "deleted" || with_deleted => {
                Reply::json(200, &self.item(&recording, false))
            }
            _ => not_found(asked),
        }
    }

    /// Only what has ended can be deleted; the second time there is nothing.
    pub(super) fn delete(&self, asked: &Asked, name: &str) -> Reply {
        assert_eq!(asked.method, Method::DELETE);
        let Some(sid) = name.strip_suffix(".json") else { return not_found(asked) };
        let mut state = locked(&self.state);
        match state.recordings.iter_mut().find(|recording| recording.sid == sid) {
            Some(recording) if recording.status == "deleted" => not_found(asked),
            Some(recording) if ["in-progress", "paused", "processing"].contains(&recording.status.as_str()) => {
                error(400, 20001, "Only completed recordings can be deleted")
            }
            Some(recording) => {
                "deleted".clone_into(&mut recording.status);
                Reply::empty(204)
            }
            None => not_found(asked),
        }
    }

    /// Mostly empty, as in life.
    pub(super) fn transcriptions(&self, asked: &Asked, recording: &str) -> Reply {
        let Some(recording) = self.recording(recording) else { return not_found(asked) };
        let account = &self.settings.account_sid;
        let item = |text: &str| {
            let sid = format!("TR{}", &recording.sid[2..]);
            let uri = format!("/2010-04-01/Accounts/{account}/Recordings/{}/Transcriptions/{sid}.json", recording.sid);
            let example = &crate::fakes::examples::json("twilio_transcriptions_list.json")["transcriptions"][0];
            crate::fakes::examples::with(
                example.clone(),
                json!({
                    "account_sid": account,
                    "date_created": when::rfc2822(recording.date_created),
                    "date_updated": when::rfc2822(recording.date_created),
                    "duration": recording.sound.seconds().to_string(),
                    "recording_sid": recording.sid,
                    "sid": sid,
                    "transcription_text": text,
                    "uri": uri,
                }),
            )
        };
        let items: Vec<Value> = recording.legacy_text.as_deref().map(item).into_iter().collect();
        Reply::json(200, &envelope("transcriptions", items, asked, &Filters::of(asked), (0, 50, 0), None))
    }
}

fn page_uri(asked: &Asked, filters: &Filters, size: usize, page: usize, after: Option<&str>) -> String {
    let filters = match filters.query() {
        query if query.is_empty() => query,
        query => format!("{query}&"),
    };
    let token = after.map(|sid| format!("&PageToken=PA{sid}")).unwrap_or_default();
    format!("{}?{filters}PageSize={size}&Page={page}{token}", asked.path)
}

/// The page envelope; `place` is page, page size and the number of the first item.
fn envelope(
    key: &str,
    items: Vec<Value>,
    asked: &Asked,
    filters: &Filters,
    place: (usize, usize, usize),
    next: Option<String>,
) -> Value {
    let (page, size, start) = place;
    let previous = (page > 0).then(|| page_uri(asked, filters, size, page - 1, None));
    let mut envelope = json!({
        "end": start + items.len().saturating_sub(1),
        "first_page_uri": page_uri(asked, filters, size, 0, None),
        "next_page_uri": next,
        "page": page,
        "page_size": size,
        "previous_page_uri": previous,
        "start": start,
        "uri": asked.target(),
    });
    envelope[key] = items.into();
    envelope
}
