//! A child for one question about one file: decoding belongs into a child, and the one that transcribes may be busy for hours.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use super::TranscribeError;
use super::protocol::{FromWorker, ToWorker, encode};
use super::supervisor::{OWN_PROGRAM, command, log_errors, read_frames};
use crate::call::{AudioFormatFacts, RawAudio, Silence};

/// Longest time a copy may take: a day of a slow codec on a slow disk.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(1800);

/// Starts a child, asks, and takes its first answer; the child ends with that.
pub(super) async fn ask_child(question: &ToWorker, timeout: Duration) -> Result<FromWorker, TranscribeError> {
    let broken = |error| TranscribeError::Worker(format!("The worker process could not be started: {error}."));
    let mut process = command(Path::new(OWN_PROGRAM)).spawn().map_err(broken)?;
    let (Some(mut input), Some(output), Some(errors)) =
        (process.stdin.take(), process.stdout.take(), process.stderr.take())
    else {
        return Err(TranscribeError::Worker("The worker process has no pipes.".to_owned()));
    };
    let (sender, mut frames) = mpsc::channel(1);
    tokio::spawn(read_frames(output, sender));
    tokio::spawn(log_errors(errors));
    input.write_all(&encode(question).map_err(broken)?).await.map_err(broken)?;
    match tokio::time::timeout(timeout, frames.recv()).await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(TranscribeError::Worker("The worker process ended without an answer.".to_owned())),
        Err(_) => {
            let seconds = timeout.as_secs();
            Err(TranscribeError::Worker(format!("The worker process had no answer within {seconds} s.")))
        }
    }
}

/// Has a child write a copy of a file with silence in it to `out`, which is there already; durable when this returns.
///
/// # Errors
///
/// [`TranscribeError::Unreadable`] for the file's fault, [`TranscribeError::Worker`] when the child died or was too slow.
pub async fn silence(
    audio: PathBuf,
    raw: Option<RawAudio>,
    silences: Vec<Silence>,
    out: PathBuf,
) -> Result<AudioFormatFacts, TranscribeError> {
    match ask_child(&ToWorker::Silence { audio, raw, silences, out }, SILENCE_TIMEOUT).await? {
        FromWorker::Silenced(format) => Ok(format),
        FromWorker::Failed(failure) => Err(failure.into()),
        _ => Err(TranscribeError::Worker("The worker process answered something else than a copy.".to_owned())),
    }
}
