//! A watched folder, or an archive that is imported once.
//!
//! Recordings are files; a recording's id is the SHA-256 of its content, so that a file that is renamed, moved or copied
//! stays one recording and the locator (its path) follows. A file is taken in once it is at rest: size and times unchanged
//! for a while. What cannot be taken in is refused with a reason, and tried again when it changes. The folder is never
//! written to. What is in it is found by walking it again and again; [`Hints`] only make the next walk come sooner, since
//! network mounts give none.
//!
//! Facts about a call come, the surest first, from the side file (`sidecar`), the file's name (`file_name`), the
//! configured channels, and the file's time.

mod content;
mod cursor;
mod facts;
mod file_name;
mod kind;
mod known;
mod locator;
mod look;
mod sidecar;
mod walk;
mod watch;
mod when;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Discovery, KnownPlace, Listed, Provider, ProviderError, Refused};
use crate::call::{AccountName, CallFacts, Disposition, ProviderKind};
use crate::clock::Clock;
use crate::config::FolderConfig;
use content::Digest;
use cursor::{Cursor, Watched};
use facts::Facts;
pub use file_name::{FileNames, Reading};
use look::{Findings, Place, Rules};
pub use watch::Hints;

/// What a folder leans on beside its own configuration.
#[derive(Clone)]
pub struct FolderContext {
    /// This program's state folder: never taken for recordings.
    pub state_dir: PathBuf,
    /// Largest file taken in, in bytes.
    pub file_bytes_max: u64,
    /// Tells how long a file has been at rest.
    pub clock: Arc<dyn Clock>,
    /// The zone of times that name none: [`TimeZone::system`] unless a test says otherwise.
    pub zone: TimeZone,
}

/// One watched folder.
pub struct FolderProvider(Arc<Inner>);

struct Inner {
    config: FolderConfig,
    context: FolderContext,
    names: FileNames,
    watched: Mutex<Watched>,
    /// Where the folder really is, once it has answered.
    root: OnceLock<PathBuf>,
}

impl FolderProvider {
    /// Touches nothing yet, since a folder on a drive that is away does not answer; the first look does.
    ///
    /// # Errors
    ///
    /// [`Disposition::Fatal`] when a file name pattern is wrong, or the folder lies in the state folder.
    pub fn new(config: FolderConfig, context: FolderContext) -> Result<Self, ProviderError> {
        let fatal = |message| ProviderError { message, disposition: Disposition::Fatal };
        let names = FileNames::new(&config.patterns).map_err(fatal)?;
        let as_written = std::path::absolute(&config.path).unwrap_or_else(|_| config.path.clone());
        let inner = Inner { config, context, names, watched: Mutex::default(), root: OnceLock::new() };
        inner.check_place(&as_written)?;
        Ok(Self(Arc::new(inner)))
    }

    /// Files whose content was read to know it, since the start.
    pub fn files_read(&self) -> u64 {
        self.0.watched().looks.files_read.load(Ordering::Relaxed)
    }

    /// What the system tells of changes in the folder, from when the folder answers on. Where it tells nothing the walks
    /// find everything all the same.
    pub fn hints(&self) -> Hints {
        let Inner { config, .. } = &*self.0;
        let name = config.name.clone();
        Hints::begin(config.path.clone(), config.recursive, move |error| {
            tracing::warn!(account = %name, %error, "The system does not report changes in this folder; it is only walked at \
                 its interval.");
        })
    }

    /// Runs `work` where blocking is allowed. Dropping the future breaks it off at the next file or block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &AtomicBool) -> Result<T, ProviderError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        let stop = Arc::new(AtomicBool::new(false));
        let _on_drop = StopOnDrop(Arc::clone(&stop));
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner, &stop)).await;
        done.unwrap_or_else(|error| Err(retry(format!("Looking at the folder broke down: {error}"))))
    }
}

