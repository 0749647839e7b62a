//! Calls to Webex's API: base address, sign-in, pace, and what a refusal means in a sentence.
//!
//! Bearer tokens go to the API's own host alone. A token that is refused is renewed once and the call repeated once.
//! Calls of one account run side by side a few at a time; after "too many requests" all of them keep still for as long
//! as was asked (fact sheet, section 9: no numbers are published).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::sign_in::AppGrant;
use super::wire;
use crate::call::{AccountName, Disposition};
use crate::config::{AccountConfig, WebexReach};
use crate::provider::client::{Answer, Auth, CallError, Client, HostRule, Hosts, Places, Refusal, Request};
use crate::provider::oauth::Keeper;
use crate::provider::{AccountContext, ProviderError};

/// Where the API is (fact sheet, head).
const BASE: &str = "https://webexapis.com";
/// Hosts that links to audio, transcripts and notes lead to (fact sheet, sections 3, 5 and 6).
const LINK_HOSTS: [&str; 2] = ["webex.com", "wbx2.com"];
/// Calls of one account at once.
const LANES: usize = 4;
/// How long is waited after 429 without a time (fact sheet, section 9).
const TOO_MANY_RETRY: Duration = Duration::from_secs(5);
/// Longest wait of a call itself; longer ones are handed to the caller.
const STILL_MAX: Duration = Duration::from_secs(5);

/// What is asked for: says how a refusal is put and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A page of recordings.
    List,
    /// One recording.
    Details,
    /// What more is known of it.
    Metadata,
    /// Its audio, from the download host.
    Media,
    /// Its transcript, from the download host.
    Transcript,
    /// Webhooks.
    Webhooks,
    /// Removal of a recording.
    Remove,
    /// Beginning to record a call.
    Record,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub(super) struct Trouble {
    /// The status, where there was an answer.
    pub(super) status: Option<u16>,
    /// For the caller's caller.
    pub(super) error: ProviderError,
}

impl From<Trouble> for ProviderError {
    fn from(trouble: Trouble) -> Self {
        trouble.error
    }
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Self {
        Self { status: None, error }
    }
}

/// One account's way to Webex.
pub(super) struct Api {
    pub(super) account: AccountName,
    pub(super) client: Client,
    pub(super) keeper: Keeper,
    pub(super) grant: AppGrant,
    pub(super) reach: WebexReach,
    base: Url,
    lanes: Semaphore,
    /// Until then nothing is asked.
    still_until: Mutex<Option<Instant>>,
}

impl Api {
    /// Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Disposition::Fatal`] when an address in the configuration is none, or this system has no certificates.
    pub(super) fn new(
        config: &AccountConfig,
        context: &AccountContext,
        make_grant: impl FnOnce(Client, Url) -> AppGrant,
        reach: WebexReach,
    ) -> Result<Self, ProviderError> {
        let account = config.name.clone();
        let fatal = |why: String| ProviderError::new(format!("Webex account {account}: {why}"), Disposition::Fatal);
        let base = base(config.base_url.as_deref()).map_err(&fatal)?;
        let mut rules: Vec<HostRule> = LINK_HOSTS.map(|host| HostRule::Below(host.to_owned())).into();
        rules.push(HostRule::Exact(host_of(&base)));
        rules.extend(config.media_hosts.iter().cloned().map(HostRule::Exact));
        let hosts = Hosts { rules, places: Places::with_private(config.allow_private_addresses) };
        let client = Client::new(hosts, context.timing.clone()).map_err(|error| fatal(error.to_string()))?;
        let grant = make_grant(client.clone(), base.clone());
        let name = grant.vault_name(&format!("webex/{account}"));
        let keeper = Keeper::new(name, context.vault.clone(), context.clock.clone());
        let (lanes, still_until) = (Semaphore::new(LANES), Mutex::default());
        Ok(Self { account, client, keeper, grant, reach, base, lanes, still_until })
    }

    /// An address of the API; `parts` are what stands between slashes.
    pub(super) fn url(&self, parts: &[&str]) -> Url {
        with_parts(&self.base, parts)
    }

