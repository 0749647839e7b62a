//! `callscribe check`: would the daemon start, and with what?

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{accounts, print};
use crate::call::Translator;
use crate::config::{Config, ConfigErrors, FolderConfig};
use crate::models;
use crate::serve::tls_acceptor;

/// `EX_CONFIG` of sysexits.h: the configuration has to be mended first.
pub const EXIT_CONFIG: u8 = 78;

const MIB: u64 = 1 << 20;

/// Reads the configuration as the daemon would and looks at what it names; accounts are asked at their providers.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Works, but somebody should know.
    Note,
    /// The daemon would not do its work.
    Problem,
}

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it stands.
    pub grade: Grade,
    /// In a sentence, with the mend if one is needed.
    pub message: String,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// No problem anywhere.
    pub ok: bool,
    /// Everything wrong with the configuration; nothing else is looked at then.
    pub config: Option<ConfigErrors>,
    /// What it names, thing by thing.
    pub findings: Vec<Finding>,
}

/// Prints the report. Exits with 0 when all is well, [`EXIT_CONFIG`] when the configuration is wrong, 1 when what it
/// names is.
///
/// # Errors
///
/// When standard output cannot be written.
pub async fn run(args: &CheckArgs, loaded: &Result<Config, ConfigErrors>) -> anyhow::Result<ExitCode> {
    let mut report = Report::of(loaded);
    if let Ok(config) = loaded {
        report.findings.extend(accounts::findings(config).await);
        report.ok = report.findings.iter().all(|finding| finding.grade != Grade::Problem);
    }
    let text = if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.to_text() };
    print(&text)?;
    Ok(match (&report.config, report.ok) {
        (Some(_), _) => ExitCode::from(EXIT_CONFIG),
        (None, true) => ExitCode::SUCCESS,
        (None, false) => ExitCode::FAILURE,
    })
}

impl Report {
    /// Looks at everything the configuration names; changes nothing.
    pub fn of(loaded: &Result<Config, ConfigErrors>) -> Self {
        let config = match loaded {
            Ok(config) => config,
            Err(errors) => return Self { ok: false, config: Some(errors.clone()), findings: Vec::new() },
        };
        let mut findings = vec![configuration(config), state_dir(config), disk(config), model(config)];
        findings.extend(voice_activity(config));
        findings.extend(language_model(config));
        findings.extend(translation(config));
        findings.push(processors(config));
        findings.extend(config.folders.iter().map(folder));
        if config.folders.is_empty() {
            findings.push(note(
                "folders",
                "No folder is watched; calls come in with `callscribe import` and over the API.".to_owned(),
            ));
        }
        findings.push(listen(config));
        findings.extend(tls(config));
        findings.extend(socket(config));
        let ok = findings.iter().all(|finding| finding.grade != Grade::Problem);
        Self { ok, config: None, findings }
    }

    /// For a person.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        if let Some(errors) = &self.config {
            text = format!("{errors}\n");
        }
        for finding in &self.findings {
            let mark = match finding.grade {
                Grade::Ok => "ok     ",
                Grade::Note => "note   ",
                Grade::Problem => "PROBLEM",
            };
            text += &format!("{mark}  {}: {}\n", finding.subject, finding.message);
        }
        text += if self.ok { "All is well.\n" } else { "The daemon would not work like this.\n" };
        text
    }
}

fn finding(subject: &str, grade: Grade, message: String) -> Finding {
    Finding { subject: subject.to_owned(), grade, message }
}

fn ok(subject: &str, message: String) -> Finding {
    finding(subject, Grade::Ok, message)
}

fn note(subject: &str, message: String) -> Finding {
    finding(subject, Grade::Note, message)
}

fn problem(subject: &str, message: String) -> Finding {
    finding(subject, Grade::Problem, message)
}

fn configuration(config: &Config) -> Finding {
    config.file.as_ref().map_or_else(
        || note("configuration", "No configuration file was found; all is default.".to_owned()),
        |file| ok("configuration", format!("{} is in order.", file.display())),
    )
}

/// The folder itself, or the nearest one above it that is there.
fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"))
}

fn state_dir(config: &Config) -> Finding {
    let dir = &config.state_dir;
    let existing = nearest_existing(dir);
    match tempfile::tempfile_in(existing) {
        Ok(_) if existing == dir => ok("state_dir", format!("{} can be written.", dir.display())),
        Ok(_) => ok("state_dir", format!("{} is not there yet and can be made.", dir.display())),
        Err(error) => problem(
            "state_dir",
            format!(
                "{} cannot be written: {error}. Give it to the user callscribe runs as, or set state_dir.",
                existing.display()
            ),
        ),
    }
}

