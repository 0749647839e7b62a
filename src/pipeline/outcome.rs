//! From a setback to what the store is told: the one place where errors become waiting, failing or parking.

use std::time::Duration;

use super::shared::Shared;
use super::steps::Setback;
use super::{Parked, PipelineError};
use crate::call::{Disposition, Recording, RecordingId, Step, retry};
use crate::observe::metrics;
use crate::store::{Claim, StepOutcome};

/// How long parked work waits before it is tried again by itself: soon after a person has mended it, and seldom enough
/// that a thousand recordings behind a closed door cost little.
pub(super) const PARKED_RETRY: Duration = Duration::from_secs(120);

/// Shortest and longest wait for something that is not there yet: recordings are ready seconds after a call, what a
/// provider makes of them within a day.
const WAIT_MIN: Duration = Duration::from_secs(5);
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// The name under which transcription is parked.
pub(super) const TRANSCRIPTION: &str = "transcribe";
/// The name under which everything else is parked while the disk is full.
pub(super) const DISK: &str = "disk";

impl Shared {
    /// What a claim's step ended with, after `setback`. `is_stopping` tells a cancel by the daemon's end from one by a
    /// person.
    pub(super) fn outcome_of(
        &self,
        claim: &Claim,
        setback: Setback,
        is_stopping: bool,
    ) -> Result<StepOutcome, PipelineError> {
        if let (Setback::Failure { disposition, .. }, true) = (&setback, claim.step < Step::Transcribe) {
            let key = &claim.recording.key;
            metrics::provider_error(key.provider.as_str(), key.account.as_str(), disposition.name());
        }
        Ok(match setback {
            Setback::NotToBeHad(reason) => StepOutcome::Skipped { reason, result: None },
            Setback::NotYet { after, reason } => StepOutcome::Waiting { until: self.later(after), reason },
            Setback::DiskFull { after, reason } => self.park(DISK.to_owned(), reason, after, Some(claim.recording.id)),
            Setback::Cancelled if is_stopping => StepOutcome::Released,
            Setback::Cancelled => StepOutcome::Failed { error: "The work was cancelled.".to_owned() },
            Setback::Failure { message, disposition } => match disposition {
                Disposition::Reject => StepOutcome::Failed { error: message },
                Disposition::Absent => StepOutcome::Skipped { reason: message, result: None },
                Disposition::Wait { after } => self.wait(claim, message, after),
                Disposition::Fatal => return Err(PipelineError::Broken(message)),
                Disposition::Park => self.park(parked_name(claim), message, PARKED_RETRY, Some(claim.recording.id)),
                // Hosts are down for hours, lines for days: what a source brings is waited for as long as if it were not
                // there yet.
                Disposition::Retry { after } if self.is_last(claim) && self.may_come_back(claim) => {
                    self.wait(claim, message, after)
                }
                Disposition::Retry { .. } if self.is_last(claim) => {
                    let error = format!("Given up after {} attempts. {message}", claim.attempt);
                    StepOutcome::Failed { error }
                }
                Disposition::Retry { after } => {
                    let until = self.later(retry::backoff(claim.attempt, self.jitter(), after));
                    StepOutcome::Retry { until, error: message }
                }
            },
        })
    }

    fn is_last(&self, claim: &Claim) -> bool {
        claim.attempt >= self.config.pipeline.attempts_max
    }

    /// The step asks a source, and the recording is young enough to be waited for.
    fn may_come_back(&self, claim: &Claim) -> bool {
        claim.step < Step::Transcribe && self.age(claim) < self.config.pipeline.give_up_after
    }

    fn age(&self, claim: &Claim) -> Duration {
        Duration::try_from(self.clock.now().duration_since(claim.recording.created_at)).unwrap_or(Duration::ZERO)
    }

    /// What is not there yet is asked for as often as it is young: after half its age again. No attempt is used up.
    fn wait(&self, claim: &Claim, message: String, after: Option<Duration>) -> StepOutcome {
        let age = self.age(claim);
        if age >= self.config.pipeline.give_up_after {
            let hours = age.as_secs() / 3600;
            return StepOutcome::Skipped { reason: format!("Given up after {hours} hours. {message}"), result: None };
        }
        let wait = (age / 2).clamp(WAIT_MIN, WAIT_MAX).max(after.unwrap_or_default());
        StepOutcome::Waiting { until: self.later(wait), reason: message }
    }

    /// Nothing is wrong with the recording: everything of its kind waits, and no attempt is used up.
    pub(super) fn park(
        &self,
        what: String,
        reason: String,
        retry: Duration,
        whose: Option<RecordingId>,
    ) -> StepOutcome {
        let (now, until) = (self.clock.now(), self.later(retry));
        tracing::warn!(what, %reason, "Work is parked until somebody mends it.");
        self.activity.park(Parked { what, reason: reason.clone(), until }, whose, now);
        StepOutcome::Waiting { until, reason }
    }
}

/// What is parked when a step of this claim cannot go on: all transcription, or one account.
pub(super) fn parked_name(claim: &Claim) -> String {
    match claim.step {
        Step::Transcribe => TRANSCRIPTION.to_owned(),
        _ => account_name(&claim.recording),
    }
}

/// The name under which an account is parked.
pub(super) fn account_name(recording: &Recording) -> String {
    format!("{}/{}", recording.key.provider, recording.key.account)
}
