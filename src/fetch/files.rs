//! The folders `recordings/` and `transcripts/` of the state folder; what is derived from them is in `derived`.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use super::FetchError;
use crate::call::{Audio, RecordingId};

/// Where files in the making lie: in the tree they end up in, so that the rename stays in one file system.
pub(super) const PARTIAL_FOLDER: &str = ".partial";
/// Bytes read at a time for the digest.
const CHUNK_BYTES: usize = 128 * 1024;
/// Longest file name ending that is kept; a longer one is no ending.
const EXTENSION_CHARS_MAX: usize = 8;

/// The files callscribe keeps beside the database.
#[derive(Debug, Clone)]
pub struct Files {
    pub(super) recordings: PathBuf,
    pub(super) transcripts: PathBuf,
    pub(super) redacted: PathBuf,
    pub(super) sealed: PathBuf,
}

/// A file that is being filled; gone again unless it is kept.
#[derive(Debug)]
pub struct Partial(TempPath);

impl Partial {
    /// Where to write the bytes.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Gives it its name, in the same file system.
    pub(super) fn persist(self, path: &Path) -> Result<(), FetchError> {
        self.0.persist(path).map_err(|error| FetchError::at(path)(error.error))
    }
}

/// Under which name a file is kept.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// Whose audio it is.
    pub id: RecordingId,
    /// The call's day gives the folder.
    pub recorded_at: Timestamp,
    /// The name it had at its source, if any; its ending is kept.
    pub original_name: Option<&'a str>,
}

impl Destination<'_> {
    /// The path below `recordings/`: `YYYY/MM/DD/<id>.<ending>`, the day in UTC.
    pub fn relative_path(&self) -> String {
        let day = self.recorded_at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d").to_string();
        format!("{day}/{}.{}", self.id, extension_of(self.original_name.unwrap_or_default()))
    }
}

impl Files {
    /// The files below `state_dir`; makes the two folders (0700).
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn open(state_dir: &Path) -> Result<Self, FetchError> {
        let folder = |name| state_dir.join(name);
        let files = Self {
            recordings: folder("recordings"),
            transcripts: folder("transcripts"),
            redacted: folder("redacted"),
            sealed: folder("sealed"),
        };
        for folder in files.partial_folders() {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(FetchError::at(&folder))?;
        }
        Ok(files)
    }

    /// Where files in the making lie, one folder in each tree.
    pub(super) fn partial_folders(&self) -> [PathBuf; 4] {
        [&self.recordings, &self.transcripts, &self.redacted, &self.sealed].map(|tree| tree.join(PARTIAL_FOLDER))
    }

    /// The full path of what [`Audio::path`] names.
    pub fn audio_path(&self, relative: &str) -> PathBuf {
        self.recordings.join(relative)
    }

    /// The transcript for people that lies beside an audio file in the mirrored tree.
    pub fn transcript_path(&self, audio_relative: &str) -> PathBuf {
        self.transcripts.join(audio_relative).with_extension("vtt")
    }

    /// Refuses when less than `min_bytes` are left on the disk.
    ///
    /// # Errors
    ///
    /// [`FetchError::DiskFull`], [`FetchError::Io`].
    pub fn check_free_space(&self, min_bytes: u64) -> Result<(), FetchError> {
        let free_bytes = fs4::available_space(&self.recordings).map_err(FetchError::at(&self.recordings))?;
        if free_bytes < min_bytes {
            return Err(FetchError::DiskFull { folder: self.recordings.clone(), free_bytes, min_bytes });
        }
        Ok(())
    }

