//! The folder `<state>/uploads/`: files that came in and wait to be moved in, each named by its SHA-256, and below
//! `.partial` those that are still coming.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

/// Where files lie that are still coming.
const PARTIAL_FOLDER: &str = ".partial";

/// The files that wait.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
}

/// A file that is coming in; gone again unless it is kept.
#[derive(Debug)]
pub struct Incoming {
    file: NamedTempFile,
    hasher: Sha256,
    size_bytes: u64,
}

/// A file that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its digest, hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size_bytes: u64,
}

impl Incoming {
    /// Takes more bytes.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Where the bytes are.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Bytes so far.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl Uploads {
    /// The files below `state_dir`; makes the folders (0700).
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let folder = state_dir.join("uploads");
        DirBuilder::new().recursive(true).mode(0o700).create(folder.join(PARTIAL_FOLDER))?;
        Ok(Self { folder })
    }

    /// An empty file (0600) to be filled.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn begin(&self) -> io::Result<Incoming> {
        let file = tempfile::Builder::new().prefix("").suffix(".part").tempfile_in(self.folder.join(PARTIAL_FOLDER))?;
        Ok(Incoming { file, hasher: Sha256::new(), size_bytes: 0 })
    }

    /// Makes a filled file durable under its digest.
    ///
    /// # Errors
    ///
    /// What the disk says; the file is gone then.
    pub fn keep(&self, incoming: Incoming) -> io::Result<Kept> {
        let Incoming { file, hasher, size_bytes } = incoming;
        let sha256: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        file.as_file().sync_all()?;
        file.persist(self.path_of(&sha256))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(Kept { sha256, size_bytes })
    }

    /// Where the file with this digest waits.
    pub fn path_of(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256)
    }

    /// Removes a file that was moved in, or whose recording was removed. One that is gone is no error.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn remove(&self, sha256: &str) -> io::Result<()> {
        match fs::remove_file(self.path_of(sha256)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes what a crash left: files still coming, and those that `is_wanted` does not know. Only while nothing comes
    /// in. Answers how many.
    ///
    /// # Errors
    ///
    /// What the disk says, or what `is_wanted` ended with.
    pub fn sweep<E: From<io::Error>>(&self, mut is_wanted: impl FnMut(&str) -> Result<bool, E>) -> Result<usize, E> {
        let mut removed = 0;
        for entry in fs::read_dir(self.folder.join(PARTIAL_FOLDER))? {
            fs::remove_file(entry?.path())?;
            removed += 1;
        }
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_file() && !is_wanted(&name.to_string_lossy())? {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
