//! The archive as the commands see it: the running daemon's API, or the same API in this process when none runs.
//!
//! The database's lock decides which: whoever can open it is alone. The address file alone would not do, since after a
//! crash somebody else may listen there and would be handed the token.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::exit;
use crate::call::RecordingId;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::daemon::{ADDRESS_FILE, DATABASE_FILE};
use crate::fetch::Files;
use crate::provider::upload::Uploads;
use crate::search::Search;
use crate::serve::{self, Account, ApiParts, Check, ErrorBody, Looked, Loops, Parked, Reach, Running};
use crate::store::{Store, StoreError};

/// Longest wait for a database that another short command, or a daemon just starting, holds.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for one answer of the daemon.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// Largest answer taken, in bytes: the JSON of a call of many hours is a few of these millions.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Who answers.
pub(super) enum Archive {
    /// The daemon.
    Daemon { client: reqwest::Client, address: SocketAddr, token: SecretString },
    /// The API in this process, over a store nobody else has open.
    Here { router: Router, token: SecretString },
}

/// An answer that is not a success, with the exit code it deserves.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// The exit code for scripts.
    pub(super) const fn exit_code(&self) -> u8 {
        match self.status {
            404 | 410 => exit::NOT_FOUND,
            409 | 503 => exit::NOT_YET,
            _ => exit::FAILURE,
        }
    }
}

impl Archive {
    /// Finds out who answers.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let database = config.state_dir.join(DATABASE_FILE);
        if !database.exists() {
            let text = format!(
                "There is no archive in {} yet. Start the daemon with `callscribe serve`, or take calls in with \
                 `callscribe import DIR`.",
                config.state_dir.display()
            );
            return Err(Refusal { status: 404, text }.into());
        }
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            let path = database.clone();
            match tokio::task::spawn_blocking(move || Store::open(&path)).await? {
                Ok(store) => return Self::here(store, config),
                Err(StoreError::InUse { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(daemon) = Self::daemon(config).await? {
                return Ok(daemon);
            }
            if Instant::now() > deadline {
                bail!(
                    "Another callscribe uses {} and does not answer. Is the daemon just starting or stopping? Try again.",
                    config.state_dir.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn here(store: Store, config: &Config) -> anyhow::Result<Self> {
        // What a command ends, the daemon's sinks hear of when it runs again.
        store.tell_ends(!config.notify.is_empty());
        let token = SecretString::from(uuid::Uuid::now_v7().to_string());
        let router = serve::router(ApiParts {
            search: Search::open(&store, &config.state_dir),
            store,
            files: Files::open(&config.state_dir)?,
            loops: Arc::new(NoLoops { model: config.transcribe.model.clone() }),
            clock: Arc::new(SystemClock),
            token: token.clone(),
            door: serve::Door::default(),
            address: config.api.listen,
            request_timeout: ANSWER_TIMEOUT,
            body_bytes_max: 0,
            intake: serve::Intake {
                uploads: Arc::new(Uploads::open(&config.state_dir)?),
                upload_bytes_max: 0,
                queue_max: 0,
                free_disk_bytes_min: 0,
            },
            stop: CancellationToken::new(),
        });
        Ok(Self::Here { router, token })
    }

    /// The daemon that holds the database; `None` while it does not answer yet.
    async fn daemon(config: &Config) -> anyhow::Result<Option<Self>> {
        let Ok(text) = std::fs::read_to_string(config.state_dir.join(ADDRESS_FILE)) else { return Ok(None) };
        let Ok(address) = text.trim().parse::<SocketAddr>() else { return Ok(None) };
        if !address.ip().is_loopback() {
            bail!("{ADDRESS_FILE} in {} names {address}, which is not this machine.", config.state_dir.display());
        }
        let token = match &config.api.token {
            Some(token) => token.clone(),
            None => serve::read_token(&config.state_dir)?,
        };
        // Whoever installed one before has the same one.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_TIMEOUT)
            .build()
            .context("No HTTP client could be made.")?;
        let is_alive = client.get(format!("http://{address}/healthz")).send().await.is_ok();
        Ok(is_alive.then_some(Self::Daemon { client, address, token }))
    }

    /// Whether the daemon runs, and so whether queued work is done now or at its next start.
    pub(super) const fn is_daemon(&self) -> bool {
        matches!(self, Self::Daemon { .. })
    }

    /// Where the daemon listens; `None` when none runs.
    pub(super) const fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Daemon { address, .. } => Some(*address),
            Self::Here { .. } => None,
        }
    }

    /// Asks and takes the answer as it is.
    pub(super) async fn text(&self, method: Method, target: &str) -> anyhow::Result<String> {
        let (status, body) = match self {
            Self::Daemon { client, address, token } => {
                let request = client.request(method, format!("http://{address}{target}"));
                let answer = request.bearer_auth(token.expose_secret()).send().await;
                let answer = answer.context("The daemon did not answer.")?;
                (answer.status().as_u16(), answer.bytes().await.context("The daemon's answer broke off.")?)
            }
            Self::Here { router, token } => {
                let request = Request::builder()
                    .method(method)
                    .uri(target)
                    .header(header::HOST, "localhost")
                    .header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
                    .body(Body::empty())?;
                let answer = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                (answer.status().as_u16(), axum::body::to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await?)
            }
        };
        let text = String::from_utf8(body.into()).context("The answer is no text.")?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let text = match serde_json::from_str::<ErrorBody>(&text) {
            // The hint speaks to programs.
            Ok(body) => body.error.message,
            Err(_) => format!("The answer was {status} without an explanation."),
        };
        Err(Refusal { status, text }.into())
    }

    /// Asks and reads the answer as JSON.
    pub(super) async fn json(&self, method: Method, target: &str) -> anyhow::Result<Value> {
        let text = self.text(method, target).await?;
        serde_json::from_str(&text).context("The answer is no JSON.")
    }
}

/// One part of a path or query, as it may stand in a URL.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The query of `given` parameters; those without a value are left out.
pub(super) fn query(given: &[(&str, Option<String>)]) -> String {
    let pairs: Vec<String> = given
        .iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={}", encoded(value))))
        .collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// Turns a refusal into its sentence and exit code; other errors go on.
pub(super) fn refused(error: anyhow::Error) -> anyhow::Result<std::process::ExitCode> {
    let refusal = error.downcast::<Refusal>()?;
    eprintln!("{refusal}");
    Ok(refusal.exit_code().into())
}

/// Stands in for the loops where none run.
struct NoLoops {
    model: String,
}

impl Loops for NoLoops {
    fn checks(&self) -> Vec<Check> {
        Vec::new()
    }

    fn running(&self) -> Vec<Running> {
        Vec::new()
    }

    fn parked(&self) -> Vec<Parked> {
        Vec::new()
    }

    fn cancel(&self, _id: RecordingId) {}

    fn accounts(&self) -> Vec<Account> {
        Vec::new()
    }

    fn model(&self) -> String {
        self.model.clone()
    }

    fn look(&self, _reach: Reach) -> BoxFuture<'static, Looked> {
        let errors = vec!["The daemon does not run.".to_owned()];
        async move { Looked { errors, ..Looked::default() } }.boxed()
    }
}
