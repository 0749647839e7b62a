//! The calls to Twilio: where its hosts are, how an account signs in, how many requests are on their way at once.
//!
//! Signs in with HTTP Basic on every request (fact sheet, section 1): there is no token, so nothing is renewed and a 401
//! is final. Credentials go to the API's own hosts, never to storage of the customer's.

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::refusals::{Ask, Refusals};
use super::wire;
use crate::call::Disposition;
use crate::config::{AccountConfig, TwilioConfig};
use crate::provider::client::{Answer, Auth, CallError, Client, HostRule, Hosts, Places, Request, Timing};
use crate::provider::{Pages, ProviderError};

/// Requests of one account on their way at once. Twilio limits concurrency and publishes no number (section 9).
const CONCURRENT_MAX: usize = 8;
/// Where the voice API begins.
const VOICE: &str = "/2010-04-01/Accounts";
/// Sentences and results asked for at once; up to 5000 are allowed (section 7).
const ITEMS_PER_PAGE: &str = "1000";

/// One account's way to Twilio.
pub(super) struct Api {
    client: Client,
    account_sid: String,
    auth: Auth,
    base: String,
    intelligence: Option<String>,
    turns: Semaphore,
    /// Keeps addresses inside this network as they are written.
    allow_private: bool,
    /// What refusals mean.
    pub(super) refusals: Refusals,
}

impl Api {
    pub(super) fn new(config: &AccountConfig, twilio: &TwilioConfig, timing: Timing) -> Result<Self, ProviderError> {
        let refusals = Refusals::of(config, twilio);
        let base = match &config.base_url {
            Some(base) => base.clone(),
            None => format!("https://{}", host(twilio).map_err(|why| refusals.misconfigured(&why))?),
        };
        let intelligence = intelligence(config, twilio);
        let mut rules: Vec<HostRule> =
            [Some(&base), intelligence.as_ref()].into_iter().flatten().filter_map(|base| rule(base)).collect();
        rules.extend(config.media_hosts.iter().cloned().map(HostRule::Exact));
        if config.base_url.is_none() {
            rules.push(HostRule::Below("twilio.com".to_owned()));
        }
        let hosts = Hosts { rules, places: Places::with_private(config.allow_private_addresses) };
        let client = Client::new(hosts, timing).map_err(|error| refusals.sentence(Ask::List, &error))?;
        let (user, secret) = match (&twilio.api_key_sid, &twilio.api_key_secret) {
            (Some(user), Some(secret)) => (user, Some(secret)),
            _ => (&twilio.account_sid, twilio.auth_token.as_ref()),
        };
        let Some(secret) = secret else {
            return Err(refusals.misconfigured("there is neither auth_token_file nor api_key_secret_file"));
        };
        Ok(Self {
            client,
            account_sid: twilio.account_sid.clone(),
            auth: Auth::Basic { user: user.clone(), secret: secret.clone() },
            base,
            intelligence,
            turns: Semaphore::new(CONCURRENT_MAX),
            allow_private: config.allow_private_addresses,
            refusals,
        })
    }

    /// The client, for downloads.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// The account's SID.
    pub(super) fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// Whether Voice Intelligence may be asked.
    pub(super) const fn has_intelligence(&self) -> bool {
        self.intelligence.is_some()
    }

    /// Below the account in the voice API: `Recordings/RE….json`.
    pub(super) fn voice(&self, rest: &str) -> Result<Url, ProviderError> {
        self.address(&format!("{}{VOICE}/{}/{rest}", self.base, self.account_sid))
    }

    /// Where a recording stands, for good: the API's address of its audio, without an ending.
    pub(super) fn locator(&self, recording: &str) -> String {
        format!("{}{VOICE}/{}/Recordings/{recording}", self.base, self.account_sid)
    }

    /// In Voice Intelligence: `Transcripts/GT…`.
    pub(super) fn intelligence(&self, rest: &str) -> Result<Url, ProviderError> {
        let base = self.intelligence.as_deref().unwrap_or_default();
        self.address(&format!("{base}/v2/{rest}"))
    }

    /// The page behind this one: an address below the host, or a whole one (section 3). Only on the API's own origin.
    pub(super) fn next_page(&self, next: &str) -> Option<Url> {
        let whole = next.starts_with('/') && !next.starts_with("//");
        let url = Url::parse(&if whole { format!("{}{next}", self.base) } else { next.to_owned() }).ok()?;
        let ours = [Some(&self.base), self.intelligence.as_ref()];
        let is_ours = |base: &String| Url::parse(base).is_ok_and(|base| base.origin() == url.origin());
        ours.into_iter().flatten().any(is_ours).then_some(url)
    }

    /// Where audio in storage of the customer's lies; absent where it lies at Twilio. Addresses that begin with `http:`
    /// are asked with TLS (section 4).
    pub(super) fn elsewhere(&self, media_url: &str) -> Option<Url> {
        let mut url = Url::parse(media_url).ok()?;
        let host = url.host_str()?.to_owned();
        let own =
            Url::parse(&self.base).ok().and_then(|base| Some(base.host_str()? == host && base.port() == url.port()));
        if own == Some(true) || host == "twilio.com" || host.ends_with(".twilio.com") {
            return None;
        }
        if !self.allow_private && url.scheme() == "http" {
            url.set_scheme("https").ok()?;
        }
        Some(url)
    }

    fn address(&self, text: &str) -> Result<Url, ProviderError> {
        Url::parse(text).map_err(|error| self.refusals.misconfigured(&format!("its address is none: {error}")))
    }

