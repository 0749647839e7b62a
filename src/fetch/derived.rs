//! The folders `redacted/` and `sealed/` of the state folder: copies of audio in which personal data is silent, made when
//! they are wanted, and audio as it was received, encrypted.
//!
//! A copy is named by what it was made from; one of other spans is another file, and the older ones go.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::files::{Partial, hex, make_durable_folder, remove, sync_folder};
use super::{FetchError, Files};
use crate::call::{Audio, RecordingId, Silence};

/// Raised when the same spans would make another file.
const COPY_VERSION: u32 = 1;

/// Names the copy of an audio file with these silences.
pub fn copy_key(audio: &Audio, silences: &[Silence]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{COPY_VERSION}\n{}\n", audio.sha256));
    for Silence { channel, start_ms, end_ms } in silences {
        hasher.update(format!("{channel:?} {start_ms} {end_ms}\n"));
    }
    hex(&hasher.finalize()[..16])
}

impl Files {
    /// The copy that goes by a key, whether it is there or not.
    fn copy_path(&self, id: RecordingId, key: &str) -> PathBuf {
        self.redacted.join(id.to_string()).join(key)
    }

    /// The copy that goes by a key; `None` when it is not there.
    pub fn copy(&self, id: RecordingId, key: &str) -> Option<PathBuf> {
        Some(self.copy_path(id, key)).filter(|path| path.is_file())
    }

    /// An empty file (0600) for a copy.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn partial_copy(&self) -> Result<Partial, FetchError> {
        Self::partial_in(&self.redacted)
    }

    /// An empty file (0600) for sealed audio.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn partial_sealed(&self) -> Result<Partial, FetchError> {
        Self::partial_in(&self.sealed)
    }

    /// Keeps a copy, which is synced already, in the place of all others of its recording.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn keep_copy(&self, partial: Partial, id: RecordingId, key: &str) -> Result<PathBuf, FetchError> {
        let path = self.copy_path(id, key);
        let folder = self.redacted.join(id.to_string());
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(FetchError::at(&folder))?;
        partial.persist(&path)?;
        for entry in fs::read_dir(&folder).map_err(FetchError::at(&folder))?.flatten() {
            if entry.path() != path {
                remove(&entry.path())?;
            }
        }
        Ok(path)
    }

    /// Makes a copy durable as the audio of its recording, beside the one it replaces.
    ///
    /// # Errors
    ///
    /// As [`Files::keep`].
    pub fn keep_redacted(&self, partial: Partial, of: &Audio, key: &str, max_bytes: u64) -> Result<Audio, FetchError> {
        let old = Path::new(&of.path);
        // The folder of the day, whatever was put between it and the file before.
        let day: PathBuf = old.components().take(DAY_PARTS).collect();
        let name = old.file_name().unwrap_or_default();
        let relative = day.join(format!("redacted-{}", &key[..8])).join(name);
        let kept = self.keep_at(partial, &relative.to_string_lossy(), max_bytes)?;
        Ok(Audio { path: kept.path, size_bytes: kept.size_bytes, sha256: kept.sha256, ..of.clone() })
    }

    /// Where the sealed audio of a recording lies.
    pub fn sealed_path(&self, id: RecordingId) -> PathBuf {
        self.sealed.join(id.to_string())
    }

    /// Makes a sealed file durable as that of its recording.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn keep_sealed(&self, partial: Partial, id: RecordingId) -> Result<(), FetchError> {
        let path = self.sealed_path(id);
        let folder = make_durable_folder(&self.sealed, &id.to_string())?;
        File::open(partial.path()).and_then(|file| file.sync_all()).map_err(FetchError::at(&path))?;
        partial.persist(&path)?;
        sync_folder(&folder)
    }

    /// Removes what was derived from the audio of a recording. What is gone already is no error.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn remove_derived(&self, id: RecordingId) -> Result<(), FetchError> {
        self.remove_copies(id)?;
        remove(&self.sealed_path(id))
    }

    /// Removes the copies of a recording alone.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn remove_copies(&self, id: RecordingId) -> Result<(), FetchError> {
        let copies = self.redacted.join(id.to_string());
        match fs::remove_dir_all(&copies) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::at(&copies)(error)),
            _ => Ok(()),
        }
    }

    /// Recordings that have derived files.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn derived(&self) -> Result<Vec<RecordingId>, FetchError> {
        let mut ids = Vec::new();
        for folder in [&self.redacted, &self.sealed] {
            let entries = fs::read_dir(folder).map_err(FetchError::at(folder))?.flatten();
            ids.extend(entries.filter_map(|entry| entry.file_name().to_str()?.parse::<RecordingId>().ok()));
        }
        Ok(ids)
    }
}

/// Year, month and day, as `Destination::relative_path` has them.
const DAY_PARTS: usize = 3;
