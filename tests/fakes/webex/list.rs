//! Lists: windows of thirty days at most, filters, pages by the `Link` header.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Webex, WebexRecording, error, forbidden, status};
use crate::fakes::{Asked, Reply, examples, locked, when};

const WEEK: Duration = when::days(7);
const SPAN_MAX: Duration = when::days(30);
const PAGE_MAX: usize = 100;

/// What `from` and `to` come to; `to` is not part of it.
fn window(asked: &Asked) -> Result<(Timestamp, Timestamp), Reply> {
    let time = |name: &str| match asked.query(name) {
        None => Ok(None),
        Some(text) => when::parse(&text).map(Some).ok_or_else(|| error(400, &format!("{name} is not a date"))),
    };
    Ok(match (time("from")?, time("to")?) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, when::after(from, WEEK)),
        (None, Some(to)) => (when::before(to, WEEK), to),
        (None, None) => (when::before(Timestamp::now(), WEEK), Timestamp::now()),
    })
}

/// The filters by which a recording is left out.
fn fits(asked: &Asked, recording: &WebexRecording, (from, to): (Timestamp, Timestamp)) -> bool {
    let is = |name: &str, value: &str| asked.query(name).is_none_or(|wanted| wanted == value);
    let created = recording.create_time();
    let topic = || recording.json()["topic"].as_str().unwrap_or_default().to_lowercase();
    from <= created
        && created < to
        && recording.status == asked.query("status").unwrap_or_else(|| status::AVAILABLE.to_owned())
        && is("serviceType", &recording.service_type)
        && is("ownerId", &recording.owner_id)
        && is("ownerEmail", &recording.owner_email)
        && is("ownerType", &recording.owner_type)
        && is("storageRegion", &recording.storage_region)
        && is("locationId", &recording.location_id)
        && is("format", "MP3")
        && asked.query("topic").is_none_or(|part| topic().contains(&part.to_lowercase()))
}

impl Webex {
    pub(super) fn list(&self, asked: &Asked, scopes: &[String], admin: bool) -> Reply {
        let wanted: &[&str] = match admin {
            true => &["spark-admin:recordings_read", "spark-compliance:recordings_read"],
            false => &["spark:recordings_read", "spark-compliance:recordings_read"],
        };
        if !scopes.iter().any(|scope| wanted.contains(&scope.as_str())) {
            return forbidden();
        }
        let window = match window(asked) {
            Ok(window) => window,
            Err(refusal) => return refusal,
        };
        if admin && when::after(window.0, SPAN_MAX) < window.1 {
            return Reply::json(400, &examples::json("webex_error_400.json"));
        }
        let of_owner = asked.query("ownerEmail").is_some() || asked.query("ownerId").is_some();
        let own_only = !admin || (self.settings.admin_sees_only_own && !of_owner);
        let state = locked(&self.state);
        let fitting: Vec<&WebexRecording> = state
            .recordings
            .iter()
            .filter(|one| fits(asked, one, window))
            .filter(|one| !own_only || one.owner_id == self.settings.person_id)
            .collect();
        self.page(asked, &fitting, state.pages_loop)
    }

    fn page(&self, asked: &Asked, fitting: &[&WebexRecording], loops: bool) -> Reply {
        let max = asked.query("max").and_then(|max| max.parse().ok()).unwrap_or(10_usize).clamp(1, PAGE_MAX);
        let start = asked.query("pageToken").map_or(0, |token| offset_of(&token)).min(fitting.len());
        let end = fitting.len().min(start + max);
        let items: Vec<Value> = fitting[start..end].iter().map(|recording| recording.json()).collect();
        let reply = Reply::json(200, &json!({ "items": items }));
        let next = match loops {
            true => Some(start),
            false => (end < fitting.len()).then_some(end),
        };
        match next {
            Some(next) => reply.header("link", format!("<{}>; rel=\"next\"", self.page_url(asked, max, next))),
            None => reply,
        }
    }

    /// Absolute, with every parameter in it.
    fn page_url(&self, asked: &Asked, max: usize, offset: usize) -> String {
        let token = URL_SAFE_NO_PAD.encode(json!({ "offset": offset }).to_string());
        let kept = form_urlencoded::parse(asked.raw_query.as_bytes())
            .into_owned()
            .filter(|(key, _)| key != "max" && key != "pageToken")
            .chain([("max".to_owned(), max.to_string()), ("pageToken".to_owned(), token)]);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        format!("{}{}?{query}", self.bases.api, asked.path)
    }
}

fn offset_of(token: &str) -> usize {
    let decoded = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let value: Value = serde_json::from_slice(&decoded).unwrap_or_default();
    value["offset"].as_u64().map_or(0, |offset| usize::try_from(offset).unwrap())
}
