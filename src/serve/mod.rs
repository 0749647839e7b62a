//! The HTTP API, on loopback: reads the store and adds work to it. One file a resource.
//!
//! Never runs a step and never decides what a status means. Requests come in through `listener` and `guard`;
//! answers are made of what the store holds ([`view`]) and what the loops beside it report ([`Loops`], filled in by the
//! daemon). Every error has one shape (`error`), every parameter is checked by name (`params`).
//!
//! The console's pages are in `console`. Later resources are files beside these and lines in [`router`].

mod access;
mod analytics;
mod at_provider;
mod audio;
mod auth;
mod caller;
mod calls;
mod console;
mod egress;
mod error;
mod eta;
mod events;
mod fetch;
mod filters;
mod form;
mod guard;
mod health;
mod hub;
mod jobs;
mod listener;
mod loops;
mod metrics;
mod numbers;
mod openapi;
mod opinion;
mod params;
mod providers;
mod queue;
mod recordings;
mod reruns;
pub mod roles;
mod search;
mod sinks;
mod sound;
mod speech;
mod stats;
mod token;
mod transcript;
mod translations;
mod unmasked;
mod uploads;
pub mod view;
mod waveform;
mod webhooks;
mod whole;
mod workers;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::{Router, routing};
use bytes::Bytes;
use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequestLayer;
use tower::{Layer as _, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::Recording;
use crate::clock::{Clock, SystemClock};
use crate::config::{Role, TokenConfig};
use crate::fetch::Files;
use crate::provider::upload::Uploads;
use crate::search::{Search, SearchError};
use crate::store::{Store, StoreError};

use caller::Callers;
pub use caller::{Caller, NoSessions, Proof, SESSION_COOKIE, Sessions, ThroughSocket, ThroughTls};
pub use console::{LINK_LIFE, SignIns};
use error::ApiError;
pub use error::{ErrorBody, ErrorDetail};
pub use listener::{ListenError, Listener, SocketFile, acceptor as tls_acceptor, serve};
pub use loops::{Account, Check, Hearing, Incoming, Looked, Loops, Parked, Reach, Running, Standing, Tongues, Workers};
pub use sinks::Sink;
pub use token::{TOKEN_FILE, TokenError, read as read_token, read_or_make as read_or_make_token};
use whole::WholeAnswers;

/// The list; both ways have a route of their own.
const RECORDINGS: &str = "/api/v1/recordings";

/// Audio files streamed at once. Apart from other requests: a player that was paused holds its stream for hours.
const STREAMS_MAX: usize = 32;

/// Deliveries of providers read at once. Apart from other requests: they come from outside.
const DELIVERIES_MAX: usize = 16;

/// Uploads that come in at once: each keeps a file open and a disk busy.
const UPLOADS_MAX: usize = 8;

/// What the API is made of.
pub struct ApiParts {
    /// Where everything is.
    pub store: Store,
    /// Its full-text search.
    pub search: Search,
    /// The audio files, which are streamed, and removed with their recording.
    pub files: Files,
    /// The loops beside the API.
    pub loops: Arc<dyn Loops>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What callers must show, who may do everything.
    pub token: SecretString,
    /// Who else may come in, and by what name.
    pub door: Door,
    /// The address listened on.
    pub address: SocketAddr,
    /// Longest time a request may take, audio excepted.
    pub request_timeout: Duration,
    /// Largest request body in bytes.
    pub body_bytes_max: usize,
    /// Bounds of what comes in.
    pub intake: Intake,
    /// Ends answers that would last for ever.
    pub stop: CancellationToken,
}

/// Who may come in besides the holder of the token, and by what name.
pub struct Door {
    /// More tokens, with names and roles.
    pub tokens: Vec<TokenConfig>,
    /// What whoever comes through the socket may do.
    pub socket_role: Role,
    /// More names this machine goes by.
    pub hosts: Vec<String>,
    /// `/metrics` answers without a token.
    pub open_metrics: bool,
    /// Who is signed in at the console.
    pub console: SignIns,
    /// Who keeps sessions instead of the console.
    pub sessions: Option<Arc<dyn Sessions>>,
}

impl Default for Door {
    fn default() -> Self {
        let console = SignIns::new(Arc::new(SystemClock));
        Self {
            tokens: Vec::new(),
            socket_role: Role::Operate,
            hosts: Vec::new(),
            open_metrics: false,
            console,
            sessions: None,
        }
    }
}

/// What uploads go to and must keep to.
#[derive(Debug, Clone)]
pub struct Intake {
    /// Where files wait to be moved in.
    pub uploads: Arc<Uploads>,
    /// Largest upload in bytes.
    pub upload_bytes_max: usize,
    /// Most unfinished uploads.
    pub queue_max: u64,
    /// Disk space below which nothing is taken in, in bytes.
    pub free_disk_bytes_min: u64,
}

/// What every resource can reach.
#[derive(Clone)]
struct Api(Arc<Shared>);

struct Shared {
    store: Store,
    search: Search,
    files: Files,
    loops: Arc<dyn Loops>,
    clock: Arc<dyn Clock>,
    request_timeout: Duration,
    streams: Arc<Semaphore>,
    /// The checks that metrics have told of.
    checks_told: Mutex<BTreeSet<String>>,
    deliveries: Arc<Semaphore>,
    whole_answers: WholeAnswers,
    sign_ins: SignIns,
    waveforms: waveform::Waveforms,
    copies: sound::Copies,
    hub: hub::Hub,
    intake: Intake,
    uploading: Arc<Semaphore>,
    hearing: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Api {
    /// Asks the store off the async threads: it waits for the disk.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = self.0.store.clone();
        let answer = tokio::task::spawn_blocking(move || question(&store)).await;
        answer.map_err(|_| ApiError::internal())?.map_err(ApiError::from)
    }

    /// The same for questions that the search index has a part in.
    async fn ask_index<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = self.0.store.clone();
        let answer = tokio::task::spawn_blocking(move || question(&store)).await;
        answer.map_err(|_| ApiError::internal())?.map_err(ApiError::from)
    }

    /// Asks for a text as long as a whole transcript; absent when there is none.
    async fn ask_whole(
        &self,
        question: impl FnOnce(&Store) -> Result<Option<Vec<u8>>, StoreError> + Send + 'static,
    ) -> Result<Option<Bytes>, ApiError> {
        self.0.whole_answers.ask(self.0.store.clone(), question).await
    }

    /// The recording that goes by `id`, ours or the provider's; an error when there is none or it was removed.
    async fn recording(&self, id: String) -> Result<Recording, ApiError> {
        let (found, id) = self.ask(move |store| Ok((store.find(&id)?, id))).await?;
        let recording = found.ok_or_else(|| ApiError::no_recording(&id))?;
        match &recording.deletion {
            Some(deletion) => Err(ApiError::removed(recording.id, deletion)),
            None => Ok(recording),
        }
    }
}

