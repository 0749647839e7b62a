//! The only way to a provider: HTTP requests to the hosts an account may reach, within limits.
//!
//! Never sends anything to another host: every request, and every redirect, is checked against [`Hosts`], and what a name
//! resolves to must be a public address unless the account says otherwise. Credentials go to the origin they were meant
//! for and are dropped when a redirect leaves it. Answers are bounded in size and time; compressed ones are not asked
//! for. What a status means for a recording is said by the vendors' folders, with what [`CallError`] tells them.

mod download;
mod error;
mod hosts;
mod rates;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

pub use download::Downloaded;
pub use error::{CallError, Refusal, retry_after};
pub use hosts::{HostRule, Hosts, Places};
pub use rates::Rates;
pub use traffic::{HostTraffic, Traffic};

/// Longest time to reach a host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Redirects followed: media hosts need one, sign-in pages two.
const REDIRECTS_MAX: usize = 5;
/// Largest answer that is not audio: a page of 1000 recordings comes to about 1.5 MB.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What is read of a refusal: error bodies are short, login pages are not.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// Named as RingCentral asks for it.
const USER_AGENT: &str = concat!("callscribe/", env!("CARGO_PKG_VERSION"));

/// How long is waited for what.
#[derive(Debug, Clone)]
pub struct Timing {
    /// For an answer that is not audio, all of it.
    pub answer: Duration,
    /// Between two pieces of any answer.
    pub pause: Duration,
    /// For one audio file, all of it.
    pub download: Duration,
    /// After this long a download that comes slower than half a kilobyte a second is broken off.
    pub patience: Duration,
    /// For a turn at a host, which is not part of the times above.
    pub rates: Rates,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(60),
            pause: Duration::from_secs(30),
            download: Duration::from_secs(3600),
            patience: Duration::from_secs(60),
            rates: Rates::unlimited(),
        }
    }
}

/// Who a request comes from.
#[derive(Debug, Clone)]
pub enum Auth {
    /// The link itself is the permission.
    Nobody,
    /// User and password.
    Basic {
        /// The user, which is no secret.
        user: String,
        /// The password.
        secret: SecretString,
    },
    /// A token.
    Bearer(SecretString),
}

