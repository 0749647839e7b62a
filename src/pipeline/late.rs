//! What providers make of a call, fetched beside the six steps: minutes to days later, and nothing waits for it.
//!
//! What comes is kept beside our transcript, compared with it, and gives the parties of a mixed channel their names. It
//! becomes the transcript only where none of our own will come; the store sees to that.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::shared::Shared;
use crate::call::{Disposition, Recording, RecordingId, SecondOpinion, TranscriptSource};
use crate::provider::{Opinion, ProviderError};
use crate::store::StoreError;
use crate::understand::{agreement, speakers};

/// Providers asked at once.
pub(super) const ASKERS: usize = 2;
/// Shortest and longest wait before a provider is asked again: half the recording's age between them.
const AGAIN_MIN: Duration = Duration::from_secs(120);
const AGAIN_MAX: Duration = Duration::from_secs(6 * 3600);
/// Longest sleep: the machine's clock may be set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Asks until `stop`.
pub(super) async fn ask(
    shared: Arc<Shared>,
    stop: CancellationToken,
    abort: CancellationToken,
) -> Result<(), PipelineError> {
    let mut added = shared.store.subscribe();
    while !stop.is_cancelled() {
        added.mark_unchanged();
        let due = shared.ask(crate::store::Store::next_late).await?;
        let wait: Option<Duration> =
            due.map(|due| due.duration_since(shared.clock.now()).try_into().unwrap_or(Duration::ZERO));
        if wait == Some(Duration::ZERO) {
            tokio::select! {
                asked = one(&shared) => asked?,
                () = abort.cancelled() => return Ok(()),
            }
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            changed = added.changed() => changed.map_err(|gone| PipelineError::Broken(gone.to_string()))?,
            () = tokio::time::sleep(wait.unwrap_or(SLEEP_MAX).min(SLEEP_MAX)), if wait.is_some() => {}
        }
    }
    Ok(())
}

async fn one(shared: &Shared) -> Result<(), PipelineError> {
    let now = shared.clock.now();
    let taken = shared.ask(move |store| store.take_late(now, |recording| again(recording, now))).await?;
    let Some((recording, locator)) = taken else { return Ok(()) };
    let id = recording.id;
    // Without its account it is asked for again later; the account may come back.
    let Some(provider) = shared.provider(&recording) else { return Ok(()) };
    match provider.opinion(&recording.key.remote_id, &locator).await {
        Ok(Some(opinion)) => keep(shared, id, opinion, now).await,
        Ok(None) => shared.ask(move |store| store.end_late(id)).await,
        Err(error) => put_off(shared, &recording, &error, now).await,
    }
}

fn again(recording: &Recording, now: Timestamp) -> Timestamp {
    now.checked_add((age(recording, now) / 2).clamp(AGAIN_MIN, AGAIN_MAX)).unwrap_or(Timestamp::MAX)
}

fn age(recording: &Recording, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(recording.created_at)).unwrap_or(Duration::ZERO)
}

/// It is asked for again by itself, unless it never will be there or too much time has passed.
async fn put_off(
    shared: &Shared,
    recording: &Recording,
    error: &ProviderError,
    now: Timestamp,
) -> Result<(), PipelineError> {
    let id = recording.id;
    let is_hopeless = matches!(error.disposition, Disposition::Absent | Disposition::Reject);
    if is_hopeless || age(recording, now) >= shared.config.pipeline.give_up_after {
        tracing::info!(recording = %id, %error, "The provider's own transcript is not asked for any more.");
        return shared.ask(move |store| store.end_late(id)).await;
    }
    tracing::debug!(recording = %id, %error, "The provider's own transcript is asked for again later.");
    Ok(())
}

async fn keep(shared: &Shared, id: RecordingId, opinion: Opinion, now: Timestamp) -> Result<(), PipelineError> {
    let Opinion { transcript, insights } = opinion;
    let opinion = SecondOpinion { transcript, insights, fetched_at: now, agreement: None };
    settle(shared, id, opinion).await?;
    tracing::info!(recording = %id, "The provider's own transcript or insights have come.");
    Ok(())
}

/// After a transcript of our own: it is held against what the provider had said before.
pub(super) async fn reconsider(shared: &Shared, id: RecordingId) -> Result<(), PipelineError> {
    match shared.ask(move |store| store.opinion(id)).await? {
        Some(opinion) => settle(shared, id, opinion).await,
        None => Ok(()),
    }
}

/// Compares both transcripts, where there are two, and keeps what came of it.
async fn settle(shared: &Shared, id: RecordingId, mut opinion: SecondOpinion) -> Result<(), PipelineError> {
    let now = shared.clock.now();
    let kept = shared.ask(move |store| {
        let ours = store.transcript(id)?.filter(|transcript| transcript.source == TranscriptSource::Local);
        let mut named = None;
        if let (Some(ours), Some(theirs)) = (ours, &opinion.transcript) {
            opinion.agreement = Some(agreement::compare(&ours, theirs));
            named = speakers::laid_over(&ours, theirs);
        }
        store.keep_opinion(id, &opinion, named.as_ref(), now)
    });
    match kept.await {
        // Removed meanwhile.
        Ok(_) | Err(PipelineError::Store(StoreError::WrongState(_))) => Ok(()),
        Err(error) => Err(error),
    }
}