/// All paths, guarded.
pub fn router(parts: ApiParts) -> Router {
    crate::observe::metrics::install();
    let Door { tokens, socket_role, hosts, open_metrics, console, sessions } = parts.door;
    let sessions = sessions.unwrap_or_else(|| Arc::new(console.clone()));
    let callers = Callers::new(&parts.token, tokens, sessions, socket_role);
    let guard = guard::Guard::new(callers, parts.address, hosts, open_metrics);
    let api = Api(Arc::new(Shared {
        store: parts.store,
        search: parts.search,
        files: parts.files,
        loops: parts.loops,
        clock: parts.clock,
        request_timeout: parts.request_timeout,
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        checks_told: Mutex::default(),
        deliveries: Arc::new(Semaphore::new(DELIVERIES_MAX)),
        whole_answers: WholeAnswers::new(),
        sign_ins: console,
        waveforms: waveform::Waveforms::default(),
        copies: sound::Copies::default(),
        hub: hub::Hub::new(parts.stop.clone()),
        stop: parts.stop,
        hearing: Arc::new(Semaphore::new(speech::SPEECH_MAX)),
        intake: parts.intake,
        uploading: Arc::new(Semaphore::new(UPLOADS_MAX)),
    }));
    let upload_bytes_max = api.0.intake.upload_bytes_max;
    let (uploads, uploads_document) = uploads().split_for_parts();
    let (router, mut document) = resources(&api).split_for_parts();
    document.merge(uploads_document);
    openapi::complete(&mut document);
    let routed = router
        .route("/openapi.json", openapi::route(document))
        .merge(webhooks::router())
        .merge(console::router())
        // Asked for both ways by programs in use.
        .route("/api/v1/recordings", routing::get(recordings::list))
        .route("/events", routing::get(events::listen))
        .layer(RequestBodyLimitLayer::new(parts.body_bytes_max))
        .merge(uploads.layer(DefaultBodyLimit::max(upload_bytes_max)))
        .with_state(api)
        .layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(PropagateRequestIdLayer::x_request_id())
                .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
                // Not the URI: its query holds telephone numbers.
                .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
                .layer(from_fn(metrics::count))
                .layer(from_fn(guard::add_headers))
                .layer(from_fn(speech::shape))
                .layer(from_fn(error::shape))
                .layer(CatchPanicLayer::custom(|_| ApiError::internal().into_response()))
                .layer(from_fn_with_state(guard.clone(), guard::check_host))
                .layer(from_fn_with_state(guard.clone(), guard::admit))
                .layer(from_fn_with_state(guard, guard::limit_load)),
        );
    // Around everything, so that roles and metrics see the one path.
    Router::new().fallback_service(MapRequestLayer::new(without_last_slash).layer(routed))
}