    /// A request with the account's credentials.
    pub(super) fn request(&self, method: Method, url: Url) -> Request {
        Request::new(method, url).auth(self.auth.clone())
    }

    /// Sends a request in its turn.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, CallError> {
        // The semaphore is never closed; without a turn the request is sent all the same.
        let _turn = self.turns.acquire().await.ok();
        self.client.send(request.header(ACCEPT, HeaderValue::from_static("application/json"))).await
    }

    /// Asks for JSON; the refusal as it came.
    pub(super) async fn try_get(&self, url: Url) -> Result<Value, CallError> {
        self.send(self.request(Method::GET, url)).await?.json()
    }

    /// Asks for JSON.
    pub(super) async fn get(&self, ask: Ask, url: Url) -> Result<Value, ProviderError> {
        self.try_get(url).await.map_err(|error| self.refusals.sentence(ask, &error))
    }

    /// The recording, deleted ones included: what is known of them stays for 40 days (section 6).
    pub(super) async fn recording(&self, recording: &str) -> Result<Value, ProviderError> {
        let mut url = self.voice(&format!("Recordings/{recording}.json"))?;
        url.query_pairs_mut().append_pair("IncludeSoftDeleted", "true");
        self.get(Ask::Recording, url).await
    }

    /// A call; null when Twilio does not know it any more.
    pub(super) async fn call(&self, call: &str) -> Result<Value, ProviderError> {
        let url = self.voice(&format!("Calls/{call}.json"))?;
        self.get(Ask::Call, url).await.or_else(null_when_absent)
    }

    /// The legs that were dialled from a call.
    pub(super) async fn legs(&self, call: &str) -> Result<Vec<Value>, ProviderError> {
        let mut url = self.voice("Calls.json")?;
        url.query_pairs_mut().append_pair("ParentCallSid", call).append_pair("PageSize", ITEMS_PER_PAGE);
        let page = self.get(Ask::Call, url).await.or_else(null_when_absent)?;
        Ok(wire::items(&page, "calls").to_vec())
    }

    /// All items of a listing in Voice Intelligence, page by page.
    pub(super) async fn all(&self, key: &str, mut url: Url) -> Result<Vec<Value>, ProviderError> {
        url.query_pairs_mut().append_pair("PageSize", ITEMS_PER_PAGE);
        let (mut pages, mut all, mut next) = (Pages::default(), Vec::new(), Some(url));
        while let Some(url) = next {
            pages.visit(&url)?;
            let page = self.get(Ask::Transcript, url).await?;
            all.extend(wire::items(&page, key).iter().cloned());
            let meta = page.get("meta").unwrap_or(&Value::Null);
            next = wire::text(meta, "next_page_url").and_then(|next| self.next_page(&next));
        }
        Ok(all)
    }
}

fn null_when_absent(error: ProviderError) -> Result<Value, ProviderError> {
    match error.disposition {
        Disposition::Absent => Ok(Value::Null),
        _ => Err(error),
    }
}

/// The API's host. A region without an edge is served no more (section 2); `us1` is where nothing is named.
fn host(twilio: &TwilioConfig) -> Result<String, String> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let (edge, region) = (twilio.edge.as_deref(), twilio.region.as_deref());
    if ![edge, region].into_iter().flatten().all(is_word) {
        return Err("region and edge are single words, like ie1 and dublin".to_owned());
    }
    Ok(match (edge, region) {
        (None, None | Some("us1")) => "api.twilio.com".to_owned(),
        (Some(edge), region) => format!("api.{edge}.{}.twilio.com", region.unwrap_or("us1")),
        (None, Some(region)) => return Err(format!("region {region} is served only with its edge")),
    })
}

/// Voice Intelligence is assumed to be in `us1` alone, and refuses credentials of other regions (section 2). Behind an
/// address of one's own it is where it is said to be.
fn intelligence(config: &AccountConfig, twilio: &TwilioConfig) -> Option<String> {
    let is_usual = config.base_url.is_none() && twilio.region.as_deref().is_none_or(|region| region == "us1");
    let usual = || is_usual.then(|| "https://intelligence.twilio.com".to_owned());
    twilio.intelligence_url.clone().or_else(usual)
}

fn rule(base: &str) -> Option<HostRule> {
    let url = Url::parse(base).ok()?;
    let host = url.host_str()?;
    Some(HostRule::Exact(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(edge: Option<&str>, region: Option<&str>) -> Option<String> {
        let twilio = TwilioConfig {
            account_sid: String::new(),
            auth_token: None,
            api_key_sid: None,
            api_key_secret: None,
            region: region.map(str::to_owned),
            edge: edge.map(str::to_owned),
            intelligence_url: None,
        };
        host(&twilio).ok()
    }

    #[test]
    fn the_host_follows_edge_and_region() {
        assert_eq!(host_of(None, None).as_deref(), Some("api.twilio.com"));
        assert_eq!(host_of(None, Some("us1")).as_deref(), Some("api.twilio.com"));
        assert_eq!(host_of(Some("dublin"), None).as_deref(), Some("api.dublin.us1.twilio.com"));
        assert_eq!(host_of(Some("dublin"), Some("ie1")).as_deref(), Some("api.dublin.ie1.twilio.com"));
        assert_eq!(host_of(None, Some("ie1")), None);
        assert_eq!(host_of(Some("x.evil.org/"), None), None);
    }
}
