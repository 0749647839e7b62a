//! One request as a fake sees it, and one answer before any fault befalls it.

use std::time::Instant;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Which of a fake's two servers was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Where the API is.
    Api,
    /// Where media lie.
    Media,
}

/// A request, read whole.
#[derive(Debug, Clone)]
pub struct Asked {
    pub host: Host,
    pub at: Instant,
    pub method: Method,
    pub path: String,
    /// As it came, not decoded.
    pub raw_query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    /// Every value of a query parameter, decoded.
    pub fn query_all(&self, name: &str) -> Vec<String> {
        values(self.raw_query.as_bytes(), name)
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        self.query_all(name).into_iter().next()
    }

    /// Every value of a form field of the body.
    pub fn form_all(&self, name: &str) -> Vec<String> {
        values(&self.body, name)
    }

    /// The first value of a form field of the body.
    pub fn form(&self, name: &str) -> Option<String> {
        self.form_all(name).into_iter().next()
    }

    /// The body as JSON; `None` when it is not.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// User and password of `Authorization: Basic`.
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        decoded.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// True for a form in the body.
    pub fn is_form(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    }

    /// The parts of the path between slashes.
    pub fn segments(&self) -> Vec<&str> {
        self.path.trim_matches('/').split('/').collect()
    }

    /// Path and query as they stood in the request line.
    pub fn target(&self) -> String {
        if self.raw_query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.raw_query) }
    }
}

fn values(encoded: &[u8], name: &str) -> Vec<String> {
    form_urlencoded::parse(encoded).filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

/// An answer; its length is told with it.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json;charset=utf-8", body.to_string())
    }

    pub fn of(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// What an asker with `Range` gets; `None` when the range lies outside.
    pub fn ranged(self, range: Option<&str>) -> Option<Self> {
        let Some(range) = range else { return Some(self) };
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let length = self.body.len();
        let (start, end) = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(start), Ok(end)) => (start, end.min(length.saturating_sub(1))),
            (Ok(start), Err(_)) => (start, length.saturating_sub(1)),
            (Err(_), Ok(tail)) => (length.saturating_sub(tail), length.saturating_sub(1)),
            _ => return None,
        };
        if start > end || start >= length {
            return None;
        }
        let part = Self { status: 206, body: self.body.slice(start..=end), ..self };
        Some(part.header("content-range", format!("bytes {start}-{end}/{length}")))
    }
}