/// Paths of the API answer with and without a slash at their end, as the systems before callscribe did.
fn without_last_slash(mut request: Request) -> Request {
    let uri = request.uri();
    let is_one = |path: &&str| path.starts_with("/api/v1/") && !path.ends_with('/') && *path != RECORDINGS;
    let Some(path) = uri.path().strip_suffix('/').filter(is_one) else { return request };
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    // What is no path stays as it came and is not found.
    parts.path_and_query = target.parse().ok();
    if let Ok(uri) = axum::http::Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// What takes files, with a limit of its own. It keeps time itself: it takes as long as the bytes do.
fn uploads() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(uploads::upload))
        .routes(routes!(speech::transcriptions))
        .routes(routes!(speech::translations))
        // Asked for both ways by programs in use.
        .route("/api/v1/recordings", routing::post(uploads::upload))
}

/// One line a resource.
fn resources(api: &Api) -> OpenApiRouter<Api> {
    let timed = OpenApiRouter::new()
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::get, recordings::remove))
        .routes(routes!(recordings::reprocess))
        .routes(routes!(recordings::cancel))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::get, jobs::cancel))
        .routes(routes!(search::search))
        .routes(routes!(numbers::list))
        .routes(routes!(numbers::get))
        .routes(routes!(analytics::get))
        .routes(routes!(transcript::get))
        .routes(routes!(translations::list, translations::ask))
        .routes(routes!(opinion::get))
        .routes(routes!(stats::summary))
        .routes(routes!(providers::list))
        .routes(routes!(speech::models))
        .routes(routes!(speech::model))
        .routes(routes!(queue::get))
        .routes(routes!(console::sign_in::link))
        .routes(routes!(workers::get))
        .routes(routes!(queue::pause))
        .routes(routes!(queue::resume))
        .routes(routes!(queue::try_parked))
        .routes(routes!(reruns::retry_failed))
        .routes(routes!(reruns::reprocess))
        .routes(routes!(sinks::list))
        .routes(routes!(sinks::deliveries))
        .routes(routes!(sinks::replay))
        .routes(routes!(egress::get))
        .routes(routes!(metrics::get))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .layer(from_fn_with_state(api.0.request_timeout, guard::limit_time));
    // These keep time themselves: one streams for as long as somebody listens, one waits on purpose.
    let untimed = OpenApiRouter::new()
        .routes(routes!(audio::play))
        .routes(routes!(audio::stream))
        .routes(routes!(audio::download))
        .routes(routes!(waveform::get))
        .routes(routes!(fetch::fetch))
        .routes(routes!(events::listen))
        .routes(routes!(events::listen_to_job))
        .routes(routes!(calls::record))
        .routes(routes!(auth::begin))
        .routes(routes!(auth::login))
        .routes(routes!(auth::callback))
        .routes(routes!(access::check))
        .routes(routes!(access::test))
        .routes(routes!(sinks::test));
    OpenApiRouter::with_openapi(openapi::document()).merge(timed).merge(untimed)
}

fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<axum::extract::MatchedPath>().map(axum::extract::MatchedPath::as_str);
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    tracing::debug_span!("request", method = %request.method(), route, request_id = id)
}
