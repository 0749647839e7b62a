//! Raw file -> validated [`Config`]: all limits and defaults, every problem reported at once.
//!
//! Never opens a socket or the store. The raw form exists only inside this module; everything after start-up sees
//! [`Config`].

mod accounts;
mod categories;
mod checks;
mod error;
mod language_model;
mod languages;
mod log_filter;
mod notify;
mod patterns;
mod places;
mod privacy;
mod reader;
mod secrets;
mod sections;
mod tokens;
mod translation;

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use toml::de::DeTable;

pub use accounts::{
    AccountConfig, RingCentralConfig, TwilioConfig, VendorConfig, WebexConfig, WebexReach, WebhooksConfig,
};
pub(crate) use checks::knows_english_only;
pub use error::{ConfigErrors, Problem};
pub use language_model::LanguageModelConfig;
pub(crate) use language_model::is_here;
pub(crate) use languages::known_language;
pub use notify::NotifyConfig;
pub use tokens::{OWN_TOKEN, Role, TokenConfig};

use self::error::Problems;
use self::reader::{Section, line_at};
use crate::call::{AccountName, CategoryRule, Language, PrivacyPolicy, ProviderKind, TranslationPolicy};

/// Looks up an environment variable; a function, so that tests need not change the process.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The model when none is chosen: the miniature that ships with the program.
pub const DEFAULT_MODEL: &str = "mini-q8_0";

/// A larger file is not a configuration.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Everything callscribe was told, validated, with every default filled in.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from; absent when there is none and all is default.
    pub file: Option<PathBuf>,
    /// The one folder that holds everything callscribe keeps.
    pub state_dir: PathBuf,
    /// What is logged and how.
    pub log: LogConfig,
    /// The HTTP API.
    pub api: ApiConfig,
    /// Whisper and what surrounds it.
    pub transcribe: TranscribeConfig,
    /// The loop that finishes work.
    pub pipeline: PipelineConfig,
    /// Watched folders.
    pub folders: Vec<FolderConfig>,
    /// Accounts at providers.
    pub accounts: Vec<AccountConfig>,
    /// Our door to the providers.
    pub webhooks: WebhooksConfig,
    /// A chat endpoint that writes summaries and translations; none unless one is named.
    pub language_model: Option<LanguageModelConfig>,
    /// What calls are translated into, and by whom.
    pub translation: TranslationPolicy,
    /// What calls are looked through for.
    pub categories: Vec<CategoryRule>,
    /// What personal data is masked, and where.
    pub privacy: PrivacyPolicy,
    /// Sinks that are told of finished recordings.
    pub notify: Vec<NotifyConfig>,
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A `tracing` filter: `info`, `callscribe=debug`.
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

/// The HTTP API.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Address and port; port 0 takes a free one. Another than loopback only with tokens, and TLS or a proxy that has it.
    pub listen: SocketAddr,
    /// A socket in the file system to listen on as well.
    pub listen_unix: Option<PathBuf>,
    /// What whoever may connect to that socket may do without a token.
    pub socket_role: Role,
    /// The bearer token; absent means one is made at first start in `<state>/api-token` (0600).
    pub token: Option<SecretString>,
    /// More tokens, with names and roles.
    pub tokens: Vec<TokenConfig>,
    /// More names this machine goes by, with a port where it is not the usual one.
    pub hosts: Vec<String>,
    /// Certificate and key of our own TLS.
    pub tls: Option<TlsConfig>,
    /// A proxy that speaks TLS stands in front.
    pub behind_tls_proxy: bool,
    /// `/metrics` answers without a token.
    pub open_metrics: bool,
    /// Largest request body in bytes.
    pub body_bytes_max: usize,
    /// Largest upload in bytes.
    pub upload_bytes_max: usize,
    /// Most uploads that are not finished; more are told to come back.
    pub queue_max: u64,
    /// Longest time a request may take (audio downloads excepted).
    pub request_timeout: Duration,
}

/// Where certificate and key of our own TLS are, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate, with those between it and the authority behind it.
    pub cert_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

