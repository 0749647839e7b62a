//! What a provider delivers to our door, and what is answered.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;

use super::Listed;

/// One delivery as it came in.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// GET or POST.
    pub method: &'a str,
    /// The address as the provider sees it: the public one, with path and query exactly as they came.
    pub url: &'a Url,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The bytes.
    pub body: &'a [u8],
}

/// What is answered to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The status.
    pub status: u16,
    /// Headers by name.
    pub headers: Vec<(String, String)>,
}

/// What a delivery means.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The answer.
    pub answer: WebhookAnswer,
    /// Recordings it tells of: they are taken in like listed ones.
    pub listed: Vec<Listed>,
    /// The provider's ids of recordings whose details changed: they are asked for again.
    pub changed: Vec<String>,
    /// The provider's ids of recordings of which it has something to say: it is asked for its opinion at once.
    pub opinions: Vec<String>,
    /// Look at the account after these waits: it tells of something that cannot be had yet.
    pub look_after: Vec<Duration>,
    /// A call that has just begun and is to be recorded, where the configuration says so.
    pub record_call: Option<String>,
    /// Why it was not believed, for the log; absent when it was.
    pub refusal: Option<String>,
}

impl Received {
    /// Believed, and nothing to do.
    pub const fn ok() -> Self {
        let answer = WebhookAnswer { status: 200, headers: Vec::new() };
        Self {
            answer,
            listed: Vec::new(),
            changed: Vec::new(),
            opinions: Vec::new(),
            look_after: Vec::new(),
            record_call: None,
            refusal: None,
        }
    }

    /// Not believed. The reason is for the log alone.
    pub fn refused(why: &str) -> Self {
        let answer = WebhookAnswer { status: 403, headers: Vec::new() };
        Self { answer, refusal: Some(why.to_owned()), ..Self::ok() }
    }
}
