//! What proves that an event is ours and fresh: HMAC-SHA256 over the time stamp, a dot and the body's bytes.
//!
//! The time stamp is that of the attempt, so that a receiver may refuse what is older than a few minutes; the event's
//! own time and id stay the same.

use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

/// Names the event; the same at every attempt.
pub const EVENT_ID: &str = "x-callscribe-event-id";
/// Seconds since 1970 at which this attempt was signed.
pub const TIMESTAMP: &str = "x-callscribe-timestamp";
/// `v1=` and the signature in hexadecimal digits.
pub const SIGNATURE: &str = "x-callscribe-signature";

/// The value of [`SIGNATURE`].
pub fn sign(secret: &SecretString, at: Timestamp, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(at.as_second().to_string().as_bytes());
    context.update(b".");
    context.update(body);
    let digits: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={digits}")
}
