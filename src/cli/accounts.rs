//! How the configured accounts stand at their providers, and which sinks are gone, for `callscribe check`. Asks the daemon
//! when one runs, since it holds the accounts' tokens; else the providers themselves, with the tokens the daemon keeps: one
//! that is renewed here is kept for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use serde_json::Value;

use super::archive::{Archive, encoded};
use super::check::{Finding, Grade};
use crate::clock::SystemClock;
use crate::config::{AccountConfig, Config};
use crate::daemon::{self, DATABASE_FILE};
use crate::provider::client::{Rates, Timing};
use crate::provider::oauth::Vault;
use crate::provider::{self, Access, AccountContext};
use crate::store::{SEAL_FILE, Sealed, Store, StoreError};

/// Who knows of accounts and sinks.
enum Known {
    /// The daemon.
    Daemon(Archive),
    /// Its database, which nobody else has open.
    Here(Store),
    /// There is none yet, or it cannot be opened.
    Nobody,
}

impl Known {
    async fn of(config: &Config) -> Self {
        let database = config.state_dir.join(DATABASE_FILE);
        if !database.exists() {
            return Self::Nobody;
        }
        match tokio::task::spawn_blocking(move || Store::open(&database)).await {
            Ok(Ok(store)) => Self::Here(store),
            Ok(Err(StoreError::InUse { .. })) => match Archive::open(config).await {
                Ok(archive) if archive.is_daemon() => Self::Daemon(archive),
                _ => Self::Nobody,
            },
            _ => Self::Nobody,
        }
    }
}

/// One finding an account, and one a sink that is gone and has deliveries.
pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    let known = Known::of(config).await;
    let vault = vault(config, &known).await;
    let mut findings = Vec::new();
    for account in &config.accounts {
        findings.push(match &known {
            Known::Daemon(daemon) => by_daemon(daemon, account).await,
            Known::Here(_) | Known::Nobody => directly(config, account, Arc::clone(&vault)).await,
        });
    }
    findings.extend(forsaken(config, &known).await.into_iter().map(|(name, pending)| Finding {
        subject: format!("webhook {name}"),
        grade: Grade::Note,
        message: format!(
            "It is not configured any more and {pending} events wait for it. Configure a sink of this name to deliver them; \
             after thirty days they are let go of."
        ),
    }));
    findings
}

/// The daemon's tokens, where it does not run; never makes the key they are sealed with, which would be whoever runs this.
async fn vault(config: &Config, known: &Known) -> Arc<dyn Vault> {
    if let Known::Here(store) = known
        && config.state_dir.join(SEAL_FILE).exists()
    {
        let (store, state_dir) = (store.clone(), config.state_dir.clone());
        if let Ok(Ok(sealed)) = tokio::task::spawn_blocking(move || Sealed::open(&store, &state_dir)).await {
            return daemon::vault(sealed);
        }
    }
    Arc::new(Forgetful::default())
}

/// Sinks that are not configured, with how many events wait for them.
async fn forsaken(config: &Config, known: &Known) -> Vec<(String, u64)> {
    let configured: Vec<String> = config.notify.iter().map(|sink| sink.name.clone()).collect();
    match known {
        Known::Daemon(daemon) => {
            let answer = daemon.json(Method::GET, "/api/v1/webhooks").await.unwrap_or_default();
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            let named = |item: &Value| Some((item["name"].as_str()?.to_owned(), item["pending"].as_u64()?));
            let known = items.iter().filter_map(named);
            known.filter(|(name, pending)| *pending > 0 && !configured.contains(name)).collect()
        }
        Known::Here(store) => {
            let store = store.clone();
            let asked = tokio::task::spawn_blocking(move || {
                let count = |name: String| Ok((name.clone(), store.sink_counts(&name)?.pending));
                let forsaken = store.forsaken_sinks(&configured)?.into_iter().map(|sink| count(sink.name));
                forsaken.collect::<Result<Vec<_>, StoreError>>()
            });
            let asked = asked.await.ok().and_then(Result::ok).unwrap_or_default();
            asked.into_iter().filter(|(_, pending)| *pending > 0).collect()
        }
        Known::Nobody => Vec::new(),
    }
}

async fn by_daemon(daemon: &Archive, account: &AccountConfig) -> Finding {
    let target = format!("/api/v1/providers/{}/check", encoded(account.name.as_str()));
    let answer = match daemon.json(Method::POST, &target).await {
        Ok(answer) => answer,
        Err(error) => return problem(account, format!("{error:#}")),
    };
    let kind = account.kind();
    let items = answer["items"].as_array().into_iter().flatten();
    let Some(item) = items.into_iter().find(|item| item["provider"] == kind.as_str()) else {
        return problem(account, "The daemon does not know this account; restart it.".to_owned());
    };
    let texts = |key: &str| -> Vec<String> {
        item[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let count = item["visible_recordings"].as_u64().and_then(|count| usize::try_from(count).ok());
    let at_least = item["at_least"] == true;
    finding(
        account,
        &Access {
            is_reachable: item["is_reachable"] == true,
            is_signed_in: item["is_signed_in"] == true,
            missing: texts("missing"),
            visible: count.map(|count| provider::Visible { count, at_least }),
            advice: texts("advice"),
        },
    )
}

async fn directly(config: &Config, account: &AccountConfig, vault: Arc<dyn Vault>) -> Finding {
    let context = AccountContext {
        clock: Arc::new(SystemClock),
        vault,
        public_url: config.webhooks.public_url.clone(),
        local_url: format!("http://localhost:{}", config.api.listen.port()),
        timing: Timing { rates: Rates::per_second(config.pipeline.host_requests_per_s_max), ..Timing::default() },
    };
    match provider::connect(account, context) {
        Ok(provider) => finding(account, &provider.access().await),
        Err(error) => problem(account, error.message),
    }
}

fn finding(account: &AccountConfig, access: &Access) -> Finding {
    if !access.is_signed_in || !access.advice.is_empty() || !access.missing.is_empty() {
        let mut said = access.advice.clone();
        if !access.missing.is_empty() {
            said.push(format!("Missing: {}.", access.missing.join(", ")));
        }
        if said.is_empty() {
            said.push("The account is not signed in.".to_owned());
        }
        return problem(account, said.join(" "));
    }
    let seen = match access.visible {
        Some(visible) if visible.at_least => {
            format!("; {} or more recordings of the last week are visible", visible.count)
        }
        Some(visible) => format!("; {} recordings of the last week are visible", visible.count),
        None => String::new(),
    };
    Finding { subject: subject(account), grade: Grade::Ok, message: format!("It is signed in{seen}.") }
}

fn problem(account: &AccountConfig, message: String) -> Finding {
    Finding { subject: subject(account), grade: Grade::Problem, message }
}

fn subject(account: &AccountConfig) -> String {
    format!("{}/{}", account.kind(), account.name)
}

/// Keeps tokens for as long as the check takes, where there is no store yet.
#[derive(Default)]
struct Forgetful(Mutex<HashMap<String, Vec<u8>>>);

impl Vault for Forgetful {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    fn save(&self, name: &str, secret: &[u8]) -> Result<(), String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), secret.to_owned());
        Ok(())
    }
}
