//! A job: work somebody asked for, and what became of it. It outlives restarts and its recordings.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{IdError, ProcessingStatus, Recording, RecordingId, Step, StepState};

/// Our id of a job: a UUID of version 7, so ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// A new one.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// The sixteen bytes the store keys by.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for JobId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::parse_str(text).map(Self).map_err(|_| IdError::Job(text.to_owned()))
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// A call that came in by the API.
    Upload,
    /// Steps of a recording again.
    Reprocess,
    /// Steps of many recordings again.
    Rerun,
    /// What failed, again.
    RetryFailed,
    /// A look at the sources, and what it brought.
    Fetch,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Its turn has not come.
    Queued,
    /// Being worked on, or waiting for another try.
    Running,
    /// Everything that was asked for is there.
    Completed,
    /// Something is not to be had, or some of several failed.
    Partial,
    /// Given up.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl JobState {
    /// The name in API and CLI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How many recordings of a job ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    /// All that was asked for is there.
    pub completed: u32,
    /// Something is not to be had.
    pub partial: u32,
    /// Given up.
    pub failed: u32,
    /// Cancelled, removed, or taken over by another job.
    pub cancelled: u32,
}

impl JobCounts {
    /// Recordings that have ended.
    pub const fn ended(&self) -> u32 {
        self.completed + self.partial + self.failed + self.cancelled
    }
}

/// Work somebody asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What was asked for.
    pub kind: JobKind,
    /// When.
    pub created_at: Timestamp,
    /// The recordings it is about; of many the first [`NAMED_MAX`].
    pub recordings: Vec<RecordingId>,
    /// Of them those that have not ended.
    pub open: Vec<RecordingId>,
    /// What became of the others.
    pub counts: JobCounts,
    /// The look at the sources is under way.
    #[serde(default)]
    pub is_looking: bool,
    /// Recordings come in parts, as earlier ones end, and more follow.
    #[serde(default)]
    pub is_feeding: bool,
    /// Somebody ended it before all its recordings had come.
    #[serde(default)]
    pub is_cancelled: bool,
    /// Recordings that come in parts: how many in all, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// What went wrong with the look, as sentences.
    #[serde(default)]
    pub errors: Vec<String>,
    /// When everything had ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
}

/// Recordings a job names of those that come in parts: it is written with every one that ends.
pub const NAMED_MAX: usize = 100;

impl Job {
    /// How many recordings it is about, as far as is known.
    pub fn recordings_total(&self) -> u32 {
        self.expected.unwrap_or_else(|| u32::try_from(self.recordings.len()).unwrap_or(u32::MAX))
    }

    /// A job that has just begun.
    pub fn begun(kind: JobKind, recordings: Vec<RecordingId>, now: Timestamp) -> Self {
        Self {
            id: JobId::fresh(),
            kind,
            created_at: now,
            open: recordings.clone(),
            recordings,
            counts: JobCounts::default(),
            is_looking: kind == JobKind::Fetch,
            is_feeding: false,
            is_cancelled: false,
            expected: None,
            errors: Vec::new(),
            ended_at: None,
        }
    }

    /// A recording of it has ended, of which `asked` was asked for; where that is empty, all there is to be had. Answers
    /// whether that is news.
    pub fn settle(&mut self, recording: &Recording, asked: &[Step], is_cancelled: bool, now: Timestamp) -> bool {
        let Some(place) = self.open.iter().position(|id| *id == recording.id) else { return false };
        self.open.swap_remove(place);
        let is_cancelled = is_cancelled || recording.deletion.is_some();
        let is_there = |step: &Step| matches!(recording.steps.get(*step).state, StepState::Completed { .. });
        let has_all = !asked.is_empty() && asked.iter().all(is_there);
        let count = match recording.steps.processing_status() {
            _ if is_cancelled => &mut self.counts.cancelled,
            _ if has_all => &mut self.counts.completed,
            ProcessingStatus::Completed => &mut self.counts.completed,
            ProcessingStatus::Failed => &mut self.counts.failed,
            _ => &mut self.counts.partial,
        };
        *count += 1;
        self.close(now);
        true
    }

    /// Notes the end once nothing is open.
    pub fn close(&mut self, now: Timestamp) {
        if self.open.is_empty() && !self.is_looking && !self.is_feeding && self.ended_at.is_none() {
            self.ended_at = Some(now);
        }
    }

    /// How it ended, or how it stands if `has_begun` says whether work on it has begun.
    pub fn state(&self, has_begun: bool) -> JobState {
        let JobCounts { completed, partial, failed, cancelled } = self.counts;
        if self.ended_at.is_none() {
            let is_running = self.is_looking || has_begun || self.counts.ended() > 0;
            return if is_running { JobState::Running } else { JobState::Queued };
        }
        let good = completed + partial;
        let is_cancelled = self.is_cancelled || cancelled > 0;
        if is_cancelled && good + failed == 0 {
            return JobState::Cancelled;
        }
        if (failed > 0 || !self.errors.is_empty()) && good == 0 {
            return JobState::Failed;
        }
        if is_cancelled || partial + failed > 0 || !self.errors.is_empty() {
            JobState::Partial
        } else {
            JobState::Completed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_was_ended_between_two_parts_is_not_completed() {
        let ended = Job {
            is_cancelled: true,
            ended_at: Some(Timestamp::UNIX_EPOCH),
            ..Job::begun(JobKind::Rerun, Vec::new(), Timestamp::UNIX_EPOCH)
        };
        assert_eq!(ended.state(false), JobState::Cancelled);
        let some = Job { counts: JobCounts { completed: 300, ..JobCounts::default() }, ..ended };
        assert_eq!(some.state(false), JobState::Partial);
    }
}
