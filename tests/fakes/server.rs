//! Two servers a fake, the record of what they were asked, and the faults between asker and answer.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::faults::{Faults, gzip_bomb};
use super::{Asked, Endpoint, Fault, Host, Match, Reply, locked};

/// What a provider brings: the kinds of its requests, and the answers.
pub trait Provider: Send + Sync + 'static {
    fn endpoint(&self, asked: &Asked) -> Option<Endpoint>;
    fn answer(&self, asked: &Asked) -> impl Future<Output = Reply> + Send;
}

/// Where a fake listens, as `http://127.0.0.1:port` without a slash at the end.
#[derive(Debug, Clone)]
pub struct Bases {
    pub api: String,
    pub media: String,
}

/// Ports to listen on; 0 takes a free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    pub api: u16,
    pub media: u16,
}

/// A request with what became of it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub asked: Arc<Asked>,
    pub endpoint: Option<Endpoint>,
    /// `None` while it is being answered, and for ever where the answer hangs.
    pub status: Option<u16>,
}

/// What went over the wires of one fake.
#[derive(Debug, Default)]
pub struct Traffic {
    seen: Mutex<Vec<Seen>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    faults: Faults,
}

/// Counts one request as being in flight until its body is out or its asker is gone.
struct Flight(Arc<Traffic>);

impl Flight {
    fn new(traffic: &Arc<Traffic>) -> Self {
        let now = traffic.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        traffic.most_in_flight.fetch_max(now, Ordering::SeqCst);
        Self(traffic.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A running fake. What is particular to the provider is reached through it, by `Deref`. Ends when dropped.
pub struct Fake<P> {
    provider: Arc<P>,
    traffic: Arc<Traffic>,
    pub bases: Bases,
    servers: [JoinHandle<()>; 2],
}

impl<P> Deref for Fake<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.provider
    }
}

impl<P> Drop for Fake<P> {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

impl<P: Provider> Fake<P> {
    /// Listens on both ports, then makes the provider, which must know its own addresses.
    pub async fn start(ports: Ports, make: impl FnOnce(Bases) -> P) -> Self {
        let [api, media] = [listen(ports.api).await, listen(ports.media).await];
        let bases = Bases { api: base(&api), media: base(&media) };
        let provider = Arc::new(make(bases.clone()));
        let traffic = Arc::new(Traffic::default());
        let servers =
            [(Host::Api, api), (Host::Media, media)].map(|(host, listener)| serve(host, listener, &provider, &traffic));
        Self { provider, traffic, bases, servers }
    }

    /// From now on, and so many times, `fault` befalls those requests to `on` that `which` names.
    pub fn fault(&self, on: Endpoint, which: Match, times: u32, fault: Fault) {
        self.traffic.faults.set(on, which, times, fault);
    }

    /// An outage: every request has this fault until [`Fake::heal`].
    pub fn fault_everywhere(&self, fault: &Fault) {
        Endpoint::ALL.into_iter().for_each(|on| self.fault(on, Match::Any, super::ALWAYS, fault.clone()));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.traffic.faults.clear();
    }

    /// Everything asked so far, in order.
    pub fn requests(&self) -> Vec<Seen> {
        locked(&self.traffic.seen).clone()
    }

    /// What was asked of one endpoint.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<Seen> {
        self.requests().into_iter().filter(|seen| seen.endpoint == Some(endpoint)).collect()
    }

    /// How often an endpoint was asked.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        locked(&self.traffic.seen).iter().filter(|seen| seen.endpoint == Some(endpoint)).count()
    }

    /// Requests to the media host that carried credentials.
    pub fn credentials_on_media_host(&self) -> Vec<Seen> {
        let told = |seen: &Seen| seen.asked.host == Host::Media && seen.asked.headers.contains_key("authorization");
        self.requests().into_iter().filter(told).collect()
    }

    /// Requests that are being answered now, bodies included.
    pub fn in_flight(&self) -> usize {
        self.traffic.in_flight.load(Ordering::SeqCst)
    }

    /// The most that were ever being answered at once.
    pub fn most_in_flight(&self) -> usize {
        self.traffic.most_in_flight.load(Ordering::SeqCst)
    }

    /// Forgets what was asked.
    pub fn forget_requests(&self) {
        locked(&self.traffic.seen).clear();
        self.traffic.most_in_flight.store(self.in_flight(), Ordering::SeqCst);
    }
}

async fn listen(port: u16) -> TcpListener {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await.unwrap()
}

