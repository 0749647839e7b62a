//! Who may ask, and under which name.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use callscribe::serve::Door;

use crate::common::{PATIENCE, wait_until};
use crate::seed::{Served, TOKEN};

fn with_authorization(served: &Served, lines: &[&str]) -> u16 {
    let host = format!("Host: {}", served.http.address);
    let answer = served.http.raw("GET", "/api/v1/queue", &[&[host.as_str()], lines].concat());
    if answer.status == 401 {
        assert_eq!(answer.error_code(), "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    answer.status
}

#[test]
fn only_the_whole_token_opens() {
    let served = Served::empty();
    let (prefix, longer) = (&TOKEN[..31], format!("{TOKEN}0"));
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    assert_eq!(with_authorization(&served, &[]), 401);
    for wrong in [bearer(""), bearer(prefix), bearer(&longer), bearer(&TOKEN.to_uppercase()), bearer("wrong")] {
        assert_eq!(with_authorization(&served, &[&wrong]), 401, "{wrong}");
    }
    for wrong in [format!("Authorization: {TOKEN}"), format!("Authorization: Basic {TOKEN}"), "Authorization:".into()] {
        assert_eq!(with_authorization(&served, &[&wrong]), 401, "{wrong}");
    }
    assert_eq!(with_authorization(&served, &[&bearer(TOKEN)]), 200);
}

#[test]
fn the_scheme_may_be_written_in_any_case() {
    let served = Served::empty();
    for scheme in ["bearer", "BEARER", "Bearer"] {
        assert_eq!(with_authorization(&served, &[&format!("authorization: {scheme} {TOKEN}")]), 200);
    }
}

#[test]
fn two_tokens_are_none() {
    let served = Served::empty();
    let right = format!("Authorization: Bearer {TOKEN}");
    assert_eq!(with_authorization(&served, &[&right, "Authorization: Bearer wrong"]), 401);
    assert_eq!(with_authorization(&served, &[&right, &right]), 401);
}

#[test]
fn a_token_in_the_query_is_not_looked_at() {
    let served = Served::empty();
    let answer = served.http.raw("GET", &format!("/api/v1/queue?token={TOKEN}"), &["Host: localhost"]);
    assert_eq!(answer.status, 401);
}

#[test]
fn without_a_token_nothing_tells_which_paths_exist() {
    let served = Served::empty();
    for target in ["/", "/api/v1/recordings/", "/api/v1/nothing", "/openapi.json", "/healthz/", "/HEALTHZ"] {
        assert_eq!(served.http.raw("GET", target, &["Host: localhost"]).status, 401, "{target}");
    }
    assert_eq!(served.http.raw("PATCH", "/api/v1/recordings/", &["Host: localhost"]).status, 401);
}

#[test]
fn health_is_open_to_whoever_watches() {
    let served = Served::empty();
    assert_eq!(served.http.raw("GET", "/healthz", &["Host: localhost"]).status, 200);
    assert_eq!(served.http.raw("GET", "/readyz", &["Host: localhost"]).status, 200);
}

#[test]
fn a_request_must_name_this_machine() {
    let served = Served::empty();
    let token = format!("Authorization: Bearer {TOKEN}");
    let ask = |host: &str| served.http.raw("GET", "/api/v1/queue", &[&format!("Host: {host}"), &token]).status;
    for known in ["localhost", "localhost:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:80", "LOCALHOST"] {
        assert_eq!(ask(known), 200, "{known}");
    }
    for rebound in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "2130706433", ""] {
        assert_eq!(ask(rebound), 403, "{rebound}");
    }
}

#[test]
fn a_request_without_a_host_or_with_two_is_refused() {
    let served = Served::empty();
    let token = format!("Authorization: Bearer {TOKEN}");
    let refused = |headers: &[&str]| {
        let answer = served.http.raw("GET", "/api/v1/queue", headers);
        assert_eq!((answer.status, answer.error_code().as_str()), (403, "host_refused"));
    };
    refused(&[&token]);
    refused(&["Host: localhost", "Host: localhost", &token]);
    assert_eq!(served.http.bytes("GET /healthz HTTP/1.0\r\n\r\n").status, 403);
}

#[test]
fn a_full_url_as_target_must_name_this_machine_too() {
    let served = Served::empty();
    let token = format!("Authorization: Bearer {TOKEN}");
    let ask = |target: &str| served.http.raw("GET", target, &["Host: localhost", &token]).status;
    assert_eq!(ask("http://evil.example/api/v1/queue"), 403);
    assert_eq!(ask("http://localhost/api/v1/queue"), 200);
}

#[test]
fn every_answer_forbids_guessing_keeping_running_and_telling() {
    let served = Served::empty();
    for (target, host) in [("/healthz", "localhost"), ("/nothing", "localhost"), ("/api/v1/queue", "evil.example")] {
        let answer = served.http.raw("GET", target, &[&format!("Host: {host}")]);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 36));
    }
}

