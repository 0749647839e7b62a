//! What providers make of a call, fetched beside the six steps: minutes to days later, and nothing waits for it.
//!
//! What comes is kept beside our transcript, compared with it, and gives the parties of a mixed channel their names. It
//! becomes the transcript only where none of our own will come; the store sees to that.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::outcome::{PARKED_RETRY, account_name};
use super::shared::Shared;
use super::withhold::{tell_foreign, unless_foreign};
use super::{PipelineError, sweep};
use crate::call::{Disposition, Recording, RecordingId, SecondOpinion, TranscriptSource, Unredacted};
use crate::provider::{Opinion, ProviderError};
use crate::store::{KeptOpinion, Store, StoreError};
use crate::understand::{agreement, speakers};

/// Providers asked at once.
pub(super) const ASKERS: usize = 2;
/// Shortest and longest wait before a provider is asked again: half the recording's age between them.
const AGAIN_MIN: Duration = Duration::from_secs(120);
const AGAIN_MAX: Duration = Duration::from_secs(6 * 3600);
/// Shortest wait before a provider that has answered is asked whether it has more to say.
const MORE_MIN: Duration = Duration::from_secs(3600);
/// Comparisons begun before a transcript that changes and changes is left alone.
const COMPARISONS_MAX: usize = 5;
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
        let due = shared.ask(Store::next_late).await?;
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
    if awaits_comparison(&recording) {
        return reconsider(shared, id).await;
    }
    // Without its account it is asked for again later; the account may come back. Nor is one asked that needs a person.
    let account = account_name(&recording);
    let Some(provider) = shared.provider(&recording) else { return Ok(()) };
    if shared.activity.parked(&account, now).is_some() {
        return Ok(());
    }
    match provider.opinion(&recording.key.remote_id, &locator).await {
        Ok(Some(opinion)) => keep(shared, &recording, opinion, now).await,
        Ok(None) => shared.ask(move |store| store.end_late(id)).await,
        Err(error) if error.disposition == Disposition::Park => {
            shared.park(account, error.message, PARKED_RETRY, None);
            Ok(())
        }
        Err(error) => put_off(shared, &recording, &error, now).await,
    }
}

/// Both transcripts are here, and nobody has held them against each other by today's rules.
pub(super) fn awaits_comparison(recording: &Recording) -> bool {
    let is_ours = recording.transcript.as_ref().is_some_and(|facts| facts.source == TranscriptSource::Local);
    is_ours
        && recording.opinion.as_ref().is_some_and(|facts| {
            facts.has_transcript && (facts.agreement.is_none() || facts.rules_version != agreement::RULES_VERSION)
        })
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

async fn keep(shared: &Shared, recording: &Recording, opinion: Opinion, now: Timestamp) -> Result<(), PipelineError> {
    let id = recording.id;
    let Opinion { transcript, insights, more } = opinion;
    let is_young = age(recording, now) < shared.config.pipeline.give_up_after;
    let again = Some(age(recording, now).clamp(MORE_MIN, AGAIN_MAX)).filter(|_| more && is_young);
    let again = again.and_then(|wait| now.checked_add(wait).ok());
    let opinion = SecondOpinion { transcript, insights, fetched_at: now, agreement: None };
    settle(shared, id, opinion, again).await?;
    tracing::info!(recording = %id, "The provider's own transcript or insights have come.");
    Ok(())
}

/// After a transcript of our own: it is held against what the provider had said before.
async fn reconsider(shared: &Shared, id: RecordingId) -> Result<(), PipelineError> {
    match shared.ask(move |store| Ok(before(store, id)?.0)).await? {
        Some(opinion) => settle(shared, id, opinion, None).await,
        None => Ok(()),
    }
}

/// Compares both transcripts, where there are two, and keeps what came of it. Begins again when ours changed meanwhile.
async fn settle(
    shared: &Shared,
    id: RecordingId,
    opinion: SecondOpinion,
    again: Option<Timestamp>,
) -> Result<(), PipelineError> {
    let now = shared.clock.now();
    let kept = shared.ask(move |store| {
        let (before, is_foreign) = before(store, id)?;
        if is_foreign {
            tell_foreign(id);
        }
        let opinion = with_what_came_before(opinion, before);
        for _ in 0..COMPARISONS_MAX {
            if let Some(recording) = compare(store, id, opinion.clone(), again, now)? {
                return Ok(Some(recording));
            }
        }
        Ok(None)
    });
    match kept.await {
        Ok(Some(Recording { audio: Some(audio), transcript: Some(_), .. })) => {
            sweep::write_transcript(shared, id, audio.path).await
        }
        // Removed meanwhile; or still changing, and then what changes it asks for another comparison.
        Ok(_) | Err(PipelineError::Store(StoreError::WrongState(_))) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What the provider had said, as it said it where that can be opened; and whether it could not be.
fn before(store: &Store, id: RecordingId) -> Result<(Option<SecondOpinion>, bool), StoreError> {
    match unless_foreign(store.unmasked_opinion(id))? {
        Some(opinion) => Ok((opinion, false)),
        None => Ok((store.spoken_opinion(id)?, true)),
    }
}

/// A later answer may hold the notes alone.
fn with_what_came_before(mut opinion: SecondOpinion, before: Option<SecondOpinion>) -> SecondOpinion {
    let Some(before) = before else { return opinion };
    opinion.transcript = opinion.transcript.or(before.transcript);
    if opinion.insights.is_null() || opinion.insights.as_object().is_some_and(serde_json::Map::is_empty) {
        opinion.insights = before.insights;
    }
    opinion
}

/// `None` when our transcript changed while it was compared.
fn compare(
    store: &Store,
    id: RecordingId,
    mut opinion: SecondOpinion,
    again: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Recording>, StoreError> {
    let ours = store.spoken(id)?.filter(|transcript| transcript.source == TranscriptSource::Local);
    // What lies sealed gets its speakers too, and what lies open is masked from that.
    let is_sealed = store.fate() == Unredacted::Seal;
    let opened = if ours.is_some() && is_sealed { unless_foreign(store.unmasked(id))?.flatten() } else { None };
    let mut named = None;
    if let (Some(ours), Some(theirs)) = (opened.as_ref().or(ours.as_ref()), &opinion.transcript) {
        opinion.agreement = Some(agreement::compare(ours, theirs));
        named = speakers::laid_over(ours, theirs).filter(|named| named != ours);
    }
    let (compared, is_named_as_spoken) = (ours.as_ref(), opened.is_some());
    let kept = KeptOpinion { opinion: &opinion, compared, named: named.as_ref(), is_named_as_spoken, again };
    store.keep_opinion(id, &kept, now)
}