impl Provider for FolderProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Folder
    }

    fn account(&self) -> &AccountName {
        &self.0.config.name
    }

    fn recall(&self, known: &[KnownPlace], quarantined: &[String]) {
        let looks = &mut self.0.watched().looks;
        for place in known {
            if let Some(digest) = content::from_hex(&place.remote_id) {
                looks.known.recall(&place.locator, digest, place.size_bytes);
            }
        }
        for locator in quarantined {
            looks.known.recall_refused(locator);
        }
    }

    fn recalls_places(&self) -> bool {
        true
    }

    fn reaches(&self, locator: &str) -> bool {
        // Nothing is asked here, where nobody may wait; while the folder has not answered, whoever reads the file finds out.
        let Some(root) = self.0.root.get() else { return true };
        locator::decode(locator).is_some_and(|path| path.starts_with(root))
    }

    fn discover(&self, cursor: Option<String>) -> BoxFuture<'_, Result<Discovery, ProviderError>> {
        Box::pin(self.blocking(move |inner, stop| {
            let rules = inner.rules()?;
            let now = inner.context.clock.now();
            let mut watched = inner.watched();
            watched.take(cursor.as_deref().and_then(Cursor::parse));
            let findings = watched.looks.look(&rules, now, stop).map_err(|error| inner.unreachable(&error))?;
            let cursor = watched.give(&findings);
            drop(watched);
            Ok(inner.discovery(&rules, findings, cursor))
        }))
    }

    fn details<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<CallFacts, ProviderError>> {
        let (remote_id, locator) = (remote_id.to_owned(), locator.to_owned());
        Box::pin(self.blocking(move |inner, stop| Ok(inner.facts(&remote_id, &locator, stop)?.call)))
    }

    fn metadata<'a>(&'a self, remote_id: &'a str, locator: &'a str) -> BoxFuture<'a, Result<Value, ProviderError>> {
        let (remote_id, locator) = (remote_id.to_owned(), locator.to_owned());
        Box::pin(self.blocking(move |inner, stop| Ok(inner.facts(&remote_id, &locator, stop)?.metadata)))
    }

    fn download<'a>(
        &'a self,
        remote_id: &'a str,
        locator: &'a str,
        into: &'a Path,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let (remote_id, locator, into) = (remote_id.to_owned(), locator.to_owned(), into.to_owned());
        Box::pin(self.blocking(move |inner, stop| inner.download(&remote_id, &locator, &into, bytes_max, stop)))
    }
}

impl Inner {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> Result<Rules, ProviderError> {
        let Self { config, context, .. } = self;
        let root = config.path.canonicalize().map_err(|error| self.unreachable(&error))?;
        self.check_place(&root)?;
        let _known_before = self.root.set(root.clone());
        Ok(Rules {
            root,
            recursive: config.recursive,
            state_dir: real(&context.state_dir),
            settle: config.settle,
            file_bytes_max: context.file_bytes_max,
        })
    }

    /// Our own files are never taken in.
    fn check_place(&self, root: &Path) -> Result<(), ProviderError> {
        let state_dir = &self.context.state_dir;
        if !root.starts_with(state_dir) && !root.starts_with(real(state_dir)) {
            return Ok(());
        }
        let message = format!(
            "The folder {} lies in callscribe's state folder {}; its own files would be taken in again and again. Choose \
             another folder.",
            self.config.path.display(),
            state_dir.display()
        );
        Err(ProviderError { message, disposition: Disposition::Fatal })
    }

    fn unreachable(&self, error: &io::Error) -> ProviderError {
        let path = self.config.path.display();
        retry(format!("The folder {path} cannot be read: {error}. {}", walk::mend(error)))
    }

    fn discovery(&self, rules: &Rules, findings: Findings, cursor: Option<Cursor>) -> Discovery {
        let listed = findings.places.into_iter().map(|Place { entry, digest }| {
            let facts = self.facts_of(rules, &entry.relative, entry.stamp);
            let locator = locator::encode(&rules.root.join(&entry.relative));
            Listed { remote_id: content::hex(&digest), locator, call: facts.call, returned: true }
        });
        Discovery {
            listed: listed.collect(),
            refused: findings.refused.into_iter().map(|(locator, reason)| Refused { locator, reason }).collect(),
            unsettled: findings.unsettled,
            cleared: findings.cleared,
            more: findings.more,
            cursor: cursor.map(|cursor| cursor.to_string()),
        }
    }

