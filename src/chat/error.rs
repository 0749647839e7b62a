//! Why a language model gave no answer that could be used, in sentences that hold none of what was asked or said.

use std::time::Duration;

use crate::call::Disposition;
use crate::provider::client::CallError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The endpoint cannot be asked as it is configured.
    #[error("{0}")]
    Unusable(String),
    /// The request brought nothing.
    #[error("{}", sentence(.0))]
    Call(CallError),
    /// An answer came, and could not be used.
    #[error("{host} answered, but {why}.")]
    Unreadable {
        /// Who.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The answer was longer than it may be.
    #[error("The answer of {host} was cut off; raise language_model.context_tokens to what the model can take.")]
    CutOff {
        /// Who.
        host: String,
    },
    /// It did not answer several times, and is not asked for a while.
    #[error("{host} did not answer {failures} times in a row and is left alone for a minute.")]
    LeftAlone {
        /// Who.
        host: String,
        /// How often.
        failures: u32,
    },
}

impl ChatError {
    /// Whether another try may help, and how long the endpoint wants it to wait.
    pub(super) fn retry(&self) -> Option<Option<Duration>> {
        match self {
            Self::Call(error) => match error.disposition() {
                Disposition::Retry { after } => Some(after),
                _ => None,
            },
            Self::Unreadable { .. } => Some(None),
            _ => None,
        }
    }

    /// Nobody is there who could answer: a machine that is off, or one that is starting. It says nothing of the question.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::LeftAlone { .. } | Self::Call(CallError::Network { .. }) => true,
            Self::Call(error) => error.status().is_some_and(|status| status >= 500),
            _ => false,
        }
    }

    /// Whoever configured the endpoint has to mend something: every question would fare alike.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Unusable(_)
            | Self::Call(
                CallError::RemoteAddress { .. } | CallError::PrivateAddress { .. } | CallError::ForeignHost { .. },
            ) => true,
            Self::Call(error) => matches!(error.status(), Some(300..=399 | 401 | 403 | 404 | 410)),
            _ => false,
        }
    }

    /// What the caller should do: another call may fare better, this one has its summary by rule.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Call(error) => error.disposition(),
            Self::Unusable(_) => Disposition::Park,
            Self::Unreadable { .. } | Self::CutOff { .. } => Disposition::Reject,
            Self::LeftAlone { .. } => Disposition::Retry { after: None },
        }
    }
}

/// What a refusal means at a chat endpoint.
fn sentence(error: &CallError) -> String {
    let said = error.to_string();
    match (error, error.status()) {
        (CallError::RemoteAddress { .. }, _) => {
            format!("{said} If the words of calls may leave, set language_model.allow_remote = true and use https.")
        }
        (_, Some(401 | 403)) => format!("{said} Its key is missing or wrong; see language_model.api_key_file."),
        (_, Some(404)) => format!("{said} Check language_model.url and the model's name."),
        (_, Some(300..=399)) => format!("{said} Redirects are not followed; set language_model.url to where it leads."),
        _ => said,
    }
}
