//! Asks a language model: one question, one answer, at an endpoint that speaks OpenAI's chat contract (Ollama, llama.cpp's
//! server, vLLM, a hosted one).
//!
//! Requests go by the client that all of this program's requests go by: to one host, which must lie on this machine or in
//! this network unless the operator says otherwise, counted, without redirects, within limits. What is asked comes from
//! `understand`, what is answered goes back there; nothing of either is logged, and no error holds a word of it.

mod error;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::call::Disposition;
use crate::config::LanguageModelConfig;
use crate::provider::client::{Auth, CallError, Client, HostRule, Hosts, Places, Request, Timing};

pub use error::ChatError;

/// Largest answer: an account of a call comes to a few kilobytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// First wait before a request is tried again; doubled after each further failure.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// Longest wait between two tries.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// Questions in a row without any answer after which the endpoint is left alone for a while.
const SILENCES_MAX: u32 = 3;
/// How long it is left alone: a backlog is not held up by a machine that is off.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// How an answer is asked for, from what is strictest to what every endpoint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// JSON by this schema.
    Schema,
    /// Any JSON object.
    Object,
    /// Anything.
    Text,
    /// Anything, without a word on how: some models take no temperature, no seed and no limit.
    Bare,
}

/// What the refusal of a form names.
const FORM_WORDS: [&str; 6] = ["response_format", "schema", "json", "temperature", "seed", "max_tokens"];

const FORMS: [Form; 4] = [Form::Schema, Form::Object, Form::Text, Form::Bare];

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What the model is told to do.
    pub system: &'a str,
    /// What it is to do that with.
    pub user: &'a str,
    /// What its answer must look like.
    pub schema: &'a Value,
    /// Longest answer, in its tokens.
    pub answer_tokens_max: usize,
}

/// An endpoint with its model.
#[derive(Debug)]
pub struct Chat {
    client: Client,
    url: Url,
    host: String,
    model: String,
    api_key: Option<SecretString>,
    attempts_max: u32,
    timeout: Duration,
    /// The first of [`FORMS`] that is not known to be refused.
    form: AtomicUsize,
    silence: Mutex<Silence>,
}

/// Questions that were not answered at all.
#[derive(Debug, Default)]
struct Silence {
    in_a_row: u32,
    until: Option<Instant>,
}

impl Chat {
    /// Asks nothing yet.
    ///
    /// # Errors
    ///
    /// When the address or the system's certificates cannot be used.
    pub fn new(config: &LanguageModelConfig) -> Result<Self, ChatError> {
        let unusable = |why: String| ChatError::Unusable(why);
        let url = Url::parse(&format!("{}/chat/completions", config.url));
        let url = url.map_err(|error| unusable(format!("{} is no address: {error}.", config.url)))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let host = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        // Without TLS words never leave this network, whatever a name turns out to lead to.
        let may_leave = config.allow_remote && url.scheme() == "https";
        let places = if may_leave { Places::Anywhere } else { Places::Here };
        let hosts = Hosts { rules: vec![HostRule::Exact(host.clone())], places };
        // Nothing comes until the whole answer is written.
        let timing =
            Timing { answer: config.timeout, pause: config.timeout + Duration::from_secs(1), ..Timing::default() };
        let client = Client::new(hosts, timing).map_err(ChatError::Call)?.reading_at_most(ANSWER_BYTES_MAX);
        Ok(Self {
            client,
            url,
            host,
            model: config.model.clone(),
            api_key: config.api_key.clone(),
            attempts_max: config.attempts_max.max(1),
            timeout: config.timeout,
            form: AtomicUsize::new(0),
            silence: Mutex::default(),
        })
    }