fn base(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

fn serve<P: Provider>(host: Host, listener: TcpListener, provider: &Arc<P>, traffic: &Arc<Traffic>) -> JoinHandle<()> {
    let (provider, traffic) = (provider.clone(), traffic.clone());
    let router = Router::new().fallback(async move |request: Request| one(host, request, &*provider, &traffic).await);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
}

/// One request from its first byte to the head of its answer.
async fn one<P: Provider>(host: Host, request: Request, provider: &P, traffic: &Arc<Traffic>) -> Response {
    let flight = Flight::new(traffic);
    let asked = Arc::new(read(host, request).await);
    let endpoint = provider.endpoint(&asked);
    let place = {
        let mut seen = locked(&traffic.seen);
        seen.push(Seen { asked: asked.clone(), endpoint, status: None });
        seen.len() - 1
    };
    let fault = endpoint.and_then(|endpoint| traffic.faults.find(endpoint, &asked));
    let response = match fault {
        Some(fault) => faulty(fault, provider, &asked, flight).await,
        None => whole(provider.answer(&asked).await, flight),
    };
    if let Some(seen) = locked(&traffic.seen).get_mut(place) {
        seen.status = Some(response.status().as_u16());
    }
    response
}

async fn read(host: Host, request: Request) -> Asked {
    const BODY_MAX: usize = 16 << 20;
    let at = Instant::now();
    let (head, body) = request.into_parts();
    Asked {
        host,
        at,
        method: head.method,
        path: head.uri.path().to_owned(),
        raw_query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: to_bytes(body, BODY_MAX).await.unwrap_or_default(),
    }
}

async fn faulty<P: Provider>(fault: Fault, provider: &P, asked: &Asked, flight: Flight) -> Response {
    match fault {
        Fault::Status { code, retry_after, body } => whole(status(code, retry_after, body), flight),
        Fault::Html => whole(Reply::of(200, "text/html", "<html><body>Please sign in.</body></html>"), flight),
        Fault::RedirectTo(url) => whole(Reply::empty(302).header("location", url), flight),
        Fault::GzipBomb => {
            whole(Reply::of(200, "application/json", gzip_bomb()).header("content-encoding", "gzip"), flight)
        }
        Fault::Endless => respond(Reply::of(200, "application/octet-stream", ""), None, endless(), flight),
        Fault::Hang => {
            let _held = flight;
            std::future::pending().await
        }
        Fault::Late(pause) => {
            tokio::time::sleep(pause).await;
            whole(provider.answer(asked).await, flight)
        }
        Fault::Truncated { after } => truncated(provider.answer(asked).await, after, flight),
        Fault::WrongLength { by } => wrong_length(provider.answer(asked).await, by, flight),
        Fault::SlowDrip { pause } => drip(provider.answer(asked).await, pause, flight),
    }
}

fn status(code: u16, retry_after: Option<String>, body: Option<String>) -> Reply {
    let body = body.unwrap_or_default();
    let kind = if body.starts_with('{') { "application/json" } else { "text/plain" };
    let reply = Reply::of(code, kind, body);
    match retry_after {
        Some(pause) => reply.header("retry-after", pause),
        None => reply,
    }
}

type Pieces = BoxStream<'static, Result<Bytes, std::io::Error>>;

fn pieces(bytes: Bytes) -> Pieces {
    stream::once(async { Ok(bytes) }).boxed()
}

/// Ends a body before its time, after the bytes so far are out.
fn cut(body: Pieces) -> Pieces {
    let end = stream::once(async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(std::io::Error::other("cut"))
    });
    body.chain(end).boxed()
}

fn whole(reply: Reply, flight: Flight) -> Response {
    let (length, body) = (reply.body.len() as u64, pieces(reply.body.clone()));
    respond(reply, Some(length), body, flight)
}

fn truncated(reply: Reply, after: usize, flight: Flight) -> Response {
    let length = reply.body.len() as u64;
    let part = reply.body.slice(..after.min(reply.body.len()));
    respond(reply, Some(length), cut(pieces(part)), flight)
}

fn wrong_length(reply: Reply, by: i64, flight: Flight) -> Response {
    let told = (reply.body.len() as u64).saturating_add_signed(by);
    let part = reply.body.slice(..reply.body.len().min(usize::try_from(told).unwrap()));
    let body = if by > 0 { cut(pieces(part)) } else { pieces(part) };
    respond(reply, Some(told), body, flight)
}

fn drip(reply: Reply, pause: Duration, flight: Flight) -> Response {
    let (length, bytes) = (reply.body.len(), reply.body.clone());
    let one_by_one = stream::iter(0..length).then(move |place| {
        let byte = bytes.slice(place..=place);
        async move {
            tokio::time::sleep(pause).await;
            Ok(byte)
        }
    });
    respond(reply, Some(length as u64), one_by_one.boxed(), flight)
}

fn endless() -> Pieces {
    let block = Bytes::from(vec![b' '; 64 << 10]);
    stream::repeat_with(move || Ok(block.clone())).boxed()
}

fn respond(reply: Reply, length: Option<u64>, body: Pieces, flight: Flight) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    // No body goes with these, and no length.
    if [204, 304].contains(&reply.status) {
        return response.body(Body::empty()).unwrap();
    }
    if let Some(length) = length {
        response = response.header("content-length", length);
    }
    let held = body.map(move |piece| {
        let _in_flight = &flight;
        piece
    });
    response.body(Body::from_stream(held)).unwrap()
}
