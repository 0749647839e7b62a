//! Every call to RingCentral's API: tokens, addresses, rates, and one renewal and repetition after 401.
//!
//! Call log and audio are counted together as "heavy", ten a minute; each group has its [`Pace`] (fact sheet, section 8).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::pace::Pace;
use super::sentence::{What, sentence};
use super::sign_in::SignIn;
use crate::call::{AccountName, Disposition};
use crate::clock::Clock;
use crate::config::{AccountConfig, RingCentralConfig, VendorConfig};
use crate::provider::client::{Answer, Auth, CallError, Client, Downloaded, HostRule, Hosts, Places, Request};
use crate::provider::oauth::{Keeper, Tokens, vault_name};
use crate::provider::{AccountContext, ProviderError};

const API_URL: &str = "https://platform.ringcentral.com";
const MEDIA_URL: &str = "https://media.ringcentral.com";

/// How a request is counted (fact sheet, section 8). Sign-in has a group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Call log, audio, removal: 10 a minute.
    Heavy,
    /// Subscriptions: 40 a minute.
    Medium,
    /// Renewal, insights, call control: 50 a minute.
    Light,
}

/// One account's way to RingCentral.
pub struct Api {
    /// Which account.
    pub account: AccountName,
    /// Tells when a look ends.
    pub clock: Arc<dyn Clock>,
    client: Client,
    base: Url,
    media: Url,
    sign_in: SignIn,
    keeper: Keeper,
    heavy: Arc<Pace>,
    medium: Arc<Pace>,
    light: Arc<Pace>,
    /// The last request was answered, in whatever way.
    is_reached: AtomicBool,
}

/// One request to the API.
#[derive(Debug, Clone)]
pub struct Ask {
    /// For the sentence when it fails.
    pub what: What,
    /// How it is counted.
    pub group: Group,
    /// How.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// With what.
    pub body: Option<Value>,
}

impl Ask {
    /// Asks for something.
    pub const fn get(what: What, group: Group, url: Url) -> Self {
        Self { what, group, method: Method::GET, url, body: None }
    }
}

/// Why something could not be had: the refusal itself where there is one, for those who know what it means there.
#[derive(Debug)]
pub enum Failure {
    /// Nobody was asked: there is no token.
    SignIn(ProviderError),
    /// It was asked for.
    Call(CallError),
}

impl Failure {
    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::SignIn(_) => None,
            Self::Call(error) => error.status(),
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self::SignIn(error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Api {
    /// Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Disposition::Fatal`] when an address is none, or there is nothing to sign in with.
    pub fn new(config: &AccountConfig, context: &AccountContext) -> Result<Self, ProviderError> {
        let account = config.name.clone();
        let fatal = |why: String| {
            let message = format!("The RingCentral account '{account}' cannot be used: {why}");
            ProviderError { message, disposition: Disposition::Fatal }
        };
        let VendorConfig::RingCentral(vendor) = &config.vendor else {
            return Err(fatal("its section in the configuration is another provider's.".to_owned()));
        };
        let RingCentralConfig { client_id, client_secret: Some(client_secret), jwt: Some(jwt), .. } = vendor else {
            return Err(fatal("signing in needs client_secret_file and jwt_file.".to_owned()));
        };
        let url = |given: Option<&str>, usual: &str| {
            Url::parse(given.unwrap_or(usual)).map_err(|error| fatal(format!("an address of it is none: {error}.")))
        };
        let base = url(config.base_url.as_deref(), API_URL)?;
        let media = url(vendor.media_url.as_deref(), MEDIA_URL)?;
        let rules = [host_of(&base), host_of(&media)].into_iter().chain(config.media_hosts.iter().cloned());
        let hosts = Hosts {
            rules: rules.map(HostRule::Exact).collect(),
            places: Places::with_private(config.allow_private_addresses),
        };
        let client = Client::new(hosts, context.timing.clone()).map_err(|error| fatal(error.to_string()))?;
        let pace = |limit| Arc::new(Pace::new(&host_of(&base), limit));
        let sign_in = SignIn {
            account: account.clone(),
            client: client.clone(),
            url: below(&base, "restapi/oauth/token"),
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
            jwt: jwt.clone(),
            clock: Arc::clone(&context.clock),
            pace: pace(5),
        };
        let credentials = [base.as_str(), client_id, jwt.expose_secret()];
        let name = vault_name(&format!("ringcentral/{account}"), &credentials);
        let keeper = Keeper::new(name, Arc::clone(&context.vault), Arc::clone(&context.clock));
        let (heavy, medium, light) = (pace(10), pace(40), pace(50));
        let (clock, is_reached) = (Arc::clone(&context.clock), AtomicBool::new(false));
        Ok(Self { account, clock, client, base, media, sign_in, keeper, heavy, medium, light, is_reached })
    }

    /// An address of the API.
    pub fn url(&self, path: &str) -> Url {
        below(&self.base, path)
    }

    /// Where the audio of a recording usually lies.
    pub fn content_url(&self, recording_id: &str) -> Url {
        below(&self.media, &format!("restapi/v1.0/account/~/recording/{recording_id}/content"))
    }

    /// Whether an address is the API's own: nothing else is ever taken for a page of it.
    pub fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && self.client.check(url).is_ok()
    }

    /// The last request was answered, in whatever way.
    pub fn is_reached(&self) -> bool {
        self.is_reached.load(Ordering::Relaxed)
    }

    /// What the account is allowed, as far as it is signed in.
    ///
    /// # Errors
    ///
    /// As [`Keeper::held`].
    pub async fn held(&self) -> Result<Option<Tokens>, ProviderError> {
        self.keeper.held().await
    }

    /// Signs in, if it is not yet.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub async fn token(&self) -> Result<SecretString, ProviderError> {
        let token = self.keeper.access(&self.sign_in).await;
        self.note_sign_in(&token);
        token
    }

