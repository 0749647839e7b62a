//! Recordings of which a step failed: what a filter may ask for.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::super::facets::ANY_STEP;
use crate::call::Step;

/// Which step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedStep {
    /// Whichever.
    Any,
    /// This one.
    Of(Step),
}

impl FailedStep {
    /// The value of the tag.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => ANY_STEP,
            Self::Of(step) => step.as_str(),
        }
    }
}

impl FromStr for FailedStep {
    type Err = <Step as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == ANY_STEP { Ok(Self::Any) } else { text.parse().map(Self::Of) }
    }
}
