//! Loads configurations without touching this process's environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use callscribe::config::{Config, ConfigErrors};

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An environment with these variables, over one with a state folder.
pub fn env<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |wanted| {
        let all = variables.iter().chain(&[("STATE_DIRECTORY", "/var/lib/callscribe")]);
        all.clone().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    }
}

/// Loads `text` as a configuration file.
pub fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, text).unwrap();
    let outcome = Config::load(Some(&file), &env(variables));
    let short = |_: PathBuf| PathBuf::from("config.toml");
    match outcome {
        Ok(config) => Ok(Config { file: config.file.map(short), ..config }),
        Err(errors) => Err(ConfigErrors { file: errors.file.map(short), ..errors }),
    }
}

/// Writes a file that only its owner can read, or with another mode.
pub fn file_with_mode(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