#[test]
fn no_other_origin_is_let_in() {
    let served = Served::empty();
    let headers = ["Origin: https://evil.example", "Access-Control-Request-Method: GET"];
    for answer in
        [served.http.send("GET", "/api/v1/queue", &headers), served.http.send("OPTIONS", "/api/v1/queue", &headers)]
    {
        let cors = answer.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
        assert_eq!(cors, None);
    }
}

#[test]
fn a_kept_connection_serves_request_after_request() {
    let served = Served::empty();
    let mut stream = TcpStream::connect(served.http.address).unwrap();
    let head = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n");
    let (request, last) = (format!("{head}\r\n"), format!("{head}Connection: close\r\n\r\n"));
    stream.write_all(format!("{request}{request}{last}").as_bytes()).unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert_eq!(all.matches("HTTP/1.1 200 OK").count(), 3);
}

#[test]
fn without_the_token_a_connection_gets_one_answer() {
    let served = Served::empty();
    let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let no_token = "GET /api/v1/queue HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let wrong_token = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\r\n";
    let wrong_host = "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    for request in [health, no_token, wrong_token, wrong_host] {
        let mut stream = TcpStream::connect(served.http.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.repeat(3).as_bytes()).unwrap();
        let mut all = Vec::new();
        // What was sent after the first request was never read, so the end may come as a reset.
        let _end = stream.read_to_end(&mut all);
        let all = String::from_utf8(all).unwrap();
        assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{all}");
        assert!(all.contains("connection: close"), "{all}");
    }
}

#[test]
fn who_asks_on_and_on_without_a_token_and_never_reads_shuts_nobody_out() {
    let served = Served::empty();
    let requests = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    let deaf: Vec<TcpStream> = (0..256)
        .map(|_| {
            let mut stream = TcpStream::connect(served.http.address).unwrap();
            stream.set_nonblocking(true).unwrap();
            // Until nothing more can be sent, because nobody takes it or because the other side has hung up.
            while stream.write(requests.as_bytes()).is_ok() {}
            stream
        })
        .collect();
    assert_eq!(served.http.get("/api/v1/queue").status, 200);
    drop(deaf);
}

#[test]
fn more_requests_than_are_worked_on_at_once_are_told_to_come_back() {
    let served = Served::empty();
    served.loops.set(|report| report.stuck = true);
    let request = format!(
        "POST /api/v1/recordings/fetch?wait=true HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Length: 0\r\n\r\n"
    );
    // More than there are seats: some of these are refused themselves.
    let waiting: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(served.http.address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    // Asks nothing of the database, which all of these write to first.
    let workers = || served.http.get("/api/v1/workers");
    let refused = wait_until("no seat is left", || Some(workers()).filter(|answer| answer.status == 503));
    assert_eq!(refused.error_code(), "busy");
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
    assert_eq!(served.http.get("/healthz").status, 200, "who watches is answered");
    drop(waiting);
    wait_until("the seats are free again", || (workers().status == 200).then_some(()));
}

#[test]
fn a_request_that_takes_too_long_is_ended_and_told_so() {
    let served = Served::within(Door::default(), Duration::from_millis(50));
    let id = served.completed("call-1", "2026-11-20T09:00:00Z");
    served.loops.set(|report| report.stuck = true);
    let answer = served.http.delete(&format!("/api/v1/recordings/{id}?delete_from_provider=true"));
    assert_eq!((answer.status, answer.error_code().as_str()), (504, "timed_out"));
    assert!(served.store.get(id).unwrap().unwrap().deletion.is_none(), "what did not end has removed nothing");
}
