//! Brings a model file in from this machine or a USB stick, and the last steps shared with a download: room on the
//! disk, and the rename that makes a verified file the model.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::digest::sha256_of;
use super::{ModelEntry, ModelError, Verdict, catalogue, entry_named, inspect, verify};

/// Kept free beside the model, so that the database next to it can still write.
const RESERVE_BYTES: u64 = 64 << 20;
const MIB: u64 = 1 << 20;
/// Copied in one go.
const CHUNK_BYTES: usize = 1 << 20;

/// A model that was brought in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Where it is now.
    pub path: PathBuf,
    /// Its name here.
    pub name: String,
    /// Whether a catalogue vouches for it.
    pub verdict: Verdict,
}

/// Copies `source` into `dir` under its catalogue name, or under `name`. A file whose size and digest are those of a
/// published model is recognised whatever it is called. `progress` is told the bytes copied so far.
///
/// # Errors
///
/// [`ModelError::WrongKind`] and [`ModelError::Damaged`] for a file that is no good, also when it carries the name of a
/// published model and is not that model. What was in `dir` before stays.
pub fn import(
    source: &Path,
    name: Option<&str>,
    dir: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, ModelError> {
    let header = inspect(source)?;
    let entry = entry_for_import(source, name, header.size_bytes)?;
    fs::create_dir_all(dir).map_err(ModelError::io(dir, "made"))?;
    ensure_space(dir, header.size_bytes)?;
    let target = dir.join(&*entry.file_name);
    let mut copy = tempfile::Builder::new()
        .prefix(".import-")
        .suffix(".part")
        .tempfile_in(dir)
        .map_err(ModelError::io(dir, "written"))?;
    copy_bytes(source, copy.as_file_mut(), progress).map_err(ModelError::io(source, "copied"))?;
    let verdict = verify(copy.path(), &entry, &mut |_| ())?;
    let (_, part) = copy.keep().map_err(|error| ModelError::io(dir, "written")(error.error))?;
    put_in_place(&part, &target)?;
    Ok(Imported { path: target, name: entry.name.into_owned(), verdict })
}

fn entry_for_import(source: &Path, name: Option<&str>, size_bytes: u64) -> Result<ModelEntry, ModelError> {
    let stem = source.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.unwrap_or_else(|| stem.strip_prefix("ggml-").unwrap_or(&stem));
    if let Some(entry) = entry_named(name) {
        return Ok(entry);
    }
    if catalogue().any(|entry| entry.size_bytes == Some(size_bytes)) {
        let digest = sha256_of(source, &mut |_| ())?;
        if let Some(entry) = catalogue().find(|entry| entry.sha256.as_deref() == Some(&digest)) {
            return Ok(entry);
        }
    }
    let usable = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !usable || name.starts_with('.') {
        return Err(ModelError::NotFound {
            name: name.to_owned(),
            mend: "A model's name has letters, digits, '-', '_' and '.' only; give it one with --name.".to_owned(),
        });
    }
    Ok(ModelEntry::unlisted(name, &format!("{name}.bin"), size_bytes, u32::MAX, true))
}

fn copy_bytes(source: &Path, into: &mut File, progress: &mut dyn FnMut(u64)) -> std::io::Result<()> {
    let mut from = File::open(source)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut done = 0;
    loop {
        let length = from.read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        into.write_all(&chunk[..length])?;
        done += length as u64;
        progress(done);
    }
}

/// Refuses early what would fill the disk.
pub(super) fn ensure_space(dir: &Path, bytes: u64) -> Result<(), ModelError> {
    let available = fs4::available_space(dir).map_err(ModelError::io(dir, "read"))?;
    let needed = bytes.saturating_add(RESERVE_BYTES);
    if available < needed {
        return Err(ModelError::NoSpace {
            dir: dir.to_path_buf(),
            available_mib: available / MIB,
            needed_mib: needed.div_ceil(MIB),
        });
    }
    Ok(())
}

/// Makes the verified `part` the model: bytes on disk, readable for the service, renamed, folder on disk.
pub(super) fn put_in_place(part: &Path, target: &Path) -> Result<(), ModelError> {
    use std::os::unix::fs::PermissionsExt;
    let place = || {
        let file = File::open(part)?;
        // A model is no secret, and the service may run as another user than whoever brings it.
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        file.sync_all()?;
        fs::rename(part, target)?;
        target.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    place().map_err(ModelError::io(target, "written"))
}
