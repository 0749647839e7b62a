//! Translations, made beside the six steps: nothing waits for one, and none holds up a call.
//!
//! Two loops take up what is wanted: Whisper's, which works only while no call is to be transcribed and gives way as soon
//! as one is, and the language model's, which lets summaries go first. What they bring is kept beside the transcript; what fails leaves an earlier
//! translation alone, is tried again within bounds, and ends with a sentence.

mod model;
mod whisper;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::outcome::PARKED_RETRY;
use super::shared::Shared;
use super::steps::Setback;
use crate::call::{Disposition, Step, Translation, Translator, retry};
use crate::store::{Lane, StoreError, WishClaim, WishEnd};
pub(super) use model::ByModel;

/// How long calls to be transcribed are left alone before it is looked again whether there are any.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Longest sleep: the machine's clock may be set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Why there is no translation.
enum Hindrance {
    /// As with a step.
    Setback(Setback),
    /// This translator has nothing to work with; another one may.
    NotByMe(String),
}

impl<S: Into<Setback>> From<S> for Hindrance {
    fn from(setback: S) -> Self {
        Self::Setback(setback.into())
    }
}

/// Takes back what an earlier run was making. Before anything is taken up.
pub(super) async fn rescue(shared: &Shared) -> Result<usize, PipelineError> {
    let (now, boot) = (shared.clock.now(), shared.boot);
    shared.ask(move |store| store.rescue_wishes(now, boot)).await
}

/// Makes what is wanted of one translator, one after the other, until `stop`.
pub(super) async fn work(shared: Arc<Shared>, by: Translator, stop: CancellationToken) -> Result<(), PipelineError> {
    let mut added = shared.store.subscribe();
    let mut parked: Option<Parked> = None;
    while !stop.is_cancelled() {
        // Marked before the question, so that what is wanted after it wakes this loop.
        added.mark_unchanged();
        let now = shared.clock.now();
        let wait = match still_parked(&shared, by, parked, now).await? {
            Some(until) => Some(until),
            None => match next(&shared, by).await? {
                Next::Claim(claim) => {
                    parked = one(&shared, &claim, &stop).await?;
                    continue;
                }
                Next::Sleep(due) => due,
            },
        };
        let wait = wait.map(|due| due.duration_since(shared.clock.now()).try_into().unwrap_or(Duration::ZERO));
        tokio::select! {
            () = stop.cancelled() => {}
            changed = added.changed() => changed.map_err(|gone| PipelineError::Broken(gone.to_string()))?,
            () = tokio::time::sleep(wait.unwrap_or(SLEEP_MAX).min(SLEEP_MAX)), if wait.is_some() => {}
        }
    }
    Ok(())
}

/// A translator that cannot work at all leaves what is wanted alone for a while.
#[derive(Clone, Copy)]
struct Parked {
    since: Timestamp,
    until: Timestamp,
}

/// Until when; not once something was wanted after that began: whoever mended the cause asks, and is not made to wait.
async fn still_parked(
    shared: &Shared,
    by: Translator,
    parked: Option<Parked>,
    now: Timestamp,
) -> Result<Option<Timestamp>, PipelineError> {
    let Some(Parked { since, until }) = parked.filter(|parked| parked.until > now) else { return Ok(None) };
    let is_wanted = shared.ask(move |store| store.is_wished_since(by, since, now)).await?;
    Ok((!is_wanted).then_some(until))
}

/// Whether calls wait for a step, or one is at it: translations are made behind both.
async fn is_busy(shared: &Shared, step: Step, lane: Lane) -> Result<bool, PipelineError> {
    if shared.activity.snapshot().running.iter().any(|work| work.step == step) {
        return Ok(true);
    }
    let now = shared.clock.now();
    shared.ask(move |store| Ok(store.next_due(lane)?.is_some_and(|due| due <= now))).await
}

enum Next {
    Claim(Box<WishClaim>),
    /// Until then, or until work is added.
    Sleep(Option<Timestamp>),
}

async fn next(shared: &Shared, by: Translator) -> Result<Next, PipelineError> {
    let (now, boot, attempts_max) = (shared.clock.now(), shared.boot, shared.config.pipeline.attempts_max);
    let due =
        shared.ask(move |store| if store.paused_since()?.is_some() { Ok(None) } else { store.next_wish(by) }).await?;
    if due.is_none_or(|due| due > now) {
        return Ok(Next::Sleep(due));
    }
    let (step, lane) = match by {
        Translator::Whisper => (Step::Transcribe, Lane::Transcribe),
        Translator::LanguageModel => (Step::GenerateSummary, Lane::Summarise),
    };
    if is_busy(shared, step, lane).await? {
        return Ok(Next::Sleep(Some(shared.later(LOOK_AGAIN))));
    }
    let claim = shared.ask(move |store| store.take_wish(by, boot, attempts_max, now)).await?;
    // What was given up on the way is no reason to sleep.
    Ok(claim.map_or(Next::Sleep(Some(now)), |claim| Next::Claim(Box::new(claim))))
}

