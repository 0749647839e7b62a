//! The call log: filters, windows and pages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CallLogRecord, RingCentral, bad_parameter, error, not_found};
use crate::fakes::{Asked, Reply, locked, when};

/// What a list is asked for.
struct Wanted {
    from: Timestamp,
    to: Timestamp,
    recording_type: Option<String>,
    telephony_session_id: Option<String>,
    session_id: Option<String>,
    directions: Vec<String>,
    phone_number: Option<String>,
}

impl Wanted {
    /// Without `dateFrom` it is the day before `dateTo`; a look-up of one session has no window of its own.
    fn read(asked: &Asked) -> Result<Self, Reply> {
        let time = |name: &str| match asked.query(name) {
            None => Ok(None),
            Some(text) => when::parse(&text).map(Some).ok_or_else(|| bad_parameter(name)),
        };
        let one_session = asked.query("telephonySessionId").is_some() || asked.query("sessionId").is_some();
        let to = time("dateTo")?.unwrap_or_else(Timestamp::now);
        let default_from = if one_session { Timestamp::UNIX_EPOCH } else { when::before(to, when::days(1)) };
        let recording_type = asked.query("recordingType");
        if recording_type.as_deref().is_some_and(|kind| !["Automatic", "OnDemand", "All"].contains(&kind)) {
            return Err(bad_parameter("recordingType"));
        }
        let wanted = Self {
            from: time("dateFrom")?.unwrap_or(default_from),
            to,
            recording_type,
            telephony_session_id: asked.query("telephonySessionId"),
            session_id: asked.query("sessionId"),
            directions: asked.query_all("direction"),
            phone_number: asked.query("phoneNumber"),
        };
        if wanted.session_id.is_some() && (wanted.phone_number.is_some() || !wanted.directions.is_empty()) {
            return Err(error(400, "CLG-110", "sessionId cannot be used with another filter"));
        }
        Ok(wanted)
    }

    fn fits(&self, record: &CallLogRecord) -> bool {
        let direction = if record.inbound { "Inbound" } else { "Outbound" };
        (self.from..=self.to).contains(&record.start_time)
            && self.recording_type.as_deref().is_none_or(|kind| of_type(record, kind))
            && self.telephony_session_id.as_ref().is_none_or(|id| record.telephony_session_id == *id)
            && self.session_id.as_ref().is_none_or(|id| record.session_id == *id)
            && (self.directions.is_empty() || self.directions.iter().any(|one| one == direction))
            && self.phone_number.as_ref().is_none_or(|number| record.number.trim_start_matches('+') == number)
    }
}

/// Calls too short for media count as recorded.
fn of_type(record: &CallLogRecord, kind: &str) -> bool {
    !record.deleted && (kind == "All" || record.recording_type() == kind)
}

/// Number and size of a page.
fn paging(asked: &Asked) -> Result<(usize, usize), Reply> {
    let page = match asked.query("page").map(|page| page.parse::<usize>()) {
        None => 1,
        Some(Ok(page @ 1..=1_000)) => page,
        Some(_) => return Err(bad_parameter("page")),
    };
    let per_page = match asked.query("perPage") {
        None => 100,
        Some(max) if max == "max" => 1_000,
        Some(number) => match number.parse::<usize>() {
            Ok(number @ 1..=1_000) => number,
            _ => return Err(bad_parameter("perPage")),
        },
    };
    Ok((page, per_page))
}

impl RingCentral {
    pub(super) fn call_log(&self, asked: &Asked) -> Reply {
        match Wanted::read(asked).and_then(|wanted| Ok((wanted, paging(asked)?))) {
            Ok((wanted, paging)) => self.page(asked, &wanted, paging),
            Err(refusal) => refusal,
        }
    }

    fn page(&self, asked: &Asked, wanted: &Wanted, (page, per_page): (usize, usize)) -> Reply {
        let detailed = asked.query("view").as_deref() == Some("Detailed");
        let mut state = locked(&self.state);
        let fitting: Vec<CallLogRecord> =
            state.records.iter_mut().filter(|record| wanted.fits(record)).filter_map(listed).collect();
        let start = ((page - 1) * per_page).min(fitting.len());
        let shown = &fitting[start..fitting.len().min(start + per_page)];
        let records: Vec<Value> = shown.iter().map(|record| self.shown(record, detailed)).collect();
        let mut paging = json!({ "page": page, "perPage": per_page });
        if !shown.is_empty() {
            paging["pageStart"] = json!(start);
            paging["pageEnd"] = json!(start + shown.len() - 1);
        }
        let link = |page: usize| json!({ "uri": self.page_uri(asked, page, per_page) });
        let mut navigation = json!({ "firstPage": link(1) });
        if state.pages_loop {
            navigation["nextPage"] = link(page);
        } else if start + shown.len() < fitting.len() {
            navigation["nextPage"] = link(page + 1);
        }
        if page > 1 {
            navigation["previousPage"] = link(page - 1);
        }
        let uri = self.page_uri(asked, page, per_page);
        Reply::json(200, &json!({ "uri": uri, "records": records, "paging": paging, "navigation": navigation }))
    }

    fn shown(&self, record: &CallLogRecord, detailed: bool) -> Value {
        record.json(&self.bases.api, &self.bases.media, &self.settings.account_id, detailed)
    }

    /// The same question for another page, with the account's number in place of `~`.
    fn page_uri(&self, asked: &Asked, page: usize, per_page: usize) -> String {
        let kept = form_urlencoded::parse(asked.raw_query.as_bytes())
            .into_owned()
            .filter(|(key, _)| key != "page" && key != "perPage")
            .chain([("perPage".to_owned(), per_page.to_string()), ("page".to_owned(), page.to_string())]);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        let path = asked.path.replacen("account/~", &format!("account/{}", self.settings.account_id), 1);
        let path = path.replacen("extension/~", &format!("extension/{}", self.settings.extension_id), 1);
        format!("{}{path}?{query}", self.bases.api)
    }

    pub(super) fn one_record(&self, asked: &Asked, id: &str) -> Reply {
        let detailed = asked.query("view").as_deref() == Some("Detailed");
        match locked(&self.state).records.iter().find(|record| record.id == id) {
            Some(record) => Reply::json(200, &self.shown(record, detailed)),
            None => not_found("callRecordId", id),
        }
    }
}

/// The record, when it has reached the log; counts the lists that came too early.
fn listed(record: &mut CallLogRecord) -> Option<CallLogRecord> {
    if record.listed_after > 0 {
        record.listed_after -= 1;
        return None;
    }
    Some(record.clone())
}