fn disk(config: &Config) -> Finding {
    let minimum = config.pipeline.free_disk_bytes_min;
    match fs4::available_space(nearest_existing(&config.state_dir)) {
        Ok(free) if free < minimum => problem(
            "disk",
            format!(
                "{} MiB are free, and nothing is taken in below pipeline.free_disk_mib_min = {}. Make room.",
                free / MIB,
                minimum / MIB
            ),
        ),
        Ok(free) => ok("disk", format!("{} MiB are free.", free / MIB)),
        Err(error) => problem("disk", format!("The free space cannot be told: {error}.")),
    }
}

fn model(config: &Config) -> Finding {
    let file = match models::resolve(&config.transcribe.model, &config.transcribe.model_dirs) {
        Ok(file) => file,
        Err(error) => return problem("transcribe.model", error.to_string()),
    };
    let (name, shown) = (&file.entry.name, file.path.display());
    let needed = file.entry.memory_bytes_estimate;
    let limit = config.transcribe.worker_memory_bytes_max;
    if needed > limit {
        let message = format!(
            "{name} needs about {} MiB, and the worker is killed at worker_memory_mib_max = {}. Raise the limit or take a smaller model.",
            needed.div_ceil(MIB),
            limit / MIB
        );
        return problem("transcribe.model", message);
    }
    if file.entry.miniature {
        let message = format!(
            "{name} ({shown}) is the miniature: it knows only the sample calls and is no use on real ones. `callscribe models pull base` brings a real model."
        );
        return note("transcribe.model", message);
    }
    let known = if file.entry.sha256.is_some() { "" } else { "; it is in no catalogue" };
    ok(
        "transcribe.model",
        format!("{name} ({shown}), {}, about {} MiB of memory{known}.", file.header.quantisation, needed.div_ceil(MIB)),
    )
}

fn voice_activity(config: &Config) -> Option<Finding> {
    let path = config.transcribe.vad_model.as_deref()?;
    Some(match models::inspect_voice_activity(path) {
        Ok(()) => ok("transcribe.vad_model", format!("{} holds Silero weights.", path.display())),
        Err(error) => problem("transcribe.vad_model", error.to_string()),
    })
}

fn language_model(config: &Config) -> Option<Finding> {
    let model = config.language_model.as_ref()?;
    let (url, name) = (&model.url, &model.model);
    Some(match model.allow_remote {
        true => note("language_model.url", format!("The words of calls are sent to {url}, wherever that is.")),
        false => ok("language_model.url", format!("{name} at {url} is asked if that is in this network.")),
    })
}

/// What is known of how well the model translates; that it cannot is found with the configuration.
fn translation(config: &Config) -> Option<Finding> {
    let policy = &config.translation;
    let english = policy.to.iter().find(|language| language.as_str() == "en")?;
    let model = &config.transcribe.model;
    let is_weak = policy.translator(english) == Translator::Whisper && model.contains("large-v3-turbo");
    is_weak.then(|| {
        let message = format!(
            "{model} was not trained to translate and often writes the language that is spoken; take another model, or \
             set english_by = \"language_model\"."
        );
        note("translation.to", message)
    })
}

fn processors(config: &Config) -> Finding {
    let here = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let asked = config.transcribe.states.unwrap_or(1) * config.transcribe.threads_per_state.unwrap_or(1);
    if asked > here {
        let message = format!(
            "states times threads_per_state asks for {asked} of {here} processors, which is slower than {here}."
        );
        return note("processors", message);
    }
    ok("processors", format!("{here} can be used."))
}

fn folder(folder: &FolderConfig) -> Finding {
    let subject = format!("folder {}", folder.name);
    let shown = folder.path.display();
    match fs::read_dir(&folder.path) {
        Ok(_) => ok(&subject, format!("{shown} can be read.")),
        Err(error) => {
            problem(&subject, format!("{shown} cannot be read: {error}. Make it, or let callscribe's user read it."))
        }
    }
}

fn tls(config: &Config) -> Option<Finding> {
    let files = config.api.tls.as_ref()?;
    Some(match tls_acceptor(&files.cert_file, &files.key_file) {
        Ok(_) => ok("api.tls_cert_file", "Certificate and key can be used.".to_owned()),
        Err(error) => problem("api.tls_cert_file", error.to_string()),
    })
}

fn socket(config: &Config) -> Option<Finding> {
    let path = config.api.listen_unix.as_ref()?;
    let shown = path.display();
    let role = config.api.socket_role;
    Some(match path.parent().is_some_and(Path::is_dir) {
        true => {
            note("api.listen_unix", format!("Whoever may connect to {shown} needs no token and has the role {role}."))
        }
        false => {
            problem("api.listen_unix", format!("The folder of {shown} is not there; make it, for the right group."))
        }
    })
}

fn listen(config: &Config) -> Finding {
    let address = config.api.listen;
    match TcpListener::bind(address) {
        Ok(_) => ok("api.listen", format!("{address} is free.")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            note("api.listen", format!("{address} is in use, which is right only if callscribe is running."))
        }
        Err(error) => problem("api.listen", format!("{address} cannot be listened on: {error}. Choose another port.")),
    }
}
