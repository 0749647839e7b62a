//! Values that are each right and cannot stand together.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;

use super::error::Problems;
use super::places::real;
use super::reader::Section;
use super::{AccountConfig, ApiConfig, Env, FolderConfig, NotifyConfig, TranscribeConfig, WebhooksConfig};
use crate::call::Language;

/// A folder with the section it came from, for paths and lines in messages.
pub(super) type Folder<'t> = (Section<'t>, FolderConfig);

/// How long folders may take to say where they really are: a network drive that is away never does, and nothing waits for
/// it. One that does not is compared as it is written; a look at it compares again.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Watched folders against the state folder and against each other.
pub(super) fn folders(folders: &[Folder<'_>], state_dir: &Path) {
    let state_dir = real(state_dir);
    let places = real_if_they_answer(folders.iter().map(|(_, folder)| folder.path.clone()).collect());
    for (index, (section, folder)) in folders.iter().enumerate() {
        let place = &places[index];
        if place.starts_with(&state_dir) {
            let message = format!(
                "The folder lies inside the state folder {}, where callscribe writes; watch another one.",
                state_dir.display()
            );
            section.problem("path", message);
        } else if state_dir.starts_with(place) {
            let message = format!(
                "The state folder {} lies inside this folder, so callscribe would take in its own files; move one of them.",
                state_dir.display()
            );
            section.problem("path", message);
        }
        for (earlier, (other_section, other)) in folders.iter().enumerate().take(index) {
            let theirs = other_section.name();
            if other.name == folder.name {
                section.problem("name", format!("{theirs} has the name '{}' already; names must differ.", folder.name));
            }
            if *place == places[earlier] {
                section.problem("path", format!("{theirs} watches the same folder; its calls would come in twice."));
            } else if nested(place, &places[earlier], other) || nested(&places[earlier], place, folder) {
                let message = format!(
                    "This folder and {theirs} lie inside one another; the inner one's calls would come in twice. Set recursive = false on the outer one, or drop one."
                );
                section.problem("path", message);
            }
        }
    }
}

/// An address that others can reach, against what keeps them out; tokens against each other.
pub(super) fn door(api: &ApiConfig, section: &Section<'_>, env: Env<'_>, problems: &Problems) {
    let has_token = api.token.is_some() || !api.tokens.is_empty();
    let has_tls = api.tls.is_some() || api.behind_tls_proxy;
    let is_guarded = has_token && has_tls;
    if !api.listen.ip().is_loopback() && !is_guarded {
        let message = format!(
            "{} can be reached from other machines. That needs tokens of your own (api.token_file or [[tokens]]), and TLS \
             (api.tls_cert_file and api.tls_key_file, or api.behind_tls_proxy = true where a proxy has it); else use \
             127.0.0.1 or [::1].",
            api.listen.ip()
        );
        match env("CALLSCRIBE_LISTEN").filter(|listen| !listen.is_empty()) {
            Some(_) => problems.add("CALLSCRIBE_LISTEN", None, message),
            None => section.problem("listen", message),
        }
    }
    for (index, token) in api.tokens.iter().enumerate() {
        if api.tokens[..index].iter().any(|other| other.name == token.name) {
            section.problem("tokens", format!("Two tokens have the name '{}'; names must differ.", token.name));
        }
        // Whose request it was, and what it may do, could not be told.
        let others = api.tokens[..index].iter().map(|other| &other.token).chain(&api.token);
        if others.into_iter().any(|other| other.expose_secret() == token.token.expose_secret()) {
            section.problem(
                "tokens",
                format!("The token '{}' is the same as another one; each needs its own.", token.name),
            );
        }
    }
}

/// Sinks against each other.
pub(super) fn sinks(sinks: &[NotifyConfig], problems: &Problems) {
    for (index, sink) in sinks.iter().enumerate() {
        if sinks[..index].iter().any(|other| other.name == sink.name) {
            problems.add("notify.name", None, format!("Two sinks have the name '{}'; names must differ.", sink.name));
        }
    }
}

/// Accounts against each other, and what they need of our door.
pub(super) fn accounts(accounts: &[AccountConfig], webhooks: &WebhooksConfig, problems: &Problems) {
    for (index, account) in accounts.iter().enumerate() {
        let kind = account.kind();
        if accounts[..index].iter().any(|other| other.kind() == kind && other.name == account.name) {
            problems.add(
                format!("{kind}.name"),
                None,
                format!("Two accounts have the name '{}'; names must differ.", account.name),
            );
        }
        if (account.webhooks || account.record_calls) && webhooks.public_url.is_none() {
            let message = format!(
                "The account '{}' wants deliveries; set the address where the provider reaches them.",
                account.name
            );
            problems.add("webhooks.public_url", None, message);
        }
    }
}

fn nested(inner: &Path, outer: &Path, outer_folder: &FolderConfig) -> bool {
    outer_folder.recursive && inner.starts_with(outer)
}

/// A model that knows English only, against what is asked of it.
pub(super) fn english_only(transcribe: &TranscribeConfig, section: &Section<'_>, folders: &[Folder<'_>]) {
    let model = &transcribe.model;
    if !knows_english_only(model) {
        return;
    }
    let complaint = |language: &Language| {
        format!(
            "The model {model} knows English only, not '{language}'; use {}, or list no other language.",
            multilingual(model)
        )
    };
    if let Some(other) = other_than_english(&transcribe.languages) {
        section.problem("languages", complaint(other));
    }
    for (section, folder) in folders {
        if let Some(other) = other_than_english(&folder.languages) {
            section.problem("languages", complaint(other));
        }
    }
}

/// Whether a model's name says so: those of the published English ones end in .en, or have .en before the kind of
/// quantisation.
pub(crate) fn knows_english_only(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model).trim_end_matches(".bin");
    name.ends_with(".en") || name.contains(".en-")
}

fn other_than_english(languages: &[Language]) -> Option<&Language> {
    languages.iter().find(|language| language.as_str() != "en")
}

pub(super) fn multilingual(model: &str) -> String {
    model.replacen(".en", "", 1)
}

/// Where each of these folders really is, each asked on a thread of its own, which ends when the folder answers.
fn real_if_they_answer(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let ask = |folder: PathBuf| {
        let (sender, answer) = mpsc::channel();
        let path = folder.clone();
        std::thread::spawn(move || drop(sender.send(real(&path))));
        (folder, answer)
    };
    let deadline = Instant::now() + ANSWER_WITHIN;
    let asked: Vec<_> = folders.into_iter().map(ask).collect();
    let answered = asked.into_iter().map(|(folder, answer)| {
        answer.recv_timeout(deadline.saturating_duration_since(Instant::now())).unwrap_or(folder)
    });
    answered.collect()
}

/// The state folder may not be the root or a folder others share: files are removed below it.
pub(super) fn state_dir(state_dir: &Path, root: &Section<'_>, problems: &Problems) {
    const SHARED: [&str; 12] =
        ["/", "/bin", "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/tmp", "/usr", "/var", "/var/lib"];
    if SHARED.iter().any(|shared| real(state_dir) == Path::new(shared)) {
        let message = "callscribe needs a folder of its own, like /var/lib/callscribe.";
        problems.add("state_dir", root.line_of("state_dir"), message);
    }
}
