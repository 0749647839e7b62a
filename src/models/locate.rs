//! From a name or a path to a file and what is known about it.

use std::path::{Path, PathBuf};

use super::catalogue::MINIATURE_WIDTH;
use super::{ModelEntry, ModelError, ModelHeader, catalogue, entry_named, inspect};

/// Files looked at in one folder; a folder with more is not a folder of models.
const FILES_MAX: usize = 1000;

/// A model on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// The file.
    pub path: PathBuf,
    /// What is known about it.
    pub entry: ModelEntry,
    /// What it says about itself.
    pub header: ModelHeader,
}

impl ModelFile {
    /// Takes the file at `path` and finds out what it is.
    fn at(path: PathBuf) -> Result<Self, ModelError> {
        let header = inspect(&path)?;
        let entry = entry_for(&path, &header);
        Ok(Self { path, entry, header })
    }
}

/// Finds a model by its name (`base`, `mini-q8_0`, or any `<name>.bin` in `dirs`) or by a path, and checks that its
/// file is whole. Digests are not computed here: that takes seconds, and [`super::verify`] does it on request.
///
/// # Errors
///
/// [`ModelError::NotFound`] with the command that brings it, or what is wrong with the file.
pub fn resolve(name_or_path: &str, dirs: &[PathBuf]) -> Result<ModelFile, ModelError> {
    if name_or_path.contains('/') || Path::new(name_or_path).extension().is_some_and(|ending| ending == "bin") {
        return ModelFile::at(PathBuf::from(name_or_path));
    }
    let mut file_names = vec![format!("{name_or_path}.bin"), format!("ggml-{name_or_path}.bin")];
    if let Some(entry) = entry_named(name_or_path) {
        file_names.insert(0, entry.file_name.into_owned());
    }
    dirs.iter()
        .flat_map(|dir| file_names.iter().map(|file_name| dir.join(file_name)))
        .find(|path| path.is_file())
        .map_or_else(|| Err(not_found(name_or_path, dirs)), ModelFile::at)
}

/// Every model file in `dirs`, by folder and name; a file that is broken comes with what is wrong.
pub fn installed(dirs: &[PathBuf]) -> Vec<(PathBuf, Result<ModelFile, ModelError>)> {
    let mut found = Vec::new();
    for dir in dirs {
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        let mut paths: Vec<PathBuf> = entries
            .take(FILES_MAX)
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "bin") && path.is_file())
            .collect();
        paths.sort();
        found.extend(paths.into_iter().map(|path| (path.clone(), ModelFile::at(path))));
    }
    found
}

/// What is known about a file: by its name, as the publisher or callscribe named it; else by its header.
///
/// `mini` and `mini-…` are kept for the miniature and for copies of it that were widened for benchmarks: those have the
/// shape of a real model, but the miniature's ear.
fn entry_for(path: &Path, header: &ModelHeader) -> ModelEntry {
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = file_name.strip_suffix(".bin").unwrap_or(&file_name).to_owned();
    let named_miniature = stem == "mini" || stem.starts_with("mini-");
    if named_miniature || header.width == MINIATURE_WIDTH {
        return ModelEntry::miniature(&stem, Some(header.size_bytes), header.width);
    }
    let name = stem.strip_prefix("ggml-").unwrap_or(&stem);
    entry_named(name).filter(|entry| entry.size_bytes == Some(header.size_bytes)).unwrap_or_else(|| {
        ModelEntry::unlisted(name, &file_name, header.size_bytes, header.width, header.multilingual())
    })
}

fn not_found(name: &str, dirs: &[PathBuf]) -> ModelError {
    let mend = match entry_named(name) {
        Some(entry) if entry.published => {
            format!(
                "`callscribe models pull {name}` downloads it; `callscribe models import FILE` brings it in without network."
            )
        }
        Some(_) => {
            let searched: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
            format!(
                "It ships with callscribe; looked in {}. Set CALLSCRIBE_MODELS to the folder that holds it.",
                searched.join(", ")
            )
        }
        None => {
            let nearest = catalogue()
                .map(|entry| (strsim::damerau_levenshtein(name, &entry.name), entry.name))
                .min_by_key(|(distance, _)| *distance)
                .filter(|(distance, _)| *distance <= 2)
                .map(|(_, nearest)| format!("Did you mean '{nearest}'? "))
                .unwrap_or_default();
            format!("{nearest}`callscribe models list` shows all names; a file of your own is named by its path.")
        }
    };
    ModelError::NotFound { name: name.to_owned(), mend }
}
