//! The transcript, from the worker child.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Setback;
use crate::call::{Disposition, Language, RawAudio, Recording};
use crate::config::TranscribeConfig;
use crate::pipeline::shared::SourceSettings;
use crate::transcribe::{Checkpoint, Event, Outcome, Request, Supervisor};

/// Endings of files without a header. Only these are read as the folder's `raw` says: a broken WAV must not become noise.
const RAW_EXTENSIONS: [&str; 9] = ["raw", "ulaw", "ul", "mulaw", "pcmu", "alaw", "al", "pcma", "g711"];

/// What the worker is to do with a recording. Folder settings win over the general ones, what the provider knows of the
/// channels wins over both.
pub(in crate::pipeline) fn request(
    recording: &Recording,
    audio: PathBuf,
    config: &TranscribeConfig,
    source: &SourceSettings<'_>,
    checkpoints: Vec<(u32, String)>,
) -> Request {
    let speakers = match recording.call.channel_parties.as_slice() {
        [] => source.channels.to_vec(),
        parties => parties.to_vec(),
    };
    Request {
        raw: raw_format(&audio, source),
        audio,
        languages: languages(config, source).to_vec(),
        prompt: config.prompt.clone(),
        translate: false,
        carry_context: config.carry_context,
        speakers,
        tells: false,
        checkpoints: checkpoints.into_iter().map(|(window, body)| Checkpoint { window, body }).collect(),
    }
}

/// The languages a recording may be in; empty means any.
pub(in crate::pipeline) fn languages<'a>(config: &'a TranscribeConfig, source: &SourceSettings<'a>) -> &'a [Language] {
    if source.languages.is_empty() { &config.languages } else { source.languages }
}

fn raw_format(audio: &Path, source: &SourceSettings<'_>) -> Option<RawAudio> {
    let extension = audio.extension()?.to_str()?;
    source.raw.filter(|_| RAW_EXTENSIONS.contains(&extension))
}

/// Transcribes; news on the way goes to `events`.
pub(in crate::pipeline) async fn run(
    supervisor: &Supervisor,
    request: Request,
    events: mpsc::Sender<Event>,
    cancel: CancellationToken,
) -> Result<Outcome, Setback> {
    if !request.audio.exists() {
        let message = format!(
            "The audio file {} is gone. Fetch it again by sending the step download_audio back to the start.",
            request.audio.display()
        );
        return Err(Setback::Failure { message, disposition: Disposition::Reject });
    }
    Ok(supervisor.transcribe(request, events, cancel).await?)
}