    /// The listing's address for this account's reach (fact sheet, section 2).
    pub(super) fn list_url(&self) -> Url {
        match self.reach {
            WebexReach::User => self.url(&["convergedRecordings"]),
            WebexReach::Admin | WebexReach::Compliance => self.url(&["admin", "convergedRecordings"]),
        }
    }

    /// Whether an address is of the API's own origin: tokens go nowhere else.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// A token that is good now.
    pub(super) async fn token(&self) -> Result<SecretString, ProviderError> {
        self.keeper.access(&self.grant).await
    }

    /// Asks for something.
    pub(super) async fn get(&self, endpoint: Endpoint, url: Url) -> Result<Answer, Trouble> {
        self.call(endpoint, Request::get(url)).await
    }

    /// Asks for JSON.
    pub(super) async fn get_json(&self, endpoint: Endpoint, url: Url) -> Result<Value, Trouble> {
        let answer = self.get(endpoint, url).await?;
        answer.json().map_err(|error| self.trouble(endpoint, &error))
    }

    /// Sends JSON.
    pub(super) async fn send_json(
        &self,
        endpoint: Endpoint,
        method: Method,
        url: Url,
        body: Value,
    ) -> Result<Answer, Trouble> {
        self.call(endpoint, Request::new(method, url).json(body)).await
    }

    /// Sends a request with the account's token.
    pub(super) async fn call(&self, endpoint: Endpoint, request: Request) -> Result<Answer, Trouble> {
        let _lane = self.enter(endpoint).await?;
        let token = self.token().await?;
        let answered = self.client.send(request.clone().auth(Auth::Bearer(token.clone()))).await;
        let answered = match answered {
            Err(error) if error.status() == Some(401) => {
                let renewed = self.keeper.renew(&token, &self.grant).await?;
                self.client.send(request.auth(Auth::Bearer(renewed))).await
            }
            answered => answered,
        };
        answered.map_err(|error| self.trouble(endpoint, &error))
    }

    /// Takes a lane, and waits while the account keeps still.
    async fn enter(&self, endpoint: Endpoint) -> Result<Option<SemaphorePermit<'_>>, Trouble> {
        // The semaphore is never closed.
        let lane = self.lanes.acquire().await.ok();
        let until = *self.still_until.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        if rest > STILL_MAX {
            let message = format!(
                "Webex account {}: {} is not asked for yet: Webex answered 429 to an earlier call and wants to be left \
                 alone for {} s more.",
                self.account,
                what(endpoint),
                rest.as_secs() + 1
            );
            // Nothing was asked, so nothing was tried.
            let disposition = Disposition::Wait { after: Some(rest) };
            return Err(Trouble { status: Some(429), error: ProviderError::new(message, disposition) });
        }
        tokio::time::sleep(rest).await;
        Ok(lane)
    }

    /// What a failed call means.
    pub(super) fn trouble(&self, endpoint: Endpoint, error: &CallError) -> Trouble {
        let status = error.status();
        let disposition = self.disposition(endpoint, error);
        if let (Some(429), Disposition::Retry { after: Some(after) }) = (status, disposition)
            && !matches!(endpoint, Endpoint::Media | Endpoint::Transcript)
        {
            let until = Instant::now().checked_add(after);
            *self.still_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        }
        Trouble { status, error: ProviderError::new(self.sentence(endpoint, error), disposition) }
    }

    fn disposition(&self, endpoint: Endpoint, error: &CallError) -> Disposition {
        let CallError::Refused(refusal) = error else { return error.disposition() };
        match (refusal.status, endpoint) {
            // The download host takes no credentials: what it refuses is the link, and the next one may be good.
            (401 | 403 | 404 | 410, Endpoint::Media | Endpoint::Transcript) => Disposition::Wait { after: None },
            (404, Endpoint::List | Endpoint::Webhooks) => Disposition::Reject,
            (429, _) => Disposition::Retry { after: Some(refusal.retry_after.unwrap_or(TOO_MANY_RETRY)) },
            _ => error.disposition(),
        }
    }

    fn sentence(&self, endpoint: Endpoint, error: &CallError) -> String {
        let (account, what) = (&self.account, what(endpoint));
        let mend = self.mend(endpoint, error);
        match error {
            CallError::Refused(refusal) => {
                format!("Webex account {account}: {what} was refused with {}.{mend}", said(refusal))
            }
            _ => format!("Webex account {account}: {what} could not be had. {error}{mend}"),
        }
    }

    fn mend(&self, endpoint: Endpoint, error: &CallError) -> String {
        let is_link = matches!(endpoint, Endpoint::Media | Endpoint::Transcript);
        match error {
            CallError::ForeignHost { .. } if is_link => {
                " If that is where your recordings lie, add the host to media_hosts of this account.".to_owned()
            }
            CallError::Refused(refusal) => match refusal.status {
                400 if endpoint == Endpoint::Remove => {
                    " Webex did not take the request; delete the recording in Control Hub.".to_owned()
                }
                401 | 403 | 404 | 410 if is_link => {
                    " The link was new; it is asked for again later, with another one.".to_owned()
                }
                401 => format!(" {}", self.grant.sign_in_again()),
                403 => format!(" {}", scope_advice(endpoint, self.reach)),
                404 if endpoint == Endpoint::List => {
                    " There is nothing at this address; check base_url and reach of this account.".to_owned()
                }
                404 | 410 if endpoint == Endpoint::Record => " The call is over or is not known.".to_owned(),
                404 | 410 => " It was purged, or this account may not see it.".to_owned(),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }
}

fn what(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::List => "the list of recordings",
        Endpoint::Details => "the details of a recording",
        Endpoint::Metadata => "the metadata of a recording",
        Endpoint::Media => "the audio of a recording",
        Endpoint::Transcript => "the transcript of a recording",
        Endpoint::Webhooks => "the webhook",
        Endpoint::Remove => "the removal of a recording",
        Endpoint::Record => "the start of a recording",
    }
}