/// Whisper and what surrounds it.
#[derive(Debug, Clone)]
pub struct TranscribeConfig {
    /// A name from the catalogue (`base`, `mini-q8_0`) or a path to a ggml file.
    pub model: String,
    /// Folders searched for models, in order; `<state>/models` first, then the ones shipped with the program.
    pub model_dirs: Vec<PathBuf>,
    /// Languages calls may be in; empty means any the model knows, one means no detection.
    pub languages: Vec<Language>,
    /// Text that primes the decoder: names, products, spelling.
    pub prompt: Option<String>,
    /// Give each window the text before it. Off: carry-over is what feeds loops.
    pub carry_context: bool,
    /// Decoder states that share the weights; `None` takes one a core.
    pub states: Option<usize>,
    /// Threads a state; `None` takes what the machine has left.
    pub threads_per_state: Option<usize>,
    /// Silero weights for voice activity; absent uses the detector that is built in.
    pub vad_model: Option<PathBuf>,
    /// Longest time without a sign of life from the worker before it is killed.
    pub heartbeat_timeout: Duration,
    /// Worker memory beyond which it is killed and started again, in bytes.
    pub worker_memory_bytes_max: u64,
    /// Longest call that is accepted.
    pub call_duration_max: Duration,
    /// Largest audio file that is accepted, in bytes.
    pub file_bytes_max: u64,
}

/// The loop that finishes work.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// Recordings worked on at once outside the worker (copying, digests).
    pub fetch_concurrency: usize,
    /// Attempts before a step is given up.
    pub attempts_max: u32,
    /// Of five claims how many take the newest recording; the rest take the oldest, so that a backlog drains too.
    pub newest_first_of_five: u8,
    /// Age of a recording at which what the provider still does not have is given up.
    pub give_up_after: Duration,
    /// How long a graceful stop waits for running work.
    pub drain_timeout: Duration,
    /// Disk space below which nothing new is taken in, in bytes.
    pub free_disk_bytes_min: u64,
    /// Requests a second to one host of a provider, over all accounts there.
    pub host_requests_per_s_max: u32,
}

/// One watched folder.
#[derive(Debug, Clone)]
pub struct FolderConfig {
    /// The account name its recordings carry.
    pub name: AccountName,
    /// The folder.
    pub path: PathBuf,
    /// Look into sub-folders.
    pub recursive: bool,
    /// How long size and modification time must stand still before a file counts as written.
    pub settle: Duration,
    /// How often the folder is walked, whatever inotify says.
    pub rescan: Duration,
    /// File name patterns (named groups) tried in order before the built-in ones: the first that matches wins.
    pub patterns: Vec<String>,
    /// Who speaks on each channel, by index.
    pub channels: Vec<String>,
    /// Languages these calls may be in; empty takes `transcribe.languages`.
    pub languages: Vec<Language>,
    /// How headerless files (`.ulaw`, `.alaw`, `.raw`) are to be read.
    pub raw: Option<crate::call::RawAudio>,
}

