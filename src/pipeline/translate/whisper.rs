//! English by Whisper's own task, from the sound. It has time: calls to be transcribed go first, and a new one takes the
//! worker away from it within a window. What was heard by then is kept in memory and not heard again.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Hindrance, LOOK_AGAIN, is_busy};
use crate::call::{Language, Step, Timings, Transcript, Translation, TranslationFacts, Translator};
use crate::pipeline::PipelineError;
use crate::pipeline::shared::Shared;
use crate::pipeline::steps::{self, Setback};
use crate::pipeline::worker::program_version;
use crate::store::{Lane, WishClaim};
use crate::transcribe::{Checkpoint, Event, Outcome, Request, TranscribeError};
use crate::understand::translation::with_speakers;

/// News of a translation that may queue up while nobody takes them.
const EVENTS_MAX: usize = 64;

pub(super) async fn translation(
    shared: &Shared,
    claim: &WishClaim,
    stop: &CancellationToken,
) -> Result<Result<Translation, Hindrance>, PipelineError> {
    let id = claim.recording.id;
    if claim.language.as_str() != "en" {
        let error = format!("Whisper translates into English alone; '{}' takes a language model.", claim.language);
        return Ok(Err(Hindrance::NotByMe(error)));
    }
    if shared.supervisor.profile().is_some_and(|profile| !profile.multilingual) {
        let error = "The model knows English only and cannot translate; see transcribe.model.".to_owned();
        return Ok(Err(Hindrance::NotByMe(error)));
    }
    let Some(audio) = shared.audio_path(&claim.recording).filter(|audio| audio.exists()) else {
        let error = "The sound is not here any more, and no language model is configured to translate the words; see \
                     [language_model].";
        return Ok(Err(Hindrance::NotByMe(error.to_owned())));
    };
    let Some(words) = shared.ask(move |store| store.spoken(id)).await? else {
        return Ok(Err(Setback::NotToBeHad("There is no transcript.".to_owned()).into()));
    };
    let mut request = request(shared, claim, audio, &words);
    loop {
        match heard(shared, &mut request, stop).await {
            Ok(outcome) => return Ok(Ok(put_together(claim, outcome, &words, shared))),
            Err(TranscribeError::Cancelled) if !stop.is_cancelled() => {}
            Err(error) => return Ok(Err(error.into())),
        }
        // Somebody else's turn.
        while is_busy(shared, Step::Transcribe, Lane::Transcribe).await? {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stop.cancelled() => return Ok(Err(Setback::Cancelled.into())),
            }
        }
        let held = claim.clone();
        if !shared.ask(move |store| store.is_wished(&held)).await? {
            return Ok(Err(Setback::Cancelled.into()));
        }
    }
}

fn request(shared: &Shared, claim: &WishClaim, audio: PathBuf, words: &Transcript) -> Request {
    let (recording, config) = (&claim.recording, &shared.config.transcribe);
    let request = steps::transcribe::request(recording, audio, config, &shared.source(recording), Vec::new());
    // What primes the decoder is in the language of the call.
    Request { languages: words.language.iter().cloned().collect(), prompt: None, translate: true, ..request }
}

/// One try, until it ends or gives way; windows that were done go into the request for the next one.
async fn heard(shared: &Shared, request: &mut Request, stop: &CancellationToken) -> Result<Outcome, TranscribeError> {
    let (events, mut news) = mpsc::channel(EVENTS_MAX);
    let mut done: Vec<Checkpoint> = Vec::new();
    let gather = async {
        while let Some(event) = news.recv().await {
            if let Event::Window { checkpoint, .. } = event {
                done.push(checkpoint);
            }
        }
    };
    let supervisor = &shared.supervisor;
    let work = supervisor.transcribe_behind(request.clone(), events, stop.clone());
    let (outcome, ()) = tokio::join!(work, gather);
    request.checkpoints.extend(done);
    outcome
}

fn put_together(claim: &WishClaim, outcome: Outcome, words: &Transcript, shared: &Shared) -> Translation {
    let mut translated = outcome.transcript;
    let took = Duration::from_millis(translated.timings.wall_ms);
    with_speakers(&mut translated, words);
    let model = translated.model.clone();
    let from = words.language.clone();
    tracing::debug!(recording = %claim.recording.id, ?took, "A call was heard in English.");
    let note = match &from {
        Some(from) => format!("Translated from '{from}' into '{}' by Whisper.", claim.language),
        None => format!("Translated into '{}' by Whisper.", claim.language),
    };
    Translation {
        facts: TranslationFacts {
            by: Translator::Whisper,
            version: format!("{} with {model}", program_version()),
            made_with: model,
            is_of_miniature: translated.model_is_miniature,
            from,
            made_at: shared.clock.now(),
            doubtful: Vec::new(),
            is_stale: false,
        },
        words: in_language(translated, &claim.language, note),
    }
}

/// Only what is said is another than in the transcript; what was measured is there once.
pub(super) fn in_language(words: Transcript, language: &Language, note: String) -> Transcript {
    Transcript {
        language: Some(language.clone()),
        language_confidence: 1.0,
        heard: None,
        sound: None,
        channels: Vec::new(),
        notes: vec![note],
        timings: Timings::default(),
        ..words
    }
}