    fn facts_of(&self, rules: &Rules, relative: &Path, stamp: content::Stamp) -> Facts {
        let facts = facts::gather(&rules.root, relative, stamp, &self.names, &self.context.zone);
        facts.with_channels(&self.config.channels)
    }

    /// [`Self::rules`] for work on one recording: a share that is not mounted says nothing about the recording, so all
    /// of this folder waits and no attempt is used up.
    fn rules_for_one(&self) -> Result<Rules, ProviderError> {
        self.rules().map_err(|error| ProviderError { disposition: Disposition::Park, ..error })
    }

    fn facts(&self, remote_id: &str, locator: &str, stop: &AtomicBool) -> Result<Facts, ProviderError> {
        let rules = self.rules_for_one()?;
        for relative in self.places(&rules, remote_id, locator, stop) {
            if let Ok(metadata) = content::open_beneath(&rules.root, &relative).and_then(|file| file.metadata()) {
                return Ok(self.facts_of(&rules, &relative, content::Stamp::of(&metadata)));
            }
        }
        Err(gone())
    }

    fn download(
        &self,
        remote_id: &str,
        locator: &str,
        into: &Path,
        bytes_max: u64,
        stop: &AtomicBool,
    ) -> Result<(), ProviderError> {
        let rules = self.rules_for_one()?;
        let mut problem = gone();
        for relative in self.places(&rules, remote_id, locator, stop) {
            let mut file = match content::open_beneath(&rules.root, &relative) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    problem = retry(format!("The file cannot be read: {error}. {}", walk::mend(&error)));
                    continue;
                }
            };
            let copied = File::create(into).and_then(|mut into| content::copy(&mut file, &mut into, bytes_max, stop));
            match copied {
                Ok(digest) if content::hex(&digest) == remote_id => return Ok(()),
                Ok(_) => problem = changed(),
                Err(error) if error.kind() == ErrorKind::FileTooLarge => return Err(too_large(bytes_max)),
                Err(error) => problem = retry(format!("The file could not be copied: {error}.")),
            }
        }
        Err(problem)
    }

    /// Where a recording may be: at its locator, then wherever else a walk finds its content. The walk is taken only when
    /// the caller comes to that.
    fn places<'a>(
        &'a self,
        rules: &'a Rules,
        remote_id: &'a str,
        locator: &'a str,
        stop: &'a AtomicBool,
    ) -> impl Iterator<Item = PathBuf> + 'a {
        let elsewhere = std::iter::once_with(move || {
            let digest: Option<Digest> = content::from_hex(remote_id);
            let places = digest.map(|digest| self.watched().looks.places_of(rules, digest, stop));
            places.and_then(Result::ok).unwrap_or_default()
        });
        let elsewhere = elsewhere.flatten().map(|place| place.entry.relative);
        relative_of(rules, locator).into_iter().chain(elsewhere)
    }
}

/// The path below the folder that a locator names; absent when it lies elsewhere.
fn relative_of(rules: &Rules, locator: &str) -> Option<PathBuf> {
    let relative = locator::decode(locator)?.strip_prefix(&rules.root).ok()?.to_owned();
    let is_plain = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    (is_plain && relative.file_name().is_some()).then_some(relative)
}

/// A path without links as far as it exists.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn retry(message: String) -> ProviderError {
    ProviderError { message, disposition: Disposition::Retry { after: None } }
}

// The messages below end in logs, and file names hold telephone numbers: the recording's `source` says which file it is.

fn gone() -> ProviderError {
    retry("The file is no longer where it was found, and no copy of it is in the folder; put it back.".to_owned())
}

fn changed() -> ProviderError {
    let message = "The file changed after it was taken in and before it was copied; what it holds now is taken in as a \
                   recording of its own.";
    ProviderError { message: message.to_owned(), disposition: Disposition::Reject }
}

fn too_large(bytes_max: u64) -> ProviderError {
    let message = format!("The file is larger than {} MiB (transcribe.file_mib_max).", bytes_max >> 20);
    ProviderError { message, disposition: Disposition::Reject }
}

/// Tells blocking work that nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
