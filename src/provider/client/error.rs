//! Why a request brought nothing, in sentences that name the host and never an address with a key in it.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::call::Disposition;

/// How long is waited after "too many requests" without a time: RingCentral asks for half a minute at least.
const TOO_MANY_RETRY: Duration = Duration::from_secs(30);
/// Longest wait taken from the other side. A date in the next year is a fault, not a wish.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The address leads to a host this account has nothing to do with.
    #[error("{host} is none of this account's hosts; nothing was sent to it.")]
    ForeignHost {
        /// The host.
        host: String,
    },
    /// The address lies inside this network.
    #[error(
        "{host} is an address inside this network, and nothing was sent to it. If that is meant, set allow_private_addresses = true."
    )]
    PrivateAddress {
        /// The address.
        host: String,
    },
    /// The address lies outside of this network, and what was to be sent may not leave it.
    #[error("{host} is not on this machine or in this network, and nothing was sent to it.")]
    RemoteAddress {
        /// The address.
        host: String,
    },
    /// No answer in time.
    #[error("{host} had not answered after {seconds} s.")]
    TimedOut {
        /// Who.
        host: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The connection could not be made, or broke.
    #[error("{host} could not be reached: {why}.")]
    Network {
        /// Who.
        host: String,
        /// What the system or the TLS library said.
        why: String,
    },
    /// More than is accepted.
    #[error("{host} sent more than {max_bytes} bytes.")]
    TooLarge {
        /// Who.
        host: String,
        /// What is accepted.
        max_bytes: u64,
    },
    /// Something else than what was asked for.
    #[error("The answer of {host} {what}.")]
    Broken {
        /// Who.
        host: String,
        /// What is wrong with it.
        what: String,
    },
    /// The file could not be written.
    #[error("The audio could not be written: {0}.")]
    Write(std::io::Error),
    /// A status that is no success.
    #[error("{} answered {}.", .0.host, .0.status)]
    Refused(Box<Refusal>),
}

/// An answer that is no success.
#[derive(Debug)]
pub struct Refusal {
    /// Who.
    pub host: String,
    /// The status.
    pub status: u16,
    /// How long to wait, where it says so.
    pub retry_after: Option<Duration>,
    /// Its headers.
    pub headers: HeaderMap,
    /// The beginning of its body.
    pub body: Bytes,
}

impl Refusal {
    /// The body as JSON; null when it is something else.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl CallError {
    /// Whether the request may have been carried out all the same: only what changes nothing is safe to ask again. A host
    /// that was never reached has carried nothing out.
    pub const fn may_have_worked(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Network { .. } | Self::Broken { .. } => true,
            Self::Refused(refusal) => refusal.status >= 500,
            _ => false,
        }
    }

    /// The answer was not what it should be.
    pub(super) fn broken(host: &str, what: &str) -> Self {
        Self::Broken { host: host.to_owned(), what: what.to_owned() }
    }

    /// Nothing came, or not all of it.
    pub(super) fn network(host: &str, error: &reqwest::Error) -> Self {
        // The outermost error names the address with its query; the innermost says what happened.
        let mut why = "the connection broke".to_owned();
        let mut cause = std::error::Error::source(error);
        while let Some(below) = cause {
            why = below.to_string();
            cause = below.source();
        }
        Self::Network { host: host.to_owned(), why }
    }

    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// What follows from it where the vendor says nothing else.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::ForeignHost { .. }
            | Self::PrivateAddress { .. }
            | Self::RemoteAddress { .. }
            | Self::TooLarge { .. } => Disposition::Reject,
            Self::TimedOut { .. } | Self::Network { .. } | Self::Broken { .. } | Self::Write(_) => {
                Disposition::Retry { after: None }
            }
            Self::Refused(refusal) => of_status(refusal.status, refusal.retry_after),
        }
    }
}

fn of_status(status: u16, after: Option<Duration>) -> Disposition {
    match status {
        401 | 403 => Disposition::Park,
        404 | 410 => Disposition::Absent,
        408 | 409 | 423 | 425 | 428 | 500..=599 => Disposition::Retry { after },
        429 => Disposition::Retry { after: Some(after.unwrap_or(TOO_MANY_RETRY)) },
        _ => Disposition::Reject,
    }
}

/// How long the other side asks to wait: seconds, or a date (RFC 9110, section 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}
