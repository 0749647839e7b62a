//! `[language_model]`: a chat endpoint that writes summaries, if there is one. Off unless it is named.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;

use super::accounts::{Reading, address};
use super::languages::known_language;
use super::secrets::account_secret;
use crate::call::Language;

/// Instructions longer than this leave no room for a call.
const PROMPT_BYTES_MAX: u64 = 32 * 1024;
const NAME_CHARS_MAX: usize = 200;
/// The name under which its key is looked for among credentials and variables.
const NAME: &str = "language-model";

/// A chat endpoint and what it is asked for.
#[derive(Debug, Clone)]
pub struct LanguageModelConfig {
    /// Where it is, up to the path that all its addresses begin with: `http://127.0.0.1:11434/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Says who asks, where the endpoint wants to know.
    pub api_key: Option<SecretString>,
    /// It may lie outside of this network: the words of calls leave.
    pub allow_remote: bool,
    /// It writes summaries.
    pub summaries: bool,
    /// The language of summaries; absent means each call's own.
    pub summary_language: Option<Language>,
    /// What it is told to do, in the operator's words instead of ours.
    pub instructions: Option<String>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How often one request is tried.
    pub attempts_max: u32,
    /// What the model reads and writes at once, in its tokens.
    pub context_tokens: usize,
    /// Calls it is asked about at once.
    pub concurrency: usize,
}

/// `None` when there is none, or it could never be asked; the latter is recorded.
pub(super) fn language_model(reading: &Reading<'_>) -> Option<LanguageModelConfig> {
    let section = reading.section;
    let url = section.parsed("url", "http://127.0.0.1:11434/v1", address);
    let model = section.parsed("model", "qwen2.5:7b", name);
    let api_key = account_secret("api_key", NAME.parse().ok().as_ref(), reading);
    let allow_remote = section.flag("allow_remote", false);
    let summaries = section.flag("summaries", true);
    let summary_language = section.text("summary_language", "call").filter(|text| text != "call");
    let summary_language = summary_language
        .and_then(|code| known_language(&code).map_err(|message| section.problem("summary_language", message)).ok());
    let prompt_file = section.path("prompt_file", "/etc/callscribe/summary-prompt.txt");
    let instructions =
        prompt_file.and_then(|path| read(&path).map_err(|message| section.problem("prompt_file", message)).ok());
    let timeout = Duration::from_secs(section.whole("timeout_s", 1..=3600, 120));
    let attempts_max = section.whole("attempts", 1..=10, 3);
    let context_tokens = section.whole("context_tokens", 2048..=1_000_000, 8192);
    let concurrency = section.whole("concurrency", 1..=64, 1);
    section.finish(|key| {
        matches!(key, "api_key" | "key" | "token").then(|| {
            "Secrets do not belong in this file. Put the key into a file of its own and name that in api_key_file."
                .to_owned()
        })
    });
    let is_named = section.has("url") && !section.lacks("url");
    if !is_named && !section.lacks("model") && section.has("model") {
        section.problem("url", "A model is named and no endpoint; set its address, like http://127.0.0.1:11434/v1.");
    }
    let url = url?;
    if section.lacks("model") {
        section.problem("model", "The endpoint needs the name of a model, as it is called there.");
    }
    if let Some(message) = leaves(&url, allow_remote) {
        section.problem("url", message);
    }
    Some(LanguageModelConfig {
        url,
        model: model?,
        api_key,
        allow_remote,
        summaries,
        summary_language,
        instructions,
        timeout,
        attempts_max: u32::try_from(attempts_max).unwrap_or(u32::MAX),
        context_tokens: usize::try_from(context_tokens).unwrap_or(usize::MAX),
        concurrency: usize::try_from(concurrency).unwrap_or(1),
    })
}

/// Why words may not go to an address, as far as its text alone tells; what a name leads to is looked at with each request.
fn leaves(url: &str, allow_remote: bool) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let is_here = host.parse::<IpAddr>().map_or(true, is_here);
    match (is_here, allow_remote, url.scheme()) {
        (false, false, _) => Some(format!(
            "{host} is not on this machine or in this network. If the words of calls may leave, say so with \
             allow_remote = true."
        )),
        (false, true, "http") => Some("Outside of this network the address begins with https://.".to_owned()),
        _ => None,
    }
}

/// Addresses of this machine and of networks that are nobody else's. Not those that providers of access or of machines
/// share out among their customers.
pub(crate) fn is_here(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn name(text: &str) -> Result<String, String> {
    let fits = text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("A model's name has at most {NAME_CHARS_MAX} characters, on one line."))
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let taken = File::open(path).and_then(|file| file.take(PROMPT_BYTES_MAX + 1).read_to_string(&mut text));
    match taken {
        Ok(length) if length as u64 > PROMPT_BYTES_MAX => {
            Err("The file is larger than 32 KiB, which leaves no room for a call.".to_owned())
        }
        Ok(_) if text.trim().is_empty() => {
            Err("The file is empty; `callscribe prompt` prints what it may begin with.".to_owned())
        }
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{} cannot be read: {error}.", path.display())),
    }
}
