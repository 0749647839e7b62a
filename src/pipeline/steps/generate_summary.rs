//! What a call was about, in its own sentences.

use super::Setback;
use crate::call::{Insight, Transcript};
use crate::understand::insight::{Rules, draw};

/// Draws summary and topics from the words.
pub(in crate::pipeline) fn run(transcript: &Transcript) -> Result<Insight, Setback> {
    if transcript.segments.is_empty() {
        return Err(Setback::NotToBeHad("The transcript has no words.".to_owned()));
    }
    Ok(draw(transcript, &Rules::default()))
}
