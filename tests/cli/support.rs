//! The program with a configuration, a state folder and calls of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::sample::cut_call;

/// Where one test lets the program work.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With `extra` at the end of a configuration that names a state folder and a free port.
    pub fn with(extra: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let state = place.path("state");
        let text = format!(
            "state_dir = {state:?}\n[api]\nlisten = \"127.0.0.1:0\"\n[pipeline]\nfree_disk_mib_min = 0\n{extra}\n"
        );
        fs::write(place.path("config.toml"), text).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path of a short call, in which a customer complains.
    pub fn call(&self, name: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        cut_call(&path, 8600, 16_000);
        path.to_str().unwrap().to_owned()
    }

    /// The path of a file that is no audio.
    pub fn no_call(&self, name: &str) -> String {
        fs::write(self.path(name), "<!DOCTYPE html><html><body>Please sign in</body></html>").unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_callscribe"));
        program.arg("--config").arg(self.path("config.toml")).args(arguments).current_dir(self.folder.path());
        program
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.program(arguments).output().unwrap()
    }
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("ended by a signal: {output:?}"))
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