/// Makes one translation and keeps what came of it. Answers whether this translator cannot work at all for now.
async fn one(shared: &Shared, claim: &WishClaim, stop: &CancellationToken) -> Result<Option<Parked>, PipelineError> {
    let made = match claim.by {
        Translator::Whisper => whisper::translation(shared, claim, stop).await?,
        Translator::LanguageModel => tokio::select! {
            made = model::translation(shared, claim) => made?,
            () = stop.cancelled() => Err(Setback::Cancelled.into()),
        },
    };
    let (id, language, now) = (claim.recording.id, claim.language.clone(), shared.clock.now());
    let (held, claim) = (claim.clone(), claim);
    let (kept, parked) = match made {
        Ok(translation) => (keep(shared, held, translation, now).await, None),
        Err(hindrance) => {
            let end = end_of(shared, claim, hindrance);
            tell(claim, &end);
            let parked = match &end {
                WishEnd::Waiting { until, .. } => Some(Parked { since: now, until: *until }),
                _ => None,
            };
            (shared.ask(move |store| store.end_wish(&held, &end, now)).await, parked)
        }
    };
    match kept {
        Err(PipelineError::Store(StoreError::ClaimLost(_))) => {
            tracing::info!(recording = %id, %language, "The recording was removed meanwhile; its translation was dropped.");
            Ok(parked)
        }
        kept => kept.map(|()| parked),
    }
}

async fn keep(
    shared: &Shared,
    claim: WishClaim,
    translation: Translation,
    now: Timestamp,
) -> Result<(), PipelineError> {
    let (id, language) = (claim.recording.id, claim.language.clone());
    let by = translation.facts.by.as_str();
    match shared.ask(move |store| store.keep_translation(&claim, translation, now)).await? {
        Some(_) => tracing::info!(recording = %id, %language, by, "A call was translated."),
        None => {
            tracing::info!(recording = %id, %language, by, "The words changed meanwhile; they are translated again.");
        }
    }
    Ok(())
}

/// What a hindrance means for the wish.
fn end_of(shared: &Shared, claim: &WishClaim, hindrance: Hindrance) -> WishEnd {
    let setback = match hindrance {
        Hindrance::NotByMe(_) if claim.by == Translator::Whisper && shared.translator.is_some() => {
            return WishEnd::HandedOn(Translator::LanguageModel);
        }
        Hindrance::NotByMe(error) => return WishEnd::Failed { error },
        Hindrance::Setback(setback) => setback,
    };
    match setback {
        Setback::Cancelled => WishEnd::Released,
        Setback::NotToBeHad(error) => WishEnd::Failed { error },
        Setback::NotYet { after, reason } | Setback::DiskFull { after, reason } => {
            WishEnd::Waiting { until: shared.later(after), reason }
        }
        Setback::Failure { message, disposition } => match disposition {
            Disposition::Retry { .. } if claim.attempt >= shared.config.pipeline.attempts_max => {
                WishEnd::Failed { error: format!("Given up after {} attempts. {message}", claim.attempt) }
            }
            Disposition::Retry { after } => {
                let wait = retry::backoff(claim.attempt, shared.jitter(), after);
                WishEnd::Retry { until: shared.later(wait), error: message }
            }
            Disposition::Park | Disposition::Wait { .. } => {
                WishEnd::Waiting { until: shared.later(PARKED_RETRY), reason: message }
            }
            Disposition::Reject | Disposition::Absent | Disposition::Fatal => WishEnd::Failed { error: message },
        },
    }
}

/// One line in the log for each that brought nothing.
fn tell(claim: &WishClaim, end: &WishEnd) {
    let (id, language, attempt) = (claim.recording.id, &claim.language, claim.attempt);
    match end {
        WishEnd::Failed { error } => {
            tracing::warn!(recording = %id, %language, attempt, error, "A call could not be translated.");
        }
        WishEnd::Retry { until, error: reason } | WishEnd::Waiting { until, reason } => {
            tracing::info!(recording = %id, %language, attempt, %until, reason, "A translation will be tried again.");
        }
        WishEnd::HandedOn(other) => {
            tracing::info!(recording = %id, %language, to = other.as_str(), "A translation was handed on.");
        }
        WishEnd::Released => {}
    }
}
