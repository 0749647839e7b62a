//! Where the configuration file, the state folder and the models are when nobody says.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::Env;

/// The file of a machine-wide installation.
const SYSTEM_FILE: &str = "/etc/callscribe/config.toml";
/// The state folder of a service.
const SYSTEM_STATE_DIR: &str = "/var/lib/callscribe";
/// Models that a package installs.
const SYSTEM_MODEL_DIR: &str = "/usr/share/callscribe/models";

/// The configuration file: the named one, else the first that is there; `None` means defaults.
///
/// A named file that is missing is not skipped: reading it fails, and that is what the person has to hear.
pub(super) fn config_file(named: Option<&Path>, env: Env<'_>) -> Option<PathBuf> {
    let named = named.map(Path::to_path_buf).or_else(|| env("CALLSCRIBE_CONFIG").map(PathBuf::from));
    let below_home = || {
        let base = env("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home(env)?.join(".config")))?;
        Some(base.join("callscribe/config.toml"))
    };
    // A file that is there and may not be read is found too: its error says more than a silent default.
    let there = |path: &PathBuf| !matches!(path.try_exists(), Ok(false));
    named.or_else(|| [Some(PathBuf::from(SYSTEM_FILE)), below_home()].into_iter().flatten().find(there))
}

/// The state folder when the configuration names none: what systemd gave, the service's own where this user may write
/// there, else one below the user's home.
pub(super) fn state_dir(env: Env<'_>) -> Option<PathBuf> {
    // With several StateDirectory= entries systemd separates them by colons.
    let given = env("STATE_DIRECTORY").and_then(|dirs| dirs.split(':').next().map(PathBuf::from));
    let system = || {
        let dir = PathBuf::from(SYSTEM_STATE_DIR);
        let ours = rustix::process::geteuid().is_root() || access(&dir, Access::WRITE_OK | Access::EXEC_OK).is_ok();
        ours.then_some(dir)
    };
    let below_home = || {
        let base = env("XDG_DATA_HOME").map(PathBuf::from).or_else(|| Some(home(env)?.join(".local/share")))?;
        Some(base.join("callscribe"))
    };
    given.filter(|dir| dir.is_absolute()).or_else(system).or_else(below_home)
}

/// Folders searched for models after `configured`: the state folder's, `$CALLSCRIBE_MODELS`, beside the program, the
/// package's, and the one of the source tree this program was built from.
pub(super) fn model_dirs(configured: Vec<PathBuf>, state_dir: &Path, env: Env<'_>) -> Vec<PathBuf> {
    let mut dirs = configured;
    dirs.push(state_dir.join("models"));
    dirs.extend(env("CALLSCRIBE_MODELS").iter().flat_map(std::env::split_paths));
    if let Some(beside) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        dirs.push(beside.join("../share/callscribe/models"));
        dirs.push(beside.join("models"));
    }
    dirs.push(PathBuf::from(SYSTEM_MODEL_DIR));
    let source_tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    if source_tree.is_dir() {
        dirs.push(source_tree);
    }
    dirs
}

fn home(env: Env<'_>) -> Option<PathBuf> {
    env("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// The path with every symbolic link on its existing part resolved, so that two spellings of one folder compare equal.
pub(super) fn real(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return real.join(rest);
        }
    }
    path.to_path_buf()
}
