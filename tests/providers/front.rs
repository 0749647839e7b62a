//! What stands before callscribe on a customer's machine: a reverse proxy that passes the two doors on, and nothing else.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::fakes::client;

/// Listens before the daemon does, as its address must be in the daemon's configuration.
pub struct Front {
    pub url: String,
    daemon: watch::Sender<Option<SocketAddr>>,
    server: JoinHandle<()>,
}

impl Front {
    pub async fn start() -> Self {
        let (daemon, known) = watch::channel(None);
        let router = Router::new().fallback(async move |request: Request| pass_on(request, known.clone()).await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, daemon, server }
    }

    /// Where requests go; those that came before have waited.
    pub fn leads_to(&self, daemon: SocketAddr) {
        self.daemon.send_replace(Some(daemon));
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass_on(request: Request, mut known: watch::Receiver<Option<SocketAddr>>) -> Response {
    let (head, body) = request.into_parts();
    if !head.uri.path().starts_with("/webhook/") && head.uri.path() != "/auth/callback" {
        return StatusCode::NOT_FOUND.into_response();
    }
    let daemon = known.wait_for(Option::is_some).await.unwrap().unwrap();
    let mut headers = head.headers;
    headers.insert(header::HOST, "localhost".parse().unwrap());
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = client().request(head.method, format!("http://{daemon}{}", head.uri)).headers(headers).body(body);
    let answer = asked.send().await.unwrap();
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let own: [header::HeaderName; 2] = [header::CONNECTION, header::TRANSFER_ENCODING];
    own.iter().for_each(|name| drop(headers.remove(name)));
    let whole: (StatusCode, HeaderMap, Bytes) = (status, headers, answer.bytes().await.unwrap());
    whole.into_response()
}