/// Says when a request may be sent, and learns from every answer how much more is allowed.
pub trait Pace: std::fmt::Debug + Send + Sync {
    /// Waits for this request's turn. Such waits are not part of [`Timing::answer`].
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`] when the turn is too far off to wait for.
    fn turn(&self) -> BoxFuture<'_, Result<(), CallError>>;

    /// An answer came, good or bad.
    fn answered(&self, status: StatusCode, headers: &HeaderMap);
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    url: Url,
    auth: Auth,
    headers: HeaderMap,
    body: Body,
    pace: Option<Arc<dyn Pace>>,
}

#[derive(Debug, Clone)]
enum Body {
    Nothing,
    Form(Vec<(String, String)>),
    Json(Value),
    Bytes(Bytes),
}

impl Request {
    /// A request without credentials or body.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, auth: Auth::Nobody, headers: HeaderMap::new(), body: Body::Nothing, pace: None }
    }

    /// Asks for something.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Says who asks.
    #[must_use]
    pub fn auth(self, auth: Auth) -> Self {
        Self { auth, ..self }
    }

    /// Sends a form.
    #[must_use]
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { body: Body::Form(fields), ..self }
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, value: Value) -> Self {
        Self { body: Body::Json(value), ..self }
    }

    /// Sends these very bytes; what they are is said in a header.
    #[must_use]
    pub fn bytes(self, bytes: Bytes) -> Self {
        Self { body: Body::Bytes(bytes), ..self }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Is sent when it is its turn, and again when a download is gone on with.
    #[must_use]
    pub fn paced(self, pace: Arc<dyn Pace>) -> Self {
        Self { pace: Some(pace), ..self }
    }

    async fn turn(&self) -> Result<(), CallError> {
        match &self.pace {
            Some(pace) => pace.turn().await,
            None => Ok(()),
        }
    }

    /// Where it goes.
    pub const fn url(&self) -> &Url {
        &self.url
    }
}

/// A 2xx answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// All of its body.
    pub body: Bytes,
    host: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// [`CallError::Broken`] when it is something else.
    pub fn json(&self) -> Result<Value, CallError> {
        let broken = |_| CallError::broken(&self.host, "is not the JSON it should be");
        serde_json::from_slice(&self.body).map_err(broken)
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A client for one account.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    hosts: Arc<Hosts>,
    timing: Timing,
    answer_bytes_max: usize,
    traffic: Traffic,
}

impl Client {
    /// A client that reaches `hosts` and nothing else.
    ///
    /// # Errors
    ///
    /// [`CallError::Network`] when the system's certificates cannot be used.
    pub fn new(hosts: Hosts, timing: Timing) -> Result<Self, CallError> {
        let hosts = Arc::new(hosts);
        let http = tls(reqwest::Client::builder())
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(timing.pause)
            .dns_resolver(hosts::PlacedNames::of(&hosts))
            // A proxy from the environment would be one more host that sees everything.
            .no_proxy()
            .build()
            .map_err(|error| CallError::network("the network", &error))?;
        Ok(Self { http, hosts, timing, answer_bytes_max: ANSWER_BYTES_MAX, traffic: Traffic::default() })
    }

    /// The same, with less to be read of an answer.
    #[must_use]
    pub fn reading_at_most(self, answer_bytes_max: usize) -> Self {
        Self { answer_bytes_max, ..self }
    }

    /// Where data has gone.
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Whether an address may be asked at all; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`CallError::ForeignHost`], [`CallError::PrivateAddress`].
    pub fn check(&self, url: &Url) -> Result<(), CallError> {
        self.hosts.check(url)
    }

    /// Sends a request and reads all of the answer.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; everything but a 2xx is [`CallError::Refused`].
    pub async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let host = host_of(&request.url);
        self.hosts.check(&request.url)?;
        self.turn(&request).await?;
        let answered = tokio::time::timeout(self.timing.answer, self.answer(request));
        answered.await.unwrap_or_else(|_| Err(CallError::TimedOut { host, seconds: self.timing.answer.as_secs() }))
    }

    /// Sends a request and reads nothing of a 2xx answer but its status.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub async fn deliver(&self, request: Request) -> Result<StatusCode, CallError> {
        let host = host_of(&request.url);
        self.hosts.check(&request.url)?;
        let answered = tokio::time::timeout(self.timing.answer, self.follow(&request)).await;
        let answered = answered.map_err(|_| CallError::TimedOut { host, seconds: self.timing.answer.as_secs() })?;
        Ok(answered?.status())
    }

    /// Waits until the request may be sent: first what its own account allows, then what all accounts keep to.
    async fn turn(&self, request: &Request) -> Result<(), CallError> {
        request.turn().await?;
        self.timing.rates.turn(&host_of(&request.url)).await;
        Ok(())
    }

    async fn answer(&self, request: Request) -> Result<Answer, CallError> {
        let response = self.follow(&request).await?;
        let (status, headers, host) = (response.status(), response.headers().clone(), host_of(response.url()));
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(CallError::broken(&host, "is compressed, which was not asked for"));
        }
        let body = self.read(response, self.answer_bytes_max).await?;
        Ok(Answer { status, headers, body, host })
    }

    /// Sends a request, follows redirects, answers with a 2xx whose body has not been read.
    async fn follow(&self, request: &Request) -> Result<Response, CallError> {
        let mut url = request.url.clone();
        for _ in 0..=REDIRECTS_MAX {
            self.hosts.check(&url)?;
            let host = host_of(&url);
            let network = |error| CallError::network(&host, &error);
            let built = self.build(request, &url).build().map_err(network)?;
            let body_bytes = built.body().and_then(reqwest::Body::as_bytes).map_or(0, |body| body.len() as u64);
            self.count_sent(&host, body_bytes);
            let response = self.http.execute(built).await.map_err(network)?;
            let status = response.status();
            if let Some(pace) = &request.pace {
                pace.answered(status, response.headers());
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            match location.filter(|_| status.is_redirection() && request.method == Method::GET) {
                Some(location) => {
                    let broken = |_| CallError::broken(&host, "redirects to something that is no address");
                    url = url.join(location).map_err(broken)?;
                }
                None if status.is_success() => return Ok(response),
                None => return Err(self.refusal(response).await),
            }
        }
        Err(CallError::broken(&host_of(&url), "redirects again and again"))
    }

    fn build(&self, request: &Request, url: &Url) -> reqwest::RequestBuilder {
        let mut builder = self.http.request(request.method.clone(), url.clone()).headers(request.headers.clone());
        // Credentials are for the origin they were meant for, wherever a redirect leads.
        if url.origin() == request.url.origin() {
            builder = match &request.auth {
                Auth::Nobody => builder,
                Auth::Basic { user, secret } => builder.basic_auth(user, Some(secret.expose_secret())),
                Auth::Bearer(token) => builder.bearer_auth(token.expose_secret()),
            };
        }
        match &request.body {
            Body::Nothing => builder,
            Body::Form(fields) => builder.form(fields),
            Body::Json(value) => builder.json(value),
            Body::Bytes(bytes) => builder.body(bytes.clone()),
        }
    }

    fn count_sent(&self, host: &str, bytes: u64) {
        self.traffic.sent(host, bytes);
        Traffic::of_all().sent(host, bytes);
        crate::observe::metrics::sent(bytes);
    }

    fn count_received(&self, host: &str, bytes: u64) {
        self.traffic.received(host, bytes);
        Traffic::of_all().received(host, bytes);
    }

    async fn refusal(&self, response: Response) -> CallError {
        let (status, headers, host) = (response.status().as_u16(), response.headers().clone(), host_of(response.url()));
        // An error whose body does not come is an error all the same.
        let body = tokio::time::timeout(self.timing.answer, self.read(response, REFUSAL_BYTES_MAX)).await;
        let body = body.unwrap_or_else(|_| Ok(Bytes::new())).unwrap_or_default();
        CallError::Refused(Box::new(Refusal { host, status, retry_after: retry_after(&headers), headers, body }))
    }

    async fn read(&self, mut response: Response, bytes_max: usize) -> Result<Bytes, CallError> {
        let host = host_of(response.url());
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|error| CallError::network(&host, &error))? {
            self.count_received(&host, piece.len() as u64);
            if body.len() + piece.len() > bytes_max {
                return Err(CallError::TooLarge { host, max_bytes: bytes_max as u64 });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }
}

/// The host of an address, with its port where it names one.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nowhere");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// TLS as everywhere in this program: rustls with ring, the certificates that come with it or the system's.
fn tls(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only when another thread was quicker; then a provider is there as well.
        rustls::crypto::ring::default_provider().install_default().ok();
    }
    builder
}