    /// The model's name at its endpoint.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Longest time one try of a question takes.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks until `read` can make something of the answer, within the configured tries.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; what the last try brought.
    pub async fn ask<T, E: std::fmt::Display>(
        &self,
        question: Question<'_>,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, ChatError> {
        self.check_silence()?;
        let mut attempt = 1;
        loop {
            let error = match self.try_once(question, attempt).await {
                Ok(answer) => match read(&answer.text) {
                    Ok(read) => return Ok(read),
                    Err(_) if answer.is_cut_off => return Err(ChatError::CutOff { host: self.host.clone() }),
                    Err(why) => ChatError::Unreadable { host: self.host.clone(), why: why.to_string() },
                },
                Err(error) => error,
            };
            let wait = error.retry().filter(|_| attempt < self.attempts_max);
            // Whoever wants to be left alone for longer is left alone: a summary by rule is there meanwhile.
            let Some(wait) = wait.filter(|asked| asked.is_none_or(|asked| asked <= RETRY_MAX)) else {
                return Err(error);
            };
            let wait = wait_after(attempt, wait);
            tracing::debug!(%error, attempt, "The language model is asked again.");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    fn check_silence(&self) -> Result<(), ChatError> {
        let silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        match silence.until {
            Some(until) if until > Instant::now() => {
                Err(ChatError::LeftAlone { host: self.host.clone(), failures: silence.in_a_row })
            }
            _ => Ok(()),
        }
    }

    fn heard(&self, answered: bool) {
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *silence = Silence::default();
            return;
        }
        silence.in_a_row = silence.in_a_row.saturating_add(1);
        if silence.in_a_row >= SILENCES_MAX * self.attempts_max {
            silence.until = Some(Instant::now() + LEFT_ALONE);
        }
    }

    /// One try; steps down to what the endpoint takes when it refuses a form.
    async fn try_once(&self, question: Question<'_>, attempt: u32) -> Result<Answered, ChatError> {
        let mut form = self.form.load(Ordering::Relaxed).min(FORMS.len() - 1);
        loop {
            let sent = self.client.send(self.request(question, FORMS[form], attempt)).await;
            if sent.as_ref().is_err_and(refuses_form) && form + 1 < FORMS.len() {
                form += 1;
                continue;
            }
            self.heard(sent.as_ref().map_or_else(|error| !is_silence(error), |_| true));
            let answer = sent.map_err(ChatError::Call)?;
            self.form.store(form, Ordering::Relaxed);
            return Answered::of(&answer.json().map_err(ChatError::Call)?).ok_or_else(|| ChatError::Unreadable {
                host: self.host.clone(),
                why: "it answered nothing".to_owned(),
            });
        }
    }

    fn request(&self, question: Question<'_>, form: Form, attempt: u32) -> Request {
        let mut body = json!({
            "model": self.model,
            "messages": [
                { "role": "system", "content": question.system },
                { "role": "user", "content": question.user },
            ],
            "stream": false,
        });
        if form != Form::Bare {
            body["temperature"] = json!(0);
            // Another try is to bring another answer.
            body["seed"] = json!(attempt);
            body["max_tokens"] = json!(question.answer_tokens_max);
        }
        match form {
            Form::Schema => {
                body["response_format"] = json!({
                    "type": "json_schema",
                    "json_schema": { "name": "account", "strict": true, "schema": question.schema },
                });
            }
            Form::Object => body["response_format"] = json!({ "type": "json_object" }),
            Form::Text | Form::Bare => {}
        }
        let auth = self.api_key.clone().map_or(Auth::Nobody, Auth::Bearer);
        Request::new(Method::POST, self.url.clone()).auth(auth).json(body)
    }
}

/// Doubled with each failure, a fifth more by chance; or what the endpoint asks for.
fn wait_after(attempt: u32, asked: Option<Duration>) -> Duration {
    let grown = RETRY_FIRST.saturating_mul(1 << (attempt - 1).min(16)).min(RETRY_MAX);
    grown.max(asked.unwrap_or_default()).mul_f64(1.0 + 0.2 * fastrand::f64())
}

/// Whether a refusal speaks of how the answer was asked for. Any other is one of this very question, and says nothing of
/// the next.
fn refuses_form(error: &CallError) -> bool {
    let CallError::Refused(refusal) = error else { return false };
    let said = String::from_utf8_lossy(&refusal.body).to_ascii_lowercase();
    // A question that is too long is often refused with a word on max_tokens.
    matches!(refusal.status, 400 | 422)
        && FORM_WORDS.iter().any(|word| said.contains(word))
        && !said.contains("context length")
}

/// Nobody is there, or nobody who could answer.
fn is_silence(error: &CallError) -> bool {
    match error {
        CallError::TimedOut { .. } | CallError::Network { .. } => true,
        CallError::Refused(refusal) => refusal.status >= 500,
        error => matches!(error.disposition(), Disposition::Retry { .. }),
    }
}

/// What a model wrote.
struct Answered {
    text: String,
    /// It had more to say than it was allowed to.
    is_cut_off: bool,
}

impl Answered {
    fn of(body: &Value) -> Option<Self> {
        let choice = &body["choices"][0];
        let content = &choice["message"]["content"];
        let text = match content {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
            _ => return None,
        };
        Some(Self { text, is_cut_off: choice["finish_reason"] == "length" })
    }
}
