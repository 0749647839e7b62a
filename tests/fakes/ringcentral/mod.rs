//! RingCentral (RingEX): sign-in with rotating tokens, call log, rate limits with a penalty, media on a host of their
//! own, RingSense insights, subscriptions with a real handshake.

mod call_log;
mod insights;
mod media;
mod rates;
mod record;
mod sign_in;
mod subscriptions;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

pub use rates::{Group, Limits};
pub use record::{CallLogRecord, InsightsPlan, LiveSession, Spelling};
pub use subscriptions::{Event, Named, Subscription};

use super::{Asked, Bases, Endpoint, Fake, Host, Ports, Provider, Reply, examples, locked, when};

/// The account, and how strict the fake is.
#[derive(Debug, Clone)]
pub struct RingCentralSettings {
    pub client_id: String,
    pub client_secret: String,
    /// The user's credential for the JWT grant.
    pub jwt: String,
    pub account_id: String,
    pub extension_id: String,
    pub access_token_lives: Duration,
    /// The app setting "Issue refresh tokens".
    pub refresh_tokens: bool,
    /// So long after the new token's first use the old refresh token still gets the same pair.
    pub grace: Duration,
    pub limits: Limits,
    /// Whether the user may read the company's call log; otherwise only an extension's.
    pub full_company_call_log: bool,
    /// How long a handshake may take.
    pub handshake_within: Duration,
    /// So many failed deliveries in a row blacklist a subscription, for ever.
    pub blacklist_after: u32,
    /// Filters that hold this text are refused: they end in `disabledFilters`.
    pub refused_filter: Option<String>,
}