    /// A JSON answer; null where the answer is empty.
    ///
    /// # Errors
    ///
    /// One sentence.
    pub async fn json(&self, ask: Ask) -> Result<Value, ProviderError> {
        let what = ask.what;
        self.try_json(ask).await.map_err(|failure| self.explain(what, failure))
    }

    /// As [`Api::json`], for those who know what a refusal means.
    ///
    /// # Errors
    ///
    /// The refusal itself.
    pub async fn try_json(&self, ask: Ask) -> Result<Value, Failure> {
        let answer = self.send(ask).await?;
        if answer.body.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        Ok(answer.json()?)
    }

    async fn send(&self, ask: Ask) -> Result<Answer, Failure> {
        let token = self.token().await?;
        let mut request = Request::new(ask.method, ask.url).paced(self.pace(ask.group));
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        let sent = self.client.send(request.clone().auth(Auth::Bearer(token.clone()))).await;
        let sent = match sent {
            Err(CallError::Refused(refusal)) if refusal.status == 401 => {
                let token = self.renewed(&token).await?;
                self.client.send(request.auth(Auth::Bearer(token))).await
            }
            sent => sent,
        };
        Ok(self.note(sent)?)
    }

    /// Audio into a file. The bearer goes to the account's own hosts and no further (fact sheet, section 3).
    ///
    /// # Errors
    ///
    /// The refusal itself.
    pub async fn download(&self, url: Url, into: &Path, bytes_max: u64) -> Result<Downloaded, Failure> {
        let token = self.token().await?;
        let request = Request::get(url).paced(self.pace(Group::Heavy));
        let sent = self.client.download(request.clone().auth(Auth::Bearer(token.clone())), into, bytes_max).await;
        let sent = match sent {
            Err(CallError::Refused(refusal)) if refusal.status == 401 => {
                let token = self.renewed(&token).await?;
                self.client.download(request.auth(Auth::Bearer(token)), into, bytes_max).await
            }
            sent => sent,
        };
        Ok(self.note(sent)?)
    }

    /// What a failure means where nobody knows better.
    pub fn explain(&self, what: What, failure: Failure) -> ProviderError {
        match failure {
            Failure::SignIn(error) => error,
            Failure::Call(error) => sentence(&self.account, what, &error),
        }
    }

    async fn renewed(&self, refused: &SecretString) -> Result<SecretString, ProviderError> {
        let token = self.keeper.renew(refused, &self.sign_in).await;
        self.note_sign_in(&token);
        token
    }

    fn pace(&self, group: Group) -> Arc<Pace> {
        Arc::clone(match group {
            Group::Heavy => &self.heavy,
            Group::Medium => &self.medium,
            Group::Light => &self.light,
        })
    }

    fn note<T>(&self, sent: Result<T, CallError>) -> Result<T, CallError> {
        let is_reached = matches!(&sent, Ok(_) | Err(CallError::Refused(_)));
        self.is_reached.store(is_reached, Ordering::Relaxed);
        sent
    }

    /// A refused sign-in was answered; one that failed otherwise may not have been.
    fn note_sign_in(&self, token: &Result<SecretString, ProviderError>) {
        if let Err(error) = token {
            self.is_reached.store(error.disposition == Disposition::Park, Ordering::Relaxed);
        }
    }
}

/// A path below a base address, which may have a path of its own.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
