//! One connection that is kept, and asks one question after the other: what a program beside the daemon does. Written by
//! hand, so that the time is the daemon's and not a client's.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Client {
    stream: BufReader<TcpStream>,
    head: String,
    body: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
        Ok(Self { stream: BufReader::with_capacity(1 << 16, stream), head, body: Vec::new() })
    }

    /// The whole body of a 200; anything else is an error.
    pub fn get(&mut self, target: &str) -> anyhow::Result<&[u8]> {
        let status = self.ask("GET", target)?;
        anyhow::ensure!(status == 200, "{target}: {status} {}", String::from_utf8_lossy(&self.body));
        Ok(&self.body)
    }

    pub fn json(&mut self, target: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(self.get(target)?)?)
    }

    /// Asks for something to be done, and for nothing else.
    pub fn post(&mut self, target: &str) -> anyhow::Result<()> {
        let status = self.ask("POST", target)?;
        anyhow::ensure!(status == 200, "{target}: {status} {}", String::from_utf8_lossy(&self.body));
        Ok(())
    }

    fn ask(&mut self, method: &str, target: &str) -> anyhow::Result<u16> {
        let request = format!("{method} {target} {}", self.head);
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).context("an answer has a status")?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(status)
    }
}
