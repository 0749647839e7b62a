//! Fakes of Twilio, RingCentral and Webex Calling: real HTTP servers on the loopback that answer as the providers
//! document it, and misbehave when told to.
//!
//! Used with `#[path = "../fakes/mod.rs"] mod fakes;`. Each fake listens twice, as the providers do: an API and, on
//! another port, the host that media lie on. Every request is written down, and any endpoint can be made to fail:
//!
//! ```ignore
//! let twilio = Twilio::start(TwilioSettings::default()).await;
//! twilio.fault(Endpoint::List, Match::Any, 2, Fault::status(503));
//! assert_eq!(twilio.count(Endpoint::List), 0);
//! ```
#![allow(dead_code, missing_docs, unused_imports, clippy::unwrap_used, clippy::needless_pass_by_value)]

mod asked;
mod deliver;
pub mod examples;
mod faults;
pub mod ringcentral;
mod server;
mod sound;
pub mod twilio;
pub mod webex;
mod when;
pub mod world;

pub use asked::{Asked, Host, Reply};
pub use deliver::{Delivered, Listener, ask, client};
pub use faults::{ALWAYS, Endpoint, Fault, Match};
pub use ringcentral::{CallLogRecord, RingCentral, RingCentralSettings};
pub use server::{Bases, Fake, Ports, Provider, Seen};
pub use sound::{SampleCall, Sound, Turn, Word};
pub use twilio::{Twilio, TwilioCall, TwilioRecording, TwilioSettings};
pub use webex::{Webex, WebexRecording, WebexSettings};
pub use world::{Expected, World};

use std::sync::{Mutex, MutexGuard};

/// Locks; a test that panicked with the lock must not hide behind a second panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Letters and digits that differ for every `n` and are the same on every run.
fn hex(kind: &str, n: u64, digits: usize) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{kind} {n}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..digits].to_owned()
}

/// A UUID made from `n`, the same on every run.
fn uuid(kind: &str, n: u64) -> String {
    let hex = hex(kind, n, 32);
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
