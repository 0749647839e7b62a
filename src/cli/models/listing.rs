//! What `models list` shows: the models that are here, which is in use, and which can be had.

use std::path::PathBuf;

use serde::Serialize;

use super::MB;
use crate::config::Config;
use crate::models::{self, ModelEntry, ModelError, catalogue};

/// What `models list` shows.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// The model the configuration names.
    pub configured: String,
    /// Why it cannot be used, if it cannot.
    pub configured_problem: Option<String>,
    /// Models here first, then what can be had.
    pub models: Vec<Listed>,
}

/// One model in the list.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Size of its file.
    pub size_bytes: Option<u64>,
    /// Memory it takes, about.
    pub memory_bytes_estimate: Option<u64>,
    /// Knows other languages than English.
    pub multilingual: Option<bool>,
    /// Knows only the sample calls.
    pub miniature: bool,
    /// The one the configuration names.
    pub in_use: bool,
    /// Where it is, if it is here.
    pub path: Option<PathBuf>,
    /// What is wrong with the file.
    pub problem: Option<String>,
    /// Where it can be had.
    pub url: Option<String>,
    /// SHA-256 of its file.
    pub sha256: Option<String>,
}

impl Listing {
    /// Looks into the configured folders; of files of one name the first counts, as it does when one is used.
    pub fn of(config: &Config) -> Self {
        let dirs = &config.transcribe.model_dirs;
        let configured = models::resolve(&config.transcribe.model, dirs);
        let in_use = configured.as_ref().ok().map(|file| file.path.clone());
        let mut models: Vec<Listed> = Vec::new();
        for (path, outcome) in models::installed(dirs) {
            let in_use = in_use.as_deref() == Some(&*path);
            let listed = match outcome {
                Ok(file) => {
                    let size_bytes = Some(file.header.size_bytes);
                    Listed { path: Some(path), in_use, size_bytes, ..Listed::of_entry(&file.entry) }
                }
                Err(error) => Listed::broken(path, &error),
            };
            if models.iter().all(|earlier| earlier.name != listed.name) {
                models.push(listed);
            }
        }
        for entry in catalogue().filter(|entry| entry.published) {
            if models.iter().all(|here| here.name != entry.name) {
                models.push(Listed::of_entry(&entry));
            }
        }
        let configured_problem = configured.err().map(|error| error.to_string());
        Self { configured: config.transcribe.model.clone(), configured_problem, models }
    }

    /// For a person.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        if let Some(problem) = &self.configured_problem {
            text += &format!("The configured model '{}' cannot be used. {problem}\n\n", self.configured);
        } else if self.models.iter().any(|model| model.in_use && model.miniature) {
            text += "The miniature is in use: it knows only the sample calls and is no use on real ones.\n\
                     `callscribe models pull base` brings a real model; then set transcribe.model = \"base\".\n\n";
        }
        text += &format!("{:22} {:>9} {:>9}  {:10} WHERE\n", "NAME", "SIZE", "MEMORY", "LANGUAGES");
        for model in &self.models {
            text += &model.line();
        }
        text
    }
}

impl Listed {
    fn of_entry(entry: &ModelEntry) -> Self {
        Self {
            name: entry.name.to_string(),
            size_bytes: entry.size_bytes,
            memory_bytes_estimate: Some(entry.memory_bytes_estimate),
            multilingual: Some(entry.multilingual),
            miniature: entry.miniature,
            in_use: false,
            path: None,
            problem: None,
            url: entry.url(),
            sha256: entry.sha256.as_deref().map(str::to_owned),
        }
    }

    fn broken(path: PathBuf, error: &ModelError) -> Self {
        Self {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            size_bytes: None,
            memory_bytes_estimate: None,
            multilingual: None,
            miniature: false,
            in_use: false,
            path: Some(path),
            problem: Some(error.to_string()),
            url: None,
            sha256: None,
        }
    }

    fn line(&self) -> String {
        let megabytes =
            |bytes: Option<u64>| bytes.map_or_else(|| "?".to_owned(), |bytes| format!("{} MB", bytes.div_ceil(MB)));
        let languages = match self.multilingual {
            Some(true) if self.miniature => "samples",
            Some(true) => "many",
            Some(false) => "English",
            None => "?",
        };
        let place = match (&self.problem, &self.path) {
            (Some(problem), _) => format!("BROKEN: {problem}"),
            (None, Some(path)) if self.in_use => format!("{} (in use)", path.display()),
            (None, Some(path)) => path.display().to_string(),
            (None, None) => "to be pulled".to_owned(),
        };
        let (size, memory) = (megabytes(self.size_bytes), megabytes(self.memory_bytes_estimate));
        format!("{:22} {size:>9} {memory:>9}  {languages:10} {place}\n", self.name)
    }
}
