//! What the three providers' suites share: an account as it is configured at a fake, a vault in memory, the day on which
//! everything happens, and short words for how errors are to be taken.
//!
//! Used with `#[path = "../common/account.rs"] mod account;`.
#![allow(clippy::unwrap_used, dead_code, reason = "a test that cannot go on should stop; not every suite uses all")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use callscribe::call::Disposition;
use callscribe::config::{AccountConfig, VendorConfig};
use callscribe::provider::oauth::Vault;
use callscribe::provider::{Start, Started};
use jiff::Timestamp;

use crate::fakes::Bases;

/// The moment in which everything happens.
pub fn noon() -> Timestamp {
    "2026-08-14T12:00:00Z".parse().unwrap()
}

/// Keeps tokens in memory.
#[derive(Default)]
pub struct MemoryVault(Mutex<BTreeMap<String, Vec<u8>>>);

impl Vault for MemoryVault {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn save(&self, name: &str, secret: &[u8]) -> Result<(), String> {
        self.0.lock().unwrap().insert(name.to_owned(), secret.to_owned());
        Ok(())
    }
}

/// The account `main` at a fake, with the defaults of a configuration file.
pub fn configured(bases: &Bases, vendor: VendorConfig) -> AccountConfig {
    AccountConfig {
        name: "main".parse().unwrap(),
        poll: Duration::from_secs(3600),
        look_back: Duration::from_secs(24 * 3600),
        overlap: Duration::from_secs(3 * 3600),
        channels: Vec::new(),
        languages: Vec::new(),
        transcripts: true,
        transcripts_after: Duration::from_secs(120),
        webhooks: false,
        record_calls: false,
        base_url: Some(bases.api.clone()),
        media_hosts: vec![bases.media.trim_start_matches("http://").to_owned()],
        allow_private_addresses: true,
        vendor,
    }
}

/// The recording of a call that was begun, with certainty.
pub fn begun(start: Start) -> Started {
    match start {
        Start::Begun(started) => started,
        Start::Unclear(why) => panic!("it is unclear: {why}"),
    }
}

/// `retry 30s`, `park`.
pub fn short(disposition: Disposition) -> String {
    let timed = |word: &str, after: Option<Duration>| match after {
        Some(after) => format!("{word} {}s", after.as_secs()),
        None => word.to_owned(),
    };
    match disposition {
        Disposition::Retry { after } => timed("retry", after),
        Disposition::Wait { after } => timed("wait", after),
        Disposition::Park => "park".to_owned(),
        Disposition::Absent => "absent".to_owned(),
        Disposition::Reject => "reject".to_owned(),
        Disposition::Fatal => "fatal".to_owned(),
    }
}
