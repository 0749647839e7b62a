//! Webex Calling's converged recordings: sign-in of integrations and service apps, lists, details with links that die,
//! a download host, webhooks.

mod details;
mod download;
mod list;
mod recording;
mod remove;
mod sign_in;
mod webhooks;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

pub use recording::{Vtt, WebexRecording, status};
pub use webhooks::{Delivery, Signed, Webhook, spark_signature, webex_signature};

use super::{Asked, Bases, Endpoint, Fake, Host, Ports, Provider, Reply, examples, locked, uuid, when};

/// The apps, the person who signed in, and how strict the fake is.
#[derive(Debug, Clone)]
pub struct WebexSettings {
    pub client_id: String,
    pub client_secret: String,
    /// What a person consents to at `/v1/authorize` when no scope is asked for.
    pub scopes: Vec<String>,
    /// The person behind the tokens: owner id and e-mail.
    pub person_id: String,
    pub person_email: String,
    pub service_app_id: String,
    pub developer_token: String,
    pub org_id: String,
    pub access_token_lives: Duration,
    /// Whether a refresh gives a new refresh token and ends the old one.
    pub rotate_refresh_tokens: bool,
    /// Three hours in life.
    pub links_live: Duration,
    /// The admin's list holds only the admin's own recordings until asked for one owner.
    pub admin_sees_only_own: bool,
    /// Notes ask for the bearer token, as the specification says.
    pub notes_need_token: bool,
    /// The audio's content type is not known for certain.
    pub audio_content_type: String,
    pub transcript_content_type: String,
    /// So many failed deliveries in a row make a webhook inactive.
    pub inactive_after: u32,
}

