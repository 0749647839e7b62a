//! Database and files after a start: what a crash left between the two is put right.

use std::sync::Arc;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::shared::Shared;
use crate::call::{Place, Recording, RecordingId, Step, StepState, Transcript};
use crate::export;
use crate::fetch::{FetchError, Files, Standing, Tree};
use crate::store::{Store, StoreError};

/// Recordings looked at in one question to the store.
const PIECE: usize = 1000;

/// What was found and put right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartupReport {
    /// Files of removed recordings, and old ones that newer ones replaced, that were removed.
    pub orphans_removed: usize,
    /// Files nobody knows that were left alone: after a database was put back from a backup, calls it does not know.
    pub unknown_left: usize,
    /// Recordings whose audio is not on the disk.
    pub audio_missing: usize,
    /// Transcripts for people that were written again.
    pub transcripts_rewritten: usize,
}

/// Removes left-overs of downloads. Before anything is downloaded.
pub(super) async fn partials(shared: &Shared) -> Result<usize, PipelineError> {
    let files = shared.files.clone();
    let swept = tokio::task::spawn_blocking(move || files.sweep_partials()).await;
    Ok(swept.map_err(|panic| PipelineError::Broken(panic.to_string()))??)
}

/// Compares both trees with the store, beside the work; the start does not wait for it.
pub(super) async fn files(shared: Arc<Shared>, stop: CancellationToken) -> Result<(), PipelineError> {
    let (store, files) = (shared.store.clone(), shared.files.clone());
    let swept = tokio::task::spawn_blocking(move || sweep(&store, &files, &stop)).await;
    match swept.map_err(|panic| PipelineError::Broken(panic.to_string()))? {
        Ok(report) => {
            tracing::info!(
                orphans_removed = report.orphans_removed,
                unknown_left = report.unknown_left,
                audio_missing = report.audio_missing,
                transcripts_rewritten = report.transcripts_rewritten,
                "Files and database were compared."
            );
            Ok(())
        }
        // A folder that cannot be read is worth a line, not the daemon's end.
        Err(PipelineError::Files(error)) => {
            tracing::warn!(%error, "Files and database could not be compared to the end.");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn sweep(store: &Store, files: &Files, stop: &CancellationToken) -> Result<StartupReport, PipelineError> {
    let stats = store.stats()?;
    let mut report = StartupReport::default();
    if stats.total + stats.deleted > 0 {
        let swept = files.sweep_orphans(SystemTime::now(), |id, tree, relative| {
            if stop.is_cancelled() {
                return Ok::<_, PipelineError>(Standing::Referenced);
            }
            Ok(standing(files, store.get(id)?.as_ref(), tree, relative))
        })?;
        report.orphans_removed = swept.orphans_removed;
        report.unknown_left = swept.left;
    }
    let mut after: Option<RecordingId> = None;
    while !stop.is_cancelled() {
        let piece = store.audio_files(after, PIECE)?;
        if piece.last.is_none() {
            break;
        }
        after = piece.last;
        for (id, relative, has_transcript) in piece.files {
            if !files.audio_path(&relative).exists() {
                report.audio_missing += 1;
                tracing::warn!(recording = %id, "The audio of a recording is not on the disk.");
            }
            if has_transcript && !files.transcript_path(&relative).exists() {
                report.transcripts_rewritten += usize::from(rewrite(store, files, id, &relative)?);
            }
        }
    }
    Ok(report)
}

fn standing(files: &Files, recording: Option<&Recording>, tree: Tree, relative: &str) -> Standing {
    // A row is made before its first file and never removed. A file without one belongs to a database that was lost or
    // put back from a backup, and may be all that is left of a call.
    let Some(recording) = recording else { return Standing::Unknown };
    if recording.deletion.is_some() {
        return Standing::Forgotten;
    }
    let Some(audio) = &recording.audio else { return Standing::Unknown };
    let is_fetched = matches!(recording.steps.get(Step::DownloadAudio).state, StepState::Running { .. });
    if tree == Tree::Recordings && audio.redacted.is_some() && audio.path != relative && !is_fetched {
        // What was received, left by a kill after the redacted copy took its place.
        return Standing::Forgotten;
    }
    let is_its = match tree {
        Tree::Recordings => audio.path == relative,
        Tree::Transcripts => files.transcript_path(&audio.path) == files.transcript_path(relative),
    };
    if is_its { Standing::Referenced } else { Standing::Unreferenced }
}

fn rewrite(store: &Store, files: &Files, id: RecordingId, relative: &str) -> Result<bool, StoreError> {
    let Some(transcript) = store.transcript_in(id, Place::Exports)? else { return Ok(false) };
    Ok(written(files, relative, &transcript))
}

/// Writes the transcript for people, as the store has it now. A failure to write is told and no more.
pub(super) async fn write_transcript(shared: &Shared, id: RecordingId, relative: String) -> Result<(), PipelineError> {
    let files = shared.files.clone();
    shared.ask(move |store| rewrite(store, &files, id, &relative).map(drop)).await
}

/// Removes the files of an audio that came again under another name, and writes the transcript beside the new one.
pub(super) async fn replace(
    shared: &Shared,
    id: RecordingId,
    before: String,
    after: String,
) -> Result<(), PipelineError> {
    let files = shared.files.clone();
    let removed = shared.ask(move |store| {
        rewrite(store, &files, id, &after)?;
        Ok(files.remove(&before))
    });
    if let Err(error) = removed.await? {
        tracing::warn!(recording = %id, %error, "A file that was replaced is still there; the next start removes it.");
    }
    Ok(())
}

/// Removes files that were written for a recording while somebody removed it or cancelled the work on it.
pub(super) async fn remove_forgotten(
    shared: &Shared,
    id: RecordingId,
    relative: Option<String>,
) -> Result<(), PipelineError> {
    let Some(relative) = relative else { return Ok(()) };
    let files = shared.files.clone();
    let removed = shared
        .ask(move |store| store.unless_wanted(id, &relative, || files.remove(&relative).and(files.remove_derived(id))));
    if let Some(Err(error)) = removed.await? {
        tracing::warn!(recording = %id, %error, "A file that nobody wants any more is still there.");
    }
    Ok(())
}

fn written(files: &Files, relative: &str, transcript: &Transcript) -> bool {
    let text = export::render(transcript, export::Format::Vtt);
    let written: Result<(), FetchError> = files.write_transcript(relative, &text);
    if let Err(error) = &written {
        tracing::warn!(%error, "A transcript for people was not written; it will be at the next start.");
    }
    written.is_ok()
}
