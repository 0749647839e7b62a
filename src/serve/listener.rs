//! Accepts connections and hands them to the router, within bounds, until told to stop: by TCP, by TLS, or through a
//! socket in the file system.
//!
//! `axum::serve` sets no time limit on a request's head, so a peer that sends it byte by byte would keep its connection
//! for ever; hence this loop on hyper itself. A TLS handshake has the same limit.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{ThroughSocket, ThroughTls};

/// Connections open at once; more wait in the system's backlog.
const CONNECTIONS_MAX: usize = 256;
/// Longest time a request's head, or a TLS handshake, may take, and a kept connection may stand idle. Callers are near.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest request head, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Wait after the system refused a connection (out of file descriptors), so that the loop does not spin.
const REFUSED_WAIT: Duration = Duration::from_secs(1);
/// Who may connect to the socket: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

/// Why a listener cannot be had, as a sentence with the mend.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Certificate or key.
    #[error("{path} cannot be used: {why}. It must be a PEM file that callscribe's user can read.")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The socket.
    #[error("The socket {path} cannot be made: {source}. Its folder must exist and be writable for callscribe's user.")]
    Socket {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else answers there.
    #[error("Another program listens on the socket {0}. Stop it, or choose another path in api.listen_unix.")]
    SocketInUse(PathBuf),
}

/// A way in.
pub enum Listener {
    /// As it is.
    Tcp(TcpListener),
    /// By TLS.
    Tls(TcpListener, TlsAcceptor),
    /// Through the file system.
    Unix(UnixListener, SocketFile),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

/// The file of a socket; gone when the listener is.
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _gone_already = fs::remove_file(&self.0);
    }
}

impl Listener {
    /// TLS on `listener`, with a certificate chain and its key as PEM files, read once: a new certificate is taken at the
    /// next start.
    ///
    /// # Errors
    ///
    /// [`ListenError::Tls`].
    pub fn tls(listener: TcpListener, cert_file: &Path, key_file: &Path) -> Result<Self, ListenError> {
        Ok(Self::Tls(listener, acceptor(cert_file, key_file)?))
    }

    /// A socket at `path` for its owner and the group of its folder. One that a kill left behind is replaced.
    ///
    /// # Errors
    ///
    /// [`ListenError::Socket`], [`ListenError::SocketInUse`].
    pub fn unix(path: &Path) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Socket { path: path.to_owned(), source };
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(ListenError::SocketInUse(path.to_owned()));
        }
        // Made where nobody else can reach it, and moved once it has its permissions.
        let folder = path.parent().unwrap_or(Path::new("/"));
        let aside = tempfile::Builder::new().prefix(".callscribe-").tempdir_in(folder).map_err(failed)?;
        let made = aside.path().join("socket");
        let listener = UnixListener::bind(&made).map_err(failed)?;
        fs::set_permissions(&made, fs::Permissions::from_mode(SOCKET_MODE)).map_err(failed)?;
        if path.exists() && !is_socket(path) {
            return Err(failed(io::Error::other("something else has that name")));
        }
        fs::rename(&made, path).map_err(failed)?;
        Ok(Self::Unix(listener, SocketFile(path.to_owned())))
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(at_once(stream))),
            Self::Tls(listener, acceptor) => {
                listener.accept().await.map(|(stream, _)| Stream::Tls(at_once(stream), acceptor.clone()))
            }
            Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}

/// The last piece of an answer does not wait until the one before it is acknowledged.
fn at_once(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "A connection could not be told to send at once");
    }
    stream
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Reads certificate and key; also for whoever wants to know whether they can be used.
///
/// # Errors
///
/// [`ListenError::Tls`].
pub fn acceptor(cert_file: &Path, key_file: &Path) -> Result<TlsAcceptor, ListenError> {
    let failed = |path: &Path, why: &dyn fmt::Display| ListenError::Tls { path: path.to_owned(), why: why.to_string() };
    let chain = CertificateDer::pem_file_iter(cert_file).map_err(|error| failed(cert_file, &error))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|error| failed(cert_file, &error))?;
    if chain.is_empty() {
        return Err(failed(cert_file, &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| failed(key_file, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(cert_file, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| failed(key_file, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A connection before its first byte.
enum Stream {
    Tcp(TcpStream),
    Tls(TcpStream, TlsAcceptor),
    Unix(UnixStream),
}

/// Serves `router` on `listener` until `stop`; then takes no more connections and gives running requests `drain`.
pub async fn serve(listener: impl Into<Listener>, router: Router, stop: CancellationToken, drain: Duration) {
    let listener = listener.into();
    let router = match &listener {
        Listener::Unix(..) => router.layer(Extension(ThroughSocket)),
        Listener::Tls(..) => router.layer(Extension(ThroughTls)),
        Listener::Tcp(_) => router,
    };
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
            Ok(stream) => {
                connections.spawn(begin(stream, router.clone(), graceful.watcher()));
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

/// One connection, from its first byte.
async fn begin(stream: Stream, router: Router, watcher: Watcher) {
    match stream {
        Stream::Tcp(stream) => converse(stream, router, watcher).await,
        Stream::Unix(stream) => converse(stream, router, watcher).await,
        Stream::Tls(stream, acceptor) => match tokio::time::timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => converse(stream, router, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "A TLS handshake failed"),
            Err(_) => tracing::debug!("A TLS handshake took too long"),
        },
    }
}

/// One connection, request after request.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router, watcher: Watcher) {
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
    let ended = tokio::select! {
        ended = watcher.watch(connection) => ended,
        () = hangup.cancelled() => return,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "A connection ended early");
    }
}
