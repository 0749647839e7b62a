//! The operator's policy carried out on what is kept: words under an older policy are brought under today's, and where
//! sound is not to stay as it was received, the redacted copy takes its place.
//!
//! At no moment is there neither: the copy is durable before the database names it, and what it replaces goes after that.
//! A kill in between leaves a file more, which the next start finds.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::steps::generate_summary;
use super::{PipelineError, sweep};
use crate::call::{Audio, Insight, Place, PrivacyPolicy, Recording, RecordingId, Redacted, Unredacted};
use crate::fetch::{FetchError, Files, copy_key};
use crate::store::{Reveiled, Sealer, Store, StoreError, sealed_audio_name};
use crate::transcribe;
use crate::understand::insight::Rules;

/// Recordings looked at in one question to the store.
const PIECE: usize = 500;

/// Times one recording is looked at anew because its words changed meanwhile.
const CHANGES_MAX: usize = 3;

/// How long after one look through the archive the next one begins: for what ended without a step (a hold that was lifted,
/// work that was cancelled) and for copies that could not be made.
const AGAIN_AFTER: Duration = Duration::from_secs(3600);

/// Goes through the archive: all of it after a change of the policy, else, where sound or words are not kept as they were,
/// every hour for what was left undone.
pub(super) async fn everything(shared: Arc<Shared>, stop: CancellationToken) -> Result<(), PipelineError> {
    forget_derived(&shared).await?;
    loop {
        let is_whole = once(&shared, &stop).await?;
        if is_whole && shared.store.fate() == Unredacted::Keep {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN_AFTER) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

/// Whether everything is under the policy now.
async fn once(shared: &Shared, stop: &CancellationToken) -> Result<bool, PipelineError> {
    let (mark, fate) = (shared.store.veil_mark(), shared.store.fate());
    let before = shared.ask(Store::veiled_under).await?.unwrap_or(0);
    if before == mark && fate == Unredacted::Keep {
        return scrubbed(shared, stop).await;
    }
    if before != mark {
        tracing::info!("The privacy policy changed: what is kept is brought under it.");
    }
    let mut is_whole = true;
    let mut after: Option<RecordingId> = None;
    loop {
        let ids = shared.ask(move |store| store.ids_after(after, PIECE)).await?;
        let Some(last) = ids.last() else { break };
        after = Some(*last);
        for id in ids {
            if stop.is_cancelled() {
                return Ok(false);
            }
            is_whole &= words(shared, id).await?;
            one(shared, id).await?;
        }
    }
    let is_clear = scrubbed(shared, stop).await?;
    if is_whole {
        shared.ask(Store::note_veiled).await?;
    }
    Ok(is_whole && is_clear)
}

/// Writes over what was masked in the database's free pages, where that is owed. False when it still is.
async fn scrubbed(shared: &Shared, stop: &CancellationToken) -> Result<bool, PipelineError> {
    if !shared.ask(Store::is_scrub_owed).await? {
        return Ok(true);
    }
    let (stop, bytes_min) = (stop.clone(), shared.config.pipeline.free_disk_bytes_min);
    shared
        .ask(move |store| {
            let mut is_room = true;
            let is_done = store.scrub(|| {
                is_room = fs4::available_space(store.path()).map_or(true, |bytes| bytes >= bytes_min);
                is_room && !stop.is_cancelled()
            })?;
            if !is_room {
                tracing::warn!(
                    "Less than pipeline.free_disk_mib_min is left on the disk of the database: its free pages may still \
                     hold words that were masked. Make room; they are written over within the hour after."
                );
            }
            Ok(is_done)
        })
        .await
}

/// Removes derived files of recordings that were removed while they were made.
async fn forget_derived(shared: &Shared) -> Result<(), PipelineError> {
    let files = shared.files.clone();
    shared
        .ask(move |store| {
            for id in files.derived().unwrap_or_default() {
                let is_removed = store.get(id)?.is_some_and(|recording| recording.deletion.is_some());
                if is_removed && let Err(error) = files.remove_derived(id) {
                    tracing::warn!(recording = %id, %error, "A derived file of a removed recording is still there.");
                }
            }
            Ok(())
        })
        .await
}

/// Brings the words of one recording, what the provider said of it, and what was drawn from them, under today's policy.
/// False when something is still to be done.
async fn words(shared: &Shared, id: RecordingId) -> Result<bool, PipelineError> {
    for _ in 0..CHANGES_MAX {
        let (config, rules) = (Arc::clone(&shared.config), Arc::clone(&shared.rules));
        let (files, now) = (shared.files.clone(), shared.clock.now());
        match shared.ask(move |store| reveiled(store, id, &rules, &config.privacy, &files, now)).await? {
            Reveiling::Idle => return Ok(true),
            Reveiling::Failed => return Ok(false),
            Reveiling::Changed => {}
            Reveiling::Done => {
                if let Some(audio) = shared.ask(move |store| store.get(id)).await?.and_then(|recording| recording.audio)
                {
                    sweep::write_transcript(shared, id, audio.path).await?;
                }
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What came of bringing one recording under the policy.
enum Reveiling {
    /// It was already.
    Idle,
    Done,
    /// Words came or went meanwhile.
    Changed,
    /// A file stands in the way; told already.
    Failed,
}

fn reveiled(
    store: &Store,
    id: RecordingId,
    rules: &Rules,
    privacy: &PrivacyPolicy,
    files: &Files,
    now: Timestamp,
) -> Result<Reveiling, StoreError> {
    let Some(recording) = store.get(id)?.filter(|recording| recording.deletion.is_none()) else {
        return Ok(Reveiling::Idle);
    };
    let earlier = store.drawn(id)?;
    // Evidence stays as it was until the hold is lifted; it is shown masked meanwhile, and so is what is drawn from it.
    let is_evidence = store.fate() == Unredacted::Drop && recording.legal_hold;
    let is_drawn = earlier.as_ref().is_none_or(|earlier| earlier.veil == store.veil_mark());
    if !store.is_unveiled(id)? || is_evidence && is_drawn {
        return Ok(Reveiling::Idle);
    }
    let (stored, stored_opinion) = (store.spoken(id)?, store.spoken_opinion(id)?);
    let (opened, opinion) = (unless_foreign(store.unmasked(id))?, unless_foreign(store.unmasked_opinion(id))?);
    if opened.is_none() || opinion.is_none() {
        tell_foreign(id);
    }
    let opinion = opinion.unwrap_or_else(|| stored_opinion.clone());
    let spoken = match store.fate() {
        Unredacted::Keep => stored.clone(),
        Unredacted::Seal | Unredacted::Drop => opened.flatten().or_else(|| stored.clone()),
    };
    let insight = spoken.as_ref().zip(earlier.as_ref()).and_then(|(spoken, earlier)| {
        let drawn_from = match store.fate() {
            Unredacted::Keep => spoken.clone(),
            Unredacted::Seal | Unredacted::Drop => store.veiled(spoken.clone(), Place::Text),
        };
        generate_summary::again(&drawn_from, spoken, rules, privacy, earlier).ok()
    });
    // Without words nothing is drawn; what was drawn once is not kept under another policy.
    let insight = insight.or_else(|| earlier.map(|_| Insight::default()));
    // Before the words are masked in the database: a kill in between leaves none beside the audio, and those are written
    // at the next start.
    if let Some(audio) = &recording.audio
        && let Err(error) = files.remove_transcript(&audio.path)
    {
        tracing::warn!(recording = %id, %error, "A transcript beside the audio could not be replaced.");
        return Ok(Reveiling::Failed);
    }
    let words = Reveiled {
        stored: stored.as_ref(),
        spoken: spoken.as_ref().filter(|_| !is_evidence),
        stored_opinion: stored_opinion.as_ref(),
        opinion: opinion.as_ref().filter(|_| !is_evidence),
        insight: insight.as_ref(),
    };
    Ok(if store.reveil(id, &words, now)? { Reveiling::Done } else { Reveiling::Changed })
}

/// What was asked of the sealed part; `None` when that was sealed with a key that is no longer here, which stops nothing.
pub(super) fn unless_foreign<T>(asked: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::OtherKey(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn tell_foreign(id: RecordingId) {
    tracing::warn!(recording = %id, "What is sealed of it was sealed with another key; what is stored is used instead.");
}

/// Puts the redacted copy in the place of a finished recording's audio, where the policy says so. Trouble with the file is
/// told and tried again at the next start.
pub(super) async fn one(shared: &Shared, id: RecordingId) -> Result<(), PipelineError> {
    let fate = shared.store.fate();
    if fate == Unredacted::Keep {
        return Ok(());
    }
    let _one_at_a_time = shared.withholding.lock().await;
    let mark = shared.store.veil_mark();
    let Some(recording) = shared.ask(move |store| store.get(id)).await? else { return Ok(()) };
    let Some(audio) = recording.audio.clone().filter(|_| is_due(&recording)) else { return Ok(()) };
    let was_sealed = audio.redacted.as_ref().is_some_and(|redacted| redacted.is_sealed);
    if audio.redacted.as_ref().is_some_and(|redacted| redacted.veil == mark) {
        if fate == Unredacted::Drop && was_sealed {
            // A kill came between the database and the disk.
            let files = shared.files.clone();
            let cleared = shared.ask(move |_| Ok(files.remove_derived(id))).await?;
            if let Err(error) = cleared {
                tracing::warn!(recording = %id, %error, "A sealed file is still there; it is tried again.");
            }
        }
        return Ok(());
    }
    let Some(silences) = shared.ask(move |store| store.silences(id)).await? else { return Ok(()) };
    if silences.is_empty() && audio.redacted.is_none() {
        return Ok(());
    }
    let key = copy_key(&audio, &silences);
    let made = async {
        let files = shared.files.clone();
        files.check_free_space(shared.config.pipeline.free_disk_bytes_min).map_err(|error| error.to_string())?;
        let partial = files.partial().map_err(|error| error.to_string())?;
        let (path, out) = (files.audio_path(&audio.path), partial.path().to_owned());
        let format = transcribe::silence(path, audio.raw(), silences, out).await.map_err(|error| error.to_string())?;
        let sealer = shared.store.sealer().filter(|_| fate == Unredacted::Seal && audio.redacted.is_none());
        let (old, key) = (audio.clone(), key.clone());
        let kept = tokio::task::spawn_blocking(move || {
            if let Some(sealer) = sealer {
                seal(&files, id, &old, &sealer)?;
            }
            files.keep_redacted(partial, &old, &key, u64::MAX)
        });
        let kept = kept.await.map_err(|panic| panic.to_string())?.map_err(|error| error.to_string())?;
        let is_sealed = fate == Unredacted::Seal && (audio.redacted.is_none() || was_sealed);
        Ok::<_, String>(Audio {
            container: Some(format.container),
            codec: Some(format.codec),
            sample_rate_hz: Some(format.sample_rate_hz),
            redacted: Some(Redacted { veil: mark, is_sealed }),
            ..kept
        })
    };
    let redacted = match made.await {
        Ok(redacted) => redacted,
        Err(error) => {
            tracing::warn!(recording = %id, error, "The audio could not be redacted; it is tried again at the next start.");
            return Ok(());
        }
    };
    let (now, new_path, before) = (shared.clock.now(), redacted.path.clone(), audio.clone());
    let replaced = shared.ask(move |store| store.replace_audio(id, &before, redacted, now)).await?;
    if replaced.is_none() {
        return take_back(shared, id, new_path).await;
    }
    if audio.path != new_path {
        sweep::replace(shared, id, audio.path, new_path).await?;
    }
    let files = shared.files.clone();
    let cleared = shared.ask(move |_| {
        let copies = files.remove_copies(id);
        Ok(if fate == Unredacted::Drop { copies.and(files.remove_derived(id)) } else { copies })
    });
    if let Err(error) = cleared.await? {
        tracing::warn!(recording = %id, %error, "A derived file is still there; it goes with the recording.");
    }
    tracing::info!(recording = %id, fate = fate.as_str(), "Personal data was silenced in the audio.");
    Ok(())
}

/// Everything was drawn from it that will be, and nobody keeps it as evidence.
fn is_due(recording: &Recording) -> bool {
    recording.deletion.is_none() && !recording.legal_hold && recording.steps.next().is_none()
}

fn seal(files: &Files, id: RecordingId, audio: &Audio, sealer: &Sealer) -> Result<(), FetchError> {
    let path = files.audio_path(&audio.path);
    let failed = |source| FetchError::Io { path: path.clone(), source };
    let partial = files.partial_sealed()?;
    let mut source = File::open(&path).map_err(failed)?;
    let mut target = BufWriter::new(File::options().write(true).open(partial.path()).map_err(failed)?);
    sealer.seal_all(&sealed_audio_name(id), &mut source, &mut target).map_err(failed)?;
    target.flush().map_err(failed)?;
    files.keep_sealed(partial, id)
}

/// The copy is not wanted after all, unless somebody else put the very same one in place.
async fn take_back(shared: &Shared, id: RecordingId, path: String) -> Result<(), PipelineError> {
    let files = shared.files.clone();
    let taken = shared.ask(move |store| {
        let is_in_place = store.get(id)?.and_then(|one| one.audio).is_some_and(|audio| audio.path == path);
        Ok::<_, StoreError>(if is_in_place { Ok(()) } else { files.remove(&path).and(files.remove_derived(id)) })
    });
    if let Err(error) = taken.await? {
        tracing::warn!(recording = %id, %error, "A copy that is not wanted is still there; a later start removes it.");
    }
    Ok(())
}
