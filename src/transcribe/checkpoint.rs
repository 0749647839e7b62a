//! Finished windows: kept as they come, taken back after a crash.
//!
//! A checkpoint says which audio, which model and which options it was made from; one that does not fit exactly is
//! ignored and its window decoded again. Where the bytes are kept is the caller's business.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::listen::Heard;
use super::protocol::{Checkpoint, Event, ModelProfile, Request};
use super::windows::Window;
use crate::call::Language;

#[derive(Serialize, Deserialize)]
struct Body {
    made_from: String,
    heard: Heard,
}

/// What has been heard of one call so far.
pub struct Checkpoints {
    made_from: Vec<String>,
    heard: Vec<Option<Heard>>,
}

impl Checkpoints {
    /// Takes back what still fits from an earlier attempt.
    pub fn new(request: &Request, profile: &ModelProfile, windows: &[Window]) -> Self {
        let options = options_digest(request, profile);
        let made_from: Vec<String> =
            windows.iter().map(|window| format!("{options} {}", window.fingerprint())).collect();
        let mut heard: Vec<Option<Heard>> = vec![None; windows.len()];
        for checkpoint in &request.checkpoints {
            let number = checkpoint.window as usize;
            let Ok(body) = serde_json::from_str::<Body>(&checkpoint.body) else { continue };
            if made_from.get(number) == Some(&body.made_from) {
                heard[number] = Some(body.heard);
            }
        }
        Self { made_from, heard }
    }

    /// True when the window needs no decoding.
    pub fn has(&self, number: usize) -> bool {
        self.get(number).is_some()
    }

    /// What was heard in the window.
    pub fn get(&self, number: usize) -> Option<&Heard> {
        self.heard.get(number).and_then(Option::as_ref)
    }

    /// True when what was heard stands: it is in the language of its channel, or the window insisted on its own.
    pub fn is_settled(&self, number: usize, channel_language: Option<&Language>) -> bool {
        self.get(number).is_some_and(|heard| heard.language.as_ref() == channel_language || heard.insisted)
    }

    /// Keeps one result and tells about it.
    pub fn keep(&mut self, number: usize, heard: Heard) -> Event {
        let body = Body { made_from: self.made_from[number].clone(), heard };
        let checkpoint = Checkpoint {
            window: number as u32,
            // Plain strings and numbers always serialise.
            body: serde_json::to_string(&body).unwrap_or_default(),
        };
        self.heard[number] = Some(body.heard);
        let done = self.heard.iter().flatten().count() as u32;
        Event::Window { checkpoint, done, windows: self.heard.len() as u32 }
    }

    /// Everything heard, one for each window.
    pub fn into_heard(self) -> Vec<Heard> {
        self.heard.into_iter().flatten().collect()
    }
}

/// Everything that changes what a window becomes, besides its audio.
fn options_digest(request: &Request, profile: &ModelProfile) -> String {
    let options = serde_json::json!([
        profile.name,
        profile.window_ms_max,
        profile.context_margin,
        request.languages,
        request.prompt,
        request.translate,
        request.carry_context
    ]);
    Sha256::digest(options.to_string()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
