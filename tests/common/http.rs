//! HTTP/1.1 by hand, so that a test can send what no proper client would.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::PATIENCE;

/// Asks one server, with its token.
#[derive(Debug, Clone)]
pub struct Http {
    pub address: SocketAddr,
    pub token: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Http {
    pub fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[])
    }

    pub fn post(&self, target: &str) -> Answer {
        self.send("POST", target, &["Content-Length: 0"])
    }

    pub fn delete(&self, target: &str) -> Answer {
        self.send("DELETE", target, &[])
    }

    /// With the right Host and token, and further header lines.
    pub fn send(&self, method: &str, target: &str, headers: &[&str]) -> Answer {
        let token = format!("Authorization: Bearer {}", self.token);
        let host = format!("Host: {}", self.address);
        self.raw(method, target, &[&[host.as_str(), token.as_str()], headers].concat())
    }

    /// With these header lines and no others.
    pub fn raw(&self, method: &str, target: &str, headers: &[&str]) -> Answer {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        self.bytes(&format!("{method} {target} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n"))
    }

    /// Whatever `text` is.
    pub fn bytes(&self, text: &str) -> Answer {
        self.request(text.as_bytes())
    }

    /// The same, where it is no text.
    pub fn request(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A server that refuses may close before it has read all.
        let _refused_early = stream.write_all(request);
        let mut bytes = Vec::new();
        // A server that refuses a body may reset the connection after its answer.
        let _end = stream.read_to_end(&mut bytes);
        Answer::read(&bytes)
    }
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let answer = Self { status: status.expect("a status line"), headers, body: bytes[end + 4..].to_vec() };
        assert_eq!(answer.header("transfer-encoding"), None, "every answer has a known length");
        answer
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }

    /// The code of an error, whose body must have the one shape all errors have.
    pub fn error_code(&self) -> String {
        let body = self.json();
        let error = body["error"].as_object().expect("an error");
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
        assert_eq!(error.keys().collect::<Vec<_>>(), ["code", "message", "hint"]);
        assert!(error.values().all(|value| value.as_str().is_some_and(|text| !text.is_empty())), "{body}");
        error["code"].as_str().unwrap_or_default().to_owned()
    }
}
