//! Everything wrong with a configuration, at once, each with where it is and what to do.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::call::Disposition;

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: a key path like `folders[1].settle_s` (lists count from 0), an environment variable, or empty for the
    /// file as a whole.
    pub key: String,
    /// Line in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What is wrong and what to do, as sentences. Never holds a secret.
    pub message: String,
}

/// A configuration that cannot be used, with every reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct ConfigErrors {
    /// The file, if one was read.
    pub file: Option<PathBuf>,
    /// In the order of the file; never empty.
    pub problems: Vec<Problem>,
}

impl ConfigErrors {
    /// What the caller should do: a person has to mend the file.
    pub const fn disposition(&self) -> Disposition {
        Disposition::Fatal
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}", file.display())?,
            None => f.write_str("The configuration")?,
        }
        match self.problems.len() {
            1 => f.write_str(" has a problem:")?,
            count => write!(f, " has {count} problems:")?,
        }
        for problem in &self.problems {
            f.write_str("\n  ")?;
            if let Some(line) = problem.line {
                write!(f, "line {line}: ")?;
            }
            if !problem.key.is_empty() {
                write!(f, "{}: ", problem.key)?;
            }
            f.write_str(&problem.message)?;
        }
        Ok(())
    }
}

/// Collects problems while the rest is read on.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(super) fn add(&self, key: impl Into<String>, line: Option<usize>, message: impl Into<String>) {
        self.0.borrow_mut().push(Problem { key: key.into(), line, message: message.into() });
    }

    /// The problems by line; those without one last, in the order they were found.
    pub(super) fn into_sorted(self) -> Vec<Problem> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        problems
    }
}
