//! The six durable steps of a recording, their states, and the statuses that follow from them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many steps a recording has; the divisor of the quality score.
pub const STEP_COUNT: usize = 6;

/// One durable step, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The recording and its call from the provider: parties, direction, times, duration.
    FetchDetails,
    /// Everything else the provider knows; kept whole, queryable.
    FetchMetadata,
    /// Audio on disk with size, digest and format.
    DownloadAudio,
    /// The transcript.
    Transcribe,
    /// Language and confidence.
    DetectLanguage,
    /// Summary and facts drawn from the transcript.
    GenerateSummary,
}

impl Step {
    /// All steps in running order.
    pub const ALL: [Self; STEP_COUNT] = [
        Self::FetchDetails,
        Self::FetchMetadata,
        Self::DownloadAudio,
        Self::Transcribe,
        Self::DetectLanguage,
        Self::GenerateSummary,
    ];

    /// The name in API, CLI and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FetchDetails => "fetch_details",
            Self::FetchMetadata => "fetch_metadata",
            Self::DownloadAudio => "download_audio",
            Self::Transcribe => "transcribe",
            Self::DetectLanguage => "detect_language",
            Self::GenerateSummary => "generate_summary",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|step| step.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|step| step.as_str()).collect();
            format!("'{text}' is not a step; steps are {}", names.join(", "))
        })
    }
}

/// Where one step stands. A variant carries exactly what is true in that state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// Not begun, or sent back to the start.
    Pending,
    /// Claimed by a running daemon.
    Running {
        /// When it was claimed.
        since: Timestamp,
    },
    /// Will be tried again by itself.
    Waiting {
        /// Not before this.
        until: Timestamp,
        /// What it waits for, as a sentence.
        reason: String,
    },
    /// Done.
    Completed {
        /// When.
        at: Timestamp,
    },
    /// Not to be had, and that is no fault: no link, no speech.
    Skipped {
        /// When that was known.
        at: Timestamp,
        /// Why, as a sentence.
        reason: String,
    },
    /// Given up.
    Failed {
        /// When.
        at: Timestamp,
        /// Why and what to do, as a sentence.
        error: String,
    },
}

impl StepState {
    /// How the reason begins why a step is skipped that somebody cancelled; who did follows.
    pub const CANCELLED: &'static str = "Cancelled by ";

    /// True when the step will not run again by itself.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Skipped { .. } | Self::Failed { .. })
    }

    /// The state's name in API and CLI.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running { .. } => "running",
            Self::Waiting { .. } => "waiting",
            Self::Completed { .. } => "completed",
            Self::Skipped { .. } => "skipped",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One step's state with its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Where it stands.
    #[serde(flatten)]
    pub state: StepState,
    /// How often it was claimed. Rises at the claim, so that work that kills the daemon is counted.
    pub attempts: u32,
    /// The last thing that went wrong, kept even after a later success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How long the last finished attempt took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// What produced the result: model, rules, program version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How it had ended before it was sent back to the start: the result of then stays until a new one replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<StepRecord>>,
}

impl StepRecord {
    /// A step nobody has touched.
    pub const fn pending() -> Self {
        Self { state: StepState::Pending, attempts: 0, last_error: None, took_ms: None, version: None, before: None }
    }
}

/// The six steps of one recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Steps([StepRecord; STEP_COUNT]);

impl Default for Steps {
    fn default() -> Self {
        Self(std::array::from_fn(|_| StepRecord::pending()))
    }
}

impl Steps {
    /// One step.
    pub const fn get(&self, step: Step) -> &StepRecord {
        &self.0[step as usize]
    }

    /// One step, to change.
    pub const fn get_mut(&mut self, step: Step) -> &mut StepRecord {
        &mut self.0[step as usize]
    }

    /// Steps with their names, in running order.
    pub fn iter(&self) -> impl Iterator<Item = (Step, &StepRecord)> {
        Step::ALL.into_iter().zip(&self.0)
    }

    /// The first step that is not final: the one to run next.
    pub fn next(&self) -> Option<Step> {
        self.iter().find(|(_, record)| !record.state.is_final()).map(|(step, _)| step)
    }