    /// An empty file (0600) to be filled.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn partial(&self) -> Result<Partial, FetchError> {
        Self::partial_in(&self.recordings)
    }

    /// The same in another tree.
    pub(super) fn partial_in(tree: &Path) -> Result<Partial, FetchError> {
        let folder = tree.join(PARTIAL_FOLDER);
        let file = tempfile::Builder::new().prefix("").suffix(".part").tempfile_in(&folder);
        Ok(Partial(file.map_err(FetchError::at(&folder))?.into_temp_path()))
    }

    /// Makes a filled file durable under its final name, and says what it is. When this returns, the bytes, the name and
    /// every folder above it are on the disk.
    ///
    /// # Errors
    ///
    /// [`FetchError::TooLarge`], [`FetchError::Io`]; the partial file is gone then.
    pub fn keep(&self, partial: Partial, destination: &Destination<'_>, max_bytes: u64) -> Result<Audio, FetchError> {
        let kept = self.keep_at(partial, &destination.relative_path(), max_bytes)?;
        Ok(Audio { original_name: destination.original_name.map(str::to_owned), ..kept })
    }

    /// The same under a path below `recordings/`.
    pub(super) fn keep_at(&self, partial: Partial, relative: &str, max_bytes: u64) -> Result<Audio, FetchError> {
        let (size_bytes, sha256) = digest(&partial.0, max_bytes)?;
        let folder = make_durable_folder(&self.recordings, relative)?;
        partial.persist(&self.audio_path(relative))?;
        sync_folder(&folder)?;
        Ok(Audio {
            path: relative.to_owned(),
            size_bytes,
            sha256,
            original_name: None,
            container: None,
            codec: None,
            sample_rate_hz: None,
            channel_count: None,
            duration_ms: None,
            channels: Vec::new(),
            redacted: None,
            unheard: false,
        })
    }

    /// The SHA-256 of a kept file, hexadecimal; absent when it is gone.
    ///
    /// # Errors
    ///
    /// [`FetchError::TooLarge`], [`FetchError::Io`].
    pub fn digest_of(&self, relative: &str, max_bytes: u64) -> Result<Option<String>, FetchError> {
        let path = self.audio_path(relative);
        if !path.exists() {
            return Ok(None);
        }
        digest(&path, max_bytes).map(|(_, sha256)| Some(sha256))
    }

    /// Writes the transcript for people. It can be made again from the database at any time, so nothing is synced.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn write_transcript(&self, audio_relative: &str, text: &str) -> Result<(), FetchError> {
        let path = self.transcript_path(audio_relative);
        let folder = path.parent().unwrap_or(&self.transcripts);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(FetchError::at(folder))?;
        let mut file =
            tempfile::NamedTempFile::new_in(self.transcripts.join(PARTIAL_FOLDER)).map_err(FetchError::at(folder))?;
        file.write_all(text.as_bytes()).map_err(FetchError::at(&path))?;
        file.persist(&path).map_err(|error| FetchError::at(&path)(error.error))?;
        Ok(())
    }

    /// Removes the transcript beside an audio. One that is not there is no error.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn remove_transcript(&self, audio_relative: &str) -> Result<(), FetchError> {
        remove(&self.transcript_path(audio_relative))
    }

    /// Removes the files of a recording that the store has forgotten already. Files that are gone are no error.
    ///
    /// # Errors
    ///
    /// [`FetchError::Io`].
    pub fn remove(&self, audio_relative: &str) -> Result<(), FetchError> {
        // Both are tried, whatever becomes of the first.
        let removals =
            [self.audio_path(audio_relative), self.transcript_path(audio_relative)].map(|path| remove(&path));
        removals.into_iter().collect()
    }
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), FetchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::at(path)(error)),
        _ => Ok(()),
    }
}

/// Size and SHA-256 of a file, which is synced in passing.
fn digest(path: &Path, max_bytes: u64) -> Result<(u64, String), FetchError> {
    let failed = || FetchError::at(path);
    let mut file = File::open(path).map_err(failed())?;
    let size_bytes = file.metadata().map_err(failed())?.len();
    if size_bytes > max_bytes {
        return Err(FetchError::TooLarge { size_bytes, max_bytes });
    }
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk).map_err(failed())? {
            0 => break,
            read => hasher.update(&chunk[..read]),
        }
    }
    file.sync_all().map_err(failed())?;
    Ok((size_bytes, hex(&hasher.finalize())))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the folders above `relative` one by one and syncs each one's parent: a new folder is only on the disk once
/// the folder that names it is.
pub(super) fn make_durable_folder(base: &Path, relative: &str) -> Result<PathBuf, FetchError> {
    let mut folder = base.to_owned();
    for part in Path::new(relative).parent().into_iter().flat_map(Path::components) {
        let Component::Normal(name) = part else { continue };
        let parent = folder.clone();
        folder.push(name);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => sync_folder(&parent)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(FetchError::at(&folder)(error)),
        }
    }
    Ok(folder)
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), FetchError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FetchError::at(folder))
}

/// The ending of a file name in lower case, `bin` when there is none fit to be part of a path.
fn extension_of(name: &str) -> String {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let fits =
        (1..=EXTENSION_CHARS_MAX).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric());
    if fits { extension.to_ascii_lowercase() } else { "bin".to_owned() }
}