impl Default for WebexSettings {
    fn default() -> Self {
        Self {
            client_id: "C0123456789abcdef".to_owned(),
            client_secret: "s3cr3t".to_owned(),
            scopes: vec![
                "spark-compliance:recordings_read".to_owned(),
                "spark-compliance:recordings_write".to_owned(),
                "spark-compliance:webhooks_read".to_owned(),
                "spark-compliance:webhooks_write".to_owned(),
            ],
            person_id: "c2335e53-c41b-423d-a41e-da0bf56e2038".to_owned(),
            person_email: "ravi.agent@example.com".to_owned(),
            service_app_id: "Y2lzY29zcGFyazovL3VzL0FQUExJQ0FUSU9OL3N2Yw".to_owned(),
            developer_token: "developer-token-0123".to_owned(),
            org_id: "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi9leGFtcGxl".to_owned(),
            access_token_lives: Duration::from_secs(1_209_599),
            rotate_refresh_tokens: false,
            links_live: Duration::from_secs(3 * 3_600),
            admin_sees_only_own: false,
            notes_need_token: false,
            audio_content_type: "audio/mpeg".to_owned(),
            transcript_content_type: "text/vtt".to_owned(),
            inactive_after: 3,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    recordings: Vec<WebexRecording>,
    grants: sign_in::Grants,
    tickets: Vec<download::Ticket>,
    webhooks: Vec<Webhook>,
    /// Counts what needs an id of its own.
    made: u64,
    pages_loop: bool,
    /// Calls that last, with how many recordings of each were begun.
    live: Vec<(String, usize)>,
}

/// The fake; reached through [`Fake`].
pub struct Webex {
    pub settings: WebexSettings,
    bases: Bases,
    clock: when::Clock,
    state: Mutex<State>,
}

impl Webex {
    pub async fn start(settings: WebexSettings) -> Fake<Self> {
        Self::start_on(settings, Ports::default()).await
    }

    pub async fn start_on(settings: WebexSettings, ports: Ports) -> Fake<Self> {
        Fake::start(ports, |bases| Self { settings, bases, clock: when::Clock::default(), state: Mutex::default() })
            .await
    }

    /// Recordings may be added in any order; lists give the newest first.
    pub fn add_recording(&self, recording: WebexRecording) {
        let mut state = locked(&self.state);
        let made = recording.create_time();
        let newer = |old: &WebexRecording| (old.create_time(), &old.id) > (made, &recording.id);
        let place = state.recordings.partition_point(newer);
        state.recordings.insert(place, recording);
    }

    /// Changes a recording; panics when there is none.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut WebexRecording)) {
        change(locked(&self.state).recordings.iter_mut().find(|recording| recording.id == id).unwrap());
    }

    pub fn recording(&self, id: &str) -> Option<WebexRecording> {
        locked(&self.state).recordings.iter().find(|recording| recording.id == id).cloned()
    }

    /// So much time passes at once: links and tokens are that much older.
    pub fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    /// Every page names itself as the next one.
    pub fn loop_pages(&self, on: bool) {
        locked(&self.state).pages_loop = on;
    }

    /// A call that lasts, whose recording can be begun.
    pub fn add_live_call(&self, call_id: &str) {
        locked(&self.state).live.push((call_id.to_owned(), 0));
    }

    /// How often recording of a live call was begun.
    pub fn recordings_begun(&self, call_id: &str) -> usize {
        locked(&self.state).live.iter().filter(|(id, _)| id == call_id).map(|(_, begun)| begun).sum()
    }

    /// A number that was never given before.
    fn next(&self) -> u64 {
        let mut state = locked(&self.state);
        state.made += 1;
        state.made
    }

    fn api(&self, asked: &Asked) -> Reply {
        let Some(scopes) = self.scopes_of(asked) else {
            return error(401, "The request requires a valid access token set in the Authorization request header.");
        };
        match (asked.method.as_str(), &asked.segments()[1..]) {
            ("GET", ["convergedRecordings"]) => self.list(asked, &scopes, false),
            ("GET", ["admin", "convergedRecordings"]) => self.list(asked, &scopes, true),
            ("GET", ["convergedRecordings", id]) => self.details(id, &scopes),
            ("GET", ["convergedRecordings", id, "metadata"]) => self.metadata(asked, id, &scopes),
            ("DELETE", ["convergedRecordings", id]) => self.delete(asked, id, &scopes),
            ("POST", ["convergedRecordings", action @ ("softDelete" | "restore" | "purge")]) => {
                self.move_all(asked, action, &scopes)
            }
            ("POST", ["convergedRecordings", "reassign"]) => self.reassign(asked, &scopes),
            (_, ["webhooks", rest @ ..]) => self.webhooks(asked, rest, &scopes),
            ("POST", ["telephony", "calls", action]) => self.control(asked, action),
            _ => not_found(),
        }
    }

    fn control(&self, asked: &Asked, action: &str) -> Reply {
        let known = ["startRecording", "stopRecording", "pauseRecording", "resumeRecording"];
        let body = asked.json().unwrap_or_default();
        let mut state = locked(&self.state);
        match state.live.iter_mut().find(|(id, _)| body["callId"] == json!(id)) {
            Some((_, begun)) if known.contains(&action) => {
                *begun += usize::from(action == "startRecording");
                Reply::empty(204)
            }
            _ => not_found(),
        }
    }
}

impl Provider for Webex {
    fn endpoint(&self, asked: &Asked) -> Option<Endpoint> {
        if asked.host == Host::Media {
            return Some(if asked.path.contains("Servlet") { Endpoint::Media } else { Endpoint::Transcript });
        }
        match (asked.method.as_str(), asked.segments().as_slice()) {
            (_, ["v1", "access_token" | "authorize" | "applications", ..]) => Some(Endpoint::SignIn),
            ("GET", ["v1", "convergedRecordings"] | ["v1", "admin", "convergedRecordings"]) => Some(Endpoint::List),
            ("GET", ["v1", "convergedRecordings", _]) => Some(Endpoint::Details),
            ("GET", ["v1", "convergedRecordings", _, "metadata"]) => Some(Endpoint::Metadata),
            ("DELETE" | "POST", ["v1", "convergedRecordings", _]) => Some(Endpoint::Delete),
            (_, ["v1", "webhooks", ..]) => Some(Endpoint::Webhooks),
            (_, ["v1", "telephony", ..]) => Some(Endpoint::StartRecording),
            _ => None,
        }
    }

    async fn answer(&self, asked: &Asked) -> Reply {
        let reply = match (asked.host, asked.segments().as_slice()) {
            (Host::Media, _) => self.download(asked),
            (_, ["v1", "access_token"]) => self.token(asked),
            (_, ["v1", "authorize"]) => self.authorize(asked),
            (_, ["v1", "applications", app, "token"]) => self.service_app_token(asked, app),
            (_, ["v1", ..]) => self.api(asked),
            _ => not_found(),
        };
        let tracking = format!("ROUTERGW_{}", uuid("trackingid", self.next()));
        reply.header("trackingid", tracking)
    }
}

/// The API's error body.
fn error(status: u16, message: &str) -> Reply {
    let tracking = "ROUTERGW_6a1d2f30-7b8c-4d9e-8f01-223344556670";
    let body = json!({ "message": message, "errors": [{ "description": message }], "trackingId": tracking });
    Reply::json(status, &body)
}

fn not_found() -> Reply {
    Reply::json(404, &examples::json("webex_error_404.json"))
}

fn forbidden() -> Reply {
    Reply::json(403, &examples::json("webex_error_403.json"))
}