    /// Sends `step` and its attempts back to the start.
    pub fn reset(&mut self, step: Step) {
        let mut record = self.get(step).clone();
        let (last_error, before) = (record.last_error.clone(), record.before.take());
        let before = if record.state.is_final() { Some(Box::new(record)) } else { before };
        *self.get_mut(step) = StepRecord { last_error, before, ..StepRecord::pending() };
    }

    /// Completed steps out of six: 2 of 6 gives 0.33.
    pub fn quality_score(&self) -> f64 {
        let completed = self.0.iter().filter(|r| matches!(r.state, StepState::Completed { .. })).count();
        completed as f64 / STEP_COUNT as f64
    }

    /// How the recording stands as a whole.
    pub fn processing_status(&self) -> ProcessingStatus {
        if self.0.iter().any(|r| !r.state.is_final()) {
            let untouched = self.0.iter().all(|r| matches!(r.state, StepState::Pending) && r.attempts == 0);
            return if untouched { ProcessingStatus::Pending } else { ProcessingStatus::Processing };
        }
        if self.0.iter().all(|r| matches!(r.state, StepState::Completed { .. })) {
            return ProcessingStatus::Completed;
        }
        // Without audio and transcript nothing of worth came of it; with either, the rest is a partial result.
        let failed = |step| matches!(self.get(step).state, StepState::Failed { .. });
        if failed(Step::DownloadAudio) || failed(Step::Transcribe) {
            ProcessingStatus::Failed
        } else {
            ProcessingStatus::Partial
        }
    }

    /// Status of getting the audio.
    pub fn recording_status(&self) -> StageStatus {
        StageStatus::of(&self.get(Step::DownloadAudio).state)
    }

    /// Status of the transcript.
    pub fn transcript_status(&self) -> StageStatus {
        StageStatus::of(&self.get(Step::Transcribe).state)
    }

    /// Status of the summary.
    pub fn summary_status(&self) -> StageStatus {
        StageStatus::of(&self.get(Step::GenerateSummary).state)
    }

    /// What is most worth knowing: why a step failed, else why one is tried again, else why something is not to be had.
    pub fn last_error(&self) -> Option<&str> {
        let failed = self.0.iter().find_map(|r| match &r.state {
            StepState::Failed { error, .. } => Some(error.as_str()),
            _ => None,
        });
        let retried = || self.0.iter().filter(|r| !r.state.is_final()).find_map(|r| r.last_error.as_deref());
        let skipped = || {
            self.0.iter().find_map(|r| match &r.state {
                StepState::Skipped { reason, .. } => Some(reason.as_str()),
                _ => None,
            })
        };
        failed.or_else(retried).or_else(skipped)
    }

    /// Attempts beyond the first, over all steps.
    pub fn retry_count(&self) -> u32 {
        self.0.iter().map(|r| r.attempts.saturating_sub(1)).sum()
    }
}

/// How a recording stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessingStatus {
    /// Nothing has begun.
    Pending,
    /// Some step is to come, running or waiting.
    Processing,
    /// All six steps completed.
    Completed,
    /// Everything that can be had is there; something is not to be had.
    Partial,
    /// Given up.
    Failed,
}

impl ProcessingStatus {
    /// All statuses.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Processing, Self::Completed, Self::Partial, Self::Failed];

    /// The name in API and CLI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for ProcessingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProcessingStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            format!("'{text}' is not a status; statuses are pending, processing, completed, partial and failed")
        })
    }
}

/// The badge for recording, transcript and summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// To come.
    Pending,
    /// Being worked on, or waiting for another try.
    Processing,
    /// There.
    Completed,
    /// Not to be had.
    Skipped,
    /// Given up.
    Failed,
}

impl StageStatus {
    const fn of(state: &StepState) -> Self {
        match state {
            StepState::Pending => Self::Pending,
            StepState::Running { .. } | StepState::Waiting { .. } => Self::Processing,
            StepState::Completed { .. } => Self::Completed,
            StepState::Skipped { .. } => Self::Skipped,
            StepState::Failed { .. } => Self::Failed,
        }
    }

    /// The name in API and CLI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}