impl Default for RingCentralSettings {
    fn default() -> Self {
        Self {
            client_id: "rc-client-0123".to_owned(),
            client_secret: "rc-s3cr3t-4567".to_owned(),
            jwt: "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI0MDAxMzE0MjgwMDgifQ.c2lnbmF0dXJl".to_owned(),
            account_id: "400131426008".to_owned(),
            extension_id: "400131428008".to_owned(),
            access_token_lives: Duration::from_secs(3_600),
            refresh_tokens: true,
            grace: Duration::from_secs(10),
            limits: Limits::default(),
            full_company_call_log: true,
            handshake_within: Duration::from_secs(3),
            blacklist_after: 3,
            refused_filter: None,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    records: Vec<CallLogRecord>,
    live: Vec<LiveSession>,
    sessions: Vec<sign_in::Session>,
    tokens_made: u64,
    subscriptions: Vec<Subscription>,
    pages_loop: bool,
    /// What is missing for reading, as a permission's name.
    missing_permission: Option<String>,
}

/// The fake; reached through [`Fake`].
pub struct RingCentral {
    pub settings: RingCentralSettings,
    bases: Bases,
    clock: Arc<when::Clock>,
    rates: rates::Rates,
    state: Mutex<State>,
}

impl RingCentral {
    pub async fn start(settings: RingCentralSettings) -> Fake<Self> {
        Self::start_on(settings, Ports::default()).await
    }

    pub async fn start_on(settings: RingCentralSettings, ports: Ports) -> Fake<Self> {
        let make = |bases| {
            let clock = Arc::<when::Clock>::default();
            let rates = rates::Rates::new(settings.limits.clone(), clock.clone());
            Self { settings, bases, clock, rates, state: Mutex::default() }
        };
        Fake::start(ports, make).await
    }

    /// Records may be added in any order; the call log gives the newest first.
    pub fn add_record(&self, record: CallLogRecord) {
        let mut state = locked(&self.state);
        let newer = |old: &CallLogRecord| (old.start_time, &old.id) > (record.start_time, &record.id);
        let place = state.records.partition_point(newer);
        state.records.insert(place, record);
    }

    /// Changes the record with this recording id; panics when there is none.
    pub fn change(&self, recording_id: &str, change: impl FnOnce(&mut CallLogRecord)) {
        let mut state = locked(&self.state);
        change(state.records.iter_mut().find(|record| record.recording_id == recording_id).unwrap());
    }

    pub fn record(&self, recording_id: &str) -> Option<CallLogRecord> {
        locked(&self.state).records.iter().find(|record| record.recording_id == recording_id).cloned()
    }

    /// A call that lasts, whose recording can be begun.
    pub fn add_live_session(&self, session: LiveSession) {
        locked(&self.state).live.push(session);
    }

    /// How many recordings of a live session were begun.
    pub fn recordings_begun(&self, telephony_session_id: &str) -> usize {
        let state = locked(&self.state);
        state.live.iter().filter(|live| live.telephony_session_id == telephony_session_id).map(|live| live.begun).sum()
    }

    /// So much time passes at once: windows, penalties and tokens are that much older.
    pub fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    /// Every page names itself as the next one.
    pub fn loop_pages(&self, on: bool) {
        locked(&self.state).pages_loop = on;
    }

    /// From now on reading is refused with 403 for want of this permission.
    pub fn take_permission(&self, name: Option<&str>) {
        locked(&self.state).missing_permission = name.map(str::to_owned);
    }

    /// Requests counted so far in the group's present window.
    pub fn counted(&self, group: Group) -> u32 {
        self.rates.counted(group)
    }

    /// True while the group is being punished.
    pub fn penalised(&self, group: Group) -> bool {
        self.rates.penalised(group)
    }

    async fn routed(&self, asked: &Asked) -> Reply {
        let segments = asked.segments();
        if segments.starts_with(&["restapi", "oauth"]) {
            return self.oauth(asked);
        }
        if !self.signed_in(asked) {
            return Reply::json(401, &examples::json("ringcentral_error_401.json"));
        }
        if let Some(permission) = locked(&self.state).missing_permission.clone() {
            return forbidden(&permission);
        }
        if asked.host == Host::Media {
            return self.content(asked);
        }
        match (asked.method.as_str(), segments.as_slice()) {
            ("GET", ["restapi", "v1.0", "account", _, "call-log"]) if !self.settings.full_company_call_log => {
                forbidden("FullCompanyCallLog")
            }
            ("GET", ["restapi", "v1.0", "account", _, "call-log"])
            | ("GET", ["restapi", "v1.0", "account", _, "extension", _, "call-log"]) => self.call_log(asked),
            ("GET", ["restapi", "v1.0", "account", _, "call-log", id])
            | ("GET", ["restapi", "v1.0", "account", _, "extension", _, "call-log", id]) => self.one_record(asked, id),
            ("GET", ["restapi", "v1.0", "account", _, "recording", id]) => self.recording(id),
            ("DELETE", ["restapi", "v1.0", "account", _, "call-recordings"]) => self.delete(asked),
            ("GET", ["restapi", "v1.0", "account", _, "telephony", "sessions", session]) => self.live(session),
            (
                _,
                [
                    "restapi",
                    "v1.0",
                    "account",
                    _,
                    "telephony",
                    "sessions",
                    session,
                    "parties",
                    _,
                    "recordings",
                    rest @ ..,
                ],
            ) => self.control(asked, session, rest.first().copied()),
            (_, ["restapi", "v1.0", "subscription", rest @ ..]) => self.subscription(asked, rest).await,
            ("GET", ["ai", "ringsense", "v1", "public", "accounts", _, "domains", domain, kind, id, "insights"]) => {
                self.insights(asked, domain, kind, id)
            }
            _ => error(404, "CMN-120", "Invalid URI"),
        }
    }

    /// The state of a call that lasts: the caller, and the extension that answered.
    fn live(&self, session: &str) -> Reply {
        let state = locked(&self.state);
        match state.live.iter().find(|live| live.telephony_session_id == session) {
            None => not_found("telephonySessionId", session),
            Some(live) => {
                let answered = json!({ "code": "Answered" });
                let caller = json!({ "id": format!("{}-1", live.party_id), "status": answered });
                let ours = json!({
                    "id": live.party_id, "extensionId": self.settings.extension_id, "status": answered
                });
                Reply::json(200, &json!({ "id": session, "parties": [caller, ours] }))
            }
        }
    }

    /// POST begins a recording, PATCH pauses it and goes on.
    fn control(&self, asked: &Asked, session: &str, recording: Option<&str>) -> Reply {
        let mut state = locked(&self.state);
        let Some(live) = state.live.iter_mut().find(|live| live.telephony_session_id == session) else {
            return not_found("telephonySessionId", session);
        };
        let begun = examples::json("ringcentral_recording_start.json");
        match (asked.method.as_str(), recording) {
            ("POST", None) => {
                live.begun += 1;
                Reply::json(201, &examples::with(begun, json!({ "id": live.recording_id })))
            }
            ("PATCH", Some(id)) if id == live.recording_id => {
                let active = asked.json().map_or(Value::Null, |body| body["active"].clone());
                Reply::json(200, &examples::with(begun, json!({ "id": id, "active": active })))
            }
            _ => not_found("recordingId", recording.unwrap_or_default()),
        }
    }
}

impl Provider for RingCentral {
    fn endpoint(&self, asked: &Asked) -> Option<Endpoint> {
        if asked.host == Host::Media {
            return Some(Endpoint::Media);
        }
        match asked.segments().as_slice() {
            ["restapi", "oauth", ..] => Some(Endpoint::SignIn),
            ["restapi", "v1.0", "subscription", ..] => Some(Endpoint::Webhooks),
            ["ai", ..] => Some(Endpoint::Transcript),
            ["restapi", "v1.0", "account", _, rest @ ..] => match rest {
                ["call-log"] | ["extension", _, "call-log"] => Some(Endpoint::List),
                ["call-log" | "recording", _] | ["extension", _, "call-log", _] => Some(Endpoint::Details),
                ["call-recordings"] => Some(Endpoint::Delete),
                ["telephony", ..] => Some(Endpoint::StartRecording),
                _ => None,
            },
            _ => None,
        }
    }

    async fn answer(&self, asked: &Asked) -> Reply {
        let group = rates::group_of(asked);
        let within = self.rates.count(group);
        let reply = if within { self.routed(asked).await } else { self.too_many(group) };
        self.rates.headers(group).into_iter().fold(reply, |reply, (name, value)| reply.header(name, value))
    }
}

/// The API's error body.
fn error(status: u16, code: &str, message: &str) -> Reply {
    let errors = json!([{ "errorCode": code, "message": message }]);
    Reply::json(status, &json!({ "errorCode": code, "message": message, "errors": errors }))
}

fn bad_parameter(name: &str) -> Reply {
    let message = format!("Parameter [{name}] value is invalid");
    let errors = json!([{ "errorCode": "CMN-101", "message": message, "parameterName": name }]);
    Reply::json(400, &json!({ "errorCode": "CMN-101", "message": message, "errors": errors }))
}

fn not_found(parameter: &str, value: &str) -> Reply {
    let message = format!("Resource for parameter [{parameter}] is not found");
    let one = json!({
        "errorCode": "CMN-102", "message": message, "parameterName": parameter, "parameterValue": value
    });
    Reply::json(404, &json!({ "errorCode": "CMN-102", "message": message, "errors": [one] }))
}

fn forbidden(permission: &str) -> Reply {
    let example = examples::json("ringcentral_error_403.json");
    Reply::json(403, &examples::replaced(&example, "ReadCallRecording", permission))
}
