//! What the fakes send by themselves: callbacks, events, handshakes. And an ear that tests can let them talk to.

use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{Asked, Host, Reply, locked};

/// What came back on a delivery.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// `None` when nobody answered in time.
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Delivered {
    /// True for any 2xx.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The body as JSON; panics when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A client as a test needs it: no redirects followed, no proxies.
pub fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// Sends a POST and waits for `patience`.
pub async fn post(url: &str, headers: &[(&str, String)], body: impl Into<Bytes>, patience: Duration) -> Delivered {
    send(Method::POST, url, headers, body.into(), patience).await
}

/// Any request, as a test would make it by hand.
pub async fn ask(method: Method, url: &str, headers: &[(&str, String)], body: impl Into<Bytes>) -> Delivered {
    send(method, url, headers, body.into(), Duration::from_secs(30)).await
}

async fn send(method: Method, url: &str, headers: &[(&str, String)], body: Bytes, patience: Duration) -> Delivered {
    let mut request = client().request(method, url).timeout(patience).body(body);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    answer(request).await.unwrap_or(Delivered { status: None, headers: Vec::new(), body: Bytes::new() })
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Delivered, reqwest::Error> {
    let response = request.send().await?;
    let status = Some(response.status().as_u16());
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Ok(Delivered { status, headers, body: response.bytes().await? })
}

/// A stand-in for callscribe's own webhook paths: writes down what it hears and answers as told.
pub struct Listener {
    pub url: String,
    heard: Arc<Mutex<Vec<Asked>>>,
    server: JoinHandle<()>,
}

impl Listener {
    /// Answers everything with `answer`.
    pub async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (ear, answer) = (heard.clone(), Arc::new(answer));
        let router = Router::new().fallback(async move |request: Request| {
            let asked = hear(request).await;
            let reply = answer(&asked);
            locked(&ear).push(asked);
            response(&reply)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, heard, server }
    }

    /// Everything that came, in order.
    pub fn heard(&self) -> Vec<Asked> {
        locked(&self.heard).clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn hear(request: Request) -> Asked {
    let (head, body) = request.into_parts();
    Asked {
        host: Host::Api,
        at: Instant::now(),
        method: head.method,
        path: head.uri.path().to_owned(),
        raw_query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: to_bytes(body, 1 << 20).await.unwrap_or_default(),
    }
}

fn response(reply: &Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(reply.body.clone().into()).unwrap()
}
