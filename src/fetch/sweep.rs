//! Finds files the database does not speak of, and removes the ones it is safe to remove.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::files::{PARTIAL_FOLDER, remove};
use super::{FetchError, Files};
use crate::call::RecordingId;

/// How old a file nobody knows must be before it is removed: far longer than the moment between a file's rename and
/// the commit that names it.
const ORPHAN_GRACE: Duration = Duration::from_secs(3600);

/// How a file stands with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A recording names it.
    Referenced,
    /// Its recording was removed; a crash kept the file.
    Forgotten,
    /// Its recording names another file by now.
    Unreferenced,
    /// Nothing can be said: there is no such recording, or it has no audio as yet.
    Unknown,
}

/// What a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Left-overs of unfinished downloads that were removed.
    pub partials_removed: usize,
    /// Files of removed recordings, and old ones that newer ones replaced, that were removed.
    pub orphans_removed: usize,
    /// Files that were left alone: too young, without a recording, or not named like ours.
    pub left: usize,
}

impl Files {
    /// Removes what a crash in the middle of writing left. Only while nothing is being downloaded or written.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`] when the folder cannot be read or a file cannot be removed.
    pub fn sweep_partials(&self) -> Result<usize, FetchError> {
        let mut removed = 0;
        for folder in self.partial_folders() {
            for entry in fs::read_dir(&folder).map_err(FetchError::at(&folder))?.flatten() {
                remove(&entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Walks both trees and removes files of removed recordings, and files that newer ones replaced once they are old.
    /// `standing` is asked with the id in the file's name and the audio path it belongs to. Files that are not named
    /// `<id>.<ending>` are never touched.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`], or what `standing` ended with.
    pub fn sweep_orphans<E: From<FetchError>>(
        &self,
        now: SystemTime,
        mut standing: impl FnMut(RecordingId, Tree, &str) -> Result<Standing, E>,
    ) -> Result<SweepReport, E> {
        let mut report = SweepReport::default();
        for (tree, base) in [(Tree::Recordings, &self.recordings), (Tree::Transcripts, &self.transcripts)] {
            walk::<E>(base, &mut |path: &Path| {
                let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
                let relative = path.strip_prefix(base).ok().and_then(Path::to_str);
                let (Some(id), Some(relative)) = (id, relative) else {
                    report.left += 1;
                    return Ok(());
                };
                match standing(id, tree, relative)? {
                    Standing::Referenced => {}
                    Standing::Unknown => report.left += 1,
                    Standing::Unreferenced if !is_old(path, now) => report.left += 1,
                    Standing::Forgotten | Standing::Unreferenced => {
                        fs::remove_file(path).map_err(FetchError::at(path))?;
                        report.orphans_removed += 1;
                    }
                }
                Ok(())
            })?;
        }
        Ok(report)
    }
}

/// Goes by the time of the last change to the name or its facts: a rename sets it, and a source cannot.
fn is_old(path: &Path, now: SystemTime) -> bool {
    let Ok(changed_s) = fs::metadata(path).map(|facts| facts.ctime()) else { return false };
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(changed_s.try_into().unwrap_or(0));
    now.duration_since(changed).is_ok_and(|age| age > ORPHAN_GRACE)
}

/// Which of the two trees a file lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// Audio as received.
    Recordings,
    /// Transcripts for people.
    Transcripts,
}

/// Calls `visit` for each file below `folder`, without following links. Folders that vanish meanwhile are no error.
fn walk<E: From<FetchError>>(folder: &Path, visit: &mut impl FnMut(&Path) -> Result<(), E>) -> Result<(), E> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(FetchError::at(folder))?,
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != PARTIAL_FOLDER => walk(&path, visit)?,
            Ok(kind) if kind.is_file() => visit(&path)?,
            _ => {}
        }
    }
    Ok(())
}
