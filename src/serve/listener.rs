//! Accepts connections and hands them to the router, within bounds, until told to stop.
//!
//! `axum::serve` sets no time limit on a request's head, so a peer that sends it byte by byte would keep its connection
//! for ever; hence this loop on hyper itself.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Connections open at once; more wait in the system's backlog.
const CONNECTIONS_MAX: usize = 256;
/// Longest time a request's head may take to arrive, and a kept connection may stand idle. Callers are on this machine.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest request head, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Wait after the system refused a connection (out of file descriptors), so that the loop does not spin.
const REFUSED_WAIT: Duration = Duration::from_secs(1);

/// Serves `router` on `listener` until `stop`; then takes no more connections and gives running requests `drain`.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, drain: Duration) {
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            tokio::select! {
                _ = connections.join_next() => {}
                () = stop.cancelled() => break,
            }
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Finished connections are let go of as they end, not when the next one comes.
            Some(_) = connections.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(converse(stream, peer, router.clone(), &graceful));
            }
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted");
                tokio::time::sleep(REFUSED_WAIT).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "Requests were still running at the end of the drain time and are cut off"
        );
    }
}

/// Closes the connection that a request came by. Every request carries its connection's.
#[derive(Debug, Clone)]
pub(super) struct Hangup(pub(super) CancellationToken);

/// One connection, request after request.
fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    let hangup = CancellationToken::new();
    let carried = Hangup(hangup.clone());
    let router = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(carried.clone());
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let watched = graceful.watch(connection);
    async move {
        let ended = tokio::select! {
            ended = watched => ended,
            () = hangup.cancelled() => return,
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "A connection ended early");
        }
    }
}