/// Scopes that a call needs (fact sheet, section 1).
fn scope_advice(endpoint: Endpoint, reach: WebexReach) -> String {
    let prefix = match reach {
        WebexReach::User => "spark:",
        WebexReach::Admin => "spark-admin:",
        WebexReach::Compliance => "spark-compliance:",
    };
    let scope = match endpoint {
        Endpoint::Webhooks => "spark-compliance:webhooks_read and spark-compliance:webhooks_write".to_owned(),
        Endpoint::Remove => format!("{prefix}recordings_write"),
        Endpoint::Record => "spark:calls_write, and a recording mode that lets this user begin recordings".to_owned(),
        _ => format!("{prefix}recordings_read"),
    };
    let who = match reach {
        WebexReach::Compliance => " A full administrator who is also compliance officer must approve it.",
        WebexReach::Admin => " Whoever signed in must be an administrator.",
        WebexReach::User => "",
    };
    format!("It needs the scope {scope}: add it to the integration at developer.webex.com and sign in again.{who}")
}

/// The other side's own words: status, code, message, and the id its support asks for (fact sheet, section 9).
pub(super) fn said(refusal: &Refusal) -> String {
    let body = refusal.json();
    let first = &body["errors"][0];
    let message = wire::text(&body, "message")
        .or_else(|| wire::text(first, "description"))
        .or_else(|| wire::text(&body, "error_description"));
    let code = wire::text(first, "errorCode").or_else(|| wire::text(&body, "error"));
    let tracking = refusal.headers.get("trackingid").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let tracking = wire::text(&body, "trackingId").or(tracking).filter(|id| wire::is_id(id));
    let mut said = refusal.status.to_string();
    if let Some(code) = code {
        said.push_str(&format!(" {}", wire::plain(&code)));
    }
    if let Some(message) = message {
        said.push_str(&format!(" \"{}\"", wire::plain(&message)));
    }
    if let Some(tracking) = tracking {
        said.push_str(&format!(" (trackingId {tracking})"));
    }
    said
}

/// The API's base with `/v1/` at its end.
fn base(configured: Option<&str>) -> Result<Url, String> {
    let text = configured.unwrap_or(BASE).trim_end_matches('/');
    let text = text.strip_suffix("/v1").unwrap_or(text);
    Url::parse(&format!("{text}/v1/")).map_err(|error| format!("base_url is no address: {error}."))
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// `base` with more parts in its path, each encoded.
pub(super) fn with_parts(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}
