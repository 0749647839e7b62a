//! A sink on loopback that answers as a test says, and a notifier that tells it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use callscribe::clock::{Clock, ManualClock};
use callscribe::config::NotifyConfig;
use callscribe::notify::Notifier;
use callscribe::provider::client::Timing;
use callscribe::store::{Delivery, Store};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::common::wait_until;
use crate::seed::{Seeds, at};

pub const SECRET: &str = "a-secret-of-enough-characters";

/// One request a sink got.
#[derive(Debug, Clone)]
pub struct Heard {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn event_id(&self) -> String {
        self.header("x-callscribe-event-id")
    }

    pub fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }
}

type Reply = Box<dyn Fn(usize, &Heard) -> Option<u16> + Send + Sync>;

/// Listens until it is dropped; what it answers may change at any time. `None` is no answer at all.
pub struct Sink {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    reply: Arc<Mutex<Reply>>,
    _runtime: Runtime,
}

impl Sink {
    pub fn start(reply: impl Fn(usize, &Heard) -> Option<u16> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), reply)
    }

    pub fn start_at(address: SocketAddr, reply: impl Fn(usize, &Heard) -> Option<u16> + Send + Sync + 'static) -> Self {
        let runtime = runtime();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, reply) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Box::new(reply) as Reply)));
        let shared = (Arc::clone(&heard), Arc::clone(&reply));
        let router = Router::new().fallback(move |request| answer(shared.clone(), request));
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, heard, reply, _runtime: runtime }
    }

    /// Answers everything with one status.
    pub fn that_answers(status: u16) -> Self {
        Self::start(move |_, _| Some(status))
    }

    pub fn answers(&self, reply: impl Fn(usize, &Heard) -> Option<u16> + Send + Sync + 'static) {
        *self.reply.lock().unwrap() = Box::new(reply);
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits for so many requests.
    pub fn wait_for(&self, count: usize) -> Vec<Heard> {
        wait_until("the sink has heard enough", || Some(self.heard()).filter(|heard| heard.len() >= count))
    }

    pub fn config(&self, name: &str) -> NotifyConfig {
        config(name, &format!("http://{}/calls", self.address))
    }
}

/// What is heard, and what is answered to it.
type Ears = (Arc<Mutex<Vec<Heard>>>, Arc<Mutex<Reply>>);

/// A redirect, should that be the answer, leads back here.
async fn answer((heard, reply): Ears, request: Request) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let one = Heard { headers: parts.headers, body };
    let place = {
        let mut heard = heard.lock().unwrap();
        heard.push(one.clone());
        heard.len() - 1
    };
    let status = reply.lock().unwrap()(place, &one);
    match status {
        Some(status) => (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")]),
        None => std::future::pending().await,
    }
}

pub fn config(name: &str, url: &str) -> NotifyConfig {
    NotifyConfig {
        name: name.to_owned(),
        url: url.to_owned(),
        secret: SECRET.to_owned().into(),
        events: ["completed", "failed", "partial", "category_matched"].map(str::to_owned).to_vec(),
        provider: None,
        account: None,
        allow_private_addresses: true,
        include_transcript: true,
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A store whose ends are told, on a clock that stands still.
pub struct Told {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub notifier: Notifier,
    pub state: tempfile::TempDir,
    stop: CancellationToken,
    runtime: Option<Runtime>,
}

impl Told {
    pub fn start(sinks: &[NotifyConfig]) -> Self {
        Self::on(tempfile::tempdir().unwrap(), sinks)
    }

    pub fn on(state: tempfile::TempDir, sinks: &[NotifyConfig]) -> Self {
        let store = Store::open(&state.path().join("callscribe.redb")).unwrap();
        let clock = Arc::new(ManualClock::at(at("2026-11-20T13:00:00Z")));
        let timing = Timing { answer: Duration::from_millis(500), ..Timing::default() };
        let shared: Arc<dyn Clock> = clock.clone();
        let notifier = Notifier::new(&store, &shared, sinks, &timing).unwrap();
        let (runtime, stop) = (runtime(), CancellationToken::new());
        let (running, token) = (notifier.clone(), stop.clone());
        runtime.spawn(async move { running.run(token).await.unwrap() });
        Self { store, clock, notifier, state, stop, runtime: Some(runtime) }
    }

    pub fn seeds(&self) -> Seeds<'_> {
        Seeds { store: &self.store, recordings: self.recordings() }
    }

    fn recordings(&self) -> PathBuf {
        self.state.path().join("recordings")
    }

    /// Lets time pass, and everybody look what is due.
    pub fn pass(&self, time: Duration) {
        self.clock.advance_ms(i64::try_from(time.as_millis()).unwrap());
        self.notifier.hurry();
    }

    pub fn deliveries(&self, sink: &str, status: &str) -> Vec<Delivery> {
        self.store.deliveries(sink, Some(status), 100).unwrap()
    }

    /// Waits until so many deliveries stand like this, letting an hour pass again and again.
    pub fn wait_for(&self, sink: &str, status: &str, count: usize) -> Vec<Delivery> {
        wait_until("deliveries stand as they should", || {
            self.pass(Duration::from_secs(3600));
            Some(self.deliveries(sink, status)).filter(|found| found.len() >= count)
        })
    }

    /// Ends everything at once and gives back the folder.
    pub fn cut_off(mut self) -> tempfile::TempDir {
        self.end();
        std::mem::replace(&mut self.state, tempfile::tempdir().unwrap())
    }

    fn end(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.end();
    }
}
