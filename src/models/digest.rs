//! Whether a file is, to the byte, what the catalogue says.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::header::mend_for;
use super::{ModelEntry, ModelError, ModelHeader, inspect};

/// Read in one go; large enough to keep a disk busy, small enough to show progress.
const CHUNK_BYTES: usize = 1 << 20;

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Size and digest are those of the catalogue.
    Verified(ModelHeader),
    /// The file is whole, but no catalogue knows its digest.
    Whole(ModelHeader),
}

/// Checks structure, size and digest of `path` against `entry`; `progress` is told the bytes read so far.
///
/// # Errors
///
/// [`ModelError::Damaged`] says in which of the three it differs.
pub fn verify(path: &Path, entry: &ModelEntry, progress: &mut dyn FnMut(u64)) -> Result<Verdict, ModelError> {
    let header = inspect(path)?;
    let damaged = |found: String| ModelError::Damaged {
        path: path.to_path_buf(),
        found,
        mend: mend_for(Path::new(&*entry.file_name)),
    };
    if let Some(expected) = entry.size_bytes.filter(|expected| *expected != header.size_bytes) {
        return Err(damaged(format!("it has {} bytes instead of the {expected} of {}", header.size_bytes, entry.name)));
    }
    let Some(expected) = &entry.sha256 else { return Ok(Verdict::Whole(header)) };
    let found = sha256_of(path, progress)?;
    if found != **expected {
        return Err(damaged(format!("its SHA-256 is {found} instead of the {expected} of {}", entry.name)));
    }
    Ok(Verdict::Verified(header))
}

/// SHA-256 of a file in lower-case hexadecimal.
pub(super) fn sha256_of(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<String, ModelError> {
    let mut file = File::open(path).map_err(ModelError::io(path, "read"))?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut done: u64 = 0;
    loop {
        let length = file.read(&mut chunk).map_err(ModelError::io(path, "read"))?;
        if length == 0 {
            break;
        }
        hasher.update(&chunk[..length]);
        done += length as u64;
        progress(done);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
