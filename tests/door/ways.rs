//! The ways in: a socket in the file system, and TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::common::{Http, PATIENCE, TestDaemon, wait_until};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/door/tls").join(name)
}

/// One request, and everything that comes back.
fn ask(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n").as_bytes()).unwrap();
    stream.write_all(b"Connection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // Some servers end TLS without a farewell.
    let _end = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn with_socket(folder: &Path, role: &str) -> (TestDaemon, PathBuf) {
    let socket = folder.join("api.sock");
    // The first section the daemon's own settings end with is [pipeline].
    let daemon = TestDaemon::start_with_api(&format!("listen_unix = {socket:?}\nsocket_role = {role:?}\n"), "");
    (daemon, socket)
}

#[test]
fn whoever_may_connect_to_the_socket_may_operate() {
    let folder = tempfile::tempdir().unwrap();
    let (mut daemon, socket) = with_socket(folder.path(), "operate");
    let connect = || UnixStream::connect(&socket).unwrap();
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(ask(connect(), "GET /api/v1/queue").starts_with("HTTP/1.1 200"));
    assert!(ask(connect(), "POST /api/v1/recordings/fetch").starts_with("HTTP/1.1 202"));
    let refused = ask(connect(), "DELETE /api/v1/recordings/nobody");
    assert!(refused.contains("The socket has the role operate; this needs admin."), "{refused}");
    let wrong = ask(connect(), "GET /api/v1/queue HTTP/1.1\r\nAuthorization: Bearer wrong\r\nX:");
    assert!(!wrong.starts_with("HTTP/1.1 200"), "{wrong}");
    daemon.stop();
    assert!(!socket.exists());
}

#[test]
fn a_socket_that_a_kill_left_behind_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (mut daemon, socket) = with_socket(folder.path(), "read");
    daemon.kill();
    assert!(socket.exists());
    daemon.restart();
    assert!(ask(UnixStream::connect(&socket).unwrap(), "GET /api/v1/queue").starts_with("HTTP/1.1 200"));
}

/// A daemon that speaks TLS itself, and its port.
fn by_own_tls() -> (TestDaemon, u16) {
    let port = free_port();
    let api = format!(
        "listen = \"127.0.0.1:{port}\"\ntls_cert_file = {:?}\ntls_key_file = {:?}\n",
        fixture("localhost.crt"),
        fixture("localhost.key"),
    );
    (TestDaemon::start_with_api(&api, ""), port)
}

#[test]
fn tls_is_spoken_and_nothing_else() {
    let (daemon, port) = by_own_tls();
    let token = daemon.http().token;
    let secure = || by_tls(port);
    let authorised = format!("GET /api/v1/queue HTTP/1.1\r\nAuthorization: Bearer {token}\r\nX:");
    assert!(ask(secure(), &authorised).starts_with("HTTP/1.1 200"));
    assert!(ask(secure(), "GET /api/v1/queue").starts_with("HTTP/1.1 401"));
    assert!(!ask(plain(port), &authorised).starts_with("HTTP/1.1"));
    // Commands on this machine still find the daemon.
    assert_eq!(daemon.http().get("/api/v1/queue").status, 200);
}

#[test]
fn the_session_of_a_browser_that_speaks_tls_with_us_is_sent_by_tls_alone() {
    let (daemon, port) = by_own_tls();
    let link = || daemon.http().post("/api/v1/console/link").json()["path"].as_str().unwrap().to_owned();
    let secure = ask(by_tls(port), &format!("GET {} HTTP/1.1\r\nAccept: text/html\r\nX:", link()));
    assert!(secure.contains("set-cookie: callscribe") && secure.contains("; Secure"), "{secure}");
    let plain = daemon.http();
    let host = format!("Host: {}", plain.address);
    let answer = plain.raw("GET", &link(), &[&host, "Accept: text/html"]);
    assert!(!answer.header("set-cookie").unwrap().contains("Secure"), "a loopback without TLS could not send it back");
}

#[test]
fn the_link_of_a_daemon_that_listens_everywhere_names_a_host_it_answers_to() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "a-token-of-enough-characters-for-anybody").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let api = format!("listen = \"0.0.0.0:0\"\ntoken_file = {token:?}\nbehind_tls_proxy = true\n");
    let daemon = TestDaemon::start_with_api(&api, "");
    let link = wait_until("the link is printed", || {
        let log = daemon.log();
        log.split_whitespace().find(|word| word.contains("/sign-in?code=")).map(str::to_owned)
    });
    let (host, path) = link.strip_prefix("http://").unwrap().split_once("/sign-in").unwrap();
    let address: SocketAddr = host.parse().unwrap_or_else(|_| panic!("{link}"));
    let http = Http { address, token: String::new() };
    let answer = http.raw("GET", &format!("/sign-in{path}"), &[&format!("Host: {host}"), "Accept: text/html"]);
    assert!(answer.header("set-cookie").is_some(), "{link}: {}", answer.status);
}

#[test]
fn a_peer_that_never_begins_its_handshake_is_hung_up_on() {
    let port = free_port();
    let api = format!(
        "listen = \"127.0.0.1:{port}\"\ntls_cert_file = {:?}\ntls_key_file = {:?}\n",
        fixture("localhost.crt"),
        fixture("localhost.key"),
    );
    let _daemon = TestDaemon::start_with_api(&api, "");
    let mut stream = plain(port);
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_certificate_that_cannot_be_used_is_said_by_name() {
    let error = callscribe::serve::tls_acceptor(&fixture("localhost.key"), &fixture("localhost.key")).err().unwrap();
    assert!(error.to_string().contains("localhost.key cannot be used"), "{error}");
    let error = callscribe::serve::tls_acceptor(&fixture("localhost.crt"), &fixture("missing.key")).err().unwrap();
    assert!(error.to_string().contains("missing.key"), "{error}");
}

fn by_tls(port: u16) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("localhost.crt")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(config, name).unwrap(), plain(port))
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn plain(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
