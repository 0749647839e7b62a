//! Walks the folder and tells what lies in it. Reads names and `stat`, never content; never follows a link out of the
//! folder and never a link to a folder, so there are no loops; never enters a state folder of this program.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::content::Stamp;
use super::kind::{self, Kind};

/// Folders in one another. Deeper nesting is a mistake, such as a copy of a folder into itself.
const DEPTH_MAX: usize = 64;
/// What every state folder of this program holds.
const STATE_MARK: &str = "callscribe.redb";

/// A file that may be a recording.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Path below the folder.
    pub relative: PathBuf,
    /// As it was when seen.
    pub stamp: Stamp,
}

/// What a walk comes across.
#[derive(Debug)]
pub enum Seen {
    /// A file, by its real path: a link inside the folder shows the file it points to.
    File(Entry, Kind),
    /// Something that cannot be looked at, with the reason as a sentence.
    Refused(PathBuf, String),
}

/// One folder to walk.
#[derive(Debug)]
pub struct Walk<'a> {
    /// The folder, without links in its path.
    pub root: &'a Path,
    /// Look into sub-folders.
    pub recursive: bool,
    /// This program's state folder, without links in its path; never entered.
    pub state_dir: &'a Path,
    /// Ends the walk early once set.
    pub stop: &'a AtomicBool,
}

impl Walk<'_> {
    /// Shows everything to `visit`. What vanishes meanwhile is passed over.
    ///
    /// # Errors
    ///
    /// Only when the folder itself cannot be read, or the walk was stopped.
    pub fn run(&self, mut visit: impl FnMut(Seen)) -> io::Result<()> {
        // The folder must be there: an unmounted share is not an empty folder.
        fs::read_dir(self.root)?;
        let mut folders = vec![(PathBuf::new(), 0)];
        while let Some((relative, depth)) = folders.pop() {
            if self.is_own(&self.root.join(&relative)) {
                continue;
            }
            let entries = match fs::read_dir(self.root.join(&relative)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    visit(Seen::Refused(relative, format!("This folder cannot be read: {error}. {}", mend(&error))));
                    continue;
                }
            };
            for entry in entries.flatten() {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(io::Error::other("the walk was broken off"));
                }
                let path = relative.join(entry.file_name());
                let Ok(file_type) = entry.file_type() else { continue };
                if kind::is_hidden(&entry.file_name()) {
                    continue;
                } else if file_type.is_symlink() {
                    self.resolve(path, &mut visit);
                } else if file_type.is_dir() && self.recursive && depth < DEPTH_MAX {
                    folders.push((path, depth + 1));
                } else if file_type.is_dir() && self.recursive {
                    visit(Seen::Refused(
                        path,
                        format!("This folder lies more than {DEPTH_MAX} folders deep; move it up."),
                    ));
                } else if file_type.is_file()
                    && let Ok(metadata) = entry.metadata()
                {
                    self.show(path, &metadata, &mut visit);
                }
            }
        }
        Ok(())
    }

    fn show(&self, relative: PathBuf, metadata: &fs::Metadata, visit: &mut impl FnMut(Seen)) {
        match Kind::of(&relative) {
            Kind::Ignored => {}
            kind => visit(Seen::File(Entry { relative, stamp: Stamp::of(metadata) }, kind)),
        }
    }

    fn resolve(&self, link: PathBuf, visit: &mut impl FnMut(Seen)) {
        if Kind::of(&link) == Kind::Ignored {
            return;
        }
        let Ok(target) = self.root.join(&link).canonicalize() else {
            return visit(Seen::Refused(link, "This link points to nothing; remove it or mend it.".to_owned()));
        };
        let Ok(metadata) = fs::metadata(&target) else { return };
        if target.starts_with(self.state_dir) || (metadata.is_dir() && target.starts_with(self.root)) {
            return;
        }
        match target.strip_prefix(self.root) {
            Ok(inside) if metadata.is_file() => self.show(inside.to_owned(), &metadata, visit),
            Ok(_) => {}
            Err(_) => visit(Seen::Refused(
                link,
                "This link leads out of the watched folder, so it is not followed; copy what it points to, or watch that \
                 folder too."
                    .to_owned(),
            )),
        }
    }

    fn is_own(&self, folder: &Path) -> bool {
        folder.starts_with(self.state_dir) || folder.join(STATE_MARK).symlink_metadata().is_ok()
    }
}

/// What to do about an error of the file system.
pub fn mend(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => "Give the user that callscribe runs as the right to read it.",
        _ => "Check the disk or the network share it is on.",
    }
}