/// The environment of this process, for [`Config::load`].
pub fn process_env(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

impl Config {
    /// Reads the file `path`, or the first of `$CALLSCRIBE_CONFIG`, `/etc/callscribe/config.toml` and
    /// `~/.config/callscribe/config.toml`, puts the environment's few overrides on top, and checks everything.
    /// Without any file all is default.
    ///
    /// The environment may set `CALLSCRIBE_STATE_DIR`, `CALLSCRIBE_LISTEN`, `CALLSCRIBE_MODEL`, `CALLSCRIBE_LOG`,
    /// `CALLSCRIBE_MODELS` (folders with models, by colons) and `CALLSCRIBE_API_TOKEN`.
    ///
    /// # Errors
    ///
    /// Every problem there is, not the first alone.
    pub fn load(path: Option<&Path>, env: Env<'_>) -> Result<Self, ConfigErrors> {
        let file = places::config_file(path, env);
        let problems = Problems::default();
        let config = match file.as_deref().map(read).transpose() {
            Ok(text) => Self::from_text(text.as_deref().unwrap_or_default(), env, &problems),
            Err(message) => {
                problems.add("", None, message);
                None
            }
        };
        let problems = problems.into_sorted();
        match config {
            Some(config) if problems.is_empty() => Ok(Self { file, ..config }),
            _ => Err(ConfigErrors { file, problems }),
        }
    }

    /// All defaults, with this state folder; reads neither file nor environment.
    pub fn default_for(state_dir: &Path) -> Self {
        let problems = Problems::default();
        let root = Section::root("", None, &problems);
        Self::from_sections(&root, state_dir.to_path_buf(), &|_| None, &problems)
    }

    /// `None` when there is not even a state folder to go on with.
    fn from_text(text: &str, env: Env<'_>, problems: &Problems) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            // The parser's own display quotes the line, which may hold a secret; its message does not.
            for error in errors {
                let line = error.span().map(|span| line_at(text, span.start));
                problems.add(
                    "",
                    line,
                    format!(
                        "This is not valid TOML: {}. Text needs quotes, and a section its brackets.",
                        error.message()
                    ),
                );
            }
            return None;
        }
        let root = Section::root(text, Some(table.get_ref()), problems);
        let named = sections::state_dir(&root, env, problems);
        let Some(state_dir) = named.or_else(|| places::state_dir(env)) else {
            problems.add(
                "state_dir",
                None,
                "There is no home folder to keep state in; set state_dir to an absolute path.",
            );
            return None;
        };
        Some(Self::from_sections(&root, state_dir, env, problems))
    }

    fn from_sections(root: &Section<'_>, state_dir: PathBuf, env: Env<'_>, problems: &Problems) -> Self {
        let log = sections::log(&root.section("log"), env, problems);
        let api_section = root.section("api");
        let mut api = sections::api(&api_section, env, problems);
        api.tokens = root
            .sections("tokens")
            .into_iter()
            .filter_map(|section| tokens::token(&accounts::Reading { section: &section, env }))
            .collect();
        let transcribe_section = root.section("transcribe");
        let mut transcribe = sections::transcribe(&transcribe_section, env, problems);
        let pipeline = sections::pipeline(&root.section("pipeline"));
        let folders: Vec<checks::Folder<'_>> = root
            .sections("folders")
            .into_iter()
            .filter_map(|section| sections::folder(&section).map(|folder| (section, folder)))
            .collect();
        let accounts: Vec<AccountConfig> = [
            ("twilio", ProviderKind::Twilio),
            ("ringcentral", ProviderKind::RingCentral),
            ("webex", ProviderKind::Webex),
        ]
        .into_iter()
        .flat_map(|(key, kind)| root.sections(key).into_iter().map(move |section| (section, kind)))
        .filter_map(|(section, kind)| accounts::account(&accounts::Reading { section: &section, env }, kind))
        .collect();
        let webhooks = accounts::webhooks(&root.section("webhooks"));
        let notify: Vec<NotifyConfig> = root
            .sections("notify")
            .into_iter()
            .filter_map(|section| notify::sink(&accounts::Reading { section: &section, env }))
            .collect();
        let categories: Vec<(Section<'_>, CategoryRule)> = root
            .sections("categories")
            .into_iter()
            .filter_map(|section| categories::category(&section).map(|rule| (section, rule)))
            .collect();
        let privacy = privacy::privacy(&root.section("privacy"));
        let language_model =
            language_model::language_model(&accounts::Reading { section: &root.section("language_model"), env });
        let translation_section = root.section("translation");
        let translation = translation::translation(&translation_section);
        root.finish(|_| None);

        categories::distinct(&categories);
        checks::sinks(&notify, problems);
        checks::door(&api, &api_section, env, problems);
        checks::accounts(&accounts, &webhooks, problems);
        checks::state_dir(&state_dir, root, problems);
        checks::folders(&folders, &state_dir);
        checks::english_only(&transcribe, &transcribe_section, &folders);
        translation::possible(&translation, &translation_section, &transcribe.model, language_model.is_some());

        transcribe.model_dirs = places::model_dirs(transcribe.model_dirs, &state_dir, env);
        let folders = folders.into_iter().map(|(_, folder)| folder).collect();
        let categories = categories.into_iter().map(|(_, rule)| rule).collect();
        Self {
            file: None,
            state_dir,
            log,
            api,
            transcribe,
            pipeline,
            folders,
            accounts,
            webhooks,
            language_model,
            translation,
            categories,
            privacy,
            notify,
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let taken = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    match taken {
        Ok(length) if length as u64 > FILE_BYTES_MAX => {
            Err("The file is larger than 1 MiB; is it a configuration?".to_owned())
        }
        Ok(_) => Ok(text),
        Err(error) => Err(format!("The file cannot be read: {error}.")),
    }
}
