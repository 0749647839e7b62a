//! How the configured accounts stand at their providers, for `callscribe check`. Asks the daemon when one runs, since it
//! holds the accounts' tokens; else the providers themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use serde_json::Value;

use super::archive::{Archive, encoded};
use super::check::{Finding, Grade};
use crate::clock::SystemClock;
use crate::config::{AccountConfig, Config};
use crate::daemon::DATABASE_FILE;
use crate::provider::client::{Rates, Timing};
use crate::provider::oauth::Vault;
use crate::provider::{self, Access, AccountContext};

/// One finding an account.
pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    if config.accounts.is_empty() {
        return Vec::new();
    }
    let daemon = match config.state_dir.join(DATABASE_FILE).exists() {
        true => Archive::open(config).await.ok().filter(Archive::is_daemon),
        false => None,
    };
    let mut findings = Vec::new();
    for account in &config.accounts {
        findings.push(match &daemon {
            Some(daemon) => by_daemon(daemon, account).await,
            None => directly(config, account).await,
        });
    }
    findings
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

async fn directly(config: &Config, account: &AccountConfig) -> Finding {
    let context = AccountContext {
        clock: Arc::new(SystemClock),
        vault: Arc::new(Forgetful::default()),
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

/// Keeps tokens for as long as the check takes: the daemon's own are sealed in its store.
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
